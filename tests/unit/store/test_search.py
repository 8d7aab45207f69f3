import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listino.domain.product import Product
from listino.store.search import matching, terms, terms_of, words_of


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (("Caffè Crème", None), ["caffe", "creme"]),
        (("MOKA moka", "Moka"), ["moka"]),
        (("Straße",), ["strasse"]),
        (("n.º 5-XL/rosso",), ["n", "o", "5", "xl", "rosso"]),
        (("l'œuf",), ["l", "œuf"]),
        ((None, ""), []),
        (("…",), []),
    ],
)
def test_words(texts: tuple[str | None, ...], words: list[str]) -> None:
    assert words_of(*texts) == words


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("it", "Lampada", "LAMPADE"),
        ("it", "camicia", "camicie"),
        ("fr", "Chemises", "chemise"),
        ("de", "Kaffeemühlen", "Kaffeemühle"),
        ("es", "Cafeteras", "cafetera"),
        ("en", "Cameras", "camera"),
    ],
)
def test_a_word_is_the_same_in_its_inflections(language: str, one: str, other: str) -> None:
    assert terms(one, None, language=language, codes=()) == terms(other, None, language=language, codes=())


def test_a_product_is_found_by_its_words_and_by_its_codes(listed_shirt: Product) -> None:
    assert terms_of(listed_shirt) == [
        "camic:it",
        "di:it",
        "lin:it",
        "perc:it",
        "8411",
        "4006381333931",
        "r-s",
        "r-m",
        "b-s",
    ]


def test_sizes_whose_numbers_differ_in_the_last_digit_alone_share_a_term() -> None:
    sizes = ("1208", "1209", "1210", "7", "1210-M", "١٢")
    assert terms("", None, language="en", codes=("1207",), sizes=sizes) == ["1207", "120*", "121*", "*", "1210-m", "١٢"]


def test_imported_goods_are_named_in_english() -> None:
    assert terms_of(Product(id=42, name="Cameras", brand="Lumiè")) == ["camera:en", "lumi:en", "42"]


def expressions(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [found for inner in value.values() for found in expressions(inner)]
    if isinstance(value, list):
        return [found for inner in value for found in expressions(inner)]
    return [value.pattern] if hasattr(value, "pattern") else []


def beginnings(text: str) -> list[str]:
    return expressions(matching(text, market=None, beginnings=True))


def test_a_word_is_looked_for_in_the_market_s_language_or_in_all() -> None:
    assert matching("Lampade", market="it", beginnings=False) == {
        "$and": [{"terms": {"$in": ["lampade", "lampad:it"]}}]
    }
    (word,) = matching("lampada", market=None, beginnings=False)["$and"]
    assert word["terms"]["$in"] == ["lampada", "lampada:de", "lampada:en", "lamp:es", "lampad:fr", "lampad:it"]


def test_every_word_must_be_there() -> None:
    assert len(matching("moka da tre", market="it", beginnings=False)["$and"]) == 3


@pytest.mark.parametrize(
    ("text", "ways"),
    [
        ("it:bottega:1", [{"_id": "it:bottega:1"}, "^it:bottega:1", 3]),
        ("500", [{"_id": 500}, "^500", 1]),
        ("AB-12.X", [None, r"^ab\-12\.x", 3]),
        ("42", [{"_id": 42}, None, 1]),
        ("9" * 19, [None, "^" + "9" * 19, 1]),
    ],
)
def test_what_may_be_a_code_or_an_id_is_looked_for_as_one(text: str, ways: list[Any]) -> None:
    found = matching(text, market="it", beginnings=False)["$or"]
    wanted_id, code, words = ways
    size = {"terms": f"{text[:-1]}*", f"styles.skus.{text}": {"$exists": True}}
    assert (size in found) == (text.isdigit() and code is not None)
    assert [way for way in found if "_id" in way] == ([wanted_id] if wanted_id else [])
    assert expressions(found) == ([code] if code else [])
    assert [len(way["$and"]) for way in found if "$and" in way] == [words]


@pytest.mark.parametrize("text", ["...", "-", "\0"])
def test_what_is_neither_word_nor_code_finds_nothing(text: str) -> None:
    assert matching(text, market=None, beginnings=False) == {"_id": {"$in": []}}


def test_staff_may_cut_words_off() -> None:
    assert beginnings("Caffè Crè") == ["^caffe", "^cre"]
    assert beginnings(".*") == [r"^\.\*"]
    assert beginnings("a\0b") == ["^a", "^b"]


@settings(deadline=None, database=None)
@given(st.text(min_size=1, max_size=40))
def test_no_typed_character_has_a_meaning_of_its_own(text: str) -> None:
    for expression in beginnings(text):
        assert expression.startswith("^")
        assert "\x00" not in expression
        literal = re.sub(r"\\(.)", r"\1", expression[1:])
        assert re.fullmatch(expression[1:], literal)
        assert len(literal) > 0
