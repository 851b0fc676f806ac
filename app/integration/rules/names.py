"""Codes that addresses are made of, from names that people gave."""

import hashlib
import re
import unicodedata

_LONGEST = 120
_LETTERS = {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ł": "l", "þ": "th", "&": " and "}
_SPELLED = str.maketrans(_LETTERS)


def slug_of(name: str) -> str:
    """Write a name in lower-case letters, digits and hyphens: "Crème & Tea" -> "creme-and-tea".

    A name without any of those, such as one in Chinese, becomes a hash of itself: different names stay different.
    """
    plain = unicodedata.normalize("NFKD", name.casefold().translate(_SPELLED)).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST].strip("-")
    return slug or hashlib.sha256(name.encode()).hexdigest()[:12]
