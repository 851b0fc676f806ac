"""Channels as clients see them."""

import strawberry

from app.channels import rules
from app.kernel.ids import IdKind
from schema.core.ids import Node, public_id
from schema.core.scalars import CountryCode, CurrencyCode


@strawberry.type
class Channel(Node):
    """Where the shop sells: its web shop, its app, the tills of its stores."""

    code: str
    """What other fields' `channel` argument takes."""
    name: str
    """For people."""
    currency: CurrencyCode
    """What everything in the channel is priced in."""
    tax_included: bool
    """Whether prices are shown with tax."""
    countries: list[CountryCode]
    """Where the channel delivers to."""

    @classmethod
    def kind(cls) -> IdKind:
        """Its ids begin with chn."""
        return IdKind.CHANNEL

    @classmethod
    def of(cls, row: rules.Channel) -> "Channel":
        """Show a channel."""
        return cls(
            id=public_id(IdKind.CHANNEL, row.id),
            code=row.code,
            name=row.name,
            currency=CurrencyCode(row.currency),
            tax_included=row.tax_included,
            countries=[CountryCode(country) for country in row.countries],
        )
