import json
from typing import Any

import pytest

from listino.domain.errors import UnreadablePage
from listino.domain.money import Money
from listino.domain.offer import Availability, Photo, ShopProduct
from listino.extract.goods import read_goods, read_offer
from listino.extract.page import ProductPage

URL = "https://shop.example/p/1?x=1"


def goods_of(node: Any, *, more: str = "", others: tuple[Any, ...] = ()) -> ShopProduct:
    scripts = "".join(f'<script type="application/ld+json">{json.dumps(each)}</script>' for each in (node, *others))
    return read_goods(f"<html>{scripts}{more}</html>", URL, currency="EUR", language="it")


def product(**properties: Any) -> dict[str, Any]:
    return {"@type": "Product", "name": "Moka", "sku": "8411", "offers": {"price": "19,90"}, **properties}


def variant(sku: str | None, color: str, size: str, price: Any, **properties: Any) -> dict[str, Any]:
    named = {"sku": sku} if sku else {}
    return {**named, "color": color, "size": size, "offers": {"price": price}, **properties}


def group(*variants: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return {"@type": "ProductGroup", "name": "Moka", "productGroupID": "g1", "hasVariant": list(variants), **properties}


def test_a_simple_product_in_full() -> None:
    goods = goods_of(
        product(
            brand="Perché", gtin="4006381333931", category="Casa > Cucina > Caffettiere", slogan="Forte",
            description="<p>Per tre</p>", image=[{"url": "/a.jpg", "thumbnailUrl": "/a-s.jpg"}, "/b.jpg"],
            additionalProperty=[{"name": "Materiale", "value": "alluminio"}, {"name": "Vuoto"}],
            isRelatedTo=[{"sku": "8412"}, {"productGroupID": "g9", "sku": "x"}, {"name": "senza"}],
            offers={"price": "19,90", "availability": "InStock", "inventoryLevel": {"value": 7}, "priceSpecification": {"price": "24,90", "priceType": "ListPrice"}},
        ),
        more='<link rel="canonical" href="/p/1">',
    )  # fmt: skip
    assert (goods.sku, goods.name, goods.brand, goods.gtin) == ("8411", "Moka", "Perché", "4006381333931")
    assert (goods.url, goods.category, goods.slogan) == ("https://shop.example/p/1", "Caffettiere", "Forte")
    assert goods.description == "Per tre"
    assert goods.photos == (
        Photo(url="https://shop.example/a.jpg", thumbnail_url="https://shop.example/a-s.jpg"),
        Photo(url="https://shop.example/b.jpg", thumbnail_url="https://shop.example/b.jpg"),
    )
    assert goods.features == (("Materiale", "alluminio"),)
    assert goods.related == ("8412", "g9")
    assert (goods.offer.cost, goods.offer.list_cost) == (Money(1990), Money(2490))
    assert goods.offer.availability is Availability.IN_STOCK
    assert [(v.sku, v.style, v.size, v.quantity) for v in goods.offer.variants] == [("8411", "", "", 7)]


def test_variants_of_a_group() -> None:
    goods = goods_of(
        group(
            variant("a", "Rosso", "S", 30, image="/red.jpg", gtin="4006381333931"),
            variant("b", "Blu", "M", 20),
            variant("c", "Blu", "L", "su richiesta"),
        )
    )
    assert [(v.sku, v.style, v.size, v.cost) for v in goods.offer.variants] == [
        ("a", "Rosso", "S", Money(3000)),
        ("b", "Blu", "M", Money(2000)),
    ], "a variant without a price cannot be sold"
    assert goods.offer.variants[0].photos == ("https://shop.example/red.jpg",)
    assert (goods.sku, goods.gtin, goods.offer.cost) == ("g1", "4006381333931", Money(2000))


def test_variants_without_an_sku_of_their_own_are_told_apart() -> None:
    goods = goods_of(
        group(variant(None, "Rosso", "S", 30), variant(None, "Rosso", "M", 31), variant(None, "Rosso", "M", 32))
    )
    assert [(v.sku, v.cost) for v in goods.offer.variants] == [("g1-Rosso-S", Money(3000)), ("g1-Rosso-M", Money(3100))]


@pytest.mark.parametrize(("listed", "list_cost"), [("24,90", Money(2490)), ("19,90", None), ("9,90", None), ("", None)])
def test_a_struck_through_price_is_above_the_price(listed: str, list_cost: Money | None) -> None:
    offers = {"price": "19,90", "priceSpecification": {"price": listed, "priceType": "StrikethroughPrice"}}
    assert goods_of(product(offers=offers)).offer.list_cost == list_cost


def test_the_first_offer_with_a_price_counts() -> None:
    offers = [{"price": None, "availability": "InStock"}, {"price": 5, "availability": "OutOfStock"}, {"price": 4}]
    offer = goods_of(product(offers=offers)).offer
    assert (offer.cost, offer.availability) == (Money(500), Availability.OUT_OF_STOCK)


@pytest.mark.parametrize(
    ("level", "quantity"),
    [(7, 7), ("7", 7), ({"value": 0}, 0), ([{"value": 3}], 3), (-1, None), ("²", None), ("viele", None), (None, None)],
)
def test_pieces_in_stock(level: Any, quantity: int | None) -> None:
    assert goods_of(product(offers={"price": 5, "inventoryLevel": level})).offer.variants[0].quantity == quantity


def test_the_category_may_stand_in_the_breadcrumb() -> None:
    crumbs = {
        "@type": "BreadcrumbList",
        "itemListElement": [{"name": "Casa"}, {"item": {"name": "Caffettiere"}}, {"name": "Moka"}],
    }
    assert goods_of(product(), others=(crumbs,)).category == "Caffettiere"


@pytest.mark.parametrize("code", ["4006381333930", "123", "abc", ""])
def test_a_wrong_gtin_is_none(code: str) -> None:
    assert goods_of(product(gtin13=code)).gtin is None


@pytest.mark.parametrize(
    ("node", "missing"),
    [
        ({"@type": "Organization"}, "no product"),
        (product(sku=None), "without a SKU"),
        (product(name=None), "without a name"),
        (product(offers=None), "no price"),
        (product(offers={"price": "su richiesta"}), "no price"),
        (group(variant("a", "", "", None)), "no price"),
    ],
)
def test_a_page_that_cannot_be_used_says_why(node: dict[str, Any], missing: str) -> None:
    with pytest.raises(UnreadablePage, match=missing) as raised:
        goods_of(node)
    assert URL in str(raised.value)


@pytest.mark.parametrize("nothing", [0, "0.00", "0,00 €"])
def test_a_price_of_zero_is_told_where_the_page_names_no_other(nothing: object) -> None:
    assert goods_of(product(offers={"price": nothing})).offer.cost == Money(0)
    goods = goods_of(group(variant("a", "Rosso", "S", nothing), variant("b", "Rosso", "M", nothing)))
    assert [(v.sku, v.cost) for v in goods.offer.variants] == [("a", Money(0)), ("b", Money(0))]
    mixed = goods_of(group(variant("a", "Rosso", "S", nothing), variant("b", "Rosso", "M", 30)))
    assert [(v.sku, v.cost) for v in mixed.offer.variants] == [("b", Money(3000))]


def test_malformed_addresses_are_left_out() -> None:
    goods = goods_of(product(image=["http://[x", "/b.jpg"]), more='<link rel="canonical" href="http://[x">')
    assert [photo.url for photo in goods.photos] == ["https://shop.example/b.jpg"]
    assert goods.url == URL


AGREEING = """<html lang="it"><title>Moka</title><h1>Moka</h1><p>Codice <b>8411</b></p><p>19,90 €</p><script type="application/ld+json">
{"@type": "Product", "name": "Moka", "sku": "8411", "offers": {"price": "19.90", "priceCurrency": "EUR", "availability": "InStock"}}
</script></html>"""
MICRODATA = """<h1>Moka</h1><div itemscope itemtype="https://schema.org/Product"><b itemprop="name">Moka</b><i itemprop="sku">8411</i>
<p itemprop="offers" itemscope itemtype="https://schema.org/Offer"><b itemprop="price">19,90</b> €</p></div>"""


@pytest.mark.parametrize("page", [AGREEING, MICRODATA], ids=["JSON-LD", "microdata"])
def test_an_offer_alone_is_that_of_the_goods(page: str) -> None:
    goods = read_goods(page, URL, currency="EUR", language="it")
    assert read_offer(page, URL, currency="EUR", language="it") == ("8411", goods.offer)
    assert goods.offer.cost == Money(1990)


@pytest.mark.parametrize("read", [read_goods, read_offer])
def test_goods_and_offer_fail_alike(read: Any) -> None:
    with pytest.raises(UnreadablePage, match="names no product"):
        read("<h1>Chi siamo</h1>", URL, currency="EUR", language="it")


def test_the_offer_of_a_page_that_agrees_with_its_markup_needs_no_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    def tree(_: ProductPage) -> None:
        raise AssertionError("a tree is built")

    monkeypatch.setattr(ProductPage, "tree", property(tree))
    assert read_offer(AGREEING, URL, currency="EUR", language="it")[0] == "8411"
    with pytest.raises(AssertionError, match="a tree is built"):
        read_offer(MICRODATA, URL, currency="EUR", language="it")
