"""What surrounds every request: its id, its line in the log, and its place in the metrics."""

import re
import time

import structlog
from prometheus_client import Counter, Gauge, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.kernel.ids import new_id

_SANE_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
#: Asked for every few seconds by machines; a line for each would bury the others.
_QUIET = frozenset({"/health/live", "/health/ready", "/metrics"})

REQUESTS = Histogram(
    "stoa_http_request_seconds",
    "How long requests took.",
    ["route", "method", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
IN_FLIGHT = Gauge("stoa_http_requests_in_flight", "Requests being answered now.", multiprocess_mode="livesum")
SOCKETS = Gauge("stoa_sockets_open", "Sockets that follow changes now.", multiprocess_mode="livesum")
FAILED = Counter("stoa_http_requests_failed_total", "Requests that ended in a bug outside GraphQL.")

log = structlog.get_logger()


class Observed:
    """Gives each request an id, which its log lines and its answer carry, and writes down how it went."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _SANE_ID.fullmatch(given) else str(new_id())
        scope["request_id"] = request_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        if scope["type"] == "websocket":
            with SOCKETS.track_inprogress():
                await self._app(scope, receive, send)
            return
        await self._observe(scope, receive, send, request_id)

    async def _observe(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        status = 500
        began = time.perf_counter()

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["x-request-id"] = request_id
            await send(message)

        try:
            with IN_FLIGHT.track_inprogress():
                await self._app(scope, receive, send_with_id)
        except Exception:
            FAILED.inc()
            raise
        finally:
            seconds = time.perf_counter() - began
            # A route's own pattern, so that made-up paths make no new series.
            route = getattr(scope.get("route"), "path", "other")
            REQUESTS.labels(route, scope["method"], status).observe(seconds)
            if scope["path"] not in _QUIET:
                log.info(
                    "request",
                    method=scope["method"],
                    path=scope["path"],
                    status=status,
                    milliseconds=round(seconds * 1000, 1),
                )
