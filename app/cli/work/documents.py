"""What is generated from the code: the schema's text, and the drawings of state machines."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from app.cart.states import CART
from app.checkout.states import ATTEMPT
from app.fulfillment.states import FULFILLMENT_ORDER, SHIPMENT
from app.inventory.states import COUNT, PURCHASE_ORDER, RESERVATION, TRANSFER
from app.kernel.machine import Machine
from app.orders.states import HOLD
from app.payments.states import CREDIT, PAYMENT, TRANSACTION
from app.pickup.states import PICKUP
from app.returns.states import RETURN
from schema.build import sdl

#: Every state machine that is drawn.
MACHINES: Sequence[Machine[Any]] = (
    RESERVATION,
    COUNT,
    PURCHASE_ORDER,
    TRANSFER,
    CART,
    PAYMENT,
    TRANSACTION,
    HOLD,
    CREDIT,
    FULFILLMENT_ORDER,
    SHIPMENT,
    PICKUP,
    ATTEMPT,
    RETURN,
)
HOUSE = Path(__file__).parents[3]
STATES = HOUSE / "docs" / "states"


def schema() -> None:
    """Print the schema in the schema definition language."""
    sys.stdout.write(sdl())


def docs(*, check: bool) -> int:
    """Draw every state machine; answers the exit code."""
    stale = {path: text for path, text in drawings().items() if not path.exists() or path.read_text() != text}
    for path, text in stale.items():
        typer.echo(f"{'stale' if check else 'written'}: {path.relative_to(HOUSE)}")
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    return 1 if check and stale else 0


def drawings() -> Mapping[Path, str]:
    """Draw every state machine as the page it belongs on."""
    return {STATES / f"{machine.name.replace(' ', '-')}.md": _page(machine) for machine in MACHINES}


def _page(machine: Machine[Any]) -> str:
    title = machine.name.capitalize()
    return f"# {title}\n\nDrawn from the code by `stoa docs`; do not edit.\n\n```mermaid\n{machine.mermaid()}```\n"
