"""Amounts of money and weights as people write them, read exactly or refused: nothing is rounded to a price."""

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from app.integration.rules.rows import Unreadable
from app.kernel.money import exponent_of

#: Longer than any price; what is longer would cost time to no end.
_LONGEST_NUMBER = 40

#: Marks that name a currency, and the currencies that use them.
SYMBOLS = {
    "£": {"GBP"},
    "€": {"EUR"},
    "$": {"USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN"},
    "¥": {"JPY", "CNY"},
    "₹": {"INR"},
    "₩": {"KRW"},
    "zł": {"PLN"},
    "kr": {"SEK", "NOK", "DKK", "ISK"},
}

_AMOUNT = re.compile(r"(?P<before>[^\d.,+-]*)(?P<number>[+-]?[\d.,'\u2019 \u00a0\u202f]*\d[.,]?)(?P<after>\D*)")
_GROUPS = {mark: re.compile(rf"[1-9]\d{{0,2}}(?:{re.escape(mark)}\d{{3}})+") for mark in ".,"}

GRAMS_PER = {
    "": Decimal(1),
    "g": Decimal(1),
    "kg": Decimal(1000),
    "mg": Decimal("0.001"),
    # The international avoirdupois pound of 1959 is exact, and an ounce its sixteenth.
    "lb": Decimal("453.59237"),
    "lbs": Decimal("453.59237"),
    "oz": Decimal("28.349523125"),
}
HEAVIEST_GRAMS = 100_000_000
_WEIGHT = re.compile(r"(\d+(?:[.,]\d+)?|[.,]\d+)\s*([a-z]*)\.?")


def price_minor(value: object, *, currency: str, highest_minor: int) -> int:
    """Read a price as minor units of `currency`, exactly: "£1,234.50" -> 123450.

    A comma or a point is the decimal mark where it can be nothing else. "1,234" is one thousand in a currency of two
    digits, and refused in one of three.
    Raises: Unreadable when it is no amount, of another currency, finer than the minor unit, not above zero, or absurd.
    """
    number = decimal_of(value, currency=currency)
    digits = exponent_of(currency)
    if number <= 0:
        raise Unreadable("a price has to be above zero")
    # The size comes first: writing out 1e999999999 would fill the memory.
    if number.adjusted() > _LONGEST_NUMBER or number >= Decimal(highest_minor + 1).scaleb(-digits):
        raise Unreadable(
            f"above the highest price that is believed, {Decimal(highest_minor).scaleb(-digits):,f} {currency}"
        )
    whole, _, fraction = format(number, "f").partition(".")
    fraction = fraction.rstrip("0")
    if len(fraction) > digits:
        raise Unreadable(f"finer than {currency}, which has {digits} decimal digits")
    return int(whole + fraction.ljust(digits, "0"))


def decimal_of(value: object, *, currency: str) -> Decimal:
    """Read an amount in major units of `currency`. Raises: Unreadable."""
    match value:
        case bool():
            raise Unreadable("true or false, where an amount belongs")
        case float():
            raise Unreadable("a binary float, which has lost the digits that were written")
        case int() | Decimal():
            number = Decimal(value)
        case str():
            number = _written_amount(value.strip(), currency)
        case _:
            raise Unreadable("a list or an object, where an amount belongs")
    if not number.is_finite() or number.adjusted() < -_LONGEST_NUMBER:
        raise Unreadable("not an amount of money")
    return number


def weight_grams(value: object) -> int:
    """Read a weight in grams, rounded half up to the gram: "1.2 kg" -> 1200. A bare number is grams.

    Raises: Unreadable.
    """
    written = format(value, "f") if isinstance(value, Decimal) else str(value).strip().lower()
    found = _WEIGHT.fullmatch(written) if len(written) <= _LONGEST_NUMBER else None
    if found is None or isinstance(value, bool) or found[2] not in GRAMS_PER:
        raise Unreadable(f"not a weight; write a number and one of {', '.join(filter(None, GRAMS_PER))}")
    grams = Decimal(found[1].replace(",", ".")) * GRAMS_PER[found[2]]
    if not 0 < grams <= HEAVIEST_GRAMS:
        raise Unreadable("a weight has to be above zero and below a hundred tons")
    return max(1, int(grams.quantize(Decimal(1), rounding=ROUND_HALF_UP)))


def whole_number(value: object, *, lowest: int, highest: int) -> int:
    """Read a count of units: 12, "12", "1,200" and "12.0" are numbers of units, "12.5" is not.

    Raises: Unreadable.
    """
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise Unreadable("not a number of units")
    written = str(value).strip()
    grouped = written.replace(",", "") if _GROUPS[","].fullmatch(written.lstrip("+-")) else written
    try:
        number = Decimal(grouped) if len(grouped) <= _LONGEST_NUMBER else Decimal("NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number.adjusted() > _LONGEST_NUMBER or number != number.to_integral_value():
        raise Unreadable("not a number of whole units")
    if not lowest <= number <= highest:
        raise Unreadable(f"has to be between {lowest} and {highest}")
    return int(number)


def _written_amount(written: str, currency: str) -> Decimal:
    found = _AMOUNT.fullmatch(written) if len(written) <= _LONGEST_NUMBER else None
    if found is None:
        raise Unreadable("not an amount of money")
    for mark in filter(None, (found["before"].strip(), found["after"].strip())):
        if mark.upper() != currency and currency not in SYMBOLS.get(mark.lower(), ()):
            raise Unreadable(f"the prices are in {currency}, and this says {mark!r}")
    digits = re.sub(r"['\u2019\s]", "", found["number"])
    try:
        return Decimal(_with_point(digits, exponent_of(currency)))
    except InvalidOperation:
        raise Unreadable("not an amount of money") from None


def _with_point(digits: str, exponent: int) -> str:
    """Write a number with a point for its decimal mark and no other."""
    commas, points = digits.count(","), digits.count(".")
    if commas and points:
        decimal, group = (",", ".") if digits.rindex(",") > digits.rindex(".") else (".", ",")
        whole, _, fraction = digits.partition(decimal) if digits.count(decimal) == 1 else (digits, "", "")
        if not _GROUPS[group].fullmatch(whole.lstrip("+-")):
            raise Unreadable("points and commas stand where no amount has them")
        return f"{whole.replace(group, '')}.{fraction}"
    if points > 1 or commas > 1:
        group = "." if points else ","
        if not _GROUPS[group].fullmatch(digits.lstrip("+-")):
            raise Unreadable("points and commas stand where no amount has them")
        return digits.replace(group, "")
    if commas and _GROUPS[","].fullmatch(digits.lstrip("+-")):
        if exponent == 3:
            raise Unreadable("may mean a thousand or a thousandth; write it without the comma, or with a point")
        return digits.replace(",", "")
    return digits.replace(",", ".")
