"""What is no product though it stands in a file of products: services under a product code, and notes in place of a name.

Both lists were made by looking at the feed of a UK retailer (Online Retail, UCI 2015), where each of them occurs.
"""

import re
from collections.abc import Mapping

#: Codes that tills use for what nobody picks from a shelf, in capitals. Other shops may sell under these codes, a size "M"
#: for one, so they are refused only on request.
NOT_GOODS: Mapping[str, str] = {
    "POST": "postage",
    "DOT": "postage of the web shop",
    "C2": "carriage",
    "23444": "next day carriage",
    "D": "a discount",
    "M": "a manual entry",
    "S": "samples sent out",
    "B": "an adjustment of bad debt",
    "BANK CHARGES": "a bank's fee",
    "AMAZONFEE": "a marketplace's fee",
    "CRUK": "a commission given to charity",
    "23702": "an image to download",
    "22016": "a gift voucher, which is money",
    "GIFT_0001_10": "a gift voucher, which is money",
    "GIFT_0001_20": "a gift voucher, which is money",
    "GIFT_0001_30": "a gift voucher, which is money",
    "GIFT_0001_40": "a gift voucher, which is money",
    "GIFT_0001_50": "a gift voucher, which is money",
}

#: What stock clerks write where the name belongs. A name is a note when it says nothing but these and the words below:
#: "wet damaged" is one, "Wet bag" is not.
NOTE_WORDS = frozenset(
    [
        "adjust",
        "adjustment",
        "aside",
        "amazon",
        "barcode",
        "breakages",
        "broken",
        "check",
        "checked",
        "counted",
        "cracked",
        "credit",
        "credited",
        "creditted",
        "crushed",
        "dagamed",
        "damage",
        "damaged",
        "damages",
        "destroyed",
        "display",
        "dotcom",
        "dotcomstock",
        "ebay",
        "error",
        "faulty",
        "fba",
        "found",
        "incorrect",
        "incorrectly",
        "lost",
        "mailout",
        "marked",
        "mia",
        "missing",
        "mix",
        "mixed",
        "mouldy",
        "oops",
        "rcvd",
        "returned",
        "reverse",
        "rusty",
        "samples",
        "showroom",
        "smashed",
        "sold",
        "test",
        "thrown",
        "throw",
        "unsaleable",
        "wet",
        "wrong",
        "wrongly",
    ]
)
_WORDS_BETWEEN = frozenset(
    [
        "a",
        "adjustment",
        "again",
        "all",
        "and",
        "as",
        "at",
        "away",
        "back",
        "been",
        "box",
        "boxes",
        "by",
        "can't",
        "carton",
        "coded",
        "code",
        "ctn",
        "entry",
        "etc",
        "fixed",
        "for",
        "found",
        "from",
        "give",
        "given",
        "had",
        "hse",
        "import",
        "imported",
        "in",
        "into",
        "is",
        "it",
        "made",
        "more",
        "mrked",
        "not",
        "of",
        "off",
        "on",
        "online",
        "only",
        "or",
        "order",
        "orders",
        "pallet",
        "previous",
        "problem",
        "put",
        "quick",
        "re",
        "retail",
        "sale",
        "sales",
        "sell",
        "set",
        "sets",
        "shelf",
        "show",
        "some",
        "space",
        "stock",
        "temp",
        "the",
        "to",
        "up",
        "was",
        "water",
        "wax",
        "website",
        "with",
    ]
)
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
#: Nothing is called "sold as …", and no name begins or ends in several question marks.
_NOTE_FORM = re.compile(r"\W*(?:wrongly )?sold (?:as|in|with)\b.*|\?.*|.*\?\?+", re.IGNORECASE)
LONGEST_NOTE = 60


def is_note(name: str) -> bool:
    """Say whether a name is a remark about stock, such as "?", "damaged" or "found box"; also if it has no letter at all."""
    if len(name) > LONGEST_NOTE:
        return False
    words = _WORD.findall(name.casefold().replace("\u2019", "'"))
    if not words or _NOTE_FORM.fullmatch(name):
        return True
    return not NOTE_WORDS.isdisjoint(words) and NOTE_WORDS.union(_WORDS_BETWEEN).issuperset(words)


def is_service(sku: str) -> bool:
    """Say whether a code stands for postage, fees, vouchers and the like, in the table above."""
    return sku.upper() in NOT_GOODS
