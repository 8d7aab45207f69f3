"""Figures that take long to gather, or may never come: read behind the pages, which show the last ones and never wait long."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

import structlog

from listino.domain.clock import utc_now

log = structlog.get_logger("backoffice.kept")

Value = TypeVar("Value")

# How long a page waits for figures that are not there, or too old to be shown without a word; all its parts together.
PATIENCE_SECONDS = 1.0
_TOO_OLD = 3  # times as long as figures are kept


class Trouble(StrEnum):
    """Why there is nothing new."""

    AWAY = "away"
    SILENT = "silent"  # it was asked and has not answered yet
    FAILED = "failed"  # a mistake of ours, which the log has


@dataclass(frozen=True, slots=True)
class Reading(Generic[Value]):
    """The last figures and when they were read, None where there never were any; and what is wrong now."""

    value: Value | None = None
    at: datetime | None = None
    trouble: Trouble | None = None


class Kept(Generic[Value]):
    """What `read` gives, anew after `seconds`, by one thread at a time. `away`: the errors with which it says that whom it
    asks is away. Thread-safe."""

    def __init__(
        self,
        name: str,
        read: Callable[[], Value],
        *,
        seconds: float,
        away: tuple[type[Exception], ...],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._read = read
        self._seconds = seconds
        self._away = away
        self._clock = clock
        self._lock = threading.Lock()
        self._reading: threading.Thread | None = None
        self._last: Reading[Value] = Reading()
        self._ended = float("-inf")

    def begin(self) -> None:
        """Has it read anew if it is time, and waits for nothing."""
        with self._lock:
            if self._reading is None and self._clock() >= self._ended + self._seconds:
                self._reading = threading.Thread(target=self._renew, name=f"read {self._name}", daemon=True)
                self._reading.start()

    def reading(self, patience: float = PATIENCE_SECONDS) -> Reading[Value]:
        """What is known; waits for it no longer than `patience` seconds, and only where nothing is known that is young."""
        self.begin()
        with self._lock:
            reading, last = self._reading, self._last
            is_young = last.at is not None and self._clock() < self._ended + _TOO_OLD * self._seconds
        if reading is None or (is_young and last.trouble is None):
            return last
        reading.join(max(0.0, patience))
        with self._lock:
            if self._reading is None:
                return self._last
            return Reading(self._last.value, self._last.at, self._last.trouble or Trouble.SILENT)

    def forget(self) -> None:
        """What is known is known to be wrong, and what is being read may be: the next page waits for what is so now."""
        with self._lock:
            self._reading, self._ended = None, float("-inf")
            self._last = Reading(trouble=self._last.trouble)

    def _renew(self) -> None:
        seen = self._read_now()
        with self._lock:
            if self._reading is not threading.current_thread():
                return  # it was forgotten meanwhile
            self._last = seen if isinstance(seen, Reading) else Reading(self._last.value, self._last.at, seen)
            self._ended, self._reading = self._clock(), None

    def _read_now(self) -> Reading[Value] | Trouble:
        try:
            return Reading(self._read(), utc_now())
        except self._away as error:
            log.warning("kept.away", what=self._name, error=str(error)[:300])
            return Trouble.AWAY
        except Exception:
            log.exception("kept.failed", what=self._name)
            return Trouble.FAILED


def begun(parts: Sequence[Kept[Any]]) -> Callable[[], float]:
    """Has all of them read at the same time; gives how many seconds a page may still wait for the next of them."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    for part in parts:
        part.begin()
    return lambda: deadline - time.monotonic()
