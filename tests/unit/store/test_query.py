from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from bson import MinKey

from listino.domain.money import Money
from listino.domain.offer import Availability
from listino.domain.pricing import Price
from listino.domain.product import Product
from listino.store.query import FILTERS_OF, ON_SALE, Only, Order, ProductQuery, spellings

ALL = {"_id": {"$gt": MinKey()}}
AT = datetime(2026, 3, 1, tzinfo=UTC)


def conditions(**wanted: Any) -> list[dict[str, Any]]:
    """Of a list in the order of ids, which is one question."""
    (run,) = ProductQuery(**wanted).runs()
    assert run.sort == [("_id", 1)]
    return list(run.filter["$and"])


def test_nothing_asked_is_everything_on_sale() -> None:
    assert conditions() == [ON_SALE, ALL]
    assert conditions(gone=True) == [{"awaits_price": None, "stopped_at": None}, ALL]
    assert conditions(awaiting=True) == [{"gone_at": None, "stopped_at": None}, ALL]
    assert conditions(gone=True, awaiting=True, stopped=True) == [ALL]


@pytest.mark.parametrize("name", ["category", "brand", "gtin"])
def test_a_value_is_matched_as_it_is(name: str) -> None:
    assert conditions(**{name: ".*"}) == [{name: ".*"}, ON_SALE, ALL]
    assert conditions(**{name: ""}) == [{name: ""}, ON_SALE, ALL]


def test_a_market_and_a_shop_are_stretches_of_ids() -> None:
    assert conditions(market="it")[0] == {"_id": {"$gte": "it:", "$lt": "it;"}}
    assert conditions(market="it", shop="a-b")[0] == {"_id": {"$gte": "it:a-b:", "$lt": "it:a-b;"}}
    assert conditions(shop="bottega")[0] == {
        "$or": [{"_id": {"$gte": f"{code}:bottega:", "$lt": f"{code}:bottega;"}} for code in ("it", "fr", "de", "es")]
    }


def test_all_conditions_hold_together() -> None:
    found = conditions(market="it", shop="bottega", category="Caffè", brand="Perché", text="moka", after="it:a:1")
    assert len(found) == 6


def test_filters_that_no_index_carries_together_are_told_from_others() -> None:
    assert not ProductQuery(least=1, most=2, market="it", shop="bottega").combined
    assert not ProductQuery(category="Lamps", gone=True).combined
    assert ProductQuery(category="Lamps", most=2).combined
    assert not ProductQuery(most=2, gone=True).combined, "the indexes of prices have what is gone"


def test_a_brand_as_typed_is_found_by_its_words_whatever_their_case() -> None:
    (found, _, _) = conditions(brand_typed="CASA (Blu)", market=None)
    words, whole = found["$and"]
    assert [one["terms"]["$in"][-1] for one in words["$and"]] == ["cas:it", "blu:it"]
    assert whole == {"brand": {"$regex": r"^CASA\ \(Blu\)$", "$options": "i"}}


@pytest.mark.parametrize("text", ["&", "a\0b"])
def test_a_brand_without_words_is_matched_as_it_is(text: str) -> None:
    assert conditions(brand_typed=text) == [{"brand": text}, ON_SALE, ALL]


def test_a_name_has_several_spellings_the_typed_one_first() -> None:
    assert spellings("casa bLU") == ["casa bLU", "Casa blu", "Casa Blu", "CASA BLU", "casa blu"]
    assert spellings("") == [""]


@pytest.mark.parametrize(
    ("after", "condition"),
    [
        ("it:bottega:1", {"$gt": "it:bottega:1"}),
        # Numbers sort before strings, and $gt alone stays within one type.
        (5, {"$not": {"$lte": 5}}),
        (0, {"$not": {"$lte": 0}}),
    ],
)
def test_the_page_after(after: str | int, condition: dict[str, Any]) -> None:
    assert conditions(after=after)[-1] == {"_id": condition}


@pytest.mark.parametrize("text", ["", "   "])
def test_no_text_asks_nothing(text: str) -> None:
    assert conditions(text=text) == [ON_SALE, ALL]


@pytest.mark.parametrize(
    ("query", "ranked"),
    [
        (ProductQuery(text="moka", beginnings=True), True),
        (ProductQuery(text=" ", beginnings=True), False),
        (ProductQuery(text="moka"), False),
        (ProductQuery(text="moka", beginnings=True, order=Order.CHANGED), False),
    ],
)
def test_whole_words_come_first_where_words_may_be_cut_off_and_nothing_else_sorts(
    query: ProductQuery, ranked: bool
) -> None:
    assert query.ranked is ranked


def test_a_sorted_list_goes_on_among_the_equal_and_then_beyond_them() -> None:
    query = ProductQuery(order=Order.PRICE_DOWN, market="it")
    (first,) = query.runs()
    assert first.sort == [("price.amount", -1), ("_id", -1)]
    last = Product(id=7, name="Moka", price=Price(Money(2490)))
    equal, beyond = query.following(last).runs()
    assert equal.sort == [("_id", -1)]
    assert equal.filter["$and"][-1] == {"price.amount": 2490, "_id": {"$lt": 7}}
    assert beyond.sort == first.sort
    assert beyond.filter["$and"][-1] == {"price.amount": {"$gte": 0, "$lt": 2490}}


def test_the_newest_come_first_and_equals_in_the_order_of_ids() -> None:
    query = ProductQuery(order=Order.NEWEST)
    last = Product(id="it:bottega:7", name="Moka", first_seen_at=AT)
    equal, beyond = query.following(last).runs()
    assert equal.filter["$and"][-1]["_id"] == {"$gt": "it:bottega:7"}
    assert beyond.filter["$and"][-1]["first_seen_at"]["$lt"] == AT
    assert beyond.sort == [("first_seen_at", -1), ("_id", 1)]


def test_pages_can_be_marked_in_the_order_of_ids_alone() -> None:
    assert ProductQuery(market="it", brand="Perla").markable
    for other in ({"order": Order.PRICE}, {"text": "moka"}, {"after": 5}, {"brand_typed": "moka"}):
        assert not ProductQuery(**other).markable  # type: ignore[arg-type]


def test_every_order_says_what_it_goes_with() -> None:
    assert set(Order) - set(FILTERS_OF) == {Order.CHANGED, Order.LEFT}, "those of shoppers' lists"
    names = {field.name for field in fields(ProductQuery)}
    assert all(set(carried) <= names for carried in FILTERS_OF.values())


def test_every_field_of_a_query_makes_a_difference() -> None:
    plain = ProductQuery(text="d", order=Order.PRICE, after=3, after_key=1)
    values = {
        "market": "it",
        "shop": "a",
        "category": "b",
        "brand": "c",
        "brand_typed": "c",
        "gtin": "1",
        "text": "e",
        "beginnings": True,
        "order": Order.PRICE_DOWN,
        "after": "e",
        "after_key": 2,
        "gone": True,
        "awaiting": True,
        "stopped": True,
        "availability": Availability.IN_STOCK,
        "least": 100,
        "most": 200,
        "changed_since": AT,
        "only": Only.CORRECTED,
    }
    # Whether the first stretch is left out is no part of a question: it says which is asked.
    assert {field.name for field in fields(ProductQuery)} == {*values, "cut"}
    for name, value in values.items():
        assert replace(plain, **{name: value}).runs() != plain.runs(), name


def test_a_stretch_of_prices_is_asked_for_so_that_an_index_of_prices_can_give_it() -> None:
    conditions = ProductQuery(text="shirt", most=900).runs()[0].filter["$and"]
    assert {"price.amount": {"$gte": 0, "$lte": 900}} in conditions
    assert any("market" in condition for condition in conditions)
    assert not any("market" in condition for condition in ProductQuery(text="shirt").runs()[0].filter["$and"])


@pytest.mark.parametrize(
    ("query", "combined"),
    [
        (ProductQuery(text="shirt"), False),
        (ProductQuery(text="red shirt"), True),
        (ProductQuery(least=1), False),
        (ProductQuery(least=1, gone=True), False),
        (ProductQuery(least=1, category="shirts"), True),
    ],
)
def test_what_no_index_carries_alone_is_bounded(query: ProductQuery, combined: bool) -> None:
    assert query.combined is combined
