"""What is asked of groups of locations, channel supply and transfer lanes."""

import strawberry


@strawberry.input
class LocationGroupPutInput:
    """A group of locations as it shall be."""

    code: str
    """Which group; one that is not there yet is made."""
    name: str
    """For people."""
    idempotency_key: str
    """The client's own name for this attempt."""
    location_ids: list[strawberry.ID] | None = None
    """All its members, 5,000 at most; left out, they stay."""


@strawberry.input
class ChannelSupplyPutInput:
    """What a location, or each member of a group, shall do for a channel."""

    channel: str
    """The code of the channel."""
    idempotency_key: str
    """The client's own name for this attempt."""
    location_id: strawberry.ID | None = None
    """The location that it is said of; give either this or a group."""
    group_id: strawberry.ID | None = None
    """The group that it is said of; give either this or a location."""
    ships: bool | None = None
    """Whether to supply shipments. For a location, null of both goes back to what its groups do, and false of both keeps
    it out of the channel whatever they do."""
    hands_out: bool | None = None
    """Whether to hand goods to customers; goes with `ships`."""


@strawberry.input
class TransferLanePutInput:
    """A way for goods from one location to another."""

    from_location_id: strawberry.ID
    """Where the goods leave."""
    to_location_id: strawberry.ID
    """Where they arrive."""
    idempotency_key: str
    """The client's own name for this attempt."""
    lead_minutes: int | None = None
    """From the request until the goods are there; null takes the lane away."""
