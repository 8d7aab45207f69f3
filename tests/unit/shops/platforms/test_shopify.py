from dataclasses import replace
from typing import Any

import orjson
import pytest

from listino.domain.errors import UnreadablePage
from listino.domain.money import Money
from listino.domain.offer import Availability, ShopProduct
from listino.shops.platform import Expected, Fetch, Found, Known, Page
from listino.shops.platforms.shopify import Shopify
from listino.shops.shop import PlatformOptions, Shop

LIST = Fetch(
    url="https://bottega.example/products.json?limit=250&page=1", purpose="list", carry={"scope": "", "number": 1}
)
PRODUCT = Fetch(url="https://bottega.example/products/moka.js", purpose="product")
KNOWN = Known(sku="1", url="https://bottega.example/products/moka", variants=2)


@pytest.fixture
def shop(bottega: Shop) -> Shop:
    return replace(bottega, platform="shopify")


def page(fetch: Fetch, body: Any) -> Page:
    return Page(url=fetch.url, body=body if isinstance(body, bytes) else orjson.dumps(body))


def read(shop: Shop, fetch: Fetch, body: Any) -> list[Found]:
    return list(Shopify().read(shop, fetch, page(fetch, body)))


def variant(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": number, "title": f"V{number}", "option1": "Rosso", "option2": f"{number}", "sku": f"S{number}",
        "price": 1990, "compare_at_price": None, "available": True, "barcode": None, "featured_image": None, **changes,
    }  # fmt: skip


def product(*variants: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "id": 1, "handle": "moka", "title": "Moka", "vendor": "Perché", "type": "Caffettiere", "description": "<p>Tre</p>",
        "url": "/products/moka", "tags": ["Materiale: alluminio", "saldi", ": x"], "images": ["//cdn.example/a.jpg"],
        "options": [{"name": "Colore"}, {"name": "Taglia"}], "variants": list(variants), **changes,
    }  # fmt: skip


def test_a_product(shop: Shop) -> None:
    image = {"src": "//cdn.example/r.jpg"}
    (goods,) = read(
        shop,
        PRODUCT,
        product(
            variant(1, compare_at_price=2490, barcode="4006381333931", featured_image=image),
            variant(2, price=1790, available=False, compare_at_price=0),
        ),
    )
    assert isinstance(goods, ShopProduct)
    assert (goods.sku, goods.name, goods.url) == ("1", "Moka", "https://bottega.example/products/moka")
    assert (goods.brand, goods.category, goods.gtin) == ("Perché", "Caffettiere", "4006381333931")
    assert goods.features == (("Materiale", "alluminio"),)
    assert [photo.url for photo in goods.photos] == ["https://cdn.example/a.jpg"]
    first, second = goods.offer.variants
    assert (first.sku, first.style, first.size, first.cost, first.list_cost) == (
        "S1", "Rosso", "1", Money(1990), Money(2490),
    )  # fmt: skip
    assert first.photos == ("https://cdn.example/r.jpg",)
    assert (second.cost, second.list_cost, second.availability) == (Money(1790), None, Availability.OUT_OF_STOCK)


def test_variants_that_share_an_sku_are_told_apart_by_their_ids(shop: Shop) -> None:
    answer = product(variant(1, sku="S"), variant(2, sku="S"), variant(3), variant(4, sku=""), variant(5, sku=None))
    offer = Shopify().read_offer(shop, KNOWN, page(PRODUCT, answer))
    assert [entry.sku for entry in offer.variants] == ["1", "2", "S3", "4", "5"]


def test_a_list_leads_to_its_products_and_to_the_next_one(shop: Shop) -> None:
    found = read(shop, LIST, {"products": [{"handle": f"p{n}"} for n in range(250)]})
    assert len(found) == 252
    assert found[0] == Fetch(
        url="https://bottega.example/products.json?limit=250&page=2", purpose="list", carry={"scope": "", "number": 2}
    )
    assert found[1] == Expected(250)
    address = "https://bottega.example/products/p0"
    assert found[2] == Fetch(url=f"{address}.js", purpose="product", optional=True, alone=True, about=address)
    assert read(shop, LIST, {"products": [{"handle": "a"}]})[0] == Expected(1), "a short list is the last"


@pytest.mark.parametrize(
    "body", [b"<html>Passwort</html>", b"", [], None, {}, {"products": {}}, {"products": [{}]}, {"products": ["a"]}]
)
def test_what_is_no_list(body: Any, shop: Shop) -> None:
    with pytest.raises(UnreadablePage, match=r"products\.json"):
        read(shop, LIST, body)


BAD_OFFERS = [
    b"<html></html>", b"", [], None, {}, {"variants": None}, product(), product(variant(1, id=None)), {"variants": [None]},
    product(variant(1, price=None)), product(variant(1, price="19.90")), product(variant(1, price=19.9)),
    product(variant(1, compare_at_price="24.90")), product({"id": 1}),
]  # fmt: skip


@pytest.mark.parametrize("body", BAD_OFFERS)
def test_what_is_no_product(body: Any, shop: Shop) -> None:
    with pytest.raises(UnreadablePage, match=r"products/moka\.js"):
        read(shop, PRODUCT, body)
    with pytest.raises(UnreadablePage, match=r"products/moka\.js"):
        Shopify().read_offer(shop, KNOWN, page(PRODUCT, body))


@pytest.mark.parametrize("name", ["id", "title", "handle"])
def test_a_product_without_a_name_or_key(name: str, shop: Shop) -> None:
    with pytest.raises(UnreadablePage, match=name):
        read(shop, PRODUCT, product(variant(1), **{name: None}))


@pytest.mark.parametrize(
    "url", ["https://bottega.example/products/moka", "https://bottega.example/collections/a/products/moka/?variant=1"]
)
def test_a_refresh_is_one_request(url: str, shop: Shop) -> None:
    fetch = Shopify().refresh(shop, replace(KNOWN, url=url))
    assert fetch.url == "https://bottega.example/products/moka.js"


def test_declared_collections_are_all_that_is_crawled(shop: Shop) -> None:
    scoped = replace(shop, options=PlatformOptions(collections=("saldi", "caffè")))
    first, second = Shopify().start(scoped)
    assert first.url == "https://bottega.example/collections/saldi/products.json?limit=250&page=1"
    assert second.url == "https://bottega.example/collections/caff%C3%A8/products.json?limit=250&page=1"
    following = read(scoped, first, {"products": [{"handle": f"p{n}"} for n in range(250)]})[0]
    assert isinstance(following, Fetch)
    assert following.url == "https://bottega.example/collections/saldi/products.json?limit=250&page=2"
