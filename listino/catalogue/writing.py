"""Processes that join and write: each reads the staged files itself, so that nothing but counts passes between them."""

import gc
import multiprocessing
import os
import signal
import threading
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import astuple, dataclass
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Self

import duckdb

from listino.catalogue.joining import Batch, rows_of
from listino.catalogue.staging import opened
from listino.domain.clock import utc_now
from listino.live.page_guard import PageGuard
from listino.logs import configure_command_logs
from listino.settings import Settings
from listino.store.client import Store, unavailable
from listino.store.imported import Rows, imported_documents
from listino.store.outage import UNAVAILABLE, outages_told

_MEMORY = "150MB"


@dataclass(slots=True)
class Tally:
    """Rows that were written, and products by what happened to them."""

    rows: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    returned: int = 0

    @property
    def products(self) -> int:
        return self.new + self.changed + self.unchanged + self.returned

    def as_list(self) -> list[int]:
        return list(astuple(self))

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(*(mine + theirs for mine, theirs in zip(self.as_list(), other.as_list(), strict=True)))


class Writers:
    """A pool of writing processes, which start at once and open the staged files with their first batch. Leaving its
    `with` statement waits for the batches that were begun, and drops the others."""

    def __init__(self, settings: Settings, database: Path, workers: int) -> None:
        self.count = workers
        # A child of this process would inherit the driver's and DuckDB's threads half alive. The server of forks has
        # none, and has read all modules once for all of them.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__])
        self._pool = ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(settings, database))
        for _ in range(workers):
            self._pool.submit(_ready)

    def submit(self, batch: Batch, *, new: bool) -> Future[Tally]:
        """Writes the batch; `new`: its products are taken for new ones."""
        return self._pool.submit(_write, batch, new)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)


@dataclass(slots=True)
class _Process:
    """What a writing process holds open from its first batch to its end."""

    settings: Settings
    store: Store
    database: Path
    staged: duckdb.DuckDBPyConnection | None = None

    def joined(self, batch: Batch) -> Rows:
        if self.staged is None:
            self.staged = opened(self.database, read_only=True, memory=_MEMORY, threads=1)
        return rows_of(self.staged, batch)


_process: _Process


def _begin(settings: Settings, database: Path) -> None:
    global _process
    configure_command_logs()
    # Ctrl-C reaches all processes of a terminal: the first one tells the others when to end.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # What is made for a batch is dropped as a whole and has no cycles: looking for them in it costs a quarter of the time.
    gc.disable()
    gc.freeze()
    _process = _Process(settings, Store(settings, PageGuard(settings)), database)
    # Forked processes leave without a word to `atexit`.
    Finalize(None, _end, exitpriority=0)


def _end() -> None:
    _process.store.close()
    if _process.staged is not None:
        _process.staged.close()


def _ready() -> None:
    """Whoever has done this has started."""


def _end_with_parent() -> None:
    """A process whose parent was killed would wait for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _write(batch: Batch, new: bool) -> Tally:
    tally = _joined_and_written(batch, new)
    gc.collect()  # what little the driver leaves
    return tally


def _joined_and_written(batch: Batch, new: bool) -> Tally:
    rows = _process.joined(batch)
    try:
        with outages_told():
            written = _process.store.catalogue.write(imported_documents(rows), at=utc_now(), new=new)
    except UNAVAILABLE as error:
        raise unavailable(_process.settings, error) from None
    return Tally(len(rows), len(written.new), len(written.changed), len(written.unchanged), len(written.returned))
