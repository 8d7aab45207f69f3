"""The lists and `.js` are read here as a visitor would, and must come to exactly the truth."""

import re
from typing import Any
from urllib.parse import urljoin

import pytest
from parsel import Selector

from listino.domain.money import Money
from listino.domain.offer import Availability, Photo, ShopOffer, ShopProduct, Variant


def text_of(html: str) -> str:
    return " ".join("".join(Selector(html).xpath("//text()").getall()).split())


def state(available: bool) -> Availability:
    return Availability.IN_STOCK if available else Availability.OUT_OF_STOCK


def read_variant(node: dict[str, Any], options: list[str], url: str) -> Variant:
    choices = dict(zip(options, node["options"], strict=True))
    choices.pop("Title", None)
    image = node["featured_image"]
    return Variant(
        sku=node["sku"],
        style=choices.pop("Farbe", ""),
        size=next(iter(choices.values()), ""),
        cost=Money(node["price"]),
        list_cost=None if node["compare_at_price"] is None else Money(node["compare_at_price"]),
        availability=state(node["available"]),
        gtin=node["barcode"],
        photos=(urljoin(url, image["src"]),) if image else (),
    )


def read(node: dict[str, Any], related: list[dict[str, Any]], base: str) -> ShopProduct:
    url = f"{base}/products/{node['handle']}"
    options = [option["name"] for option in node["options"]]
    variants = tuple(read_variant(part, options, url) for part in node["variants"])
    photos = [urljoin(url, address) for address in node["images"]]
    tags = [tuple(tag.split(": ", 1)) for tag in node["tags"] if ": " in tag]
    return ShopProduct(
        sku=str(node["id"]),
        url=url,
        name=node["title"],
        brand=node["vendor"],
        gtin=variants[0].gtin,
        category=node["type"],
        description=text_of(node["description"]),
        photos=tuple(Photo(url=photo, thumbnail_url=photo) for photo in photos),
        features=tuple((label, value) for label, value in tags),
        related=tuple(str(other["id"]) for other in related),
        offer=ShopOffer(
            cost=Money(node["price"]),
            list_cost=None if node["compare_at_price"] is None else Money(node["compare_at_price"]),
            availability=state(node["available"]),
            variants=variants,
        ),
    )


def listed(client: Any, path: str, limit: int = 100) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    page = 1
    while found := client.get(path, params={"limit": limit, "page": page}).json()["products"]:
        items += found
        page += 1
    return items


@pytest.fixture(scope="module")
def shop(open_shop: Any) -> Any:
    shop = open_shop("de")
    shop.catalogue.drift(0.2, seed=5)
    return shop


def test_a_reader_of_js_comes_to_the_truth(shop: Any) -> None:
    truth = shop.catalogue.truth()
    items = listed(shop.client, "/products.json")
    assert len(items) == len(truth) == 250
    products = []
    for item in items:
        node = shop.client.get(f"/products/{item['handle']}.js").json()
        related = shop.client.get(
            "/recommendations/products.json", params={"product_id": item["id"], "limit": 4}
        ).json()
        products.append(read(node, related["products"], "http://testserver"))
    assert {product.sku: product for product in products} == truth


def test_the_list_tells_the_same_but_no_barcodes(shop: Any) -> None:
    truth = shop.catalogue.truth()
    items = listed(shop.client, "/products.json", limit=250)
    assert [str(item["id"]) for item in items] == list(truth)
    for item in items:
        product = truth[str(item["id"])]
        assert [Money.of(variant["price"]) for variant in item["variants"]] == [v.cost for v in product.offer.variants]
        listed_costs = [v["compare_at_price"] and Money.of(v["compare_at_price"]) for v in item["variants"]]
        assert listed_costs == [v.list_cost for v in product.offer.variants]
        assert [state(v["available"]) for v in item["variants"]] == [v.availability for v in product.offer.variants]
        assert item["product_type"] == product.category
        assert [image["src"] for image in item["images"]] == [photo.url for photo in product.photos]
        assert text_of(item["body_html"]) == product.description
        assert not any("barcode" in variant for variant in item["variants"])


def test_collections_hold_every_product_once(shop: Any) -> None:
    handles = [
        address.rpartition("/")[2]
        for address in Selector(shop.client.get("/").text).css(".departments a::attr(href)").getall()
    ]
    assert len(handles) == 8
    ids = [item["id"] for handle in handles for item in listed(shop.client, f"/collections/{handle}/products.json")]
    assert sorted(map(str, ids)) == sorted(shop.catalogue.keys())
    assert len(listed(shop.client, "/collections/all/products.json")) == 250


def test_a_page_holds_thirty_unless_asked_and_250_at_most(shop: Any, open_shop: Any) -> None:
    assert len(shop.client.get("/products.json").json()["products"]) == 30
    big = open_shop("de", count=300)
    assert len(big.client.get("/products.json?limit=1000").json()["products"]) == 250
    assert len(big.client.get("/products.json?limit=250&page=2").json()["products"]) == 50


def test_the_page_shows_the_price_as_germany_writes_it(shop: Any) -> None:
    dear = next(p for p in shop.catalogue.truth().values() if p.offer.cost.minor >= 100_000)
    page = Selector(shop.client.get(dear.url).text)
    shown = page.css(".price-item--sale::text").get("")
    assert re.search(r"\d\.\d{3},\d\d\N{NO-BREAK SPACE}€", shown)


def test_coffee_shows_a_price_per_kilogram_too(shop: Any) -> None:
    product = next(p for p in shop.catalogue.truth().values() if p.category == "Kaffee" and len(p.offer.variants) > 1)
    assert "/kg" in Selector(shop.client.get(product.url).text).css(".unit-price::text").get("")


@pytest.mark.parametrize(
    "path", ["/products/nichts-1.js", "/products/nichts", "/collections/nichts/products.json", "/collections/nichts"]
)
def test_unknown_addresses_are_not_found(shop: Any, path: str) -> None:
    assert shop.client.get(path).status_code == 404
