"""`rejects.csv`: the rows that could not be used, with file, line, reason and what they say."""

import csv
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TextIO

import duckdb

from listino.catalogue.files import FILES
from listino.catalogue.staging import LONGEST_ROW, check_folder

HEADER = ("file", "line", "reason", "row")
# So much of a row is shown: a quote that is never closed makes a row of the rest of the file.
_SHOWN = 1_000


def counts(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """How many rows of each file were rejected, for files that have any."""
    query = "SELECT file, count(*) FROM (SELECT file FROM rejected UNION ALL SELECT file FROM unreadable) GROUP BY file"
    found = dict(connection.execute(query).fetchall())
    return {file.name: found[file.name] for file in FILES if file.name in found}


def write_rejects(connection: duckdb.DuckDBPyConnection, folder: Path, target: Path) -> None:
    """Writes the rejected rows of the folder's files to the target, in the order of the files and lines.

    Only files with rejected rows are read again, and none is held in memory.
    """
    with target.open("w", encoding="utf-8", errors="backslashreplace", newline="") as text:
        writer = csv.writer(text)
        writer.writerow(HEADER)
        for name in counts(connection):
            writer.writerows((name, *entry) for entry in _rejected(connection, folder / name))


def remove_stale(target: Path) -> bool:
    """Removes what an earlier import wrote there, or it would look like that of an import without rejected rows; leaves any
    other file. Whether there was something to remove."""
    try:
        with target.open(encoding="utf-8", errors="replace", newline="") as text:
            ours = next(csv.reader(text), None) == list(HEADER)
    except (OSError, csv.Error):
        return False
    if ours:
        target.unlink()
    return ours


def add_products(folder: Path, target: Path, ids: Collection[int], *, anew: bool) -> None:
    """Adds the rows of products that are too large to be stored; `anew`: the target has no rejected rows of this import."""
    wanted = {str(number) for number in ids}
    path = folder / "product.csv"
    with target.open("w" if anew else "a", encoding="utf-8", errors="backslashreplace", newline="") as text:
        writer = csv.writer(text)
        if anew:
            writer.writerow(HEADER)
        position = check_folder(folder)[path.name].index("id")
        for line, _, fields, row in _records(path):
            number = fields[position].strip().lstrip("+0") or "0" if len(fields) > position else ""
            if number in wanted:
                wanted.remove(number)
                writer.writerow((path.name, line, "with its styles, photos and skus it is larger than 16 MB", row))


def _rejected(connection: duckdb.DuckDBPyConnection, path: Path) -> Iterator[tuple[int, str, str]]:
    """Line, reason and text of a file's rejected rows, as one walk through the file meets them."""
    unreadable = dict(
        connection.execute("SELECT position, reason FROM unreadable WHERE file = ?", [path.name]).fetchall()
    )
    found = connection.cursor().execute(
        "SELECT number, reason FROM rejected WHERE file = ? ORDER BY number", [path.name]
    )
    reasons = iter(found.fetchone, None)
    awaited = next(reasons, None)
    number = 0
    trouble: str | None = None
    for line, position, fields, row in _records(path):
        trouble = unreadable.get(position, trouble)
        if not fields:  # an empty line, which DuckDB may count to the row that follows
            continue
        if trouble is not None:
            yield line, trouble, row
            trouble = None
            continue
        if awaited is not None and awaited[0] == number:
            yield line, awaited[1], row
            awaited = next(reasons, None)
        number += 1


def _records(path: Path) -> Iterator[tuple[int, int, list[str], str]]:
    """First line, first byte, fields and beginning of each row after the header."""
    csv.field_size_limit(LONGEST_ROW)
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as text:
        lines = _Lines(text)
        reader = csv.reader(lines)
        next(reader)
        while True:
            line, position, lines.shown = lines.count + 1, lines.position, ""
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error:  # a row without an end: there is nothing behind it
                yield line, position, [lines.shown], lines.shown
                return
            yield line, position, fields, lines.shown.rstrip("\r\n")


class _Lines:
    """The lines of a text, counted as the CSV reader takes them: it takes another one only when a row goes on."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self.count = 0
        self.position = 0  # of the next line, in bytes
        self.shown = ""  # how the row begins

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._text)
        self.count += 1
        self.position += len(line.encode("utf-8", "surrogateescape"))
        if len(self.shown) < _SHOWN:
            self.shown = (self.shown + line)[:_SHOWN]
        return line
