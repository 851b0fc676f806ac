"""Commands about postal codes."""

from collections.abc import Sequence

from app.kernel.db import UnitOfWork
from app.kernel.errors import Invalid
from app.kernel.permissions import Permission
from app.kernel.puts import Put, effect_of
from app.kernel.territories import is_country
from app.locations.queries.postal_codes import list_postal_codes, upsert_postal_codes
from app.locations.rules.postal_codes import LONGEST, PostalCode, normalized


async def put_postal_codes(uow: UnitOfWork, *, postal_codes: Sequence[PostalCode]) -> list[Put]:
    """Say where postal codes are, before what the package says of them; answers what became of each, in their order.

    Raises: Forbidden; Invalid naming the element.
    """
    uow.actor.require(Permission.CATALOG_WRITE)
    _check(postal_codes)
    there = await list_postal_codes(uow, codes=[(row.country, row.code) for row in postal_codes])
    known = {(row.country, row.code): row for row in there}
    effects = []
    for row in postal_codes:
        before = known.get((row.country, row.code))
        effects.append(effect_of(known=before is not None, changed=before != row))
    changed = [row for row, effect in zip(postal_codes, effects, strict=True) if effect is not Put.UNCHANGED]
    if changed:
        await upsert_postal_codes(uow, postal_codes=changed)
    return effects


def _check(postal_codes: Sequence[PostalCode]) -> None:
    seen: set[tuple[str, str]] = set()
    for i, row in enumerate(postal_codes):
        at = ("postalCodes", str(i))
        if not is_country(row.country):
            raise Invalid("not a country code of ISO 3166-1", field=(*at, "country"))
        if not row.code or row.code != normalized(row.code) or len(row.code) > LONGEST:
            message = f"a postal code is kept as 1 to {LONGEST} capitals and digits, without blanks and hyphens"
            raise Invalid(message, field=(*at, "code"))
        if (row.country, row.code) in seen:
            raise Invalid(f"{row.code} of {row.country} stands here twice", field=(*at, "code"))
        seen.add((row.country, row.code))
        for name, degrees, most in (("latitude", row.latitude, 90), ("longitude", row.longitude, 180)):
            # What is not a number is not within any bounds either.
            if not -most <= degrees <= most:
                raise Invalid(f"from -{most} to {most}", field=(*at, name))
