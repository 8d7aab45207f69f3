from dataclasses import replace
from datetime import UTC, datetime

import pytest

from backoffice.services.product_search import ProductFilters, _behind, _cents, _cursor
from listino.domain.errors import InvalidValue
from listino.domain.money import Money
from listino.domain.pricing import Price
from listino.domain.product import Product
from listino.store.query import Only, Order

AT = datetime(2026, 5, 1, 12, 30, 0, 125_000, tzinfo=UTC)
CUP = Product(id="it:bottega:1", name="Cup", price=Price(Money(4990)), changed_at=AT, gone_at=AT)


@pytest.mark.parametrize(
    ("asked", "order"),
    [
        ({}, Order.ID),
        ({"availability": "OutOfStock", "category": "Lamps"}, Order.ID),
        ({"least": "5"}, Order.PRICE),
        ({"most": "5", "market": "it"}, Order.PRICE),
        ({"most": "5", "gone": "1"}, Order.PRICE),
        ({"most": "5", "q": "lamp"}, Order.PRICE),
        ({"q": "lamp", "brand": "lumi"}, Order.ID),
        ({"q": "lamp", "since": "2026-05-01"}, Order.CHANGED),
        ({"q": "lamp", "only": "gone"}, Order.LEFT),
        ({"since": "2026-05-01", "most": "5"}, Order.CHANGED),
        ({"since": "2026-05-01", "brand": "lumi"}, Order.CHANGED),
        ({"only": "gone", "since": "2026-05-01"}, Order.LEFT),
        ({"only": "stopped", "least": "1"}, Order.ID),
    ],
)
def test_the_order_is_that_of_the_index_that_leads_to_the_goods(asked: dict[str, str], order: Order) -> None:
    assert ProductFilters(**asked).query.order is order


@pytest.mark.parametrize("asked", [{}, {"q": "cup"}, {"least": "1"}, {"since": "2026-05-01"}, {"only": "gone"}])
def test_a_cursor_leads_on_from_the_last_product(asked: dict[str, str]) -> None:
    query = ProductFilters(**asked).query
    further = query.following(CUP)
    assert further.after == CUP.id
    assert _behind(query, _cursor(further)) == further


def test_a_cursor_says_that_its_product_has_a_word_cut_off() -> None:
    query = ProductFilters(q="cu").query
    further = replace(query, cut=True).following(CUP)
    assert _cursor(further) == "cut~it:bottega:1"
    assert _behind(query, "cut~it:bottega:1") == further
    assert not _behind(query, "it:bottega:1").cut


@pytest.mark.parametrize(
    ("asked", "cursor"),
    [
        ({"q": "cup"}, "cut~"),
        ({"q": "cup"}, "cut~nothing"),
        ({"q": "cup"}, "cut~cut~it:bottega:1"),
        ({"q": "cup"}, "whole~it:bottega:1"),
        ({"q": "cup"}, "CUT~it:bottega:1"),
        ({}, "cut~it:bottega:1"),
        ({"brand": "lumi"}, "cut~it:bottega:1"),
        ({"q": "cup", "least": "1"}, "cut~it:bottega:1"),
        ({"q": "cup", "since": "2026-05-01"}, "cut~it:bottega:1"),
    ],
)
def test_a_stretch_that_the_list_has_not_is_refused(asked: dict[str, str], cursor: str) -> None:
    with pytest.raises(InvalidValue):
        _behind(ProductFilters(**asked).query, cursor)


@pytest.mark.parametrize(
    "cursor", ["", "~", "x~it:bottega:1", "1~nothing", "99999999999~it:bottega:1", "-1~it:bottega:1"]
)
def test_a_cursor_that_is_none_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidValue):
        _behind(ProductFilters(least="1").query, cursor)


def test_what_is_asked_becomes_a_query() -> None:
    query = ProductFilters.of(
        {
            "q": " lamp ",
            "availability": "InStock",
            "least": "9,90",
            "most": "49.9",
            "since": "2026-05-01",
            "only": "held",
        }
    ).query
    assert (query.text, query.least, query.most, query.only) == ("lamp", 990, 4990, Only.HELD)
    assert query.changed_since == datetime(2026, 5, 1, tzinfo=UTC)
    assert (query.awaiting, query.stopped, query.gone) == (True, True, False)


@pytest.mark.parametrize("typed", ["x", "-1", "1.234", "nan", "inf", "1e9", "1_0x", "99999999"])
def test_no_other_price_is_understood(typed: str) -> None:
    with pytest.raises(InvalidValue):
        _cents(typed)


@pytest.mark.parametrize("asked", [{"availability": "x"}, {"only": "x"}, {"since": "x"}])
def test_no_other_state_or_time_is_understood(asked: dict[str, str]) -> None:
    with pytest.raises(InvalidValue):
        _ = ProductFilters(**asked).query
