from dataclasses import replace
from typing import Any

import orjson
import pytest

from listino.domain.errors import GoneFromShop, UnreadablePage
from listino.domain.money import Money
from listino.domain.offer import Availability, ShopProduct
from listino.shops.platform import Expected, Fetch, Found, Known, Page
from listino.shops.platforms.woocommerce import WooCommerce
from listino.shops.shop import Shop

API = "https://bottega.example/wp-json/wc/store/v1/products"
LIST = Fetch(url=f"{API}?per_page=100&page=1", purpose="list", carry={"number": 1})
VARIES = Known(sku="7", url="https://bottega.example/p/moka", varies=True)
SINGLE = replace(VARIES, varies=False)


def page(url: str, body: Any, **headers: str) -> Page:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Page(url=url, body=body if isinstance(body, bytes) else orjson.dumps(body), headers=names)


def read(shop: Shop, fetch: Fetch, body: Any, **headers: str) -> list[Found]:
    return list(WooCommerce().read(shop, fetch, page(fetch.url, body, **headers)))


def prices(price: str = "1990", regular: str = "1990", unit: Any = 2, currency: str = "EUR") -> dict[str, Any]:
    return {"price": price, "regular_price": regular, "currency_code": currency, "currency_minor_unit": unit}


def item(number: int = 7, **changes: Any) -> dict[str, Any]:
    return {
        "id": number, "name": "Moka &#8211; 3", "type": "simple", "permalink": "https://bottega.example/p/moka", "sku": "M",
        "prices": prices(), "is_in_stock": True, "low_stock_remaining": None, "images": [], "categories": [{"name": "Casa"}, {"name": "Caff&egrave;"}],
        "brands": [{"name": "Perch&eacute;"}], "attributes": [], "short_description": "", "description": "<p>Tre</p>", **changes,
    }  # fmt: skip


def test_a_simple_product_leads_to_its_page_which_completes_it(bottega: Shop) -> None:
    expected, fetch = read(bottega, LIST, [item()], x_wp_total="1", x_wp_totalpages="1")
    assert expected == Expected(1)
    assert isinstance(fetch, Fetch)
    assert (fetch.purpose, fetch.url, fetch.optional) == ("page", "https://bottega.example/p/moka", True)
    html = b"""<script type="application/ld+json">{"@type": "Product", "name": "Moka", "gtin": "4006381333931"}</script>
      <section class="related"><a data-product_id="9"></a><a data-product_id="8"></a><a data-product_id="9"></a></section>"""
    (goods,) = read(bottega, fetch, html)
    assert isinstance(goods, ShopProduct)
    assert (goods.sku, goods.name, goods.brand, goods.category) == ("7", "Moka – 3", "Perché", "Caffè")
    assert (goods.gtin, goods.related, goods.description) == ("4006381333931", ("9", "8"), "Tre")
    assert [(v.sku, v.cost, v.style, v.size) for v in goods.offer.variants] == [("M", Money(1990), "", "")]


def test_a_variable_product_is_asked_for_its_variations_first(bottega: Shop) -> None:
    (fetch,) = read(bottega, LIST, [item(type="variable")])
    assert isinstance(fetch, Fetch)
    assert (fetch.purpose, fetch.url) == ("variations", f"{API}?type=variation&parent=7&per_page=100")
    variations = [
        item(12, sku="M-2", variation="Colore: Blu, Taglia: L", prices=prices("1790", "2490"), is_in_stock=False),
        item(11, sku="M-1", variation="Colore: Rosso, Taglia: M", low_stock_remaining=2),
    ]
    (onward,) = read(bottega, fetch, variations)
    assert isinstance(onward, Fetch)
    (goods,) = read(bottega, onward, b"<html></html>")
    assert isinstance(goods, ShopProduct)
    assert [(v.sku, v.style, v.size, v.cost, v.list_cost, v.quantity) for v in goods.offer.variants] == [
        ("M-1", "Rosso", "M", Money(1990), None, 2),
        ("M-2", "Blu", "L", Money(1790), Money(2490), 0),
    ]
    assert goods.offer.variants[1].availability is Availability.OUT_OF_STOCK
    offer = WooCommerce().read_offer(bottega, VARIES, page(fetch.url, variations))
    assert offer == goods.offer


def test_variations_that_bear_their_products_sku_are_told_apart_by_their_ids(bottega: Shop) -> None:
    variations = [item(13, sku="X"), item(12, sku="M"), item(11, sku="M"), item(10, sku="")]
    offer = WooCommerce().read_offer(bottega, VARIES, page(API, variations))
    assert [entry.sku for entry in offer.variants] == ["10", "11", "12", "X"]


@pytest.mark.parametrize(
    ("number", "items", "headers", "following"),
    [
        (1, 1, {"x_wp_totalpages": "3"}, 2),
        (2, 1, {"x_wp_totalpages": "3"}, 3),
        (3, 1, {"x_wp_totalpages": "3"}, None),
        (1, 100, {}, 2),
        (1, 99, {}, None),
        (1, 100, {"x_wp_totalpages": "many"}, 2),
        (1, 0, {"x_wp_totalpages": "0"}, None),
    ],
)
def test_the_next_list(number: int, items: int, headers: dict[str, str], following: int | None, bottega: Shop) -> None:
    fetch = replace(LIST, carry={"number": number})
    found = read(bottega, fetch, [item(n) for n in range(1, items + 1)], **headers)
    lists = [entry.carry["number"] for entry in found if isinstance(entry, Fetch) and entry.purpose == "list"]
    assert lists == ([] if following is None else [following])


@pytest.mark.parametrize(
    ("price", "money"),
    [
        (prices("1990"), Money(1990)),
        (prices("19", unit=0), Money(1900)),
        (prices("19900", unit=3), Money(1990)),
        (prices("1990", "1990", unit="2"), Money(1990)),
        (prices("500", currency="GBP"), Money(500, "GBP")),
    ],
)
def test_amounts_are_minor_units_of_the_currency_they_name(price: Any, money: Money, bottega: Shop) -> None:
    offer = WooCommerce().read_offer(bottega, SINGLE, page(API, item(prices=price)))
    assert offer.cost == money


NO_PRICES = [
    None,
    {},
    {"price": "1"},
    prices(""),
    prices("19.90"),
    prices("free"),
    prices(unit=None),
    prices(currency=""),
]


@pytest.mark.parametrize("bad", NO_PRICES, ids=str)
def test_a_missing_price(bad: Any, bottega: Shop) -> None:
    with pytest.raises(UnreadablePage, match="no price of the Store API"):
        WooCommerce().read_offer(bottega, SINGLE, page(API, item(prices=bad)))
    with pytest.raises(UnreadablePage, match="no price of the Store API"):
        WooCommerce().read_offer(bottega, VARIES, page(API, [item(prices=bad)]))


NO_LISTS = [
    b"<html>Manutenzione</html>",
    b"",
    {},
    {"code": "rest_no_route", "message": "x"},
    None,
    5,
    [None],
    ["a"],
    [{}],
]


@pytest.mark.parametrize("body", NO_LISTS, ids=str)
def test_what_is_no_list(body: Any, bottega: Shop) -> None:
    variations = Fetch(url=API, purpose="variations", carry={"item": item(), "variations": [], "number": 1})
    for fetch in (LIST, variations):
        with pytest.raises(UnreadablePage, match=r"wp-json"):
            read(bottega, fetch, body)
    with pytest.raises(UnreadablePage, match=r"wp-json"):
        WooCommerce().read_offer(bottega, VARIES, page(API, body))


@pytest.mark.parametrize("body", [b"<html></html>", [], None, {}, {"code": "rest_no_route"}], ids=str)
def test_what_is_no_product(body: Any, bottega: Shop) -> None:
    with pytest.raises(UnreadablePage, match=r"wp-json"):
        WooCommerce().read_offer(bottega, SINGLE, page(API, body))


def test_a_product_without_an_address_cannot_be_followed(bottega: Shop) -> None:
    with pytest.raises(UnreadablePage, match="permalink"):
        read(bottega, LIST, [item(permalink=None)])


def test_no_variation_left_means_gone(bottega: Shop) -> None:
    with pytest.raises(GoneFromShop):
        WooCommerce().read_offer(bottega, VARIES, page(API, []))


def test_what_a_refresh_asks_for(bottega: Shop) -> None:
    assert WooCommerce().refresh(bottega, SINGLE).url == f"{API}/7"
    assert WooCommerce().refresh(bottega, VARIES).url == f"{API}?type=variation&parent=7&per_page=100"
