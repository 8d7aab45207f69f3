"""Several live workers under one parent, which has imported all that they need and forks them: who ends has an heir at once."""

import contextlib
import gc
import os
import secrets
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from typing import Any

import structlog
from redis.exceptions import RedisError

from listino.domain.errors import ListinoError
from listino.live.leases import end_leases
from listino.settings import Settings
from workers.live_worker import HOST, work
from workers.pools import trusted

log = structlog.get_logger(__name__)

_STOP = (signal.SIGINT, signal.SIGTERM)
# At least between two beginnings in one place: what ends at once, as without MongoDB, is not begun time and again.
PAUSE_SECONDS = 1.0


@dataclass(slots=True)
class _Place:
    """A place in the pool, with the port of its figures. `worker`: the name of who has it, and `process` is None when nobody has;
    `due`: when the next may begin, by the monotonic clock."""

    number: int
    port: int | None
    worker: str = ""
    process: ForkProcess | None = None
    due: float = 0.0


@dataclass(frozen=True, slots=True)
class _Ended:
    """A worker that is no more. `code`: its exit code, or less than 0 the signal that ended it."""

    worker: str
    pid: int | None
    code: int


class LivePool:
    """`processes` live workers, each with connections of its own. The parent has none, and no thread, when it forks.

    With `metrics_ports`, one each, they answer Prometheus there; who takes the place of one that ended has its port.
    """

    def __init__(
        self,
        settings: Settings,
        processes: int,
        *,
        metrics_host: str = HOST,
        metrics_ports: Sequence[int] | None = None,
    ) -> None:
        self._settings = settings
        self._metrics_host = metrics_host
        ports: Sequence[int | None] = metrics_ports or [None] * processes
        self._places = [_Place(number, port) for number, port in enumerate(ports, 1)]
        self._stopping = False
        self._gave_up = False  # to ask Redis, which did not answer one that is to stop

    def serve(self) -> None:
        """Works until it is told to stop, by SIGINT or SIGTERM, and all have ended in order."""
        for number in _STOP:
            signal.signal(number, self._stop)
        _make_ready()
        # Whoever holds the end at which nobody writes hears when the other end is closed, which only the parent has.
        with contextlib.ExitStack() as stack:
            orphaned, alive = os.pipe()
            stack.callback(os.close, orphaned)
            stack.callback(os.close, alive)
            self._begin_due(orphaned, alive)
            # A stop that comes after this look has either ended all who are awaited, or a place is empty and soon due.
            while not (stopping := self._stopping) or self._running():
                due = [] if stopping else [place.due for place in self._places if place.process is None]
                seconds = max(0.0, min(due) - time.monotonic()) if due else None
                wait([process.sentinel for process in self._running()], seconds)
                ended = self._ended()
                self._begin_due(orphaned, alive)  # first: Redis may need time to answer
                for worker in ended:
                    self._wind_up(worker)

    def _running(self) -> list[ForkProcess]:
        return [place.process for place in self._places if place.process is not None]

    def _stop(self, *_: object) -> None:
        self._stopping = True
        for process in self._running():
            process.terminate()

    def _begin_due(self, orphaned: int, alive: int) -> None:
        for place in self._places:
            # Who is told to stop in the middle of this would forget the new worker, which has the parent's handlers still.
            signal.pthread_sigmask(signal.SIG_BLOCK, _STOP)
            try:
                if place.process is None and place.due <= time.monotonic() and not self._stopping:
                    self._begin(place, orphaned, alive)
            finally:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP)

    def _begin(self, place: _Place, orphaned: int, alive: int) -> None:
        place.due = time.monotonic() + PAUSE_SECONDS
        place.worker = f"live-{place.number}-{secrets.token_hex(4)}"
        process = get_context("fork").Process(
            target=_work,
            args=(self._settings, self._metrics_host, place.port, place.worker, orphaned, alive),
            name=place.worker,
            daemon=True,
        )
        try:
            process.start()
        except OSError as error:  # the machine has no memory for it, or no number
            log.warning("live.worker_not_begun", worker=place.worker, error=str(error))
        else:
            place.process = process

    def _ended(self) -> list[_Ended]:
        """Those who have ended since the last look, whose places are free now."""
        found = []
        for place in self._places:
            if (process := place.process) is not None and not process.is_alive():
                found.append(_Ended(place.worker, process.pid, process.exitcode or 0))
                place.process = (
                    None  # first: who is told to stop ends all that he finds, and this one cannot be ended any more
                )
                process.close()
        return found

    def _wind_up(self, ended: _Ended) -> None:
        """Has others take over at once what it had in hand, and says why it ended."""
        said: dict[str, Any] = {"worker": ended.worker, "pid": ended.pid}
        if not self._gave_up:
            try:
                if shops := end_leases(self._settings, ended.worker):
                    said["shops"] = shops
            except RedisError:  # also of one that is there and refuses: others find it when the leases run out
                self._gave_up = self._stopping
        if self._stopping:
            log.debug("live.worker_stopped", **said, exit_code=ended.code)
        elif ended.code < 0:
            log.warning("live.worker_ended", **said, signal=_signal_name(-ended.code))
        else:
            say = log.warning if ended.code else log.info
            say("live.worker_ended", **said, exit_code=ended.code)


def _signal_name(number: int) -> str:
    """`SIGKILL`; most real-time signals have none, and are `64`."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def _make_ready() -> None:
    """Does once what every worker would do for itself. What there is by now is not looked through for garbage any more, which
    would have each worker make a copy of it."""
    trusted()
    gc.collect()
    gc.freeze()


def _work(
    settings: Settings, metrics_host: str, metrics_port: int | None, worker: str, orphaned: int, alive: int
) -> None:
    for number in _STOP:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP)
    os.close(alive)
    threading.Thread(target=_end_with_parent, args=(orphaned,), name="parent", daemon=True).start()
    try:
        work(settings, metrics_host, metrics_port, worker=worker)
    except ListinoError as error:
        sys.exit(f"listino: {error}")


def _end_with_parent(orphaned: int) -> None:
    """Has this process stop in order when the parent was killed: the next pool wants its port."""
    os.read(orphaned, 1)
    os.kill(os.getpid(), signal.SIGTERM)
