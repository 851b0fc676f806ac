"""Edits of one cart by many at once, and what the cart has to be when they are done.

Every edit that is accepted answers the version that it made. Played back in the order of their versions, on a model that
knows no database, they say what is in the cart: whatever was lost, doubled or mixed up would show.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.cart import queries
from app.cart import service as carts
from app.cart.rules import AddLine, Cart, CartChanges, CartLine, ChangeLine, Select, group_id
from app.delivery.states import DeliveryMethod
from app.kernel.address import Address
from app.kernel.db import Begin, UnitOfWork
from app.kernel.errors import Busy, DomainError, NotFound, VersionConflict
from tests.builders.shop import ADA_AT_HOME, DELIVERY_OPTIONS, LOCATIONS, VARIANTS, Shop

#: How often somebody who gives a version looks again and sends their edit anew, before they give up.
_TRIES = 4


@dataclass(frozen=True, slots=True)
class Add:
    """Units put in, with a note or without."""

    sku: str
    quantity: int
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Recount:
    """Another quantity of the line that the cart began with; 0 removes it."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Move:
    """The line that the cart began with, to be collected at a store, or shipped."""

    sku: str
    store: str | None


@dataclass(frozen=True, slots=True)
class Note:
    """Something written on the line that the cart began with."""

    sku: str
    note: str | None


@dataclass(frozen=True, slots=True)
class Tell:
    """Whom the cart is for, and where it goes."""

    email: str
    street: str


@dataclass(frozen=True, slots=True)
class Choose:
    """A delivery option for what is shipped."""

    option: str


Edit = Add | Recount | Move | Note | Tell | Choose
#: What tells the lines of a cart apart: the variant, the store, and the note.
Kind = tuple[str, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Sent:
    """An edit with what was answered: the version that it made, or the refusal."""

    edit: Edit
    version: int | None
    refusal: DomainError | None = None


@dataclass(slots=True)
class Told:
    """A cart as its edits say it is. `first` names where the lines are that it began with."""

    lines: dict[Kind, int]
    first: dict[str, Kind]
    email: str | None = None
    street: str | None = None
    option: str | None = None
    versions: list[int] = field(default_factory=list)

    @classmethod
    def beginning(cls, quantities: dict[str, int]) -> "Told":
        """Begin with one line of each of these variants, to be shipped."""
        kinds: dict[str, Kind] = {sku: (sku, None, None) for sku in quantities}
        return cls({kinds[sku]: units for sku, units in quantities.items()}, kinds)

    def play(self, sent: Sequence[Sent]) -> "Told":
        """Make every edit that was accepted, in the order of their versions."""
        for one in sorted((one for one in sent if one.version), key=lambda one: one.version or 0):
            self.versions.append(one.version or 0)
            self._make(one.edit)
        return self

    def _make(self, edit: Edit) -> None:
        match edit:
            case Add(sku, quantity, note):
                kind = (sku, None, note)
                self.lines[kind] = self.lines.get(kind, 0) + quantity
            case Recount(sku, 0):
                del self.lines[self.first.pop(sku)]
            case Recount(sku, quantity):
                self.lines[self.first[sku]] = quantity
            case Move(sku, store):
                self._become(sku, (sku, store, self.first[sku][2]))
            case Note(sku, note):
                self._become(sku, (sku, self.first[sku][1], note))
            case Tell(email, street):
                self.email, self.street = email, street
            case Choose(option):
                self.option = option

    def _become(self, sku: str, kind: Kind) -> None:
        units = self.lines.pop(self.first[sku])
        self.lines[kind] = self.lines.get(kind, 0) + units
        self.first[sku] = kind


@dataclass(frozen=True, slots=True)
class Editor:
    """Somebody who edits a cart: a guest with its token, or staff. `careful` ones give the version that they saw."""

    begin: Begin
    token: str | None
    careful: bool

    async def send(self, cart: Cart, first: dict[str, CartLine], edit: Edit) -> Sent:
        """Send an edit until it is answered, as a storefront would: again when we are busy, again with a fresh version."""
        for _ in range(_TRIES):
            version = (await self._look(cart)).version if self.careful else None
            try:
                made = await self._patiently(cart, first, edit, version)
            except VersionConflict as conflict:
                refusal: DomainError = conflict
                continue
            except NotFound as gone:
                return Sent(edit, None, gone)
            assert version is None or made.version == version + 1
            return Sent(edit, made.version)
        return Sent(edit, None, refusal)

    async def _look(self, cart: Cart) -> Cart:
        async def work(uow: UnitOfWork) -> Cart:
            found = await queries.get_cart(uow, cart_id=cart.id)
            assert found is not None
            return found

        return await self.begin.run(work)

    async def _patiently(self, cart: Cart, first: dict[str, CartLine], edit: Edit, version: int | None) -> Cart:
        while True:
            try:
                return await self.begin.run(lambda uow: self._make(uow, cart, first, edit, version))
            except Busy:
                await asyncio.sleep(0)

    async def _make(
        self, uow: UnitOfWork, cart: Cart, first: dict[str, CartLine], edit: Edit, version: int | None
    ) -> Cart:
        match edit:
            case Add(sku, quantity, note):
                lines = [AddLine(VARIANTS[sku], quantity, note=note)]
                return await carts.add_lines(uow, cart_id=cart.id, token=self.token, version=version, lines=lines)
            case Tell(email, street):
                changes = CartChanges(email=email, shipping_address=_home(street))
                return await carts.update(uow, cart_id=cart.id, token=self.token, version=version, changes=changes)
            case Choose(option):
                chosen = Select(group_id(cart.id, DeliveryMethod.SHIPPING, None), DELIVERY_OPTIONS[option])
                return await carts.select_delivery(
                    uow, cart_id=cart.id, token=self.token, version=version, selections=[chosen], places_left={}
                )
            case _:
                change = _change(first[edit.sku], edit)
                return await carts.change_lines(
                    uow, cart_id=cart.id, token=self.token, version=version, changes=[change]
                )


def _home(street: str) -> Address:
    return Address(
        line1=street,
        city=ADA_AT_HOME.city,
        country=ADA_AT_HOME.country,
        first_name=ADA_AT_HOME.first_name,
        last_name=ADA_AT_HOME.last_name,
        postal_code=ADA_AT_HOME.postal_code,
    )


def _change(line: CartLine, edit: Recount | Move | Note) -> ChangeLine:
    match edit:
        case Recount(_, quantity):
            return ChangeLine(line.id, quantity=quantity)
        case Move(_, store):
            if store is None:
                return ChangeLine(line.id, delivery=DeliveryMethod.SHIPPING)
            return ChangeLine(line.id, delivery=DeliveryMethod.PICKUP, store_id=LOCATIONS[store])
        case Note(_, note):
            return ChangeLine(line.id, note=note)


def some_edit(chance: random.Random, number: int) -> Edit:
    """Think of an edit. What is shipped never runs out, and no line is collected that other lines are shipped of."""
    sku = chance.choice(("tee-s", "tee-m", "tee-l"))
    notes = (None, "for Eve", "for Bob")
    edits: Sequence[Edit] = (
        Add("mug", 1 + number % 3),
        Add(sku, 1, chance.choice(notes)),
        Recount(sku, 1 + number % 7),
        Recount(sku, 0) if number % 4 == 0 else Recount(sku, 2),
        Move("tee-s", chance.choice((None, "camden", "soho"))),
        Note(sku, chance.choice(notes)),
        Tell(f"number{number}@shop.test", f"{number} High Street"),
        Choose(chance.choice(("standard", "express"))),
    )
    return chance.choice(edits)


async def told_of(shop: Shop, cart: Cart) -> tuple[Cart, dict[Kind, int], str | None]:
    """Read what became of a cart: itself, its lines by kind, and the option that was chosen for what is shipped."""
    skus = {variant_id: sku for sku, variant_id in VARIANTS.items()}
    stores = {location_id: code for code, location_id in LOCATIONS.items()}
    options = {option_id: code for code, option_id in DELIVERY_OPTIONS.items()}
    async with shop.database.read() as session:
        found = await queries.get_cart(session, cart_id=cart.id)
        assert found is not None
        lines = await queries.list_lines(session, cart_ids=[cart.id])
        selections = await queries.list_selections(session, cart_ids=[cart.id])
    shipping = group_id(cart.id, DeliveryMethod.SHIPPING, None)
    return (
        found,
        {
            (skus[line.variant_id], None if line.store_id is None else stores[line.store_id], line.note): line.quantity
            for line in lines
        },
        next((options[chosen.option_id] for chosen in selections if chosen.group_id == shipping), None),
    )
