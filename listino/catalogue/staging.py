"""From the CSV files to tables of a DuckDB database on disk: typed, checked, in the order in which they are joined.

DuckDB works in bounded memory and puts what does not fit into its folder. A row that cannot be used is noted in the table
`rejected` by its file, its number among the rows that could be told apart (from 0), and the reason; what cannot even be
told apart (ragged, badly quoted, not UTF-8) is in `unreadable` by the byte at which it begins.
"""

import csv
import re
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Self

import duckdb

from listino.catalogue.files import FILES, File, Kind
from listino.domain.errors import UnreadableCatalogue

MEMORY = "300MB"
# What the longest row may be. A quote that is never closed makes a row of the rest of the file.
LONGEST_ROW = 2_000_000

_MISSING = "'null', 'NULL', ''"

_SCHEMA = """
CREATE TABLE rejected (file VARCHAR, number BIGINT, reason VARCHAR);
CREATE TABLE unreadable (file VARCHAR, position BIGINT, reason VARCHAR);
CREATE TABLE counted (file VARCHAR, rows BIGINT);
"""

# What DuckDB calls that which is wrong with a row as such.
_TROUBLES = """CASE error_type
    WHEN 'MISSING COLUMNS' THEN 'too few fields'
    WHEN 'TOO MANY COLUMNS' THEN 'too many fields'
    WHEN 'UNQUOTED VALUE' THEN 'a quote is not closed, or something follows it'
    WHEN 'INVALID ENCODING' THEN 'it is not UTF-8'
    WHEN 'LINE SIZE OVER MAXIMUM' THEN 'it is longer than {longest} bytes, or a quote is not closed'
    ELSE lower(error_type) END"""


def check_folder(folder: Path) -> dict[str, list[str]]:
    """The columns that each file has, in its order; raises UnreadableCatalogue that names every missing file and column."""
    found: dict[str, list[str]] = {}
    wrong: list[str] = []
    for file in FILES:
        try:
            with (folder / file.name).open(encoding="utf-8-sig", errors="replace", newline="") as text:
                header = [name.strip() for name in next(csv.reader(text), [])]
        except OSError as error:
            wrong.append(f"{file.name}: {error.strerror}")
            continue
        if missing := [name for name in file.columns if name not in header]:
            wrong.append(f"{file.name}: no column {', '.join(missing)} in its first line")
        elif twice := [name for name in file.columns if header.count(name) > 1]:
            wrong.append(f"{file.name}: more than one column {', '.join(twice)}")
        found[file.name] = header
    if wrong:
        complaints = "".join(f"\n  {line}" for line in wrong)
        raise UnreadableCatalogue(f"{folder} is not a catalogue, and nothing was written:{complaints}")
    return found


def stage(folder: Path, database: Path, *, told: Callable[[str, int], None]) -> None:
    """Makes the database anew from the files; `told` hears of each file with its number of rows, the rejected ones too.

    Raises UnreadableCatalogue.
    """
    headers = check_folder(folder)
    with opened(database) as connection, _Readers(connection) as readers:
        connection.execute(_SCHEMA)
        # The largest first: a file keeps one core busy, and no more than one is left over at the end.
        by_size = sorted(FILES, key=lambda file: (folder / file.name).stat().st_size, reverse=True)
        reads = {file.name: readers.submit(_read, file, folder / file.name, headers[file.name]) for file in by_size}
        for file in FILES:
            reads[file.name].result()
            _check(connection, file)
            rows = _one(connection, "SELECT rows FROM counted WHERE file = ?", file.name)
            told(file.name, rows)


class _Readers:
    """Threads that read files, two at a time, each with a cursor of its own. What is under way when an error leaves the
    `with` statement is broken off."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._threads = ThreadPoolExecutor(2)
        self._cursors: list[duckdb.DuckDBPyConnection] = []

    def submit(self, read: Callable[..., None], *arguments: object) -> Future[None]:
        cursor = self._connection.cursor()
        self._cursors.append(cursor)
        return self._threads.submit(read, cursor, *arguments)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        self._threads.shutdown(wait=error is None, cancel_futures=True)
        if error is not None:
            for cursor in self._cursors:
                cursor.interrupt()
        self._threads.shutdown()
        for cursor in self._cursors:
            cursor.close()


def opened(
    database: Path, *, read_only: bool = False, memory: str = MEMORY, threads: int = 2
) -> duckdb.DuckDBPyConnection:
    """A connection that spills into the database's own folder. Close it, or use it in a `with` statement."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory,
        "threads": threads,
        "temp_directory": str(database.parent / "spill"),
    }
    connection = duckdb.connect(str(database), read_only=read_only, config=config)
    connection.execute("SET enable_progress_bar = false")  # it goes to standard output
    return connection


def _read(connection: duckdb.DuckDBPyConnection, file: File, path: Path, header: list[str]) -> None:
    """All rows of a file that can be told apart, as a table; those with a value that cannot be used are rejected."""
    columns = ", ".join(file.columns)
    # Columns that nobody asked for may have any name, even one of ours with another case.
    names = [name if name in file.columns else f"_{position}" for position, name in enumerate(header)]
    declared = ", ".join(f"'{name}': 'VARCHAR'" for name in names)
    typed = ", ".join(f"{_typed(name, column.kind)} AS {name}" for name, column in file.columns.items())
    faults = " ".join(filter(None, (_fault(name, file) for name in file.columns)))
    for strict in ("true", "false"):
        connection.execute("DROP TABLE IF EXISTS reject_errors; DROP TABLE IF EXISTS reject_scans")
        source = (
            f"read_csv('{quoted(_no_pattern(path))}', columns={{{declared}}}, header=true, auto_detect=false, delim=',', quote='\"', "
            f"escape='\"', nullstr=[{_MISSING}], max_line_size={LONGEST_ROW}, store_rejects=true, rejects_limit=0, "
            f"strict_mode={strict})"
        )
        try:
            connection.execute(
                f"CREATE OR REPLACE TABLE {file.table} AS SELECT {typed}, CASE {faults} END AS fault "
                f"FROM (SELECT {columns} FROM {source}) AS given"
            )
            break
        except duckdb.InvalidInputException as error:
            # Lines that end in two ways within one file are read by the parser's other mode alone.
            if strict == "false":
                raise UnreadableCatalogue(f"{path} cannot be read as CSV: {str(error).splitlines()[0]}") from None
    troubles = _TROUBLES.format(longest=LONGEST_ROW)
    connection.execute(
        f"INSERT INTO unreadable SELECT ?, line_byte_position - 1, first({troubles} ORDER BY column_idx) FROM reject_errors "
        "GROUP BY line_byte_position",  # which counts from 1
        [file.name],
    )
    connection.execute(
        f"INSERT INTO rejected SELECT ?, rowid, fault FROM {file.table} WHERE fault IS NOT NULL", [file.name]
    )
    connection.execute(
        f"INSERT INTO counted SELECT ?1, (SELECT count(*) FROM {file.table}) "
        "+ (SELECT count(*) FROM unreadable WHERE file = ?1)",
        [file.name],
    )


def _check(connection: duckdb.DuckDBPyConnection, file: File) -> None:
    """Rejects ids that were there before and rows without their parent; leaves what is good, parents in order."""
    good = f"(SELECT rowid AS number, * FROM {file.table} WHERE fault IS NULL)"
    order = ", ".join(dict.fromkeys((next(iter(file.parents), "id"), "id")))
    falls = _falls(connection, file.table, "id")
    if falls:
        connection.execute(
            f"INSERT INTO rejected SELECT ?, number, format('an earlier row has the id {{}}', id) FROM ("
            f"SELECT number, id, row_number() OVER (PARTITION BY id ORDER BY number) AS nth FROM {good} AS given "
            f"SEMI JOIN (SELECT id FROM {good} AS given GROUP BY id HAVING count(*) > 1) AS twice USING (id)) WHERE nth > 1",
            [file.name],
        )
    for column, parent in file.parents.items():
        # A row has one reason, the first that was found.
        connection.execute(
            f"INSERT INTO rejected SELECT ?1, number, format('{column} {{}} is no row of {parent}.csv that can be used', {column}) "
            f"FROM {good} AS given WHERE {column} NOT IN (SELECT id FROM {parent}) "
            "AND number NOT IN (SELECT number FROM rejected WHERE file = ?1)",
            [file.name],
        )
    bad = _one(connection, "SELECT count(*) FROM rejected WHERE file = ?", file.name)
    if bad or falls or _falls(connection, file.table, order.partition(",")[0], or_equal=False):
        connection.execute(
            f"CREATE TABLE kept AS SELECT * EXCLUDE (number) FROM {good} AS given WHERE number NOT IN "
            f"(SELECT number FROM rejected WHERE file = ?) ORDER BY {order}",
            [file.name],
        )
        connection.execute(f"DROP TABLE {file.table}; ALTER TABLE kept RENAME TO {file.table}")


def _falls(connection: duckdb.DuckDBPyConnection, table: str, column: str, *, or_equal: bool = True) -> int:
    """How often a column does not grow from one row to the next."""
    sign = ">=" if or_equal else ">"
    query = f"SELECT count(*) FROM (SELECT {column}, lag({column}) OVER () AS before FROM {table} WHERE fault IS NULL) WHERE before {sign} {column}"
    return _one(connection, query)


def _one(connection: duckdb.DuckDBPyConnection, query: str, *values: object) -> int:
    """The number that a query gives."""
    found = connection.execute(query, list(values)).fetchone()
    return int(found[0]) if found else 0


def _typed(name: str, kind: Kind) -> str:
    """A column's text as a value, NULL where it is none."""
    text = f"given.{name}"
    if kind in (Kind.ID, Kind.COUNT):
        number = f"TRY_CAST({text} AS BIGINT)"
        most = 999_999_999_999_999_999 if kind is Kind.ID else 2_147_483_647
        # "1.5" and "1e3" are numbers to a cast; nearly all are written as a number is shown, which is cheap to see.
        whole = f"({number}::VARCHAR = {text} OR regexp_full_match({text}, '\\s*\\+?[0-9]+\\s*'))"
        return f"CASE WHEN {number} BETWEEN 0 AND {most} AND {whole} THEN {number} END"
    if kind is Kind.AMOUNT:
        amount = f"TRY_CAST({text} AS DECIMAL(12, 2))"
        return f"CASE WHEN {amount} >= 0 THEN ({amount} * 100)::BIGINT END"
    if kind is Kind.FLAG:
        return f"CASE WHEN lower({text}) IN ('1', 'true') THEN true WHEN lower({text}) IN ('0', 'false') THEN false END"
    return text


def _fault(name: str, file: File) -> str:
    """The branches of a CASE that say what is wrong with a column's text."""
    column, text = file.columns[name], f"given.{name}"
    branches = []
    if column.needed:
        branches.append(f"WHEN {text} IS NULL THEN '{name} is missing'")
    if column.kind is not Kind.TEXT:
        shown = f"format('{name} is not {column.kind.value}: {{}}', left({text}, 80))"
        branches.append(f"WHEN {text} IS NOT NULL AND ({_typed(name, column.kind)}) IS NULL THEN {shown}")
    return " ".join(branches)


def quoted(path: Path | str) -> str:
    """The path as it stands within a string in SQL."""
    return str(path).replace("'", "''")


def _no_pattern(path: Path) -> str:
    """The path as DuckDB reads that very file: it takes *, ? and [ for a pattern, whose own escape is a set of one."""
    return re.sub(r"([*?\[])", r"[\1]", str(path))
