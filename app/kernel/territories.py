"""Which country codes exist, from CLDR's list as babel packages it."""

from functools import lru_cache

from babel import Locale

_ALPHA_2 = 2


@lru_cache(maxsize=1)
def _countries() -> frozenset[str]:
    # CLDR also lists groupings and pseudo-regions under letter codes; ISO 3166-1 has none of these.
    not_countries = {"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"}
    codes = Locale("en").territories
    return frozenset(code for code in map(str, codes) if len(code) == _ALPHA_2 and code.isalpha()) - not_countries


def is_country(code: str) -> bool:
    """Say whether `code` is a country of ISO 3166-1 alpha-2."""
    return code in _countries()
