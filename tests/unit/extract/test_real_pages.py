"""Forty product pages as shops really served them, with what a person read off each."""

import gzip
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from listino.domain.errors import UnreadablePage
from listino.extract import Extracted, extract
from listino.extract.goods import read_goods, read_offer

PAGES = Path(__file__).parents[4] / "shared" / "pages"

pytestmark = pytest.mark.skipif(
    not PAGES.is_dir(), reason=f"the pages are no part of the repository; they are expected in {PAGES}"
)


@pytest.fixture(scope="module")
def truths() -> dict[str, dict[str, Any]]:
    found = json.loads((PAGES / "ground-truth.json").read_text(encoding="utf-8"))
    for page, labels in json.loads((PAGES / "label-overrides.json").read_text(encoding="utf-8")).items():
        for name, values in labels.items():
            found[page].setdefault(name, []).extend(values)
    return dict(found)


@pytest.fixture(scope="module")
def read(truths: dict[str, dict[str, Any]]) -> dict[str, Extracted]:
    return {page: extract(markup_of(page), truth["url"]) for page, truth in truths.items()}


def markup_of(page: str) -> str:
    return gzip.decompress((PAGES / "html" / f"{page}.html.gz").read_bytes()).decode()


def test_prices_are_right(truths: dict[str, dict[str, Any]], read: dict[str, Extracted]) -> None:
    assert len(read) == 40
    priced = {page: {Decimal(value.strip()) for value in truth.get("price", ())} for page, truth in truths.items()}
    right = [page for page, values in priced.items() if values and read[page].price in values]
    wrong = [page for page in priced if read[page].price is not None and page not in right]
    assert len(right) >= 37, f"of {sum(map(bool, priced.values()))} prices"
    assert len(wrong) <= 1, "a wrong price costs money, a missing one does not"


def test_codes_are_those_that_the_pages_show(truths: dict[str, dict[str, Any]], read: dict[str, Extracted]) -> None:
    assert len(read) == 40
    coded = [page for page, truth in truths.items() if truth.get("sku")]
    assert sum(1 for page in coded if read[page].sku in truths[page]["sku"]) >= 37, f"of {len(coded)} codes"


def test_availability_is_right(truths: dict[str, dict[str, Any]], read: dict[str, Extracted]) -> None:
    # A page that says nothing is one of a good that can be bought, as the benchmark reads its own answers.
    right = [page for page, truth in truths.items() if (read[page].availability or "InStock") in truth["availability"]]
    assert len(read) == 40
    assert len(right) >= 38


def test_every_value_says_where_it_stood_and_how_sure_it_is(read: dict[str, Extracted]) -> None:
    assert len(read) == 40
    for found in read.values():
        said = {name for name in ("name", "brand", "sku", "gtin", "price", "availability") if getattr(found, name)}
        assert said <= found.sources.keys()
        assert all(0 <= source.sureness <= 1 for source in found.sources.values())


def test_names_are_found_nearly_everywhere(read: dict[str, Extracted]) -> None:
    assert len(read) == 40
    assert sum(1 for found in read.values() if found.name) >= 39


def test_an_offer_alone_is_that_of_the_goods(truths: dict[str, dict[str, Any]]) -> None:
    offers = {}
    for page, truth in truths.items():
        about = (markup_of(page), truth["url"])
        try:
            goods = read_goods(*about, currency="EUR", language="it")
        except UnreadablePage as error:
            with pytest.raises(UnreadablePage, match=re.escape(str(error))):
                read_offer(*about, currency="EUR", language="it")
        else:
            offers[page] = read_offer(*about, currency="EUR", language="it")
            assert offers[page] == (goods.sku, goods.offer)
    assert len(offers) >= 35
