"""Structured logs: one JSON object a line on standard output, for every process of Listino."""

import logging

import orjson
import structlog

from listino.settings import Settings


def configure_logs(settings: Settings) -> None:
    """Call it once, in an entry point. Lines below LISTINO_LOG_LEVEL are not made at all."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_line),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[settings.log_level]),
        logger_factory=structlog.BytesLoggerFactory(),
    )


def _line(event: object, **_: object) -> bytes:
    return orjson.dumps(event, default=str)
