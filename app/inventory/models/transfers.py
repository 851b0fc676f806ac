"""Tables of transfers: goods on their way from one location to another."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint, Uuid

from app.inventory.states import TransferCause, TransferStatus
from app.kernel.columns import id_column, instant, not_negative, one_of
from app.kernel.metadata import metadata

transfers = Table(
    "transfers",
    metadata,
    id_column(),
    Column("number", Text, nullable=False, unique=True),
    Column("from_location_id", Uuid, ForeignKey("locations.id"), nullable=False),
    Column("to_location_id", Uuid, ForeignKey("locations.id"), nullable=False),
    Column("status", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("note", Text),
    Column("settled_note", Text, comment="why units were written back or off, as last said"),
    instant("expected_at", nullable=True),
    instant("created_at"),
    instant("updated_at"),
    instant("shipped_at", nullable=True),
    instant("closed_at", nullable=True),
    one_of("status", TransferStatus),
    one_of("cause", TransferCause),
    CheckConstraint("from_location_id <> to_location_id", name="goes_somewhere"),
    CheckConstraint("char_length(note) <= 500", name="note"),
    CheckConstraint("char_length(settled_note) <= 500", name="settled_note"),
    Index("ix_transfers_from_location_id", "from_location_id", "id"),
    Index("ix_transfers_to_location_id", "to_location_id", "id"),
)

transfer_lines = Table(
    "transfer_lines",
    metadata,
    id_column(),
    Column("transfer_id", Uuid, ForeignKey("transfers.id"), nullable=False),
    Column("variant_id", Uuid, ForeignKey("variants.id"), nullable=False),
    Column("requested", Integer, nullable=False),
    Column("shipped", Integer, nullable=False, server_default="0"),
    Column("received", Integer, nullable=False, server_default="0"),
    Column("written_back", Integer, nullable=False, server_default="0", comment="came back to where they left"),
    Column("written_off", Integer, nullable=False, server_default="0", comment="lost on the way"),
    UniqueConstraint("transfer_id", "variant_id"),
    *not_negative("shipped", "received", "written_back", "written_off"),
    CheckConstraint("requested > 0", name="requested"),
    CheckConstraint("shipped <= requested", name="shipped_was_requested"),
    CheckConstraint("received + written_back + written_off <= shipped", name="received_was_shipped"),
)
