"""The measured part of docs/performance.md is replaced; the rest of the page stays as it is."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "load"))

from page import BEGIN, END, PAGE, table, with_measured


def test_only_what_was_measured_is_replaced() -> None:
    text = PAGE.read_text(encoding="utf-8")
    first = with_measured(text, "measured once")
    second = with_measured(first, "measured again\n")
    head, tail = text.partition(BEGIN)[0], text.partition(END)[2]
    assert len(head) > 100 < len(tail)
    assert second == f"{head}{BEGIN}\n\nmeasured again\n\n{END}{tail}"


def test_a_page_without_the_place_says_what_it_lacks() -> None:
    with pytest.raises(ValueError, match="has no place for measurements"):
        with_measured("# Performance\n", "fast")


def test_a_table_has_a_line_a_row() -> None:
    assert table(["", "rate"], [["list", "5"]]) == "|  | rate |\n| --- | --- |\n| list | 5 |"
