from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from bson import MinKey

from listino.domain.money import Money
from listino.domain.pricing import Price
from listino.domain.product import Product
from listino.store.query import FILTERS_OF, ON_SALE, Order, ProductQuery, spellings

ALL = {"_id": {"$gt": MinKey()}}
AT = datetime(2026, 3, 1, tzinfo=UTC)


def conditions(**wanted: Any) -> list[dict[str, Any]]:
    """Of a list in the order of ids, which is one question."""
    (run,) = ProductQuery(**wanted).runs()
    assert run.sort == [("_id", 1)]
    return list(run.filter["$and"])


def test_nothing_asked_is_everything_on_sale() -> None:
    assert conditions() == [ON_SALE, ALL]
    assert conditions(gone=True) == [{"awaits_price": None}, ALL]
    assert conditions(awaiting=True) == [{"gone_at": None}, ALL]
    assert conditions(gone=True, awaiting=True) == [ALL]


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


def test_a_sorted_list_goes_on_among_the_equal_and_then_beyond_them() -> None:
    query = ProductQuery(order=Order.PRICE_DOWN, market="it")
    (first,) = query.runs()
    assert first.sort == [("price.amount", -1), ("_id", -1)]
    last = Product(id=7, name="Moka", price=Price(Money(2490)))
    equal, beyond = query.following(last).runs()
    assert equal.sort == [("_id", -1)]
    assert equal.filter["$and"][-1] == {"price.amount": 2490, "gone_at": None, "_id": {"$lt": 7}}
    assert beyond.sort == first.sort
    assert beyond.filter["$and"][-1] == {"price.amount": {"$gte": 0, "$lt": 2490}, "gone_at": None}


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
    assert set(FILTERS_OF) == set(Order)
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
    }
    assert {field.name for field in fields(ProductQuery)} == set(values)
    for name, value in values.items():
        assert replace(plain, **{name: value}).runs() != plain.runs(), name
