"""What providers tell is bounded before anything is looked up by it, or kept of it."""

from app.payments.gateway import Notice, Settlement

LONGEST_NAME = 255
#: In minor units: beyond any payment, and so small that millions of them can be added up.
_LARGEST = 10**12
_CURRENCY_LETTERS = 3
_FIRST_YEAR, _LAST_YEAR = 1970, 9000


def misfit(told: Notice | Settlement) -> str | None:
    """Say why news, or a line of a report, cannot be kept as they are; None when they can."""
    names = {"key": told.key, "reference": told.reference, "authorization": told.authorization}
    if isinstance(told, Notice):
        if not told.id.strip():
            return "the id is empty"
        names["id"] = told.id
    for name, text in names.items():
        if text is not None and (len(text) > LONGEST_NAME or not _can_be_kept(text)):
            return f"the {name} is longer than {LONGEST_NAME} characters, or no text"
    if not 0 <= told.amount_minor <= _LARGEST:
        return "the amount is below zero, or beyond all amounts"
    if told.at.tzinfo is None:
        return "the moment has no offset"
    if isinstance(told, Settlement):
        if abs(told.fee_minor) > _LARGEST:
            return "the fee is beyond all amounts"
        if not _FIRST_YEAR <= told.at.year <= _LAST_YEAR:
            return "the moment is of no year in which there are reports"
    letters = told.currency.isascii() and told.currency.isalpha() and told.currency.isupper()
    if not letters or len(told.currency) != _CURRENCY_LETTERS:
        return "the currency is no code of ISO 4217"
    return None


def _can_be_kept(text: str) -> bool:
    """Say whether a column can hold it: neither U+0000 nor half of a surrogate pair."""
    return "\0" not in text and (text.isascii() or text.encode("utf-8", "ignore").decode("utf-8") == text)
