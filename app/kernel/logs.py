"""The log: one line for each thing that happened, for programs or for people, with nothing secret in it."""

import logging
import re
from collections.abc import MutableMapping
from typing import Any

import orjson
import structlog

_SECRET = re.compile(r"password|secret|token|authorization|cookie|api_?key|card|pickup_?code", re.IGNORECASE)
#: JSON Web Tokens, bearer headers, derived tokens' bodies, and passwords within addresses of databases.
_SECRET_VALUES = re.compile(
    r"eyJ[\w-]+\.[\w-]+\.[\w-]+|(?<=[Bb]earer )\S+|\b[\w-]{1,16}\.[\w-]{32}\b|(?<=://)[^/@\s:]+:[^/@\s]+(?=@)"
)
_REDACTED = "…"


def configure(*, as_json: bool, level: str) -> None:
    """Begin to log, from here and from the libraries."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    written: list[structlog.typing.Processor] = (
        [
            structlog.processors.format_exc_info,
            redact,
            structlog.processors.JSONRenderer(serializer=lambda event, **_: orjson.dumps(event, default=str).decode()),
        ]
        if as_json
        else [structlog.processors.format_exc_info, redact, structlog.dev.ConsoleRenderer(colors=False)]
    )
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, *written],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *written],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(threshold)
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True
    # Our own middleware writes the access log, with the request's id.
    logging.getLogger("uvicorn.access").disabled = True


def redact(_logger: object, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Keep secrets out of a line, by the names of its fields and by what they look like."""
    for name, value in event.items():
        if _SECRET.search(name) and value:
            event[name] = _REDACTED
        elif isinstance(value, str):
            event[name] = _SECRET_VALUES.sub(_REDACTED, value)
    return event
