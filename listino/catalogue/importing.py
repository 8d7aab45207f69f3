"""Importing a catalogue: its files are staged once, then joined and written in batches by several processes.

What is done is noted batch by batch beside the staged files, so that an import which was interrupted, however rudely,
goes on where it was. All of it lies in one folder of the state folder and is removed at the end.
"""

import contextlib
import fcntl
import hashlib
import itertools
import json
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import duckdb

from listino.catalogue import rejects
from listino.catalogue.files import FILES
from listino.catalogue.joining import Batch, batches
from listino.catalogue.staging import check_folder, opened, stage
from listino.catalogue.writing import Tally, Writers
from listino.domain.errors import ImportFailed, ImportRunning, InvalidValue
from listino.settings import Settings
from listino.store.client import Store

# Of what is staged and how it is joined; another number here, and nothing staged before is gone on with.
_LAYOUT = 2


class Progress(Protocol):
    """Whoever watches."""

    def read(self, file: str, rows: int) -> None:
        """A file has been read and checked; so many rows it had."""

    def writing(self, rows: int, done: int) -> None:
        """Now rows are written; so many were, before an interruption."""

    def wrote(self, rows: int) -> None:
        """So many more were written."""

    def indexing(self) -> None:
        """All is written; now the indexes are made that are missing."""


@dataclass(slots=True)
class Summary:
    """What an import did: rows and rejected rows by file, products by what happened to them.

    `stale_rejects`: whether an earlier import's file of rejected rows was removed, since this one has none to write yet.
    `not_in_files`: imported products of before that these files do not have; they stay as they are. `resumed`: whether
    it went on with an interrupted import, whose products are counted here, too.
    """

    rows: dict[str, int]
    rejected: dict[str, int]
    rejects: str | None
    stale_rejects: bool
    products: Tally
    not_in_files: int
    resumed: bool
    seconds: float = 0.0

    def reject_too_large(self, folder: Path, rejects_to: Path) -> None:
        """Adds the products that no document can hold to the rejected rows: their size is known once they are joined."""
        if self.products.too_large:
            rejects.add_products(folder, rejects_to, self.products.too_large, anew=self.rejects is None)
            self.rejects = str(rejects_to)
            self.rejected["product.csv"] = self.rejected.get("product.csv", 0) + len(self.products.too_large)


def import_catalogue(
    settings: Settings, folder: Path, *, rejects_to: Path, workers: int, progress: Progress
) -> Summary:
    """Brings the store to what the files in the folder say; doing it again changes nothing.

    Raises UnreadableCatalogue, InvalidValue or ImportRunning before anything is written, ImportFailed or EngineUnavailable
    later. These and KeyboardInterrupt leave everything so that the next call goes on.
    """
    began = time.monotonic()
    check_folder(folder)
    if not rejects_to.absolute().parent.is_dir():
        raise InvalidValue(f"rejected rows cannot be written to {rejects_to}: there is no folder {rejects_to.parent}")
    with _staging_of(settings) as staging, Store(settings) as store:
        store.ping()
        staged = _Staged(staging)
        # Processes and collections are made ready while the files are read.
        with Writers(settings, staged.database, workers) as writers, ThreadPoolExecutor(2) as meanwhile:
            started = meanwhile.submit(writers.start)
            prepared = meanwhile.submit(store.catalogue.prepare)
            resumed = staged.ready_for(_fingerprint(settings, folder))
            if not resumed:
                staged.make(folder, _fingerprint(settings, folder), told=progress.read)
            summary = staged.summary(folder, rejects_to, resumed=resumed)
            started.result()
            prepared.result()
            done = staged.done()
            if store.catalogue.count() < sum(tally.products for tally in done.values()):
                done = staged.forget()  # somebody emptied the database meanwhile
            remaining = [batch for batch in staged.batches() if batch.first not in done]
            usable = sum(summary.rows.values()) - sum(summary.rejected.values())
            progress.writing(usable, sum(tally.rows for tally in done.values()))
            new = store.catalogue.begin()
            for batch, tally in _finished(writers, remaining, new=new):
                staged.note(batch, tally)
                summary.products += tally
                progress.wrote(tally.rows)
        for tally in done.values():
            summary.products += tally
        summary.reject_too_large(folder, rejects_to)
        progress.indexing()
        store.catalogue.finish()
        summary.not_in_files = store.catalogue.count() - summary.products.products
        staged.remove()
    summary.seconds = time.monotonic() - began
    return summary


def _finished(writers: Writers, remaining: list[Batch], *, new: bool) -> Iterator[tuple[Batch, Tally]]:
    """Each batch as it is written; raises what a process raised, when those that were begun have ended."""
    waiting = iter(remaining)
    started: dict[Future[Tally], Batch] = {}
    try:
        while True:
            # One batch more than there are processes, and none of them ever waits for its next.
            for batch in itertools.islice(waiting, writers.count + 1 - len(started)):
                started[writers.submit(batch, new=new)] = batch
            if not started:
                return
            for future in wait(started, return_when=FIRST_COMPLETED).done:
                yield started.pop(future), future.result()
    except BrokenProcessPool:
        raise ImportFailed(
            "a writing process was ended from outside, for want of memory perhaps: start the import again, it goes on; "
            "--workers 1 takes less"
        ) from None


@contextlib.contextmanager
def _staging_of(settings: Settings) -> Iterator[Path]:
    """The folder in which this machine's import works, for this process alone; raises ImportRunning."""
    folder = settings.state_dir.resolve() / "import"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ImportRunning(f"another import is at work in {folder}: wait for it, or stop it with Ctrl-C") from None
        yield folder


def _fingerprint(settings: Settings, folder: Path) -> str:
    """Stands for the files as they are and for where they go."""
    seen: list[object] = [
        _LAYOUT,
        duckdb.__version__,
        str(folder.resolve()),
        settings.mongo_address,
        settings.mongo_database,
    ]
    for file in FILES:
        state = (folder / file.name).stat()
        seen += [state.st_size, state.st_mtime_ns]
    return hashlib.blake2b(json.dumps(seen).encode(), digest_size=16).hexdigest()


@dataclass(slots=True)
class _Staged:
    """The staged files, and what of them has been written."""

    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / "staged.duckdb"

    @property
    def _mark(self) -> Path:
        return self.folder / "fingerprint"

    @property
    def _written(self) -> Path:
        return self.folder / "written.jsonl"

    def ready_for(self, fingerprint: str) -> bool:
        """Whether these very files were staged whole before."""
        return self._mark.exists() and self._mark.read_text() == fingerprint

    def make(self, folder: Path, fingerprint: str, *, told: Callable[[str, int], None]) -> None:
        self.remove()
        try:
            stage(folder, self.database, told=told)
        except duckdb.Error as error:
            raise ImportFailed(f"staging the files in {self.folder} failed: {str(error).splitlines()[0]}") from error
        self._mark.write_text(fingerprint)

    def summary(self, folder: Path, rejects_to: Path, *, resumed: bool) -> Summary:
        """Rows and rejected rows, which are written to their file; where there are none, that of an earlier import is removed."""
        with opened(self.database, read_only=True) as connection:
            rows = dict(connection.execute("SELECT file, rows FROM counted").fetchall())
            rejected = rejects.counts(connection)
            if rejected:
                rejects.write_rejects(connection, folder, rejects_to)
        stale = not rejected and rejects.remove_stale(rejects_to)
        shown = str(rejects_to) if rejected else None
        return Summary(rows, rejected, shown, stale, Tally(), not_in_files=0, resumed=resumed)

    def batches(self) -> list[Batch]:
        with opened(self.database, read_only=True) as connection:
            return batches(connection)

    def note(self, batch: Batch, tally: Tally) -> None:
        """Notes that a batch is written; losing the note to a crash costs comparing the batch once more."""
        with self._written.open("a") as notes:
            notes.write(json.dumps([batch.first, tally.as_list()]) + "\n")

    def done(self) -> dict[int, Tally]:
        """The batches that are written, by their first ids."""
        found = {}
        with contextlib.suppress(FileNotFoundError):
            for line in self._written.read_text().splitlines():
                with contextlib.suppress(ValueError):  # the last line may have been cut off
                    first, counts = json.loads(line)
                    found[first] = Tally(*counts)
        return found

    def forget(self) -> dict[int, Tally]:
        """Nothing is written; gives that."""
        self._written.unlink(missing_ok=True)
        return {}

    def remove(self) -> None:
        """The mark goes first: without it nothing here counts."""
        for path in (self._mark, self._written, self.database, self.database.with_name("staged.duckdb.wal")):
            path.unlink(missing_ok=True)
        shutil.rmtree(self.folder / "spill", ignore_errors=True)
