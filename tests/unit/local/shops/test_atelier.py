"""The pages are read here as a visitor would, and must come to exactly the truth."""

import re
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
from parsel import Selector

from listino.domain.money import Money
from listino.domain.offer import Availability, Photo, ShopOffer, ShopProduct, Variant


def read_variant(node: dict[str, Any]) -> Variant:
    offer = node["offers"]
    assert offer["priceCurrency"] == "EUR"
    listed = offer.get("priceSpecification")
    return Variant(
        sku=node["sku"],
        style=node.get("color", ""),
        size=node.get("size", ""),
        cost=Money.of(offer["price"]),
        list_cost=Money.of(listed["price"]) if listed else None,
        availability=Availability(offer["availability"].rpartition("/")[2]),
        quantity=offer["inventoryLevel"]["value"],
        gtin=node.get("gtin13"),
        photos=(node["image"],) if isinstance(node["image"], str) else (),
    )


def read(html: str) -> ShopProduct:
    page = Selector(html)
    blocks = [orjson.loads(text) for text in page.css('script[type="application/ld+json"]::text').getall()]
    node = next(block for block in blocks if block["@type"].startswith("Product"))
    variants = tuple(read_variant(part) for part in node.get("hasVariant", [node]))
    cheapest = min(variants, key=lambda variant: variant.cost.minor)
    in_stock = any(variant.availability is Availability.IN_STOCK for variant in variants)
    return ShopProduct(
        sku=node["sku"],
        url=node["url"],
        name=node["name"],
        brand=node["brand"]["name"],
        gtin=variants[0].gtin,
        category=node["category"],
        slogan=node["slogan"],
        description=node["description"],
        photos=tuple(Photo(url=url, thumbnail_url=url) for url in node["image"]),
        features=tuple((part["name"], part["value"]) for part in node["additionalProperty"]),
        related=tuple(page.css(".product-accessories article::attr(data-reference)").getall()),
        offer=ShopOffer(
            cost=cheapest.cost,
            list_cost=cheapest.list_cost,
            availability=Availability.IN_STOCK if in_stock else Availability.OUT_OF_STOCK,
            variants=variants,
        ),
    )


@pytest.fixture(scope="module")
def shop(open_shop: Any) -> Any:
    shop = open_shop("fr")
    shop.catalogue.drift(0.2, seed=5)
    return shop


def addresses_listed(client: Any) -> list[str]:
    """Every product link on the department pages, in order, tracking parameters and all."""
    found: list[str] = []
    for department in Selector(client.get("/").text).css(".departments a::attr(href)").getall():
        address: str | None = department
        while address:
            answer = client.get(address)
            assert answer.status_code == 200
            page = Selector(answer.text)
            assert len(page.css(".card")) <= 20
            found += page.css(".card a::attr(href)").getall()
            address = page.css("a[rel=next]::attr(href)").get()
            assert address == page.css("link[rel=next]::attr(href)").get()
    return found


def test_every_product_is_listed_once_and_reads_as_the_truth(shop: Any) -> None:
    links = addresses_listed(shop.client)
    truth = shop.catalogue.truth()
    assert len(truth) == 250
    assert len(links) == 500
    assert sum("utm_source" in link for link in links) > 40
    addresses = sorted(link for link in links if "?" not in link)
    urls = sorted({link.partition("?")[0] for link in links})
    assert urls == sorted(product.url for product in truth.values())
    assert all(1 <= addresses.count(url) <= 2 for url in urls)
    read_products = [read(shop.client.get(url).text) for url in urls]
    assert {product.sku: product for product in read_products} == truth


def test_prices_are_written_as_france_writes_them(shop: Any) -> None:
    dear = [p for p in shop.catalogue.truth().values() if p.offer.cost.minor >= 100_000]
    assert len(dear) >= 2
    shown = [Selector(shop.client.get(p.url).text).css(".current-price-value") for p in dear]
    written = [price.css("::text").get("") for price in shown]
    assert all(re.fullmatch(r"\d[\u202f\u00a0]\d{3},\d\d\u00a0€", text) for text in written)
    assert [price.attrib["content"] for price in shown] == [str(p.offer.cost) for p in dear]


def test_the_page_shows_prices_that_are_not_the_products(shop: Any) -> None:
    product = next(p for p in shop.catalogue.truth().values() if p.offer.list_cost and p.related)
    page = Selector(shop.client.get(product.url).text)
    assert page.css(".regular-price::text").get()
    assert re.search(r"3x \d", page.css(".instalments::text").get(""))
    assert len(page.css(".product-miniature .price")) == len(product.related)
    assert "€" in page.css(".notice::text").get("")


def test_a_wrong_slug_is_sent_to_the_right_address(shop: Any) -> None:
    product = next(iter(shop.catalogue.truth().values()))
    number = urlsplit(product.url).path[1:].partition("-")[0]
    answer = shop.client.get(f"/{number}-ancien-nom.html")
    assert (answer.status_code, answer.headers["location"]) == (301, product.url)


@pytest.mark.parametrize(
    "path", ["/999999-rien.html", "/0-rien.html", "/3-rien", "/999-rien", "/rien", "/3-chaussures?page=99"]
)
def test_unknown_pages_are_not_found(shop: Any, path: str) -> None:
    assert shop.client.get(path).status_code == 404


def test_no_name_can_close_the_script(shop: Any) -> None:
    odd = [p for p in shop.catalogue.truth().values() if "<" in p.name]
    assert len(odd) >= 1
    for product in odd:
        html = shop.client.get(product.url).text
        assert product.name not in html
        assert read(html).name == product.name
        assert Selector(html).css("h1::text").get() == product.name
