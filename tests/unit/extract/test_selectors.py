from decimal import Decimal

import pytest

from listino.domain.errors import InvalidValue
from listino.domain.money import Money
from listino.domain.offer import Availability
from listino.extract.extracted import extract_page
from listino.extract.goods import read_goods
from listino.extract.page import ProductPage
from listino.extract.selectors import Selectors

PAGE = """<html lang=it><h1>Moka</h1><p id=n>Moka da tre</p><p class=a>€ 9,90</p><p class=b>€ 19,90</p><s class=c>24,90 €</s>
<i class=code>AB-12</i><i class=ean>4006381333931</i><i class=maker>Perché</i><b class=stock>Esaurito</b><img class=x src=/a.jpg>
<button>Aggiungi al carrello</button>"""
ALL = Selectors(
    name="#n", price=".b", list_price=".c", sku=".code", gtin=".ean", brand=".maker", availability=".stock", images="img.x"
)  # fmt: skip


def test_what_is_pointed_to_comes_before_all_other_evidence() -> None:
    found = extract_page(ProductPage(PAGE, "https://shop.example/p"), ALL)
    assert (found.name, found.price, found.currency, found.sku) == ("Moka da tre", Decimal("19.90"), "EUR", "AB-12")
    assert (found.gtin, found.brand, found.availability) == ("4006381333931", "Perché", "OutOfStock")
    assert found.images == ("https://shop.example/a.jpg",)
    assert {source.name for name, source in found.sources.items() if name != "description"} == {"selector"}


def test_a_selector_that_finds_nothing_leaves_the_page_its_say() -> None:
    found = extract_page(ProductPage(PAGE, "https://shop.example/p"), Selectors(price=".nowhere", sku=".b"))
    assert found.price == Decimal("9.90")
    assert found.sources["price"].name == "page"


def test_goods_with_a_declared_struck_through_price() -> None:
    goods = read_goods(PAGE, "https://shop.example/p", currency="EUR", language="it", selectors=ALL)
    (variant,) = goods.offer.variants
    assert (variant.cost, variant.list_cost) == (Money(1990), Money(2490))
    assert variant.availability is Availability.OUT_OF_STOCK
    lower = read_goods(
        PAGE,
        "https://shop.example/p",
        currency="EUR",
        language="it",
        selectors=Selectors(price=".c", list_price=".a", sku=".code"),
    )
    assert lower.offer.variants[0].list_cost is None, "what is lower was never the old price"


def test_none_is_needed() -> None:
    selectors = Selectors()
    assert {getattr(selectors, field) for field in Selectors.__slots__} == {None}


@pytest.mark.parametrize("selector", [".price", "#main > ins:first-of-type", "[itemprop=price], .amount", "h1:has(b)"])
def test_a_selector_is_kept_as_it_is_written(selector: str) -> None:
    assert Selectors(price=selector).price == selector


@pytest.mark.parametrize("selector", ["", ".price >", "[", "..price", "a,,b", "p::attr(content)"])
def test_what_is_no_selector_is_refused(selector: str) -> None:
    with pytest.raises(InvalidValue, match="is no CSS selector"):
        Selectors(images=selector)
