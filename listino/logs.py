"""Structured logs: one JSON object a line on standard output, for every process of Listino."""

import logging

import structlog

from listino.settings import Settings


def configure_logs(settings: Settings) -> None:
    """Call it once, in an entry point. Lines below LISTINO_LOG_LEVEL are not made at all."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.dict_tracebacks,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, settings.log_level)),
        logger_factory=structlog.PrintLoggerFactory(),
        cache_logger_on_first_use=True,
    )
