"""The log keeps secrets to itself."""

import pytest

from app.kernel.logs import redact
from tests.builders.shop import KEYS, fixed_id

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


class TestRedact:
    @pytest.mark.parametrize("name", ["password", "refresh_token", "Authorization", "STOA_SECRET", "card_number"])
    def test_hides_fields_that_are_called_secret(self, name: str) -> None:
        assert redact(None, "info", {name: "hunter2"}) == {name: "…"}

    @pytest.mark.parametrize(
        "secret",
        [JWT, KEYS.token("order", fixed_id(1, 1)), "stoa:hunter2"],
        ids=["access token", "order token", "password of a database"],
    )
    def test_hides_what_looks_like_a_secret(self, secret: str) -> None:
        line = redact(None, "info", {"event": f"could not reach postgresql://{secret}@db/stoa with Bearer {secret}"})

        assert secret not in line["event"]

    def test_shows_everything_else(self) -> None:
        line = {"event": "request", "path": "/graphql", "milliseconds": 1.5, "request_id": "till-7:42"}

        assert redact(None, "info", dict(line)) == line
