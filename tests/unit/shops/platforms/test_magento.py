from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from listino.domain.errors import GoneFromShop, ListinoError, UnreadablePage
from listino.domain.money import Money
from listino.domain.offer import Availability, ShopOffer, ShopProduct
from listino.shops.platform import Expected, Fetch, Found, Known, Page
from listino.shops.platforms.magento import Magento
from listino.shops.shop import PlatformOptions, Shop

KNOWN = Known(sku="24-MB01", url="https://bottega.example/moka.html")


@pytest.fixture
def shop(bottega: Shop) -> Shop:
    return replace(bottega, platform="magento")


def money(value: Any, currency: Any = "EUR") -> dict[str, Any]:
    return {"value": value, "currency": currency}


def price(final: Any = 19.9, regular: Any = 19.9, currency: Any = "EUR") -> dict[str, Any]:
    return {"minimum_price": {"final_price": money(final, currency), "regular_price": money(regular, currency)}}


def item(sku: str = "24-MB01", **changes: Any) -> dict[str, Any]:
    return {
        "__typename": "SimpleProduct", "sku": sku, "name": "Moka &amp; Co", "url_key": "moka", "url_suffix": ".html",
        "stock_status": "IN_STOCK", "only_x_left_in_stock": None, "manufacturer": None, "price_range": price(),
        "short_description": {"html": ""}, "description": None, "categories": None, "media_gallery": None,
        "related_products": None, **changes,
    }  # fmt: skip


def answer(*items: Any, pages: int = 1, number: int = 1, **more: Any) -> dict[str, Any]:
    info = {"current_page": number, "total_pages": pages}
    return {"data": {"products": {"total_count": len(items), "page_info": info, "items": list(items), **more}}}


def page(body: Any) -> Page:
    return Page(url="https://bottega.example/graphql", body=body if isinstance(body, bytes) else orjson.dumps(body))


def read(shop: Shop, body: Any, fetch: Fetch | None = None) -> list[Found]:
    (first,) = Magento().start(shop)
    return list(Magento().read(shop, fetch or first, page(body)))


def goods(shop: Shop, body: Any) -> ShopProduct:
    _, found = read(shop, body)
    assert isinstance(found, ShopProduct)
    return found


def variables(fetch: Fetch) -> Any:
    return orjson.loads(parse_qs(urlsplit(fetch.url).query)["variables"][0])


def offered(shop: Shop, body: Any) -> ShopOffer:
    """What a refresh of one product brings home; raises what it cannot."""
    (refresh,) = Magento().refresh_many(shop, [KNOWN])
    found = Magento().read_offers(shop, refresh, page(body))[KNOWN.sku]
    if isinstance(found, ListinoError):
        raise found
    assert isinstance(found, ShopOffer)
    return found


def test_the_store_view_is_named_where_one_is_declared(shop: Shop) -> None:
    (fetch,) = Magento().start(shop)
    assert (fetch.method, fetch.headers, fetch.body) == ("GET", {}, b"")
    assert fetch.url.startswith("https://bottega.example/graphql?variables=")
    (named,) = Magento().start(replace(shop, options=PlatformOptions(store="it_it")))
    assert named.headers == {"Store": "it_it"}


def test_lists_lead_to_the_next_one_until_the_last(shop: Shop) -> None:
    found = read(shop, answer(item(), pages=3, number=2))
    assert [variables(entry)["page"] for entry in found if isinstance(entry, Fetch)] == [3]
    assert not [entry for entry in found if isinstance(entry, Expected)], "only the first list announces"
    assert not [entry for entry in read(shop, answer(item(), pages=3, number=3)) if isinstance(entry, Fetch)]


def test_a_simple_product(shop: Shop) -> None:
    filters = [
        {"attribute_code": "price", "options": None},
        {"attribute_code": "manufacturer", "options": [{"label": "Perché", "value": "52"}]},
    ]
    gallery = [
        {"url": "https://cdn.example/2.jpg", "disabled": False, "position": 2},
        {"url": "https://cdn.example/0.jpg", "disabled": True, "position": 0},
        {"url": "https://cdn.example/1.jpg", "disabled": False, "position": 1},
    ]
    read_ = goods(
        shop,
        answer(
            item(
                manufacturer=52,
                categories=[{"name": "Moka", "level": 4}, {"name": "Casa", "level": 2}],
                media_gallery=gallery,
                related_products=[{"sku": "A"}, None],
                price_range=price(17.5, 25),
                only_x_left_in_stock=2.0,
                description={"html": "<p>Tre <b>tazze</b></p>"},
            ),
            aggregations=filters,
        ),
    )
    assert (read_.sku, read_.name, read_.url) == ("24-MB01", "Moka & Co", "https://bottega.example/moka.html")
    assert (read_.brand, read_.category, read_.related) == ("Perché", "Moka", ("A",))
    assert [photo.url for photo in read_.photos] == ["https://cdn.example/1.jpg", "https://cdn.example/2.jpg"]
    assert (read_.slogan, read_.description) == (None, "Tre tazze")
    (variant,) = read_.offer.variants
    assert (variant.cost, variant.list_cost, variant.quantity) == (Money(1750), Money(2500), 2)


def test_a_configurable_product(shop: Shop) -> None:
    def member(sku: str, color: str, size: str, **changes: Any) -> dict[str, Any]:
        attributes = [{"code": "color", "label": color}, {"code": "size", "label": size}]
        return {"attributes": attributes, "product": {"sku": sku, "price_range": price(), **changes}}

    members = [
        member("R-S", "Rosso", "S", stock_status="IN_STOCK"),
        member("R-M", "Rosso", "M", stock_status="OUT_OF_STOCK", price_range=price(9.99)),
        {"attributes": [], "product": None},
    ]
    read_ = goods(shop, answer(item(__typename="ConfigurableProduct", variants=members)))
    assert [(v.sku, v.style, v.size, v.availability) for v in read_.offer.variants] == [
        ("R-S", "Rosso", "S", Availability.IN_STOCK),
        ("R-M", "Rosso", "M", Availability.OUT_OF_STOCK),
    ]
    assert read_.offer.cost == Money(999)
    assert offered(shop, answer(item(variants=members))) == read_.offer


def test_a_configurable_product_without_variants_is_its_own(shop: Shop) -> None:
    sold_out = item(__typename="ConfigurableProduct", variants=[], stock_status="OUT_OF_STOCK")
    offer = goods(shop, answer(sold_out)).offer
    assert (len(offer.variants), offer.availability) == (1, Availability.OUT_OF_STOCK)


@pytest.mark.parametrize("kind", ["BundleProduct", "GroupedProduct", "VirtualProduct", "DownloadableProduct"])
def test_what_cannot_be_sent_as_one_thing_is_left_out(kind: str, shop: Shop) -> None:
    assert read(shop, answer(item(__typename=kind))) == [Expected(1)]


@pytest.mark.parametrize(
    ("value", "cents"), [(19.9, 1990), (20, 2000), (0.07, 7), (1299.95, 129995), (41.311475, 4131), ("5.5", 550)]
)
def test_amounts_are_major_units(value: Any, cents: int, shop: Shop) -> None:
    assert offered(shop, answer(item(price_range=price(value, value)))).cost == Money(cents)


BAD_PRICES = [
    None,
    {},
    {"minimum_price": None},
    price(None),
    price(True),
    price("free"),
    price([]),
    price(currency=None),
]


@pytest.mark.parametrize("bad", BAD_PRICES, ids=str)
def test_a_product_without_a_price_is_asked_for_alone_and_rejected_alone(bad: Any, shop: Shop) -> None:
    broken = item("B", price_range=bad, url_key="b")
    expected, first, again, last = read(shop, answer(item("A"), broken, item("C")))
    assert isinstance(first, ShopProduct)
    assert isinstance(last, ShopProduct)
    assert (expected, first.sku, last.sku) == (Expected(3), "A", "C")
    assert isinstance(again, Fetch)
    assert (again.optional, again.about, variables(again)["skus"]) == (True, "https://bottega.example/b.html", ["B"])
    with pytest.raises(UnreadablePage, match="tells no price of B"):
        read(shop, answer(broken), again)
    assert read(shop, answer(), again) == [], "sold out meanwhile"
    with pytest.raises(UnreadablePage, match="tells no price"):
        offered(shop, answer(item(price_range=bad)))


@pytest.mark.parametrize("field", ["name", "url_key"])
def test_a_product_without_a_name_or_address_is_asked_for_alone(field: str, shop: Shop) -> None:
    _, again = read(shop, answer(item(**{field: None})))
    assert isinstance(again, Fetch)
    with pytest.raises(UnreadablePage, match=field):
        read(shop, answer(item(**{field: None})), again)


BAD_ANSWERS = [
    b"<html>Wartung</html>", b"", None, 5, [], {}, {"data": None}, {"data": {"products": None}}, {"data": {"products": {}}},
    answer(None), answer({}), answer("a"), answer(item("")),
]  # fmt: skip


@pytest.mark.parametrize("body", BAD_ANSWERS, ids=str)
def test_what_is_no_list_of_products(body: Any, shop: Shop) -> None:
    with pytest.raises(UnreadablePage, match=r"bottega\.example/graphql"):
        read(shop, body)
    with pytest.raises(UnreadablePage, match=r"bottega\.example/graphql"):
        offered(shop, body)


def test_a_list_that_does_not_say_how_far_it_goes(shop: Shop) -> None:
    with pytest.raises(UnreadablePage, match="how many pages"):
        read(shop, {"data": {"products": {"items": [item()]}}})


def test_an_error_is_told_in_the_shops_own_words(shop: Shop) -> None:
    body = {"errors": [{"message": 'Cannot query field "x".'}], "data": {"products": None}}
    with pytest.raises(UnreadablePage, match='Cannot query field "x"'):
        read(shop, body)


def test_skus_are_compared_as_magento_compares_them(shop: Shop) -> None:
    assert offered(shop, answer(item("24-mb01"))).cost == Money(1990)
    with pytest.raises(GoneFromShop, match="24-MB01"):
        offered(shop, answer(item("24-MB02")))


def test_several_are_asked_for_together(shop: Shop) -> None:
    known = [replace(KNOWN, sku=f"S {number}") for number in range(30)]
    first, second = Magento().refresh_many(shop, known)
    assert (len(first.known), len(second.known)) == (25, 5)
    assert variables(second.fetch) == {"skus": [f"S {number}" for number in range(25, 30)], "size": 5}


@pytest.mark.parametrize("status", [404, 410, 500])
def test_no_status_says_that_a_product_is_gone(status: int, shop: Shop) -> None:
    (refresh,) = Magento().refresh_many(shop, [KNOWN])
    assert not Magento().says_gone(refresh.fetch, status, b"")
