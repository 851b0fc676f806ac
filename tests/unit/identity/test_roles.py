"""What each role may do, and where."""

import pytest

from app.identity.rules.roles import PERMISSIONS, Role, actor_of, kind_of
from app.kernel.actor import Actor, ActorKind
from app.kernel.errors import Forbidden
from app.kernel.ids import LocationId, UserId, new_id
from app.kernel.permissions import Permission

CAMDEN, SOHO = LocationId(new_id()), LocationId(new_id())


def somebody(*roles: Role, every_location: bool = False) -> Actor:
    """Make an actor who works in Camden."""
    return actor_of(
        user_id=UserId(new_id()),
        roles=roles,
        customer_id=None,
        every_location=every_location,
        staff_locations=frozenset({CAMDEN}),
    )


class TestRoles:
    """Roles bundle permissions; locations say where they reach."""

    def test_all_stand_in_the_one_table(self) -> None:
        """A role without a row could not log in."""
        assert set(PERMISSIONS) == set(Role)

    def test_use_every_permission_there_is(self) -> None:
        """A permission that no role but ADMIN had would be a forgotten one, but for the shop's own."""
        given = frozenset[Permission]().union(*(PERMISSIONS[role] for role in Role if role is not Role.ADMIN))

        assert set(Permission) - given == {Permission.SHOP_ADMINISTER}

    def test_give_a_shopper_nothing_of_others(self) -> None:
        """A customer's rights come from owning things."""
        assert PERMISSIONS[Role.SHOPPER] == frozenset()
        assert kind_of([Role.SHOPPER]) is ActorKind.CUSTOMER

    def test_make_staff_of_a_shopper_who_works_here_too(self) -> None:
        """One log-in may be both."""
        assert kind_of([Role.SHOPPER, Role.ASSOCIATE]) is ActorKind.STAFF

    @pytest.mark.parametrize(
        "permission", [Permission.ORDERS_CANCEL, Permission.RETURNS_APPROVE, Permission.INVENTORY_ADJUST]
    )
    def test_give_a_manager_what_an_associate_lacks(self, permission: Permission) -> None:
        """Money and stock are changed by hand by managers."""
        assert not somebody(Role.ASSOCIATE).may(permission)
        assert somebody(Role.STORE_MANAGER).may(permission)

    def test_reach_only_where_somebody_works(self) -> None:
        """Camden's associate has no say in Soho."""
        associate = somebody(Role.ASSOCIATE)

        associate.require(Permission.FULFILLMENT_WORK, at=CAMDEN)
        with pytest.raises(Forbidden):
            associate.require(Permission.FULFILLMENT_WORK, at=SOHO)

    def test_reach_everywhere_for_those_who_work_everywhere(self) -> None:
        """Also at locations that open tomorrow."""
        assert somebody(Role.OPERATIONS, every_location=True).may(Permission.INVENTORY_ADJUST, at=SOHO)
