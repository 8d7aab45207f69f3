"""Tables as files that a spreadsheet opens with a double click, in each language of ours.

Excel takes a file of separated values as its country writes: where the decimal mark is a comma (Italian, French, German,
Spanish) it splits lines at semicolons and takes `12,5` for a number, elsewhere at commas and takes `12.5`. A file therefore is
written as the language of whoever asks for it has it. A first line `sep=;` would tell Excel too, but then Excel no longer
believes the byte order mark, without which it reads UTF-8 as something else; so there is the mark, and no such line. Programs
have the JSON API.

A cell that begins with = + - @ or a control character is a formula to a spreadsheet, whoever wrote it: paths of pages come from
shoppers' browsers. Such a text gets an apostrophe before it. Every cell is quoted, so that no text is torn apart
where the file is opened as another country separates (https://owasp.org/www-community/attacks/CSV_Injection).
"""

import csv
import io
from datetime import UTC, datetime
from typing import Final

from flask_babel import gettext

from backoffice.languages import locale
from backoffice.table import Cell, Column, Kind, Table

MEDIA_TYPE: Final = "text/csv; charset=utf-8"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}")
_FORMULA_MORE: Final = ("\N{FULLWIDTH HYPHEN-MINUS}", "\N{FULLWIDTH COMMERCIAL AT}", "\0")


def as_csv(table: Table) -> bytes:
    """The table with its headings: whole seconds and their thousandths, percent to a hundredth, times in UTC."""
    mark = locale().number_symbols["latn"]["decimal"]
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=";" if mark == "," else ",", quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(harmless(_heading(column)) for column in table.columns)
    for row in table.rows:
        writer.writerow(_written(cell, column.kind, mark) for cell, column in zip(row, table.columns, strict=True))
    return file.getvalue().encode("utf-8-sig")


def harmless(text: str) -> str:
    """The text, which is no formula to any spreadsheet."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA + _FORMULA_MORE) else text


def _heading(column: Column) -> str:
    heading = str(column.heading)
    match column.kind:
        case Kind.SECONDS:
            return gettext("%(heading)s (seconds)", heading=heading)
        case Kind.SHARE:
            return gettext("%(heading)s (percent)", heading=heading)
        case Kind.HOUR | Kind.DAY | Kind.MONTH:
            return gettext("%(heading)s (UTC)", heading=heading)
    return heading


def _written(cell: Cell, kind: Kind, mark: str) -> str:
    match kind, cell:
        case _, None:
            return ""
        case Kind.SECONDS, int() | float():
            return f"{cell:.3f}".replace(".", mark)
        case Kind.SHARE, int() | float():
            return f"{100 * cell:.2f}".replace(".", mark)
        case Kind.COUNT, int():
            return str(cell)
        case _, datetime():
            return f"{cell.astimezone(UTC):{'%Y-%m-%d %H:%M' if kind is Kind.HOUR else '%Y-%m-%d'}}"
    return harmless(str(cell))
