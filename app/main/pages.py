"""The few routes that are not GraphQL: health, metrics, the schema's text, invoices, and what tests and the demo need."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from html import escape

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest, multiprocess
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from app.demo.content.media import svg
from app.kernel.db import Database
from app.kernel.errors import DatabaseUnavailable, Invalid
from app.kernel.ids import IdKind, decode
from app.kernel.outbox import COUNT_WAITING
from app.payments.gateways.test import TestGateway
from app.payments.queries.invoicing import list_invoices
from app.payments.rules.invoicing import Invoice
from app.payments.rules.sheets import EDITION, PAGE_POLICY, can_make_pdf, sheet_of, to_html, to_pdf
from schema.build import sdl
from schema.core.graphiql import FILES, PAGE

_YEAR = "public, max-age=31536000, immutable"
_WAITING = Gauge("stoa_outbox_waiting", "Events that wait to be delivered.", multiprocess_mode="mostrecent")
_MEDIA_VIEWS = 100
_PDFS_AT_ONCE = 2

log = structlog.get_logger()


def health(database: Database) -> list[BaseRoute]:
    """Say whether this process lives, and whether it can serve."""

    async def live(_request: Request) -> Response:
        return JSONResponse({"status": "live"})

    async def ready(_request: Request) -> Response:
        try:
            await database.ping()
        except DatabaseUnavailable as error:
            log.warning("not ready", reason=str(error))
            return JSONResponse(
                {"status": "unavailable", "reason": "the database does not answer"}, 503, headers={"retry-after": "1"}
            )
        return JSONResponse({"status": "ready"})

    return [Route("/health/live", live), Route("/health/ready", ready)]


def metrics(database: Database) -> list[BaseRoute]:
    """Show counters to Prometheus, those of all processes of this server together."""

    async def show(_request: Request) -> Response:
        try:
            async with database.read() as session:
                _WAITING.set(await COUNT_WAITING.one(session))
        except DatabaseUnavailable:
            # The other metrics matter most just then.
            log.warning("metrics without the outbox", reason="the database does not answer")
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return [Route("/metrics", show)]


def documentation() -> list[BaseRoute]:
    """Serve GraphiQL from our own files, and the schema's text."""

    async def graphiql(_request: Request) -> Response:
        return HTMLResponse(PAGE)

    async def schema_text(_request: Request) -> Response:
        return PlainTextResponse(sdl(), media_type="text/plain; charset=utf-8")

    return [
        Route("/", graphiql),
        Mount("/graphiql", StaticFiles(directory=FILES), name="graphiql"),
        Route("/schema.graphql", schema_text),
    ]


def invoices(database: Database) -> list[BaseRoute]:
    """Show an invoice or a credit note to whoever has its token, as a page and as a PDF."""
    turn = asyncio.Semaphore(_PDFS_AT_ONCE)

    async def page(invoice: Invoice) -> Response:
        return HTMLResponse(to_html(sheet_of(invoice)), headers={"content-security-policy": PAGE_POLICY})

    async def pdf(invoice: Invoice) -> Response:
        if not can_make_pdf():
            return PlainTextResponse(
                "PDFs are made by the extra `pdf` of the package, which is not installed here; the page is there.", 501
            )
        # It takes a processor for a moment: in a thread, so that others go on, and few at once.
        async with turn:
            made = await asyncio.to_thread(to_pdf, sheet_of(invoice), written_at=invoice.issued_at)
        name = f'inline; filename="{invoice.number}.pdf"'
        return Response(made, media_type="application/pdf", headers={"content-disposition": name})

    return [
        Route("/invoices/{id}.html", _shown(database, page), name="invoice page"),
        Route("/invoices/{id}.pdf", _shown(database, pdf), name="invoice pdf"),
    ]


def _shown(
    database: Database, form: Callable[[Invoice], Awaitable[Response]]
) -> Callable[[Request], Awaitable[Response]]:
    async def show(request: Request) -> Response:
        try:
            invoice = await _with_token(database, request)
        except DatabaseUnavailable as error:
            log.warning("no invoice", reason=str(error))
            return PlainTextResponse("the database does not answer", 503, headers={"retry-after": "1"})
        if invoice is None:
            return PlainTextResponse("there is no such document", 404, headers={"cache-control": "no-store"})
        # A document never changes, but that it may forget who bought, and that another edition lays it out anew.
        tag = f'"{EDITION}-{0 if invoice.buyer is None else 1}"'
        unchanged = tag in [part.strip() for part in request.headers.get("if-none-match", "").split(",")]
        answer = Response(status_code=304) if unchanged else await form(invoice)
        if answer.status_code in {200, 304}:
            answer.headers["etag"] = tag
        answer.headers.update(_OF_ONE_READER)
        return answer

    return show


async def _with_token(database: Database, request: Request) -> Invoice | None:
    try:
        key = decode(IdKind.INVOICE, request.path_params["id"])
    except Invalid:
        return None
    if not database.keys.verifies(request.query_params.get("token", ""), "invoice", key):
        return None
    async with database.read() as session:
        return next(iter(await list_invoices(session, invoice_ids=[key])), None)


def test_gateway(gateway: TestGateway) -> list[BaseRoute]:
    """Stand for the page on which a shopper confirms a payment with their bank."""

    async def ask(_request: Request) -> Response:
        return HTMLResponse(_page("Your bank asks: is it you who pays?", button="Confirm the payment"), headers=_CSP)

    async def confirm(request: Request) -> Response:
        confirmed = await gateway.confirm(reference=request.path_params["reference"])
        if request.headers.get("accept", "").startswith("application/json"):
            return JSONResponse({"confirmed": confirmed}, 200 if confirmed else 404)
        if not confirmed:
            return HTMLResponse(_page("There is nothing to confirm here."), 404, headers=_CSP)
        return HTMLResponse(_page("Confirmed. Go back to the shop."), headers=_CSP)

    path = "/gateways/test/actions/{reference}"
    return [Route(path, ask), Route(path, confirm, methods=["POST"])]


def demo_media() -> list[BaseRoute]:
    """Draw the pictures of the demo's products."""

    async def picture(request: Request) -> Response:
        slug, dash, number = request.path_params["name"].rpartition("-")
        if not dash or not number.isdigit() or not 0 < int(number) <= _MEDIA_VIEWS:
            return PlainTextResponse("no such picture", 404)
        return Response(svg(slug, int(number)), media_type="image/svg+xml", headers={"cache-control": _YEAR})

    return [Route("/demo/media/{name}.svg", picture)]


#: A document is kept by its reader's browser alone, who asks each time whether it is still so; its address, which opens it, is
#: told to nobody, and no search engine keeps it.
_OF_ONE_READER = {
    "cache-control": "private, no-cache",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex",
}
_CSP = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"}


def _page(text: str, *, button: str = "") -> str:
    form = f'<form method="post"><button>{escape(button)}</button></form>' if button else ""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Test bank</title>'
        "<style>body{font:1.2rem sans-serif;margin:4rem;text-align:center}button{font:inherit;padding:.5rem 1rem}</style>"
        f"<h1>{escape(text)}</h1>{form}</html>"
    )
