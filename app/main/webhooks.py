"""Where payment services send their news: one address for each of them, `POST /webhooks/{gateway}`.

Whatever is answered with 2xx is not sent again, so nothing is before it is written down. News carry ids of their own: sent
twice, or to two processes at once, they are heard once.
"""

import asyncio

import structlog
from prometheus_client import Counter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from app.kernel.actor import SYSTEM
from app.kernel.db import Database
from app.kernel.errors import Busy, DatabaseUnavailable
from app.kernel.ids import new_id
from app.payments import service as payments
from app.payments.gateway import Gateway, Gateways, NoticeRefused
from schema.core.requests import Refused, read_body

NEWS = Counter(
    "stoa_gateway_news_total", "News that payment services sent, by what came of them.", ["gateway", "effect"]
)
#: What is counted of news beside their effects on the ledger.
_IGNORED, _REFUSED = "IGNORED", "REFUSED"
_BODY_SECONDS = 10.0

log = structlog.get_logger()


def webhooks(database: Database, gateways: Gateways, *, most_bytes: int) -> list[BaseRoute]:
    """Hear what payment services tell by themselves."""
    begin = database.begin(SYSTEM)

    async def hear(request: Request) -> Response:
        gateway = gateways.get(request.path_params["gateway"])
        if gateway is None:
            return JSONResponse({"error": "there is no such payment service here"}, 404)
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                body = await read_body(request, most_bytes=most_bytes)
        except Refused as refused:
            return JSONResponse({"error": str(refused)}, refused.status, headers=dict(refused.headers))
        except TimeoutError:
            return JSONResponse({"error": "the body did not arrive in time"}, 408, headers={"connection": "close"})
        except ClientDisconnect:
            return JSONResponse({"error": "the caller went away"}, 400)
        try:
            effect = await payments.hear(begin, gateway, headers=dict(request.headers), body=body)
        except NoticeRefused as refused:
            return _refuse(gateway, str(refused))
        except (DatabaseUnavailable, Busy) as error:
            # What is not answered with 2xx is sent again.
            log.warning("news wait", gateway=gateway.name, reason=str(error))
            return JSONResponse({"error": "not now; send it again"}, 503, headers={"retry-after": "5"})
        told = _IGNORED if effect is None else effect.value
        NEWS.labels(gateway.name, told).inc()
        return JSONResponse({"effect": told})

    return [Route("/webhooks/{gateway}", hear, methods=["POST"])]


def _refuse(gateway: Gateway, reason: str) -> Response:
    """Say that it is refused and no more than that: whoever has not signed it is told nothing."""
    refusal = str(new_id())
    # Never the body: who forges news writes whatever they like into it.
    log.warning("news refused", gateway=gateway.name, refusal_id=refusal, reason=reason)
    NEWS.labels(gateway.name, _REFUSED).inc()
    return JSONResponse({"error": "this is refused", "id": refusal}, 400)
