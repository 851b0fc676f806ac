"""Postal addresses as clients see and send them."""

from collections.abc import Sequence

import strawberry

from app.kernel import address as kernel
from schema.core.scalars import CountryCode


@strawberry.type
class Address:
    """A postal address."""

    first_name: str | None
    """Of whoever receives; null when not given."""
    last_name: str | None
    """Of whoever receives; null when not given."""
    company: str | None
    """Null for a private address."""
    line1: str
    """Street and number."""
    line2: str | None
    """Flat, floor, building; null when not given."""
    city: str
    """Town or city."""
    region: str | None
    """State, province or county; null where none is used."""
    postal_code: str | None
    """Null in countries and places without one."""
    country: CountryCode
    """Where it is."""
    phone: str | None
    """For the carrier, as it was given; null when it was not."""

    @classmethod
    def of(cls, row: kernel.Address) -> "Address":
        """Show an address."""
        return cls(
            first_name=row.first_name,
            last_name=row.last_name,
            company=row.company,
            line1=row.line1,
            line2=row.line2,
            city=row.city,
            region=row.region,
            postal_code=row.postal_code,
            country=CountryCode(row.country),
            phone=row.phone,
        )

    @classmethod
    def maybe(cls, row: kernel.Address | None) -> "Address | None":
        """Show an address, or nothing."""
        return None if row is None else cls.of(row)


@strawberry.input
class AddressInput:
    """A postal address, whole: what is left out is not known."""

    line1: str
    """Street and number."""
    country: CountryCode
    """Where it is."""
    city: str | None = strawberry.UNSET
    """Town or city; needed wherever goods are sent."""
    first_name: str | None = strawberry.UNSET
    """Of whoever receives."""
    last_name: str | None = strawberry.UNSET
    """Of whoever receives."""
    company: str | None = strawberry.UNSET
    """For a business address."""
    line2: str | None = strawberry.UNSET
    """Flat, floor, building."""
    region: str | None = strawberry.UNSET
    """State, province or county."""
    postal_code: str | None = strawberry.UNSET
    """Left out where there is none."""
    phone: str | None = strawberry.UNSET
    """For the carrier; E.164 if it is known so, and kept as it is given."""

    def value(self, field: Sequence[str]) -> kernel.Address:
        """Read it as an address that can be one; `field` is where it stands in the input.

        Raises: Invalid naming the part that is at fault.
        """
        return kernel.checked(self.to_address(), field=field)

    def to_address(self) -> kernel.Address:
        """Read it as an address, not checked yet (app.kernel.address.checked does that)."""
        return kernel.Address(
            line1=self.line1,
            # What is missing is refused by name when the address is checked.
            city=self.city or "",
            country=self.country,
            first_name=self.first_name or None,
            last_name=self.last_name or None,
            company=self.company or None,
            line2=self.line2 or None,
            region=self.region or None,
            postal_code=self.postal_code or None,
            phone=self.phone or None,
        )
