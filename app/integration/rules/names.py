"""Codes that addresses are made of, from names that people gave."""

import hashlib
import re
import unicodedata
from collections.abc import Sequence

_LONGEST = 120
_LONGEST_PATH = 240
_LETTERS = {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ł": "l", "þ": "th", "&": " and "}
_SPELLED = str.maketrans(_LETTERS)


def slug_of(name: str) -> str:
    """Write a name in lower-case letters, digits and hyphens: "Crème & Tea" -> "creme-and-tea".

    A name without any of those, such as one in Chinese, becomes a hash of itself: different names stay different.
    """
    plain = unicodedata.normalize("NFKD", name.casefold().translate(_SPELLED)).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST].strip("-")
    return slug or hashlib.sha256(name.encode()).hexdigest()[:12]


def slug_of_path(names: Sequence[str]) -> str:
    """Write the names from the root down to a category as one address; a very long one ends in a hash."""
    slug = "-".join(map(slug_of, names))
    if len(slug) <= _LONGEST_PATH:
        return slug
    return f"{slug[:_LONGEST]}-{hashlib.sha256('/'.join(names).encode()).hexdigest()[:12]}"
