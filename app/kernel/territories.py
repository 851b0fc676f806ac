"""Which country codes exist, from CLDR's list as babel packages it."""

from functools import lru_cache

from babel import Locale

_ALPHA_2 = 2


@lru_cache(maxsize=1)
def _countries() -> frozenset[str]:
    # CLDR also lists groupings, pseudo-regions and islands that ISO merely reserves a code for; ISO 3166-1 assigns none of
    # these. XK, which it leaves to its users, stays: people in Kosovo order under it, and carriers take it.
    groupings = {"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"}
    reserved = {"AC", "CP", "CQ", "DG", "EA", "IC", "TA"}
    codes = Locale("en").territories
    return (
        frozenset(code for code in map(str, codes) if len(code) == _ALPHA_2 and code.isalpha()) - groupings - reserved
    )


def is_country(code: str) -> bool:
    """Say whether `code` is a country of ISO 3166-1 alpha-2, or XK for Kosovo."""
    return code in _countries()
