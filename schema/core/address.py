"""Postal addresses as clients see and send them."""

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
    """For the carrier, E.164; null when not given."""

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
    city: str
    """Town or city."""
    country: CountryCode
    """Where it is."""
    first_name: str | None = None
    """Of whoever receives."""
    last_name: str | None = None
    """Of whoever receives."""
    company: str | None = None
    """For a business address."""
    line2: str | None = None
    """Flat, floor, building."""
    region: str | None = None
    """State, province or county."""
    postal_code: str | None = None
    """Left out where there is none."""
    phone: str | None = None
    """For the carrier, E.164."""

    def to_address(self) -> kernel.Address:
        """Read it as an address, not checked yet (app.kernel.address.checked does that)."""
        return kernel.Address(
            line1=self.line1,
            city=self.city,
            country=self.country,
            first_name=self.first_name,
            last_name=self.last_name,
            company=self.company,
            line2=self.line2,
            region=self.region,
            postal_code=self.postal_code,
            phone=self.phone,
        )
