"""Who works and who buys in the demo shop. Nobody here exists.

Telephone numbers come from Ofcom's range for fiction (07700 900000 to 900999), e-mail addresses from reserved domains;
postal codes end in 9ZZ, which no letterbox has. Passwords are not content: whoever seeds these chooses them.
"""

import random
from dataclasses import dataclass

from app.demo.content.places import STORES
from app.kernel.address import Address

HOME_STORE = "LONDON"


@dataclass(frozen=True, slots=True)
class LogIn:
    """Somebody who may enter. One with the email of a customer is that customer."""

    email: str
    name: str
    roles: tuple[str, ...]
    every_location: bool
    location_codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CustomerAddress:
    """An entry of a customer's address book."""

    address: Address
    default_shipping: bool
    default_billing: bool


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody who buys; known by email, or by phone alone."""

    email: str | None
    phone: str
    first_name: str
    last_name: str
    addresses: tuple[CustomerAddress, ...]


_DEMO_LOG_INS = (
    LogIn("shopper@stoa.test", "Sam Shopper", ("SHOPPER",), every_location=False, location_codes=()),
    LogIn("shopper.dublin@stoa.test", "Saoirse Shopper", ("SHOPPER",), every_location=False, location_codes=()),
    LogIn("shopper.jersey@stoa.test", "Sylvie Shopper", ("SHOPPER",), every_location=False, location_codes=()),
    LogIn("associate@stoa.test", "Asha Associate", ("ASSOCIATE",), every_location=False, location_codes=(HOME_STORE,)),
    LogIn(
        "manager@stoa.test", "Morgan Manager", ("STORE_MANAGER",), every_location=False, location_codes=(HOME_STORE,)
    ),
    LogIn("operator@stoa.test", "Oona Operator", ("OPERATIONS",), every_location=True, location_codes=()),
    LogIn("admin@stoa.test", "Ade Admin", ("ADMIN",), every_location=True, location_codes=()),
)

_SHOPPERS = (
    ("shopper@stoa.test", "Sam", "Shopper", "London", "W1U 9ZZ", "GB"),
    ("shopper.dublin@stoa.test", "Saoirse", "Shopper", "Dublin", "D02 ZZ99", "IE"),
    ("shopper.jersey@stoa.test", "Sylvie", "Shopper", "St Helier", "JE2 9ZZ", "JE"),
)

_NAMES = """
Barnaby Quillfeather   Tuppence Fairweather   Ottoline Merriweather  Ignatius Thimble
Clementine Puddifoot   Rufus Winterbottom-Fox Persephone Applecart   Horatio Candlewick
Marigold Umberbatch    Ezekiel Bramblethorpe  Wilhelmina Tock        Algernon Snapdragon
Dorothea Larkspur      Bartholomew Nettlebed  Philomena Gingerbread  Cornelius Foxtrot
Araminta Honeypot      Phineas Wobblethwaite  Henrietta Moonbeam     Octavius Pumpernickel
Lavender Hopscotch     Thaddeus Buttonhole    Isadora Tumbleweed     Montague Featherstone-Sprout
"""

_TOWNS = (
    ("London", "N1 9ZZ", "GB"),
    ("Manchester", "M4 9ZZ", "GB"),
    ("Edinburgh", "EH3 9ZZ", "GB"),
    ("Glasgow", "G12 9ZZ", "GB"),
    ("Cardiff", "CF11 9ZZ", "GB"),
    ("Belfast", "BT9 9ZZ", "GB"),
    ("Leeds", "LS6 9ZZ", "GB"),
    ("Bristol", "BS6 9ZZ", "GB"),
    ("Birmingham", "B17 9ZZ", "GB"),
    ("Liverpool", "L17 9ZZ", "GB"),
    ("Dublin", "D06 ZZ99", "IE"),
    ("Gibraltar", "GX11 9ZZ", "GI"),
)

_STREETS = ("Imaginary Lane", "Make-Believe Road", "Nowhere Street", "Storybook Close", "Pretend Avenue", "Fable Mews")

#: These two gave a telephone number at the till and nothing else.
_BY_PHONE_ALONE = 2


def log_ins() -> tuple[LogIn, ...]:
    """List everybody who may enter: the seven for trying things out, then the staff of the other stores."""
    staff = []
    for store in STORES:
        if store.code == HOME_STORE:
            continue
        town = store.code.lower()
        for job, role in (("associate", "ASSOCIATE"), ("manager", "STORE_MANAGER")):
            staff.append(
                LogIn(
                    email=f"{job}.{town}@stoa.test",
                    name=f"{town.title()} {job.title()}",
                    roles=(role,),
                    every_location=False,
                    location_codes=(store.code,),
                )
            )
    return (*_DEMO_LOG_INS, *staff)


def customers(seed: int) -> tuple[Customer, ...]:
    """List everybody who buys: those who can log in, then those in the till's memory."""
    chance = random.Random(f"{seed}:people")
    found = [
        _customer(email, first, last, number=number, town=(city, code, country), chance=chance)
        for number, (email, first, last, city, code, country) in enumerate(_SHOPPERS)
    ]
    words = _NAMES.split()
    names = list(zip(words[::2], words[1::2], strict=True))
    for index, (first, last) in enumerate(names):
        by_phone = index >= len(names) - _BY_PHONE_ALONE
        email = None if by_phone else f"{first}.{last}@example.com".lower()
        town = _TOWNS[index % len(_TOWNS)]
        found.append(_customer(email, first, last, number=len(found), town=town, chance=chance))
    return tuple(found)


def _customer(
    email: str | None, first: str, last: str, *, number: int, town: tuple[str, str, str], chance: random.Random
) -> Customer:
    phone = f"+447700900{100 + number:03}"
    home = _address(first, last, phone=phone, town=town, chance=chance)
    if email is None:
        return Customer(None, phone, first, last, ())
    book = [CustomerAddress(home, default_shipping=True, default_billing=True)]
    if chance.randrange(3) == 0:
        elsewhere = _address(first, last, phone=phone, town=chance.choice(_TOWNS), chance=chance)
        book.append(CustomerAddress(elsewhere, default_shipping=False, default_billing=False))
    return Customer(email, phone, first, last, tuple(book))


def _address(first: str, last: str, *, phone: str, town: tuple[str, str, str], chance: random.Random) -> Address:
    city, postal_code, country = town
    return Address(
        first_name=first,
        last_name=last,
        line1=f"{chance.randint(1, 99)} {chance.choice(_STREETS)}",
        line2=f"Flat {chance.randint(1, 12)}" if chance.randrange(4) == 0 else None,
        city=city,
        postal_code=postal_code,
        country=country,
        phone=phone,
    )
