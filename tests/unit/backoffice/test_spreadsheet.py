import csv
import io
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask_babel import force_locale

from backoffice.languages import LANGUAGES
from backoffice.spreadsheet import as_csv, harmless
from backoffice.table import Column, Kind, Table

AT = datetime(2026, 5, 1, 12, 30, tzinfo=UTC)
TABLE = Table(
    "pages",
    "Pages",
    (
        Column("Page", Kind.TEXT),
        Column("Views"),
        Column("Time", Kind.SECONDS),
        Column("Share", Kind.SHARE),
        Column("Hour", Kind.HOUR),
        Column("Day", Kind.DAY),
    ),
    [("/perché", 1234, 12.5, 0.123456, AT, AT), ('=1;2,3"\n', 0, None, None, AT, AT)],
)


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_each_language_has_the_separator_and_the_mark_that_its_spreadsheet_expects(app: Flask, language: str) -> None:
    with app.test_request_context(), force_locale(language):
        written = as_csv(TABLE)

    comma = language != "en"
    assert written.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(written.decode("utf-8-sig"), newline=""), delimiter=";" if comma else ","))
    assert [len(row) for row in rows] == [6, 6, 6]
    seconds, share = ("12,500", "12,35") if comma else ("12.500", "12.35")
    assert rows[1] == ["/perché", "1234", seconds, share, "2026-05-01 12:30", "2026-05-01"]
    assert rows[2] == ["'=1;2,3\"\n", "0", "", "", "2026-05-01 12:30", "2026-05-01"]


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\0=1", "  =1", "\N{FULLWIDTH EQUALS SIGN}1"]
)
def test_no_text_is_a_formula(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "/a=b", "Ricerca", "42", "/+1"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


def test_no_cell_is_torn_apart_where_another_country_separates(app: Flask) -> None:
    with app.test_request_context(), force_locale("it"):
        written = as_csv(Table("t", "T", (Column("Page", Kind.TEXT), Column("Views")), [("/a,=1+1", 1)]))

    rows = list(csv.reader(io.StringIO(written.decode("utf-8-sig"), newline=""), delimiter=","))
    assert [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))] == []
