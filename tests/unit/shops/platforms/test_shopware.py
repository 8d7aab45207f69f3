from dataclasses import replace
from typing import Any

import orjson
import pytest

from listino.domain.errors import GoneFromShop, ListinoError, UnreadablePage
from listino.domain.money import Money
from listino.domain.offer import Availability, ShopOffer, ShopProduct
from listino.shops.platform import Expected, Fetch, Found, Known, Page
from listino.shops.platforms.shopware import Shopware
from listino.shops.shop import CrawlManner, PlatformOptions, Shop

ID = "0189f0a4c2e97d0f8b1c2d3e4f506172"
KNOWN = Known(sku=ID, url="https://bottega.example/moka/SW1")
PRODUCT_PAGE = """<html lang="it"><h1>Moka</h1><script type="application/ld+json">
{"@type": "Product", "name": "Moka", "sku": "SW1", "offers": {"price": "19.90"}}</script></html>"""


@pytest.fixture
def pages(bottega: Shop) -> Shop:
    """A shop of which no key is known."""
    return replace(bottega, platform="shopware", crawl=CrawlManner(category=r"/c/[^/]+"))


@pytest.fixture
def shop(bottega: Shop) -> Shop:
    return replace(bottega, platform="shopware", options=PlatformOptions(access_key="SWSCKEY"))


def item(number: str = ID, **changes: Any) -> dict[str, Any]:
    return {
        "id": number, "productNumber": "SW1", "name": None, "translated": {"name": "Moka"}, "ean": "4006381333931",
        "active": True, "available": True, "availableStock": 3, "calculatedPrice": {"unitPrice": 19.9, "listPrice": None},
        "calculatedPrices": [], "options": None, "cover": None, "children": None, "manufacturer": None,
        "categories": None, "media": None, "properties": None, "seoUrls": None, **changes,
    }  # fmt: skip


def answer(*items: Any, **more: Any) -> dict[str, Any]:
    return {"total": len(items), "elements": list(items), **more}


def page(fetch: Fetch, body: Any) -> Page:
    return Page(url=fetch.url, body=body if isinstance(body, bytes) else orjson.dumps(body))


def read(shop: Shop, body: Any, fetch: Fetch | None = None) -> list[Found]:
    (first,) = Shopware().start(shop)
    return list(Shopware().read(shop, fetch or first, page(fetch or first, body)))


def goods(shop: Shop, **changes: Any) -> ShopProduct:
    _, found = read(shop, answer(item(**changes)))
    assert isinstance(found, ShopProduct)
    return found


def offered(shop: Shop, body: Any) -> ShopOffer:
    """What a refresh of one product brings home; raises what it cannot."""
    (refresh,) = Shopware().refresh_many(shop, [KNOWN])
    found = Shopware().read_offers(shop, refresh, page(refresh.fetch, body))[KNOWN.sku]
    if isinstance(found, ListinoError):
        raise found
    assert isinstance(found, ShopOffer)
    return found


def test_the_api_is_asked_with_the_key(shop: Shop) -> None:
    (fetch,) = Shopware().start(replace(shop, url="https://bottega.example/it"))
    assert (fetch.method, fetch.url) == ("POST", "https://bottega.example/store-api/product")
    assert fetch.headers["sw-access-key"] == "SWSCKEY"
    criteria = orjson.loads(fetch.body)
    assert (criteria["page"], criteria["limit"], criteria["total-count-mode"]) == (1, 100, 1)
    assert criteria["filter"] == [{"type": "equals", "field": "parentId", "value": None}]


def test_lists_lead_to_the_next_one_until_one_is_short(shop: Shop) -> None:
    found = read(shop, answer(*(item(f"{number:032x}") for number in range(100)), total=150))
    assert found[0] == Expected(150)
    following = found[1]
    assert isinstance(following, Fetch)
    assert orjson.loads(following.body)["page"] == 2
    last = read(shop, answer(item()), following)
    assert [type(entry) for entry in last] == [ShopProduct]


def test_a_product(shop: Shop) -> None:
    def media(place: int) -> dict[str, Any]:
        url = f"https://cdn.example/{place}.jpg"
        small = [{"width": 800, "url": f"{url}?800"}, {"width": 400, "url": f"{url}?400"}]
        return {"position": place, "media": {"url": url, "thumbnails": small}}

    read_ = goods(
        shop,
        manufacturer={"name": "Perche", "translated": {"name": "Perché"}},
        categories=[{"level": 3, "name": "Moka"}, {"level": 1, "name": "Home"}],
        media=[media(2), media(1), {"position": 0, "media": None}],
        properties=[{"name": "alluminio", "group": {"name": "Materiale"}}, {"name": "x", "group": None}],
        seoUrls=[{"seoPathInfo": "old", "isCanonical": None}, {"seoPathInfo": "moka/SW1", "isCanonical": True}],
        calculatedPrice={"unitPrice": 17.5, "listPrice": {"price": 25}},
    )
    assert (read_.sku, read_.name, read_.url) == (ID, "Moka", "https://bottega.example/moka/SW1")
    assert (read_.brand, read_.category, read_.gtin) == ("Perché", "Moka", "4006381333931")
    assert [(photo.url, photo.thumbnail_url) for photo in read_.photos] == [
        (f"https://cdn.example/{place}.jpg", f"https://cdn.example/{place}.jpg?400") for place in (1, 2)
    ]
    assert read_.features == (("Materiale", "alluminio"),)
    (variant,) = read_.offer.variants
    assert (variant.sku, variant.cost, variant.list_cost, variant.quantity) == ("SW1", Money(1750), Money(2500), 3)


def test_a_product_without_an_address_of_its_own_has_that_of_its_id(shop: Shop) -> None:
    assert goods(shop).url == f"https://bottega.example/detail/{ID}"


def child(number: str, colour: str, size: str, **changes: Any) -> dict[str, Any]:
    options = [{"name": size, "group": {"name": "Größe"}}, {"name": colour, "group": {"name": "Farbe"}}]
    return item(f"{ID}{number}", productNumber=number, options=options, **changes)


def test_variants(shop: Shop) -> None:
    cover = {"media": {"url": "https://cdn.example/red.jpg"}}
    children = [
        child("SW1.1", "Rosso", "S", cover=cover),
        child("SW1.2", "Rosso", "M", available=False, calculatedPrice={"unitPrice": 9.99}),
        child("SW1.3", "Blu", "M", active=False, calculatedPrice={"unitPrice": 1}),
    ]
    offer = goods(shop, children=children).offer
    assert [(v.sku, v.style, v.size, v.availability, v.quantity, v.photos) for v in offer.variants] == [
        ("SW1.1", "Rosso", "S", Availability.IN_STOCK, 3, ("https://cdn.example/red.jpg",)),
        ("SW1.2", "Rosso", "M", Availability.OUT_OF_STOCK, 0, ()),
    ]
    assert offer.cost == Money(999)
    assert offered(shop, answer(item(children=children))) == offer


def test_the_price_of_one_piece_where_prices_go_by_quantity(shop: Shop) -> None:
    tiers = [{"unitPrice": 12.5, "quantity": 4}, {"unitPrice": 10, "quantity": 5}]
    assert offered(shop, answer(item(calculatedPrices=tiers))).cost == Money(1250)


@pytest.mark.parametrize(
    ("available", "stock", "state", "quantity"),
    [
        (True, 3, Availability.IN_STOCK, 3),
        (True, 0, Availability.IN_STOCK, None),
        (True, -2, Availability.IN_STOCK, None),
        (False, 3, Availability.OUT_OF_STOCK, 0),
        (None, None, Availability.UNKNOWN, None),
    ],
)
def test_availability(
    available: bool | None, stock: int | None, state: Availability, quantity: int | None, shop: Shop
) -> None:
    (variant,) = offered(shop, answer(item(available=available, availableStock=stock))).variants
    assert (variant.availability, variant.quantity) == (state, quantity)


BAD = [
    {"calculatedPrice": None}, {"calculatedPrice": {}}, {"calculatedPrice": {"unitPrice": None}},
    {"calculatedPrice": {"unitPrice": True}}, {"calculatedPrice": []}, {"children": [{"active": True}]},
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_a_product_without_a_price_is_asked_for_alone_and_rejected_alone(bad: Any, shop: Shop) -> None:
    broken = item("B", **bad)
    _, first, again, last = read(shop, answer(item("A"), broken, item("C")))
    assert isinstance(first, ShopProduct)
    assert isinstance(last, ShopProduct)
    assert isinstance(again, Fetch)
    assert (again.optional, orjson.loads(again.body)["ids"]) == (True, ["B"])
    with pytest.raises(UnreadablePage, match="tells no price"):
        read(shop, answer(broken), again)
    assert read(shop, answer(), again) == [], "withdrawn meanwhile"
    with pytest.raises(UnreadablePage, match="tells no price"):
        offered(shop, answer(item(**bad)))


def test_a_product_without_a_name_is_asked_for_alone(shop: Shop) -> None:
    _, again = read(shop, answer(item(translated={})))
    assert isinstance(again, Fetch)
    with pytest.raises(UnreadablePage, match="without a name"):
        read(shop, answer(item(translated={})), again)


@pytest.mark.parametrize(
    "body",
    [b"<html></html>", b"", None, 5, [], {}, {"elements": None}, {"errors": []}, answer(None), answer({})],
    ids=str,
)
def test_what_is_no_list_of_products(body: Any, shop: Shop) -> None:
    with pytest.raises(UnreadablePage, match="store-api"):
        read(shop, body)
    with pytest.raises(UnreadablePage, match="store-api"):
        offered(shop, body)


def test_what_is_no_longer_listed_is_gone(shop: Shop) -> None:
    with pytest.raises(GoneFromShop, match=ID):
        offered(shop, answer())


def test_several_are_asked_for_together(shop: Shop) -> None:
    known = [replace(KNOWN, sku=f"{number:032x}") for number in range(30)]
    first, second = Shopware().refresh_many(shop, known)
    assert (len(first.known), len(second.known)) == (25, 5)
    assert orjson.loads(second.fetch.body)["ids"] == [one.sku for one in second.known]


def test_without_a_key_it_is_read_by_its_pages(pages: Shop) -> None:
    (start,) = Shopware().start(pages)
    assert (start.purpose, start.url) == ("category", "https://bottega.example/")
    product = Fetch(url="https://bottega.example/moka/SW1", purpose="product")
    (found,) = read(pages, PRODUCT_PAGE.encode(), product)
    assert isinstance(found, ShopProduct)
    known = Known(sku="SW1", url=product.url)
    (refresh,) = Shopware().refresh_many(pages, [known])
    assert refresh.fetch == product
    assert Shopware().read_offers(pages, refresh, page(product, PRODUCT_PAGE.encode())) == {"SW1": found.offer}
    assert Shopware().says_gone(product, 404, b"")


def test_the_api_never_says_by_its_status_that_a_product_is_gone(shop: Shop) -> None:
    (refresh,) = Shopware().refresh_many(shop, [KNOWN])
    assert not Shopware().says_gone(refresh.fetch, 404, b"")
