"""The environment is read once, and whatever is wrong with it is told at once."""

from base64 import b64encode
from pathlib import Path
from uuid import UUID

import pytest

from app.identity.rules.terms import PasswordCost
from app.settings import VARIABLES, Environment, LogFormat, Settings, SettingsError

SECRET = "thirty-two bytes are enough for us"
FIT_FOR_PRODUCTION = {"STOA_ENV": "production", "DATABASE_URL": "postgresql://db/stoa", "STOA_SECRET": SECRET}
NEW_KEY, OLD_KEY = b"n" * 32, b"o" * 32
CART = UUID(int=7)


def ring(**keys: bytes) -> str:
    """Write a key ring the way the environment does."""
    return ",".join(f"{key_id}:{b64encode(key).decode()}" for key_id, key in keys.items())


class TestSettings:
    """What holds when nothing is said, and what was said."""

    def test_needs_nothing_outside_production(self) -> None:
        """A developer starts with an empty environment."""
        settings = Settings.from_environment({})

        assert settings.environment is Environment.DEVELOPMENT
        assert settings.database_url is None
        assert settings.test_gateway

    def test_lets_a_thousand_calls_a_second_come_from_the_demos_own_machine(self) -> None:
        """Whoever measures the demo is not throttled by it."""
        limits = Settings.from_environment({"STOA_ENV": "demo"}).limits

        assert limits.loopback_rate_per_second >= 1000
        assert limits.loopback_burst >= 1000

    def test_trusts_nobody_more_in_production(self) -> None:
        """There, whoever stands on this machine is a proxy."""
        limits = Settings.from_environment(FIT_FOR_PRODUCTION).limits

        assert limits.loopback_rate_per_second == limits.rate_per_second

    def test_hashes_cheaply_in_tests_alone(self) -> None:
        """Every other process protects its passwords."""
        costs = {name: Settings.from_environment({"STOA_ENV": name}).password_cost for name in ("test", "demo")}

        assert costs == {"test": PasswordCost.CHEAPEST, "demo": PasswordCost.STANDARD}

    def test_reads_what_is_set(self) -> None:
        """Every kind of value."""
        settings = Settings.from_environment(
            FIT_FOR_PRODUCTION
            | {
                "DATABASE_URL": "postgresql+asyncpg://db/stoa",
                "STOA_ACCESS_TOKEN_SECONDS": "60",
                "STOA_CORS_ORIGINS": "https://shop.example, http://localhost:3000/",
                "STOA_INTROSPECTION": "off",
                "STOA_LOG_FORMAT": "TEXT",
                "STOA_POOL_SIZE": "",
            }
        )

        assert settings.database_url == "postgresql://db/stoa"
        assert settings.tokens.access_seconds == 60
        assert settings.cors_origins == ("https://shop.example", "http://localhost:3000")
        assert not settings.introspection
        assert settings.log_format is LogFormat.TEXT
        assert settings.pool_size == 10

    def test_does_not_show_its_secrets(self) -> None:
        """Settings may be logged."""
        shown = repr(Settings.from_environment(FIT_FOR_PRODUCTION))

        assert SECRET not in shown
        assert "postgresql://" not in shown

    def test_reads_no_variable_that_is_not_in_the_one_list(self) -> None:
        """The list and the reader name the same variables."""
        source = Path(Settings.__module__.replace(".", "/") + ".py")
        text = (Path(__file__).parents[2] / source).read_text()
        table = text.index("SettingsError(Exception)")

        assert all(f'"{name}"' in text[table:] for name in VARIABLES)


class TestKeyRing:
    """Keys can be changed while tokens of the old one hold."""

    def test_signs_with_the_first_and_verifies_with_all(self) -> None:
        """The first key is the current one."""
        before = Settings.from_environment({"STOA_SECRETS": ring(old=OLD_KEY)}).keys
        after = Settings.from_environment({"STOA_SECRETS": ring(new=NEW_KEY, old=OLD_KEY)}).keys

        assert after.token("cart", CART).startswith("new.")
        assert after.verifies(before.token("cart", CART), "cart", CART)
        assert not before.verifies(after.token("cart", CART), "cart", CART)

    @pytest.mark.parametrize(
        ("variables", "problem"),
        [
            ({"STOA_SECRETS": ring(a=b"short")}, "at least 32"),
            ({"STOA_SECRETS": "a:%%%"}, "not base64"),
            ({"STOA_SECRETS": "bm90IGEgcmluZw=="}, "not `id:base64`"),
            ({"STOA_SECRETS": f"{ring(a=NEW_KEY)},{ring(a=OLD_KEY)}"}, "twice"),
            ({"STOA_SECRETS": ring(a=NEW_KEY), "STOA_SECRET": SECRET}, "both set"),
            ({"STOA_SECRET": "short"}, "at least 32"),
        ],
    )
    def test_refuses_keys_that_are_none(self, variables: dict[str, str], problem: str) -> None:
        """In development too: a mistake there becomes a mistake in production."""
        with pytest.raises(SettingsError, match=problem):
            Settings.from_environment(variables)


class TestProduction:
    """A shop with real customers does not start half secured."""

    def test_starts_with_a_database_and_a_secret(self) -> None:
        """Nothing else is needed."""
        settings = Settings.from_environment(FIT_FOR_PRODUCTION)

        assert not settings.test_gateway
        assert settings.log_format is LogFormat.JSON

    def test_names_every_problem_in_one_message(self) -> None:
        """Nobody has to start it six times to learn six things."""
        with pytest.raises(SettingsError) as refused:
            Settings.from_environment(
                {
                    "STOA_ENV": "production",
                    "STOA_TEST_GATEWAY": "on",
                    "STOA_PASSWORD_COST": "cheapest",
                    "STOA_POOL_SIZE": "many",
                    "STOA_LOG_LEVEL": "loud",
                }
            )

        message = str(refused.value)
        for name in ("STOA_SECRETS", "DATABASE_URL", "STOA_TEST_GATEWAY", "STOA_PASSWORD_COST", "STOA_POOL_SIZE"):
            assert name in message
        assert len(refused.value.problems) == 6

    def test_does_not_repeat_a_secret_that_is_too_short(self) -> None:
        """A refusal ends up in a log."""
        with pytest.raises(SettingsError) as refused:
            Settings.from_environment(FIT_FOR_PRODUCTION | {"STOA_SECRET": "hunter2"})

        assert "hunter2" not in str(refused.value)


class TestStripe:
    """Stripe takes payments where it is told whose account that is."""

    KEY = "sk_live_thisIsNobodysKey"
    WEBHOOK = "whsec_thisSignsNothing"

    def test_takes_none_unless_there_is_a_key(self) -> None:
        """The rest alone sets nothing up."""
        assert Settings.from_environment({"STOA_STRIPE_WEBHOOK_SECRETS": self.WEBHOOK}).stripe is None

    def test_is_read_with_everything_that_belongs_to_it(self) -> None:
        """Whose account, who signs, where, and as whom."""
        stripe = Settings.from_environment(
            {
                "STOA_STRIPE_KEY": self.KEY,
                "STOA_STRIPE_WEBHOOK_SECRETS": f"{self.WEBHOOK}, whsec_before",
                "STOA_STRIPE_API_BASE": "http://127.0.0.1:8420/",
                "STOA_SHOP": "kitchen.example",
            }
        ).stripe

        assert stripe is not None
        assert (stripe.key, stripe.secrets) == (self.KEY, (self.WEBHOOK, "whsec_before"))
        assert (stripe.base, stripe.shop) == ("http://127.0.0.1:8420", "kitchen.example")

    def test_is_asked_at_its_own_address_in_the_name_of_stoa(self) -> None:
        """A key is enough."""
        stripe = Settings.from_environment({"STOA_STRIPE_KEY": self.KEY}).stripe

        assert stripe is not None
        assert (stripe.base, stripe.shop, stripe.secrets) == ("https://api.stripe.com", "stoa", ())

    @pytest.mark.parametrize(
        ("name", "value", "problem"),
        [
            ("STOA_STRIPE_KEY", "pk_live_publishable", "secret or restricted key"),
            ("STOA_STRIPE_WEBHOOK_SECRETS", "notASecret", "whsec_"),
            ("STOA_STRIPE_WEBHOOK_SECRETS", "whsec_a,whsec_b,whsec_c", "one to 2"),
            ("STOA_STRIPE_API_BASE", "stripe.example", "not an address"),
            ("STOA_STRIPE_API_BASE", "https://api.stripe.com/v1", "not an address"),
            ("STOA_SHOP", "two words", "not a name"),
        ],
    )
    def test_refuses_what_is_not_what_it_should_be_without_repeating_it(
        self, name: str, value: str, problem: str
    ) -> None:
        """A refusal ends up in a log."""
        with pytest.raises(SettingsError, match=problem) as refused:
            Settings.from_environment({name: value})

        assert name in str(refused.value)
        assert value not in str(refused.value)

    def test_is_not_asked_in_clear_in_production(self) -> None:
        """Elsewhere tests do."""
        with pytest.raises(SettingsError, match="STOA_STRIPE_API_BASE is not https"):
            Settings.from_environment(FIT_FOR_PRODUCTION | {"STOA_STRIPE_API_BASE": "http://127.0.0.1:8420"})

    def test_is_not_shown(self) -> None:
        """Settings may be logged."""
        shown = repr(
            Settings.from_environment({"STOA_STRIPE_KEY": self.KEY, "STOA_STRIPE_WEBHOOK_SECRETS": self.WEBHOOK})
        )

        assert self.KEY not in shown
        assert self.WEBHOOK not in shown
