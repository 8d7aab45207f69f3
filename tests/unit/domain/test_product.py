import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listino.domain.errors import InvalidValue
from listino.domain.product import key_parts, parse_natural_key, parse_product_id, product_id


@pytest.mark.parametrize(
    ("sku", "key"),
    [
        ("8411", "it:bottega:8411"),
        ("  8411\n", "it:bottega:8411"),
        ("AB/12", "it:bottega:AB%2F12"),
        ("AB 12", "it:bottega:AB%2012"),
        ("a:b", "it:bottega:a%3Ab"),
        ("50%", "it:bottega:50%25"),
        ("Nº5", "it:bottega:N%C2%BA5"),
        ("$ne", "it:bottega:%24ne"),
        ("a.b-c_d~e", "it:bottega:a.b-c_d~e"),
    ],
)
def test_a_key_keeps_odd_characters_apart(sku: str, key: str) -> None:
    assert product_id("it", "bottega", sku) == key
    assert parse_product_id(key) == key


@pytest.mark.parametrize(
    ("market", "shop", "sku"),
    [
        ("it", "bottega", ""),
        ("it", "bottega", "  "),
        ("xx", "bottega", "1"),
        ("it", "Bottega", "1"),
        ("it", "bott:ega", "1"),
        ("it", "", "1"),
        ("it", "bottega", "x" * 201),
    ],
)
def test_what_can_be_no_key(market: str, shop: str, sku: str) -> None:
    with pytest.raises(InvalidValue, match="product id"):
        product_id(market, shop, sku)


@pytest.mark.parametrize(("text", "number"), [("5", 5), ("007", 7), ("9" * 18, 10**18 - 1)])
def test_catalogue_numbers(text: str, number: int) -> None:
    assert parse_product_id(text) == number


@pytest.mark.parametrize(
    "text",
    ["", "-5", "5.0", "1e3", "9" * 19, "٣", "it", "it:bottega", "it:bottega:", "it:bottega:a b", "it:bottega:1\n", "xx:bottega:1", "it:bottega:é", "IT:bottega:1"],
)  # fmt: skip
def test_what_is_no_id(text: str) -> None:
    with pytest.raises(InvalidValue):
        parse_product_id(text)


def test_a_long_text_is_not_repeated_whole() -> None:
    with pytest.raises(InvalidValue) as raised:
        parse_product_id("x" * 10_000)
    assert len(str(raised.value)) < 250


@settings(deadline=None, database=None)
@given(st.text(min_size=1, max_size=12).filter(lambda sku: sku.strip()))
def test_every_short_sku_makes_a_key_of_its_own(sku: str) -> None:
    try:
        key = product_id("de", "kontor", sku)
    except UnicodeEncodeError:  # a lone surrogate is no text that a shop could have sent
        return
    assert parse_natural_key(key) == key
    assert key_parts(key)[:2] == ("de", "kontor")


def test_a_keys_parts() -> None:
    assert key_parts("it:bottega:a%3Ab") == ("it", "bottega", "a%3Ab")
    with pytest.raises(InvalidValue):
        key_parts("5")
