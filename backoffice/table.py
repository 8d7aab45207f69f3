"""A table as it is shown on a page and as it is written to a file: the same rows under the same headings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from babel.dates import format_skeleton
from flask import Flask
from flask_babel.speaklater import LazyString

from backoffice.formats import clock, date, duration, number, percent
from backoffice.languages import locale

Cell = str | int | float | datetime | None


class Kind(StrEnum):
    """What the cells of a column are."""

    TEXT = "text"
    COUNT = "count"
    SECONDS = "seconds"
    SHARE = "share"  # 0 to 1
    HOUR = "hour"  # a time; the hour that begins then
    DAY = "day"
    MONTH = "month"

    @property
    def is_figure(self) -> bool:
        return self in (Kind.COUNT, Kind.SECONDS, Kind.SHARE)


@dataclass(frozen=True, slots=True)
class Column:
    heading: str | LazyString
    kind: Kind = Kind.COUNT


@dataclass(frozen=True, slots=True)
class Table:
    """`name` is that of its file; the first column names the row. None in a cell: not known."""

    name: str
    title: str | LazyString
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]


def attach(app: Flask) -> None:
    """Makes `shown` known to the templates."""
    app.jinja_env.filters["shown"] = shown


def shown(cell: Cell, kind: Kind) -> str:
    """The cell as a person reads it."""
    match kind, cell:
        case Kind.COUNT, int():
            return number(cell)
        case Kind.SECONDS, int() | float():
            return duration(cell)
        case Kind.SHARE, int() | float():
            return percent(100 * cell)
        case Kind.HOUR | Kind.DAY | Kind.MONTH, datetime():
            return _time(cell.astimezone(UTC), kind)
    return number(None) if cell is None else str(cell)


def _time(at: datetime, kind: Kind) -> str:
    if kind is Kind.MONTH:
        return format_skeleton("yMMM", at, locale=locale())
    return f"{date(at)}, {clock(at)}" if kind is Kind.HOUR else date(at)
