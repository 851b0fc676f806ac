"""The door chooses who takes payments, by the settings alone."""

import subprocess
import sys

import pytest

from app.main import database_of, gateways_of
from app.settings import Settings, SettingsError
from tests.builders.patience import PATIENCE_SECONDS
from tests.builders.shop import settings

KEY = "sk_test_nobodys"


def chosen(**variables: str) -> dict[str, str]:
    """Choose gateways, and say of each name whose it is; no database is asked."""
    told: Settings = settings("postgresql://nowhere/stoa", **variables)
    return {name: type(gateway).__name__ for name, gateway in gateways_of(told, database_of(told)).items()}


class TestGateways:
    def test_are_the_test_gateway_alone_unless_somebody_else_is_named(self) -> None:
        assert chosen() == {"test": "TestGateway"}
        assert chosen(STOA_TEST_GATEWAY="off") == {}

    def test_are_stripe_too_where_there_is_a_key(self) -> None:
        pytest.importorskip("stripe", reason="the extra [stripe] is not installed")

        assert chosen(STOA_STRIPE_KEY=KEY) == {"test": "TestGateway", "stripe": "StripeGateway"}
        assert chosen(STOA_STRIPE_KEY=KEY, STOA_TEST_GATEWAY="off") == {"stripe": "StripeGateway"}

    def test_that_miss_their_extra_say_what_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delitem(sys.modules, "app.payments.gateways.stripe", raising=False)
        # To the import system that is a module that is not installed.
        monkeypatch.setitem(sys.modules, "stripe", None)

        with pytest.raises(SettingsError, match=r'pip install "stoa\[stripe\]"') as refused:
            chosen(STOA_STRIPE_KEY=KEY)

        assert KEY not in str(refused.value)

    def test_keep_their_sdks_out_of_a_start_without_them(self) -> None:
        asked = "import sys, app.main; sys.exit('stripe' in sys.modules)"

        assert subprocess.run([sys.executable, "-c", asked], check=False, timeout=PATIENCE_SECONDS).returncode == 0
