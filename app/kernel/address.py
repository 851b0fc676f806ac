"""A postal address as a value: copied into orders, never shared, never a row of its own that others point to."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

from app.kernel.errors import Invalid, field_name
from app.kernel.territories import is_country

LONGEST_FIELD = 200


@dataclass(frozen=True, slots=True)
class Address:
    """Where goods or bills go. Country is ISO 3166-1 alpha-2; the phone is E.164 where it could be read as such."""

    line1: str
    city: str
    country: str
    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    line2: str | None = None
    region: str | None = None
    postal_code: str | None = None
    phone: str | None = None

    @classmethod
    def from_json(cls, value: dict[str, str | None] | None) -> "Address | None":
        """Read the JSONB form back."""
        return None if value is None else cls(**value)  # type: ignore[arg-type]  # The keys are the fields: `to_json` wrote them.

    def to_json(self) -> dict[str, str | None]:
        """Write the JSONB form."""
        return asdict(self)


def checked(address: Address, *, field: Sequence[str]) -> Address:
    """Tidy an address and refuse one that cannot be one.

    Raises: Invalid naming the field: a missing line1 or city, an unknown country, a field over 200 characters.
    """
    values: dict[str, str | None] = {}
    for column in fields(address):
        value = getattr(address, column.name)
        tidy = " ".join(value.split()) if value else None
        if tidy and len(tidy) > LONGEST_FIELD:
            raise Invalid(f"at most {LONGEST_FIELD} characters", field=(*field, field_name(column.name)))
        values[column.name] = tidy or None
    for required in ("line1", "city"):
        if values[required] is None:
            raise Invalid("this part of the address is needed", field=(*field, required))
    if not is_country(values["country"] or ""):
        raise Invalid("not a country code of ISO 3166-1", field=(*field, "country"))
    return Address(**values)  # type: ignore[arg-type]  # The required ones were checked above.
