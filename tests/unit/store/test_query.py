import re
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listino.store.query import ProductQuery, spellings

ON_SALE = {"gone_at": None, "awaits_price": None}


def conditions(**wanted: Any) -> list[dict[str, Any]]:
    return list(ProductQuery(**wanted).filter().get("$and", []))


def test_nothing_asked_is_everything_on_sale() -> None:
    assert ProductQuery().filter() == {"$and": [ON_SALE]}
    assert ProductQuery(gone=True).filter() == {"$and": [{"awaits_price": None}]}
    assert ProductQuery(awaiting=True).filter() == {"$and": [{"gone_at": None}]}
    assert ProductQuery(gone=True, awaiting=True).filter() == {}


@pytest.mark.parametrize("name", ["market", "shop", "category", "brand"])
def test_a_value_is_matched_as_it_is(name: str) -> None:
    assert conditions(**{name: ".*"}) == [{name: ".*"}, ON_SALE]
    assert conditions(**{name: ""}) == [{name: ""}, ON_SALE]


def test_all_conditions_hold_together() -> None:
    found = conditions(market="it", shop="bottega", category="Caffè", brand="Perché", text="moka", after="it:a:1")
    assert len(found) == 7


def test_a_brand_as_typed_is_found_by_its_words_whatever_their_case() -> None:
    (found, _) = conditions(brand_typed="CASA (Blu)")
    assert found == {
        "$and": [
            {"words": "casa"},
            {"words": "blu"},
            {"brand": {"$regex": r"^CASA\ \(Blu\)$", "$options": "i"}},
        ]
    }


@pytest.mark.parametrize("text", ["&", "a\0b"])
def test_a_brand_without_words_is_matched_as_it_is(text: str) -> None:
    assert conditions(brand_typed=text) == [{"brand": text}, ON_SALE]


def test_a_name_has_several_spellings_the_typed_one_first() -> None:
    assert spellings("casa bLU") == ["casa bLU", "Casa blu", "Casa Blu", "CASA BLU", "casa blu"]
    assert spellings("") == [""]


@pytest.mark.parametrize(
    ("after", "condition"),
    [
        ("it:bottega:1", {"_id": {"$gt": "it:bottega:1"}}),
        # Numbers sort before strings, and $gt stays within one type.
        (5, {"$or": [{"_id": {"$gt": 5}}, {"_id": {"$type": "string"}}]}),
        (0, {"$or": [{"_id": {"$gt": 0}}, {"_id": {"$type": "string"}}]}),
    ],
)
def test_the_page_after(after: str | int, condition: dict[str, Any]) -> None:
    assert conditions(after=after)[-1] == condition


def begins(*words: str) -> dict[str, Any]:
    """Each of these is the beginning of a word."""
    return {"$and": [{"words": {"$regex": f"^{word}"}} for word in words]}


def code(expression: str) -> dict[str, Any]:
    """The text as it was typed is the beginning of a code."""
    return {"words": {"$regex": f"^{expression}"}}


@pytest.mark.parametrize(
    ("text", "ways"),
    [
        ("moka", [{"_id": "moka"}, code("moka"), begins("moka")]),
        (" Caffè Crème ", [{"_id": "Caffè Crème"}, begins("caffe", "creme")]),
        ("AB-12.X", [{"_id": "AB-12.X"}, code(r"ab\-12\.x"), begins("ab", "12", "x")]),
        ("it:bottega:1", [{"_id": "it:bottega:1"}, code("it:bottega:1"), begins("it", "bottega", "1")]),
        ("500", [{"_id": 500}, code("500"), begins("500")]),
        ("40063813", [{"_id": 40063813}, {"gtin": {"$regex": "^40063813"}}, code("40063813"), begins("40063813")]),
        ("9" * 19, [{"_id": "9" * 19}, {"gtin": {"$regex": "^" + "9" * 19}}, code("9" * 19), begins("9" * 19)]),
        ("٣", [{"_id": "٣"}, code("٣"), begins("٣")]),
        (".*", [{"_id": ".*"}, code(r"\.\*")]),
        ("a\x00b", [{"_id": "a\x00b"}, begins("a", "b")]),
    ],
)
def test_what_staff_type(text: str, ways: list[dict[str, Any]]) -> None:
    assert conditions(text=text) == [ON_SALE, {"$or": ways}]


@pytest.mark.parametrize("text", ["", "   "])
def test_no_text_asks_nothing(text: str) -> None:
    assert conditions(text=text) == [ON_SALE]


def regexes(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [value["$regex"]] if "$regex" in value else [r for inner in value.values() for r in regexes(inner)]
    return [r for inner in value for r in regexes(inner)] if isinstance(value, list) else []


@settings(deadline=None, database=None)
@given(st.text(max_size=40))
def test_no_typed_character_has_a_meaning_of_its_own(text: str) -> None:
    for expression in regexes(ProductQuery(text=text).filter()):
        assert expression.startswith("^")
        assert "\x00" not in expression
        literal = re.sub(r"\\(.)", r"\1", expression[1:])
        assert re.fullmatch(expression[1:], literal)
        assert len(literal) > 0


def test_every_field_of_a_query_makes_a_difference() -> None:
    plain = ProductQuery().filter()
    values = {
        "market": "it",
        "shop": "a",
        "category": "b",
        "brand": "c",
        "brand_typed": "c",
        "text": "d",
        "after": "e",
        "gone": True,
        "awaiting": True,
    }
    assert {field.name for field in fields(ProductQuery)} == set(values)
    for name, value in values.items():
        assert ProductQuery(**{name: value}).filter() != plain, name
