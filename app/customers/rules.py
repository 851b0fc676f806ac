"""Who a customer is, and what a registration has to be like."""

from dataclasses import dataclass
from datetime import datetime

from app.customers.errors import PasswordUnfit
from app.kernel.address import Address
from app.kernel.errors import Invalid
from app.kernel.ids import CustomerAddressId, CustomerId, UserId

SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 200
LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Customer:
    """A party that buys; may never log in."""

    id: CustomerId
    user_id: UserId | None
    email: str | None
    phone: str | None
    first_name: str | None
    last_name: str | None
    created_at: datetime
    erased_at: datetime | None


@dataclass(frozen=True, slots=True)
class CustomerAddress:
    """An entry of an address book."""

    id: CustomerAddressId
    customer_id: CustomerId
    address: Address
    default_shipping: bool
    default_billing: bool


@dataclass(frozen=True, slots=True)
class NewAddress:
    """An entry to be put into an address book."""

    address: Address
    default_shipping: bool = False
    default_billing: bool = False


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """A customer to be put in place: known by e-mail address, or by phone alone."""

    email: str | None
    phone: str | None
    first_name: str | None = None
    last_name: str | None = None
    user_id: UserId | None = None
    addresses: tuple[NewAddress, ...] = ()


def checked_password(password: str) -> str:
    """Refuse a password that is too short to protect anybody, or absurdly long.

    Raises: PasswordUnfit. Source: NIST SP 800-63B, 3.1.1.2: a length, and no rules about what it is made of.
    """
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise PasswordUnfit(SHORTEST_PASSWORD, LONGEST_PASSWORD)
    return password


def tidy_name(name: str | None, *, field: str) -> str | None:
    """Write a name without stray space; an empty one is none.

    Raises: Invalid when it is over 100 characters or holds what no name does.
    """
    tidy = " ".join(name.split()) if name else ""
    if len(tidy) > LONGEST_NAME or not tidy.isprintable():
        raise Invalid(f"a name has at most {LONGEST_NAME} characters, all of them printable", field=(field,))
    return tidy or None
