from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson
import pytest

from listino.domain.errors import GoneFromShop, ListinoError, UnreadablePage
from listino.domain.money import Money
from listino.domain.offer import Availability, ShopOffer, ShopProduct
from listino.shops.platform import Expected, Fetch, Found, Known, Page, Told
from listino.shops.platforms.woocommerce import WooCommerce
from listino.shops.shop import Shop

API = "https://bottega.example/wp-json/wc/store/v1/products"
LIST = Fetch(url=f"{API}?per_page=100&page=1", purpose="list", carry={"number": 1})
VARIES = Known(sku="7", url="https://bottega.example/p/moka", variants=2)
SINGLE = replace(VARIES, variants=1)


def page(url: str, body: Any, **headers: str) -> Page:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Page(url=url, body=body if isinstance(body, bytes) else orjson.dumps(body), headers=names)


def read(shop: Shop, fetch: Fetch, body: Any, **headers: str) -> list[Found]:
    return list(WooCommerce().read(shop, fetch, page(fetch.url, body, **headers)))


def offered(shop: Shop, known: Known, body: Any) -> ShopOffer:
    """What a refresh of one product brings home; raises what it cannot."""
    (refresh,) = WooCommerce().refresh_many(shop, [known])
    found = WooCommerce().read_offers(shop, refresh, page(refresh.fetch.url, body))[known.sku]
    if isinstance(found, ListinoError):
        raise found
    assert isinstance(found, ShopOffer)
    return found


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
    offer = offered(bottega, VARIES, variations)
    assert offer == goods.offer


def test_variations_that_bear_their_products_sku_are_told_apart_by_their_ids(bottega: Shop) -> None:
    variations = [item(13, sku="X"), item(12, sku="M"), item(11, sku="M"), item(10, sku="")]
    offer = offered(bottega, VARIES, variations)
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
    offer = offered(bottega, SINGLE, item(prices=price))
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
        offered(bottega, SINGLE, item(prices=bad))
    with pytest.raises(UnreadablePage, match="no price of the Store API"):
        offered(bottega, VARIES, [item(prices=bad)])


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
        offered(bottega, VARIES, body)


@pytest.mark.parametrize("body", [b"<html></html>", [], None, {}, {"code": "rest_no_route"}], ids=str)
def test_what_is_no_product(body: Any, bottega: Shop) -> None:
    with pytest.raises(UnreadablePage, match=r"wp-json"):
        offered(bottega, SINGLE, body)


def test_a_product_without_an_address_cannot_be_followed(bottega: Shop) -> None:
    with pytest.raises(UnreadablePage, match="permalink"):
        read(bottega, LIST, [item(permalink=None)])


def test_no_variation_left_means_gone(bottega: Shop) -> None:
    with pytest.raises(GoneFromShop):
        offered(bottega, VARIES, [])


def asked(shop: Shop, *known: Known) -> list[tuple[str, list[str]]]:
    refreshes = WooCommerce().refresh_many(shop, known)
    return [(refresh.fetch.url, [one.sku for one in refresh.known]) for refresh in refreshes]


def simple(*numbers: int) -> list[Known]:
    return [replace(SINGLE, sku=str(number)) for number in numbers]


def varying(**variants: int) -> list[Known]:
    return [replace(VARIES, sku=sku.strip("p"), variants=count) for sku, count in variants.items()]


def test_what_a_refresh_asks_for(bottega: Shop) -> None:
    assert asked(bottega, SINGLE) == [(f"{API}/7", ["7"])]
    assert asked(bottega, VARIES) == [(f"{API}?type=variation&parent=7&per_page=100", ["7"])]
    assert asked(bottega) == []


def test_several_simple_products_are_one_request(bottega: Shop) -> None:
    assert asked(bottega, *simple(1, 2, 3)) == [(f"{API}?include=1,2,3&per_page=3", ["1", "2", "3"])]
    assert [len(known) for _, known in asked(bottega, *simple(*range(1, 61)))] == [25, 25, 10]


def test_variations_of_several_are_asked_for_as_far_as_they_fit_a_page(bottega: Shop) -> None:
    found = asked(bottega, *varying(p1=60, p2=40, p3=2, p4=120, p5=2), *simple(6))
    assert found == [
        (f"{API}/6", ["6"]),
        (f"{API}?type=variation&parent=1,2&per_page=100", ["1", "2"]),
        (f"{API}?type=variation&parent=3&per_page=100", ["3"]),
        (f"{API}?type=variation&parent=4&per_page=100", ["4"]),
        (f"{API}?type=variation&parent=5&per_page=100", ["5"]),
    ]
    assert [len(known) for _, known in asked(bottega, *varying(**{f"p{n}": 2 for n in range(30)}))] == [25, 5]


def told(shop: Shop, known: list[Known], body: Any, **headers: str) -> Mapping[str, Told]:
    """What one answer says of products that one request asked for."""
    (refresh,) = WooCommerce().refresh_many(shop, known)
    return WooCommerce().read_offers(shop, refresh, page(refresh.fetch.url, body, **headers))


def test_each_of_several_has_its_own_answer(bottega: Shop) -> None:
    body = [item(2, prices=prices("2990", "2990")), item(1), item(3, prices=None)]
    found = told(bottega, simple(1, 2, 3, 4), body)
    assert list(found) == ["1", "2", "3", "4"]
    first, second, third, fourth = found.values()
    assert isinstance(first, ShopOffer)
    assert isinstance(second, ShopOffer)
    assert (first.cost, second.cost) == (Money(1990), Money(2990))
    assert isinstance(third, UnreadablePage)
    assert isinstance(fourth, Fetch), "a list leaves out what is sold out, too"
    assert fourth.url == f"{API}/4"


def test_each_of_several_has_its_own_variations(bottega: Shop) -> None:
    body = [item(11, parent=1, sku="A"), item(21, parent=2, sku="B", prices=prices("500", "500")), item(22, parent=2)]
    found = told(bottega, varying(p1=2, p2=2, p3=2), body)
    assert list(found) == ["1", "2", "3"]
    first, second, third = found.values()
    assert isinstance(first, ShopOffer)
    assert isinstance(second, ShopOffer)
    assert ([v.sku for v in first.variants], [v.sku for v in second.variants]) == (["A"], ["B", "M"])
    assert isinstance(third, GoneFromShop)


@pytest.mark.parametrize(
    ("body", "headers"),
    [([item(11, parent=1)], {"x_wp_totalpages": "2"}), ([item(11)], {}), ([item(11, parent=9)], {})],
    ids=["more than a page", "without parents", "another's"],
)
def test_variations_that_cannot_be_told_apart_are_asked_for_alone(body: Any, headers: Any, bottega: Shop) -> None:
    found = told(bottega, varying(p1=2, p2=2), body, **headers)
    urls = [fetch.url for fetch in found.values() if isinstance(fetch, Fetch)]
    assert urls == [f"{API}?type=variation&parent={number}&per_page=100" for number in (1, 2)]


def test_more_variations_than_a_page_holds_are_read_page_by_page(bottega: Shop) -> None:
    (refresh,) = WooCommerce().refresh_many(bottega, [VARIES])
    for number, size in ((1, 100), (2, 100), (3, 5)):
        start = number * 1000
        items = [item(start + n, sku=f"S{start + n}") for n in range(size)]
        answer = page(refresh.fetch.url, items, x_wp_totalpages="3")
        found = WooCommerce().read_offers(bottega, refresh, answer)["7"]
        if isinstance(found, Fetch):
            assert found.url == f"{API}?type=variation&parent=7&per_page=100&page={number + 1}"
            refresh = replace(refresh, fetch=found)
    assert isinstance(found, ShopOffer)
    assert len(found.variants) == 205


def test_a_product_of_endless_variations_is_given_up(bottega: Shop) -> None:
    (refresh,) = WooCommerce().refresh_many(bottega, [VARIES])
    answer = page(refresh.fetch.url, [item(1)], x_wp_totalpages="11")
    for _ in range(9):
        found = WooCommerce().read_offers(bottega, refresh, answer)["7"]
        assert isinstance(found, Fetch)
        refresh = replace(refresh, fetch=found)
    with pytest.raises(UnreadablePage, match="more than 1000 variations"):
        WooCommerce().read_offers(bottega, refresh, answer)
