"""The measured part of docs/performance.md is replaced; the rest of the page stays as it is."""

import pytest
from page import PAGE, place_of, table, with_measured


@pytest.mark.parametrize("target", ["make load", "make load-live", "make load-backoffice", "make load-events"])
def test_only_what_was_measured_is_replaced(target: str) -> None:
    begin, end = place_of(target)
    text = PAGE.read_text(encoding="utf-8")
    first = with_measured(text, target, "measured once")
    second = with_measured(first, target, "measured again\n")
    head, tail = text.partition(begin)[0], text.partition(end)[2]
    assert len(head) > 100 < len(tail)
    assert second == f"{head}{begin}\n\nmeasured again\n\n{end}{tail}"


def test_a_page_without_the_place_says_what_it_lacks() -> None:
    with pytest.raises(ValueError, match="has no place for measurements"):
        with_measured("# Performance\n", "make load", "fast")


def test_a_table_has_a_line_a_row() -> None:
    assert table(["", "rate"], [["list", "5"]]) == "|  | rate |\n| --- | --- |\n| list | 5 |"
