"""Settings: the environment, read once by the doors into one frozen value.

`VARIABLES` is the one list of them. Whatever is wrong is told at once, every problem in one message, and none of the
values that are secret.
"""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlsplit

from app.identity.rules.terms import LogInThrottle, PasswordCost, TokenTerms
from app.kernel.tokens import KeyRing
from app.payments.rules.stripe import StripeTerms

ValueT = TypeVar("ValueT")
ChoiceT = TypeVar("ChoiceT", bound=StrEnum)

SHORTEST_SECRET_BYTES = 32
#: More would mean that a secret was never taken out of use.
MOST_WEBHOOK_SECRETS = 2

#: Every variable, with what it means and what holds when it is not set.
VARIABLES: Mapping[str, str] = {
    "STOA_ENV": "development, production, demo or test; development when not set",
    "DATABASE_URL": "postgresql://…; needed in production, else a PostgreSQL of our own is started",
    "STOA_SECRETS": "key ring `id:base64,id:base64`, the current key first; each at least 32 bytes",
    "STOA_SECRET": "short for a ring of one key: any text of at least 32 bytes",
    "STOA_TOKEN_ISSUER": "`iss` of access tokens; stoa",
    "STOA_TOKEN_AUDIENCE": "`aud` of access tokens; stoa",
    "STOA_ACCESS_TOKEN_SECONDS": "how long access tokens hold; 900",
    "STOA_REFRESH_TOKEN_DAYS": "how long refresh tokens hold; 30",
    "STOA_LOGIN_FAILURES": "failed log-ins of one e-mail address borne within the window; 5",
    "STOA_LOGIN_WINDOW_SECONDS": "the window; 900",
    "STOA_PASSWORD_COST": "standard, strong or cheapest (tests only); standard",
    "STOA_RATE_PER_SECOND": "calls a second one caller may keep up; 50",
    "STOA_RATE_BURST": "calls one caller may make at once on top of it; 200",
    "STOA_LOOPBACK_RATE_PER_SECOND": "the same for callers on this machine; 10000, in production as for everybody",
    "STOA_BODY_BYTES": "largest request body; 1048576",
    "STOA_QUERY_DEPTH": "deepest selection; 15",
    "STOA_QUERY_TOKENS": "longest document, in tokens; 4000",
    "STOA_QUERY_ALIASES": "most aliases in one document; 50",
    "STOA_OPERATION_SECONDS": "how long one operation may take; 20",
    "STOA_CORS_ORIGINS": "origins whose pages may call, comma separated, or *; none",
    "STOA_LOG_LEVEL": "debug, info, warning or error; info",
    "STOA_LOG_FORMAT": "json or text; json in production, else text",
    "STOA_POOL_SIZE": "most connections to the database for each process; 10",
    "STOA_INTROSPECTION": "whether clients may ask for the schema; on",
    "STOA_TEST_GATEWAY": "whether the gateway `test` takes payments; on, in production off and refused",
    "STOA_SHOP": "what this shop is called at payment providers, so that several may share an account; stoa",
    "STOA_STRIPE_KEY": "secret key of the Stripe account that takes payments, with the extra `stripe`; none",
    "STOA_STRIPE_WEBHOOK_SECRETS": "secrets that sign Stripe's webhooks, comma separated, two while rotating; none",
    "STOA_STRIPE_API_BASE": "another address of Stripe's API, for tests; https://api.stripe.com, in production https only",
}


class SettingsError(Exception):
    """The environment is not fit to start with. The message names every problem."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("the settings are not right:\n" + "\n".join(f"- {problem}" for problem in problems))
        self.problems = tuple(problems)


class Environment(StrEnum):
    """What a process is run for."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"
    DEMO = "demo"
    TEST = "test"


class LogLevel(StrEnum):
    """The least that is worth a line in the log."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """Whether lines of the log are for programs or for people."""

    JSON = "json"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call, and one caller, may ask of the process."""

    rate_per_second: int = 50
    rate_burst: int = 200
    loopback_rate_per_second: int = 10_000
    body_bytes: int = 1024 * 1024
    depth: int = 15
    tokens: int = 4000
    aliases: int = 50
    operation_seconds: int = 20

    @property
    def loopback_burst(self) -> int:
        """How many calls a caller on this machine may make at once: a second's worth, and never less than others."""
        return max(self.rate_burst, self.loopback_rate_per_second)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that differs from one process of the shop to another."""

    environment: Environment
    database_url: str | None = field(repr=False)
    """For asyncpg; None starts a PostgreSQL of our own."""
    keys: KeyRing = field(repr=False)
    tokens: TokenTerms
    throttle: LogInThrottle
    password_cost: PasswordCost
    limits: Limits
    cors_origins: tuple[str, ...]
    log_level: LogLevel
    log_format: LogFormat
    pool_size: int
    introspection: bool
    test_gateway: bool
    stripe: StripeTerms | None
    """None where Stripe takes no payments."""

    @property
    def is_demo(self) -> bool:
        """Say whether this is the demo, whose sample log-ins may enter."""
        return self.environment is Environment.DEMO

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the settings.

        Raises: SettingsError naming every problem: a value that cannot be read, and in production a missing or short
        secret, no database, the test gateway, or passwords hashed for tests.
        """
        read = _Reader(environ)
        limits, terms, throttle = Limits(), TokenTerms(), LogInThrottle()
        environment = read.choice("STOA_ENV", Environment, Environment.DEVELOPMENT)
        in_production = environment is Environment.PRODUCTION
        rate = read.whole("STOA_RATE_PER_SECOND", limits.rate_per_second)
        settings = cls(
            environment=environment,
            database_url=read.database_url(needed=in_production),
            keys=read.keys(needed=in_production),
            tokens=TokenTerms(
                issuer=read.text("STOA_TOKEN_ISSUER", terms.issuer),
                audience=read.text("STOA_TOKEN_AUDIENCE", terms.audience),
                access_seconds=read.whole("STOA_ACCESS_TOKEN_SECONDS", terms.access_seconds),
                refresh_days=read.whole("STOA_REFRESH_TOKEN_DAYS", terms.refresh_days),
            ),
            throttle=LogInThrottle(
                failures=read.whole("STOA_LOGIN_FAILURES", throttle.failures),
                window_seconds=read.whole("STOA_LOGIN_WINDOW_SECONDS", throttle.window_seconds),
            ),
            password_cost=read.choice(
                "STOA_PASSWORD_COST",
                PasswordCost,
                PasswordCost.CHEAPEST if environment is Environment.TEST else PasswordCost.STANDARD,
            ),
            limits=Limits(
                rate_per_second=rate,
                rate_burst=read.whole("STOA_RATE_BURST", limits.rate_burst),
                # In production whoever stands on this machine is a proxy, and everybody comes through it.
                loopback_rate_per_second=read.whole(
                    "STOA_LOOPBACK_RATE_PER_SECOND", rate if in_production else limits.loopback_rate_per_second
                ),
                body_bytes=read.whole("STOA_BODY_BYTES", limits.body_bytes),
                depth=read.whole("STOA_QUERY_DEPTH", limits.depth),
                tokens=read.whole("STOA_QUERY_TOKENS", limits.tokens),
                aliases=read.whole("STOA_QUERY_ALIASES", limits.aliases),
                operation_seconds=read.whole("STOA_OPERATION_SECONDS", limits.operation_seconds),
            ),
            cors_origins=read.origins("STOA_CORS_ORIGINS"),
            log_level=read.choice("STOA_LOG_LEVEL", LogLevel, LogLevel.INFO),
            log_format=read.choice("STOA_LOG_FORMAT", LogFormat, LogFormat.JSON if in_production else LogFormat.TEXT),
            pool_size=read.whole("STOA_POOL_SIZE", 10),
            introspection=read.switch("STOA_INTROSPECTION", default=True),
            test_gateway=read.switch("STOA_TEST_GATEWAY", default=not in_production),
            stripe=read.stripe(in_production=in_production),
        )
        if in_production and settings.test_gateway:
            read.problems.append("STOA_TEST_GATEWAY is on: in production nobody may pay with test cards")
        if in_production and settings.password_cost is PasswordCost.CHEAPEST:
            read.problems.append("STOA_PASSWORD_COST is cheapest: that protects no password")
        if read.problems:
            raise SettingsError(read.problems)
        return settings


class _Reader:
    """Reads variables one by one, and gathers what is wrong with them instead of stopping at the first."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        # A variable that is set to nothing is not set: compose files write optional ones that way.
        self._environ = {name: value.strip() for name, value in environ.items() if name in VARIABLES and value.strip()}
        self.problems: list[str] = []

    def text(self, name: str, default: str) -> str:
        """Read a text."""
        return self._environ.get(name, default)

    def whole(self, name: str, default: int) -> int:
        """Read a whole number above zero."""

        def number(value: str) -> int:
            if not re.fullmatch(r"[0-9]{1,12}", value) or int(value) == 0:
                raise ValueError("a whole number above zero")
            return int(value)

        return self._read(name, default, number)

    def switch(self, name: str, *, default: bool) -> bool:
        """Read what is on or off."""

        def on(value: str) -> bool:
            if value.lower() not in {"on", "off", "true", "false", "yes", "no", "1", "0"}:
                raise ValueError("on or off")
            return value.lower() in {"on", "true", "yes", "1"}

        return self._read(name, default, on)

    def choice(self, name: str, choices: type[ChoiceT], default: ChoiceT) -> ChoiceT:
        """Read one of several words."""

        def chosen(value: str) -> ChoiceT:
            try:
                return choices(value.lower())
            except ValueError:
                raise ValueError(f"one of {', '.join(choices)}") from None

        return self._read(name, default, chosen)

    def origins(self, name: str) -> tuple[str, ...]:
        """Read a list of origins, or * for all."""

        def split(value: str) -> tuple[str, ...]:
            found = tuple(origin.strip().rstrip("/") for origin in value.split(",") if origin.strip())
            for origin in found:
                parts = urlsplit(origin)
                if origin != "*" and (parts.scheme not in {"http", "https"} or not parts.netloc or parts.path):
                    raise ValueError("origins such as https://shop.example, comma separated")
            return found

        return self._read(name, (), split)

    def database_url(self, *, needed: bool) -> str | None:
        """Read where the database is; drivers' names, as SQLAlchemy writes them, are left off."""
        value = self._environ.get("DATABASE_URL")
        if value is None:
            if needed:
                self.problems.append("DATABASE_URL is missing: production needs a database of its own")
            return None
        scheme, colon, rest = value.partition("://")
        if scheme.partition("+")[0] not in {"postgresql", "postgres"} or not colon:
            self.problems.append("DATABASE_URL is not the address of a PostgreSQL database (postgresql://…)")
        return f"postgresql://{rest}"

    def stripe(self, *, in_production: bool) -> StripeTerms | None:
        """Read whose Stripe account takes payments. What is secret is not repeated when it is wrong."""
        default = StripeTerms(key="")
        key = self.text("STOA_STRIPE_KEY", "")
        secrets = [part.strip() for part in self.text("STOA_STRIPE_WEBHOOK_SECRETS", "").split(",") if part.strip()]
        base = self.text("STOA_STRIPE_API_BASE", default.base).rstrip("/")
        shop = self.text("STOA_SHOP", default.shop)
        if key and not re.fullmatch(r"[sr]k_\w+", key):
            self.problems.append("STOA_STRIPE_KEY is not a secret or restricted key of Stripe's (sk_… or rk_…)")
        if not all(re.fullmatch(r"whsec_\S+", secret) for secret in secrets) or len(secrets) > MOST_WEBHOOK_SECRETS:
            self.problems.append(f"STOA_STRIPE_WEBHOOK_SECRETS are not one to {MOST_WEBHOOK_SECRETS} secrets (whsec_…)")
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,40}", shop):
            self.problems.append("STOA_SHOP is not a name of 1 to 40 letters, digits, dots, dashes and underscores")
        parts = urlsplit(base)
        if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path or parts.query:
            self.problems.append("STOA_STRIPE_API_BASE is not an address such as https://api.stripe.com")
        elif in_production and parts.scheme != "https":
            self.problems.append("STOA_STRIPE_API_BASE is not https: in production nobody may listen to payments")
        return StripeTerms(key=key, secrets=tuple(secrets), shop=shop, base=base) if key else None

    def keys(self, *, needed: bool) -> KeyRing:
        """Read the key ring. Outside production there is one that everybody knows."""
        ring, single = self._environ.get("STOA_SECRETS"), self._environ.get("STOA_SECRET")
        keys: dict[str, bytes] = {}
        if ring is not None and single is not None:
            self.problems.append("STOA_SECRETS and STOA_SECRET are both set: which one holds?")
        elif single is not None:
            keys = {"main": single.encode()}
        elif ring is not None:
            keys = self._ring(ring)
        elif needed:
            self.problems.append(
                f"STOA_SECRETS is missing (or STOA_SECRET): production needs at least {SHORTEST_SECRET_BYTES} secret "
                "bytes, such as from `openssl rand -base64 32`"
            )
        name = "STOA_SECRET" if single is not None else "STOA_SECRETS"
        for key_id, key in keys.items():
            if len(key) < SHORTEST_SECRET_BYTES:
                self.problems.append(
                    f"{name}: the key {key_id!r} has {len(key)} bytes; at least {SHORTEST_SECRET_BYTES} are needed"
                )
        if not keys:
            keys = {"open": b"known to everybody who can read the source of this file"}
        return KeyRing(keys=keys, current=next(iter(keys)))

    def _ring(self, value: str) -> dict[str, bytes]:
        keys: dict[str, bytes] = {}
        for number, entry in enumerate(value.split(","), start=1):
            key_id, colon, encoded = entry.strip().partition(":")
            # The id stands in every token, so it is short and needs no escaping.
            if not colon or not re.fullmatch(r"[A-Za-z0-9_-]{1,16}", key_id):
                self.problems.append(f"STOA_SECRETS: entry {number} is not `id:base64`, the id of letters and digits")
            elif key_id in keys:
                self.problems.append(f"STOA_SECRETS: the id {key_id!r} stands there twice")
            else:
                try:
                    keys[key_id] = b64decode(encoded, validate=True)
                except (Base64Error, ValueError):
                    self.problems.append(f"STOA_SECRETS: the key {key_id!r} is not base64")
        return keys

    def _read(self, name: str, default: ValueT, parse: Callable[[str], ValueT]) -> ValueT:
        value = self._environ.get(name)
        if value is None:
            return default
        try:
            return parse(value)
        except ValueError as problem:
            self.problems.append(f"{name} is {value[:40]!r}; it has to be {problem}")
            return default
