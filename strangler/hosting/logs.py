"""
Logs: one JSON object a line, joined across homes by trace and request id; coloured text on a terminal.

Whatever is logged passes through `redact` first, foreign libraries' records included.
"""

from __future__ import annotations

import logging.config
import re
import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from strangler.transport.traces import traceparent

HIDDEN = "[redacted]"
REQUEST = "request"
_requests: Any = None
_SECRET_NAMES = re.compile(
    r"pass(word|wd)?$|secret|token|authorization|cookie|api_?key|private|session_?key|credential|signature"
    r"|^(pan|cvv|cvc|ssn|card_number)$",
    re.IGNORECASE,
)
_SECRET_VALUES = re.compile(
    r"(?P<jwt>eyJ[\w-]{8,}\.[\w-]+\.[\w-]+)"
    r"|(?P<bearer>(?<=\bBearer )\S+)"
    r"|(?P<login>(?<=://)[^\s:/@]+:[^\s/@]+(?=@))"
    r"|(?P<card>\b(?:\d[ -]?){13,19}\b)",
    re.IGNORECASE,
)


def configure(*, level: str, style: str, host: str) -> None:
    """
    Set up structlog and logging for this process.

    Args:
        style: `json` or `console`; empty takes `console` on a terminal and `json` elsewhere.
    """
    console = style == "console" or (not style and sys.stderr.isatty())
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared(host),
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(_logging(level.upper(), console=console, host=host))
    global _requests
    _requests = None if console else _direct(level.upper(), host)


def request_logger() -> Any:
    """
    Return the logger of the line that every request and every call gets.

    As JSON it is the largest single cost of a call, so it takes the short way: to stderr, not through `logging`.
    """
    return _requests or structlog.stdlib.get_logger(REQUEST)


def _direct(level: str, host: str) -> Any:
    def name(_: WrappedLogger, method: str, event: EventDict) -> EventDict:
        event["logger"], event["level"], event["host"] = REQUEST, method, host
        return event

    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    render = structlog.processors.JSONRenderer(default=str)
    return structlog.wrap_logger(
        structlog.WriteLogger(sys.stderr),
        processors=[structlog.contextvars.merge_contextvars, name, stamp, redact, render],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
    ).bind()


def _shared(host: str) -> list[Processor]:
    def name_host(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event["host"] = host
        return event

    return [
        structlog.contextvars.merge_contextvars,
        _name_trace,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        name_host,
    ]


def _name_trace(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Name the trace that this context belongs to: of the request, or of the event whose handler runs in it."""
    parts = traceparent.get().split("-")
    if len(parts) == 4:
        event["trace_id"], event["span_id"] = parts[1:3]
    return event


def _logging(level: str, *, console: bool, host: str) -> dict[str, Any]:
    rendered: list[Processor] = (
        [redact, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
        if console
        else [structlog.processors.format_exc_info, redact, structlog.processors.JSONRenderer(default=str)]
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": _shared(host),
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendered],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Every request is logged once, by the hosting kit.
            "django.request": {"level": "ERROR"},
            "django.server": {"level": "WARNING", "propagate": True, "handlers": []},
            "waitress.queue": {"level": "ERROR"},  # calls that wait for a thread are no news
        },
    }


def redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Replace what must not be written down: values by their name, and secrets inside of any text."""
    return {name: _redacted(name, value) for name, value in event.items()}


@lru_cache(maxsize=1_024)
def _is_secret(name: str) -> bool:
    return _SECRET_NAMES.search(name) is not None


def _redacted(name: str, value: Any) -> Any:
    if _is_secret(name):
        return HIDDEN
    if isinstance(value, str):
        return _SECRET_VALUES.sub(HIDDEN, value)
    if isinstance(value, Mapping):
        return {key: _redacted(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set):
        return [_redacted("", inner) for inner in value]
    return value
