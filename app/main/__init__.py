"""The front door: builds the ASGI app out of routes, the schema and the chosen gateways.

May import everything; nothing imports it but the command line.
"""

import gc
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Protocol, runtime_checkable

import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute, Route, WebSocketRoute

from app.identity.gateways.argon2id import Argon2id
from app.identity.rules.tokens import AccessTokens, Credentials
from app.kernel import logs
from app.kernel.clock import Clock, utc_now
from app.kernel.db import Database
from app.kernel.news import News
from app.main import pages
from app.main.middleware import Observed
from app.main.webhooks import webhooks
from app.payments.gateway import Gateway, Gateways
from app.payments.gateways.test import NAME as TEST_GATEWAY
from app.payments.gateways.test import TestGateway
from app.payments.rules.stripe import StripeTerms
from app.settings import LogFormat, Settings, SettingsError
from schema.build import built
from schema.core.context import Services
from schema.core.limits import DocumentLimits
from schema.core.rates import Rate
from schema.core.view import View, ViewLimits

_SMALLEST_COMPRESSED_BYTES = 1024

log = structlog.get_logger()


@runtime_checkable
class _KeepsConnections(Protocol):
    async def close(self) -> None: ...


def database_of(settings: Settings, *, clock: Clock = utc_now) -> Database:
    """Make the pool that the settings ask for; it is not connected yet."""
    assert settings.database_url is not None, "the command line starts a database where there is none"
    return Database(settings.database_url, keys=settings.keys, clock=clock, pool_size=settings.pool_size)


def gateways_of(settings: Settings, database: Database) -> Gateways:
    """Choose the payment gateways that the settings let take payments.

    Raises: SettingsError where one of them needs an extra that is not installed.
    """
    chosen: list[Gateway] = []
    if settings.test_gateway:
        chosen.append(TestGateway(database))
    if settings.stripe is not None:
        chosen.append(_stripe(settings.stripe, clock=database.now))
    return {gateway.name: gateway for gateway in chosen}


def _stripe(terms: StripeTerms, *, clock: Clock) -> Gateway:
    try:
        # Its SDK belongs to an extra and is slow to import: only who takes payments with it waits for that.
        adapter = import_module("app.payments.gateways.stripe")
    except ModuleNotFoundError as missing:
        if missing.name != "stripe":
            raise
        problem = 'STOA_STRIPE_KEY is set, but Stripe\'s SDK is not installed: pip install "stoa[stripe]"'
        raise SettingsError([problem]) from None
    gateway: Gateway = adapter.StripeGateway(terms, clock=clock)
    return gateway


async def hang_up(gateways: Gateways) -> None:
    """Close the connections that gateways keep open to their providers."""
    for gateway in gateways.values():
        if isinstance(gateway, _KeepsConnections):
            await gateway.close()


def credentials_of(settings: Settings) -> Credentials:
    """Put together what lets people in."""
    return Credentials(
        passwords=Argon2id(settings.password_cost),
        access_tokens=AccessTokens(settings.keys, settings.tokens),
        throttle=settings.throttle,
        admits_demo=settings.is_demo,
    )


def create_app(settings: Settings, *, database: Database | None = None) -> Starlette:
    """Build the app. A database that is given is connected and closed by whoever gave it."""
    pool = database or database_of(settings)
    news = News(pool.dsn)
    gateways = gateways_of(settings, pool)
    services = Services(gateways=gateways, news=news, secrets=credentials_of(settings))
    view = View(
        built(document_limits(settings)),
        database=pool,
        services=services,
        limits=_view_limits(settings),
        allowed_origins=settings.cors_origins,
    )

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        if database is None:
            await pool.connect()
        await news.start()
        log.info("serving", environment=settings.environment.value)
        try:
            yield
        finally:
            await news.close()
            await hang_up(gateways)
            if database is None:
                await pool.close()
            log.info("stopped")

    routes: list[BaseRoute] = [
        Route("/graphql", view, methods=["GET", "POST", "HEAD", "PUT", "PATCH", "DELETE"]),
        WebSocketRoute("/graphql", view),
        *pages.documentation(),
        *pages.health(pool),
        *pages.metrics(pool),
        *pages.invoices(pool),
        *webhooks(pool, gateways, most_bytes=settings.limits.body_bytes),
    ]
    test_gateway = gateways.get(TEST_GATEWAY)
    if isinstance(test_gateway, TestGateway):
        routes += pages.test_gateway(test_gateway)
    if settings.is_demo:
        routes += pages.demo_media()
    app = Starlette(routes=routes, middleware=_middleware(settings), lifespan=lifespan)
    app.state.services = services
    return app


def document_limits(settings: Settings) -> DocumentLimits:
    """Say what one document may ask for."""
    limits = settings.limits
    return DocumentLimits(
        tokens=limits.tokens, depth=limits.depth, aliases=limits.aliases, introspection=settings.introspection
    )


def from_environment() -> Starlette:
    """Build the app of one server process; uvicorn calls this in each."""
    settings = Settings.from_environment(os.environ)
    logs.configure(as_json=settings.log_format is LogFormat.JSON, level=settings.log_level.value)
    app = create_app(settings)
    settle_memory()
    return app


def settle_memory() -> None:
    """Take what was made at start out of the garbage collector's sight, and let it look less often.

    Measured: half of the CPU of a list page went into looking through objects that live as long as the process.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)


def _view_limits(settings: Settings) -> ViewLimits:
    limits = settings.limits
    return ViewLimits(
        body_bytes=limits.body_bytes,
        operation_seconds=limits.operation_seconds,
        rate=Rate(per_second=limits.rate_per_second, burst=limits.rate_burst),
        loopback_rate=Rate(per_second=limits.loopback_rate_per_second, burst=limits.loopback_burst),
    )


def _middleware(settings: Settings) -> list[Middleware]:
    chain = [Middleware(Observed)]
    if settings.cors_origins:
        chain.append(
            Middleware(
                CORSMiddleware,
                allow_origins=settings.cors_origins,
                allow_methods=["GET", "POST"],
                allow_headers=["authorization", "content-type", "accept-language", "x-request-id"],
                expose_headers=["x-request-id", "retry-after"],
                max_age=3600,
            )
        )
    chain.append(Middleware(GZipMiddleware, minimum_size=_SMALLEST_COMPRESSED_BYTES, compresslevel=4))
    return chain
