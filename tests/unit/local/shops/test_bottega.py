"""The Store API is read here as a visitor would, and must come to exactly the truth."""

import re
from html import unescape
from typing import Any

import orjson
import pytest
from parsel import Selector

from listino.domain.money import Money
from listino.domain.offer import Availability, Photo, ShopOffer, ShopProduct, Variant

API = "/wp-json/wc/store/v1/products"


def text_of(html: str) -> str:
    return " ".join("".join(Selector(html or "<p></p>").xpath("//text()").getall()).split())


def listed(client: Any, **params: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    page = 1
    while True:
        answer = client.get(API, params={"per_page": 100, "page": page, "orderby": "id", "order": "asc", **params})
        assert answer.status_code == 200
        items += answer.json()
        if 'rel="next"' not in answer.headers.get("link", ""):
            assert len(items) == int(answer.headers["x-wp-total"])
            assert page == int(answer.headers["x-wp-totalpages"])
            return items
        page += 1


def availability(item: dict[str, Any]) -> Availability:
    return Availability.IN_STOCK if item["is_in_stock"] else Availability.OUT_OF_STOCK


def costs(item: dict[str, Any]) -> dict[str, Money | None]:
    prices = item["prices"]
    assert (prices["currency_code"], prices["currency_minor_unit"]) == ("EUR", 2)
    return {
        "cost": Money(int(prices["price"])),
        "list_cost": Money(int(prices["regular_price"])) if item["on_sale"] else None,
    }


def read_variant(item: dict[str, Any]) -> Variant:
    choices = dict(part.split(": ", 1) for part in unescape(item["variation"]).split(", ") if part)
    return Variant(
        sku=item["sku"],
        style=choices.pop("Colore", ""),
        size=next(iter(choices.values()), ""),
        availability=availability(item),
        quantity=item["low_stock_remaining"],
        photos=tuple(image["src"] for image in item["images"]) if item["variation"] else (),
        **costs(item),
    )


def read(item: dict[str, Any], variations: list[dict[str, Any]], page: str) -> ShopProduct:
    graph = orjson.loads(Selector(page).css('script[type="application/ld+json"]::text').get(""))["@graph"]
    product = next(node for node in graph if node["@type"] == "Product")
    return ShopProduct(
        sku=str(item["id"]),
        url=item["permalink"],
        name=unescape(item["name"]),
        brand=unescape(item["brands"][0]["name"]),
        gtin=product.get("gtin"),
        category=unescape(max(item["categories"], key=lambda c: c["link"].count("/"))["name"]),
        slogan=text_of(item["short_description"]),
        description=text_of(item["description"]),
        photos=tuple(Photo(url=image["src"], thumbnail_url=image["thumbnail"]) for image in item["images"]),
        features=tuple(
            (unescape(attribute["name"]), unescape(attribute["terms"][0]["name"]))
            for attribute in item["attributes"]
            if not attribute["has_variations"]
        ),
        related=tuple(Selector(page).css("section.related a::attr(data-product_id)").getall()),
        offer=ShopOffer(
            availability=availability(item),
            variants=tuple(read_variant(part) for part in (variations or [item])),
            **costs(item),
        ),
    )


@pytest.fixture(scope="module")
def shop(open_shop: Any) -> Any:
    shop = open_shop("it")
    shop.catalogue.drift(0.2, seed=5)
    return shop


def test_a_reader_of_the_store_api_comes_to_the_truth(shop: Any) -> None:
    items = listed(shop.client)
    variations = listed(shop.client, type="variation")
    truth = shop.catalogue.truth()
    assert len(items) == len(truth) == 250
    assert len(variations) == sum(len(p.offer.variants) for p in truth.values() if len(p.offer.variants) > 1) > 500
    for item in items:
        own = [part for part in variations if part["parent"] == item["id"]]
        assert [part["id"] for part in own] == [part["id"] for part in item["variations"]]
        page = shop.client.get(item["permalink"])
        assert page.status_code == 200
        assert read(item, own, page.text) == truth[str(item["id"])]


def test_names_are_written_as_wordpress_does(shop: Any) -> None:
    names = [item["name"] for item in listed(shop.client)]
    assert sum("&amp;" in name and "&quot;" in name for name in names) >= 1
    assert not any("<" in name for name in names)


def test_newest_comes_first_unless_asked_otherwise(shop: Any) -> None:
    ids = [item["id"] for item in shop.client.get(API).json()]
    assert len(ids) == 10
    assert ids == sorted(ids, reverse=True)


def test_products_can_be_asked_for_by_id(shop: Any) -> None:
    wanted = shop.catalogue.keys()[3:6]
    items = shop.client.get(API, params={"include": ",".join(wanted)}).json()
    assert sorted(str(item["id"]) for item in items) == sorted(wanted)
    variable = next(item for item in listed(shop.client) if item["type"] == "variable")
    both = listed(shop.client, type="variation", parent=f"{variable['id']}")
    assert [part["id"] for part in both] == [part["id"] for part in variable["variations"]]
    assert shop.client.get(f"{API}/{variable['id']}").json() == variable
    assert shop.client.get(f"{API}/{both[0]['id']}").json() == both[0]


def test_types_and_categories_divide_the_goods(shop: Any) -> None:
    everything = listed(shop.client)
    simple, variable = listed(shop.client, type="simple"), listed(shop.client, type="variable")
    assert len(simple) > 50
    assert len(variable) > 100
    assert len(simple) + len(variable) == len(everything)
    category = everything[0]["categories"][0]
    within = listed(shop.client, category=category["id"])
    assert 0 < len(within) < 250
    assert all(category["id"] in [c["id"] for c in item["categories"]] for item in within)


@pytest.mark.parametrize("params", [{"per_page": 101}, {"per_page": 0}, {"page": 0}, {"page": "x"}, {"parent": "a"}])
def test_impossible_parameters_are_refused(shop: Any, params: dict[str, Any]) -> None:
    answer = shop.client.get(API, params=params)
    assert answer.status_code == 400
    assert answer.json()["code"] == "rest_invalid_param"


def test_past_the_end_there_is_an_empty_list(shop: Any) -> None:
    answer = shop.client.get(API, params={"page": 99})
    assert (answer.status_code, answer.json()) == (200, [])


@pytest.mark.parametrize("number", [1, 8001 + 15, 99_999_999])
def test_an_unknown_id_is_not_found(shop: Any, number: int) -> None:
    answer = shop.client.get(f"{API}/{number}")
    assert answer.status_code == 404
    assert answer.json()["code"] == "woocommerce_rest_product_invalid_id"


def test_the_page_shows_the_price_as_italy_writes_it(shop: Any) -> None:
    dear = next(p for p in shop.catalogue.truth().values() if p.offer.cost.minor >= 100_000 and not p.offer.list_cost)
    page = Selector(shop.client.get(dear.url).text)
    shown = page.css(".summary .price bdi::text").get("")
    assert re.fullmatch(r"\d\.\d{3},\d\d\N{NO-BREAK SPACE}€", shown)
    assert page.css("link[rel=canonical]::attr(href)").get() == dear.url
