"""Structured logs: one JSON object a line on standard output, for every process of Listino."""

import contextlib
import logging
import sys
import threading
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog
from structlog.typing import EventDict

from listino.settings import Settings

LINES_SECONDS = 0.1  # how late a gathered line may be


class GatheredLines:
    """Lines for standard output that are written some at a time, for processes that write thousands a second: to write each by
    itself costs a fifth of a page, and whoever collects them as much again. Any thread may add to them.

    What is worth a warning or more is written at once, with everything before it.
    """

    def __init__(self) -> None:
        self._lines: deque[bytes] = deque()

    def msg(self, line: bytes) -> None:
        self._lines.append(line)

    debug = info = msg

    def warning(self, line: bytes) -> None:
        self._lines.append(line)
        self.write()

    error = critical = exception = fatal = failure = warn = err = warning

    @contextlib.contextmanager
    def written_regularly(self) -> Iterator[None]:
        """Within it what has gathered is written every LINES_SECONDS, and the rest at its end."""
        ended = threading.Event()

        def write() -> None:
            while not ended.wait(LINES_SECONDS):
                self.write()

        thread = threading.Thread(target=write, name="log lines", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            self.write()

    def write(self) -> None:
        """Writes what has gathered."""
        lines = []
        with contextlib.suppress(IndexError):
            while True:
                lines.append(self._lines.popleft())
        if lines:
            # Whoever read our output has gone: there is nobody left to tell.
            with contextlib.suppress(OSError):
                sys.stdout.buffer.write(b"\n".join(lines) + b"\n")
                sys.stdout.buffer.flush()


def configure_logs(settings: Settings, *, gathered: GatheredLines | None = None, **said: str) -> None:
    """Call it once, in an entry point. Lines below LISTINO_LOG_LEVEL are not made at all.

    `gathered`: where lines go instead of straight to standard output; whoever gives it has it written. `said`: what every line says.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            *([lambda logger, method, event: event | said] if said else []),
            _line,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[settings.log_level]),
        logger_factory=structlog.BytesLoggerFactory() if gathered is None else lambda *_: gathered,
    )


def configure_command_logs() -> None:
    """For commands, whose results own standard output: warnings and worse, in words, on standard error."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer(colors=False, sort_keys=False, pad_event_to=0),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _line(logger: Any, method: str, event: EventDict) -> bytes:
    """The line, made in one step: by structlog's own processors, one after the other, it costs three times as much."""
    structlog.processors.add_log_level(logger, method, event)
    event["at"] = datetime.now(UTC)
    if "exc_info" in event:
        event = structlog.processors.format_exc_info(logger, method, event)
    return orjson.dumps(event, default=str, option=orjson.OPT_UTC_Z)
