"""Ids: made in order, shown with their kind, and read back strictly."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.errors import Invalid
from app.kernel.ids import IdKind, decode, decode_any, encode, new_id

MANY = 10_000
kinds = st.sampled_from(list(IdKind))


class TestNewId:
    def test_is_a_plain_uuid_of_version_7(self) -> None:
        made = new_id()

        # The database driver takes no other class for a UUID.
        assert type(made) is UUID
        assert made.version == 7

    def test_is_greater_than_all_that_this_process_made_before(self) -> None:
        made = [new_id() for _ in range(MANY)]

        assert made == sorted(made)
        assert len(set(made)) == MANY


class TestEncode:
    @given(kinds, st.uuids())
    def test_is_undone_by_decode(self, kind: IdKind, value: UUID) -> None:
        text = encode(kind, value)

        assert text.startswith(f"{kind.value}_")
        assert decode(kind, text) == value
        assert decode_any(text) == (kind, value)
        assert type(decode(kind, text)) is UUID

    def test_keeps_the_order_in_which_ids_were_made(self) -> None:
        made = [encode(IdKind.ORDER, new_id()) for _ in range(100)]

        assert made == sorted(made)

    def test_gives_every_kind_a_prefix_of_its_own(self) -> None:
        assert len({kind.value for kind in IdKind}) == len(IdKind)


class TestDecode:
    def test_refuses_the_id_of_another_kind_and_names_the_field(self) -> None:
        cart = encode(IdKind.CART, new_id())

        with pytest.raises(Invalid) as refused:
            decode(IdKind.ORDER, cart, field=("lines", "0", "orderId"))

        assert refused.value.field == ("lines", "0", "orderId")
        assert "ord_" in refused.value.message

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "ord",
            "ord_",
            "_01h455vb4pex5vsknk084sn02q",
            "01h455vb4pex5vsknk084sn02q",
            "xyz_01h455vb4pex5vsknk084sn02q",
            "ord_01h455vb4pex5vsknk084sn02",
            "ord_01h455vb4pex5vsknk084sn02qq",
            "ord_81h455vb4pex5vsknk084sn02q",
            "ord_01h455vb4pex5vsknk084sn02u",
            "ORD_01H455VB4PEX5VSKNK084SN02Q",
            "ord_01h455vb4pex5vsknk084sn02q\n",
            "ord__01h455vb4pex5vsknk084sn02q",
        ],
    )
    def test_refuses_what_is_no_id(self, text: str) -> None:
        with pytest.raises(Invalid):
            decode(IdKind.ORDER, text)

    @given(st.text())
    def test_refuses_any_text_politely(self, text: str) -> None:
        with pytest.raises(Invalid):
            decode_any(text)

    @given(kinds, st.text(max_size=40))
    def test_refuses_any_text_after_a_known_prefix_politely(self, kind: IdKind, tail: str) -> None:
        try:
            found, value = decode_any(f"{kind.value}_{tail}")
        except Invalid:
            return
        # Whatever is let through is the one way of writing that id.
        assert encode(found, value) == f"{kind.value}_{tail}"

    def test_does_not_repeat_a_long_text_in_full(self) -> None:
        with pytest.raises(Invalid) as refused:
            decode_any("x" * 10_000)

        assert len(refused.value.message) < 100
