"""E-mail addresses as names for people: written one way, so that the same person is found again.

What is checked is what a mistyped address breaks; only a letter that arrives proves that an address exists.
"""

import re
import unicodedata
from collections.abc import Sequence

from app.kernel.errors import Invalid

LONGEST_EMAIL = 254

_SHAPE = re.compile(r"[^\s@,;<>()\"]{1,64}@[^\s@,;<>()\"_.]+(\.[^\s@,;<>()\"_.]+)+")


def normalized(email: str, *, field: Sequence[str] = ("email",)) -> str:
    """Write an address the way it is stored: without surrounding space, composed, in lower case.

    Raises: Invalid when it cannot be the address of anybody.
    Source: RFC 5321 for the lengths; RFC 6531 for letters beyond ASCII.
    """
    tidy = unicodedata.normalize("NFC", email.strip()).lower()
    if len(tidy) > LONGEST_EMAIL or not tidy.isprintable() or _SHAPE.fullmatch(tidy) is None:
        raise Invalid("this is not an e-mail address", field=field)
    return tidy
