"""Processes that join and write: each reads the staged files itself, so that nothing but counts passes between them."""

import gc
import multiprocessing
import os
import signal
import threading
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import astuple, dataclass, field
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any, Self

import duckdb

from listino.catalogue.joining import Batch, rows_of
from listino.catalogue.staging import opened
from listino.domain.clock import utc_now
from listino.domain.errors import ImportFailed
from listino.live.page_guard import PageGuard
from listino.logs import configure_command_logs
from listino.settings import Settings
from listino.store.bulk import refused_product
from listino.store.client import Store, unavailable
from listino.store.imported import Rows, imported_documents
from listino.store.outage import REFUSED, UNAVAILABLE, outages_told

_MEMORY = "100MB"  # a batch is read once: what stays in memory of the staged files is of no use


@dataclass(slots=True)
class Tally:
    """Rows that were written, and products by what happened to them; `too_large`: the ids of those that cannot be stored."""

    rows: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    returned: int = 0
    too_large: list[int] = field(default_factory=list)

    @property
    def products(self) -> int:
        return self.new + self.changed + self.unchanged + self.returned

    def as_list(self) -> list[Any]:
        return list(astuple(self))

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(*(mine + theirs for mine, theirs in zip(self.as_list(), other.as_list(), strict=True)))


class Writers:
    """A pool of writing processes, which open the staged files with their first batch. Leaving its `with` statement waits
    for the batches that were begun, and drops the others."""

    def __init__(self, settings: Settings, database: Path, workers: int) -> None:
        self.count = workers
        # A child of this process would inherit the driver's and DuckDB's threads half alive. The server of forks has
        # none, and has read all modules once for all of them.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__])
        self._pool = ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(settings, database))

    def start(self) -> None:
        """Starts the processes before there is a batch for them; takes as long as the server of forks needs to read modules."""
        for _ in range(self.count):
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


_process: _Process | Exception  # the error that kept it from beginning: a pool tells nobody why an initializer failed


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
    try:
        _process = _Process(settings, Store(settings, PageGuard(settings)), database)
    except Exception as error:
        _process = error
    else:
        # Forked processes leave without a word to `atexit`.
        Finalize(None, _end, (_process,), exitpriority=0)


def _end(process: _Process) -> None:
    process.store.close()
    if process.staged is not None:
        process.staged.close()


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
    if isinstance(_process, Exception):
        raise ImportFailed(f"a writing process could not begin: {_said(_process)}") from _process
    try:
        rows = _process.joined(batch)
        with outages_told():
            written = _process.store.catalogue.write(imported_documents(rows), at=utc_now(), new=new)
    except UNAVAILABLE as error:
        raise unavailable(_process.settings, error) from None
    except (duckdb.Error, REFUSED) as error:
        raise _failed(batch, error) from None
    return Tally(
        len(rows),
        len(written.new),
        len(written.changed),
        len(written.unchanged),
        len(written.returned),
        too_large=[int(number) for number in written.too_large],
    )


def _failed(batch: Batch, error: Exception) -> ImportFailed:
    """What to tell of an error that would be met again: which products it is about, and what to do."""
    where, way = f"of the products {batch.first} to {batch.last}", "put right what it names"
    said = _said(error)
    if refused := refused_product(error):
        where, said = f"the product {refused[0]}", f"MongoDB refuses it: {refused[1]}"
    if isinstance(error, duckdb.OutOfMemoryException):
        way = "some of them have too many rows to be joined: take these out of the files"
    return ImportFailed(f"writing {where} failed: {said}: {way}, and start the import again, it goes on")


def _said(error: Exception) -> str:
    """The first line of an error, with its kind where it says nothing."""
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
