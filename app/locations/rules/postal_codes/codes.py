"""How postal codes are written, and under which shorter ones a place may be found that its own code does not tell."""

import re
from dataclasses import dataclass

#: What the table holds; no country needs as many.
LONGEST = 12
#: A beginning shorter than this is half a country.
_SHORTEST_BEGINNING = 3
_US_ZIP, _US_ZIP_PLUS_4 = 5, 9
_BRITISH = re.compile(r"([A-Z]{1,2}[0-9][A-Z0-9]?)[0-9][A-Z]{2}")
_NOT_IN_A_CODE = re.compile(r"[^0-9A-Z]")


@dataclass(frozen=True, slots=True)
class PostalCode:
    """A postal code, upper case without blanks and hyphens, and where it is: WGS 84 degrees."""

    country: str
    code: str
    latitude: float
    longitude: float


def normalized(text: str | None) -> str:
    """Write a postal code as the table has it: upper case, without blanks, hyphens and other marks."""
    return _NOT_IN_A_CODE.sub("", (text or "").upper())


def ways_to_find(country: str, text: str | None) -> tuple[str, ...]:
    """List the codes under which a place may be known, the surest first; empty for what is no postal code.

    In general the code itself and then its beginnings down to three characters: tables often stop at the area, such as the
    first three characters in Canada and Ireland, or the digits in the Netherlands. An American ZIP+4 is its ZIP. The
    inward half of a British code is always three characters: M1 1AE is in M1, and M11 is another place.
    """
    code = normalized(text)
    if not code or len(code) > LONGEST:
        return ()
    if country in US_ZIP_COUNTRIES:
        return (code[:_US_ZIP],) if len(code) == _US_ZIP_PLUS_4 else (code,)
    if country in _BRITISH_COUNTRIES:
        british = _BRITISH.fullmatch(code)
        return (code, british[1]) if british else (code,)
    return (code, *(code[:length] for length in range(len(code) - 1, _SHORTEST_BEGINNING - 1, -1)))


#: Territories have countries of their own in addresses, and ZIP codes all the same.
US_ZIP_COUNTRIES = frozenset({"US", "PR", "VI", "GU", "AS", "MP"})
_BRITISH_COUNTRIES = frozenset({"GB", "GG", "JE", "IM"})
