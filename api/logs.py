"""Structured logs: one JSON object a line, on standard output."""

import logging

import orjson
import structlog


def configure_logs(level: str) -> None:
    """Makes every structlog logger of this process write JSON; `level` is a name such as INFO."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_line),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.BytesLoggerFactory(),
    )


def _line(event: object, **_: object) -> bytes:
    return orjson.dumps(event, default=str)
