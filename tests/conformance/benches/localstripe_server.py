"""Runs localstripe on a loopback port of its own choosing, which it prints, and ends when its caller is gone.

localstripe is older than some of what the adapter says and reads, all of it documented by Stripe. It is taught:
`allowed_payment_method_types` of a PaymentIntent (there are cards alone here), `metadata` of a capture, lists by `created`
with the newest first, and the fields `amount_capturable` and `amount_received`. It keeps what it is told in memory alone.
"""

import os
import socket
import sys
import threading
from importlib import import_module
from typing import Any

from aiohttp import web
from localstripe import resources

Intent = resources.PaymentIntent
_create, _capture, _list = Intent._api_create, Intent._api_capture, Intent._api_list_all


def create(allowed_payment_method_types: list[str] | None = None, **asked: Any) -> Any:
    """Create a PaymentIntent."""
    if allowed_payment_method_types != ["card"]:
        raise resources.UserError(400, "only cards are played here")
    return _create(**asked)


def capture(id: str, metadata: dict[str, str] | None = None, **asked: Any) -> Any:  # So it is called there.
    """Capture a PaymentIntent."""
    intent = Intent._api_retrieve(id)
    before = dict(intent.metadata)
    # It tells its news while it captures, so they have to be complete before.
    intent.metadata.update(metadata or {})
    try:
        return _capture(id, **asked)
    except resources.UserError:
        intent.metadata = before
        raise


def list_all(url: str, created: dict[str, str] | None = None, **asked: Any) -> Any:
    """List PaymentIntents."""
    found = _list(url, **asked)
    first, last = int((created or {}).get("gte", 0)), int((created or {}).get("lte", 2**40))
    found._list = [intent for intent in reversed(found._list) if first <= intent.created <= last]
    return found


def amount_capturable(intent: Any) -> int:
    """Say what may be captured."""
    return int(intent.amount) if intent.status == "requires_capture" else 0


def amount_received(intent: Any) -> int:
    """Say what was captured: all but what it calls refunded at once."""
    charge = intent.latest_charge
    if intent.status != "succeeded":
        return 0
    # It writes the part that was not captured down as a refund that names the charge alone.
    not_taken = sum(refund.amount for refund in charge.refunds._list if refund.payment_intent is None)
    return int(charge.amount) - int(not_taken)


def main() -> None:
    """Serve until standard input ends."""
    Intent._api_create, Intent._api_list_all = staticmethod(create), staticmethod(list_all)
    Intent.amount_capturable, Intent.amount_received = property(amount_capturable), property(amount_received)
    resources.Store.dump_to_disk = lambda _store: None
    resources.extra_apis[:] = [
        (method, url, capture if url == "/v1/payment_intents/{id}/capture" else answer)
        for method, url, answer in resources.extra_apis
    ]
    # Its routes are made of what stands in the table when it is imported.
    app = import_module("localstripe.server").app
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)  # noqa: T201  # Its caller reads it.

    def end_with_caller() -> None:
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=end_with_caller, daemon=True).start()
    web.run_app(app, sock=listener, print=None, access_log=None)


if __name__ == "__main__":
    main()
