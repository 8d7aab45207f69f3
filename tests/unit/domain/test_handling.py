from datetime import UTC, datetime
from decimal import Decimal

import pytest

from listino.domain.errors import InvalidValue
from listino.domain.handling import Correction, Handling, corrected_value, given_reason
from listino.domain.listing import Terms, fingerprint, list_goods, reoffer
from listino.domain.market import market_of
from listino.domain.money import Money
from listino.domain.offer import ShopOffer, ShopProduct
from listino.domain.pricing import PricingRule
from listino.domain.product import Product

AT = datetime(2026, 5, 1, tzinfo=UTC)
RULE = PricingRule(category_markup_percent={"Lamps": Decimal(90)})
TERMS = Terms(market=market_of("it"), shop="bottega", shipping=Money(490), rule=RULE)


def lamp(name: str = "Lampda", category: str = "Lampe") -> Product:
    goods = ShopProduct(
        sku="1", url="https://shop.test/1", name=name, category=category, offer=ShopOffer(cost=Money(1000))
    )
    return list_goods(goods, TERMS, at=AT)


def handling(**values: str | None) -> Handling:
    made = {
        name: Correction(value=value, own="from before", by="ada", at=AT, reason="typo")
        for name, value in values.items()
    }
    return Handling(at=AT, corrections=made)


def test_a_correction_notes_what_the_shop_shows_now() -> None:
    shown = lamp().under(handling(name="Lampada", brand="Lumiè"))
    assert (shown.name, shown.brand, shown.category) == ("Lampada", "Lumiè", "Lampe")
    assert shown.handling is not None
    assert {name: one.own for name, one in shown.handling.corrections.items()} == {"name": "Lampda", "brand": None}
    assert shown.own == lamp()
    again = shown.under(handling(name="Lampada Perla"))
    assert (again.name, again.brand) == ("Lampada Perla", None), "what is corrected no more is the shop's again"
    assert again.own == lamp()


def test_a_correction_is_no_change_of_the_shops_page_and_none_of_the_price() -> None:
    shown = lamp().under(handling(name="Lampada", category="Lamps"))
    assert fingerprint(shown) == lamp().content_hash
    fresh = reoffer(shown, ShopOffer(cost=Money(1000)), TERMS, at=AT)
    assert (fresh.category, fresh.price, fresh.content_hash) == ("Lamps", lamp().price, lamp().content_hash)
    assert lamp(category="Lamps").price != lamp().price, "the rule of that category is another one"


@pytest.mark.parametrize(
    ("field", "typed", "value"),
    [
        ("name", "  Lampada   Perla ", "Lampada Perla"),
        ("brand", " ", None),
        ("gtin", "4006381333931", "4006381333931"),
        ("gtin", "96385074", "96385074"),
        ("gtin", "", None),
        ("description", "one\n\ntwo ", "one\n\ntwo"),
    ],
)
def test_what_is_typed_becomes_a_value(field: str, typed: str, value: str | None) -> None:
    assert corrected_value(field, typed) == value


@pytest.mark.parametrize(
    ("field", "typed"),
    [("name", " "), ("name", "x" * 301), ("gtin", "4006381333932"), ("gtin", "1"), ("price", "1"), ("brand", "a\0b")],
)
def test_what_cannot_be_a_value_is_refused(field: str, typed: str) -> None:
    with pytest.raises(InvalidValue):
        corrected_value(field, typed)


def test_a_decision_has_a_reason() -> None:
    assert given_reason(" recalled \n by the maker ") == "recalled by the maker"
    for typed in ("", " \n", "x" * 501):
        with pytest.raises(InvalidValue):
            given_reason(typed)
