from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from listino.domain.pricing import PricingRule
from listino.shops import reader as module
from listino.shops.reader import reader_of
from listino.shops.shop import Shop

DAY = date(2026, 3, 1)


def test_a_reader_stays_the_same_until_something_else_would_come_of_a_page(bottega: Shop) -> None:
    same = reader_of(bottega, DAY)
    assert reader_of(bottega, date(2026, 3, 2)) == same
    assert reader_of(replace(bottega, live_concurrency=1), DAY) == same
    dearer = replace(bottega.terms, rule=PricingRule(markup_percent=Decimal(55)))
    assert reader_of(replace(bottega, terms=dearer), DAY) != same
    assert reader_of(replace(bottega, platform="generic"), DAY) != same


def test_new_code_is_another_reader(bottega: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "extract").mkdir()
    (tmp_path / "shops").mkdir()
    source = tmp_path / "extract" / "amounts.py"
    monkeypatch.setattr(module, "__file__", str(tmp_path / "shops" / "reader.py"))
    readers = []
    for text in ("one", "two", "one"):
        source.write_text(text)
        module._code.cache_clear()
        readers.append(reader_of(bottega, DAY))
    module._code.cache_clear()
    assert readers[0] == readers[2] != readers[1]
