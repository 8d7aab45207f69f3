"""What front ends of the six-file catalogue were written against: their addresses, and JSON as they know it."""

import re
from typing import Any

import httpx2
import pytest

from listino.domain.money import Money
from listino.domain.offer import Photo
from listino.domain.pricing import Price
from listino.domain.product import Product, Sku, Style
from listino.store.client import Store

ONESIE = Product(
    id=500,
    name="Camo Onesie",
    slogan="Blend in to your crowd",
    description="The So Fatigues will wake you up and fit you in.",
    category="Jackets",
    price=Price(Money(14000)),
    features=(("Fabric", "Canvas"), ("Buttons", "Brass"), ("Lining", None)),
    related=(503, 501, 502, 501),
    styles=(
        Style(
            style_id=2803,
            cost=None,
            name="Forest Green & Black",
            original_price=Money(14000),
            sale_price=None,
            default=True,
            photos=tuple(
                Photo(url=f"https://photos.example/{n}.jpg", thumbnail_url=f"https://photos.example/{n}-small.jpg")
                for n in (3, 1, 2)
            ),
            skus={"16437": Sku(quantity=8, size="XS"), "16438": Sku(quantity=0, size="S")},
        ),
        Style(
            style_id=2804, cost=None, name="Desert Brown", original_price=Money(14000), sale_price=Money(9905), default=False,
            photos=(), skus={},
        ),
    ),
)  # fmt: skip
OTHERS = tuple(Product(id=number, name=f"Good {number}") for number in (1, 20, 3))
CARD = {
    "id": 500,
    "name": "Camo Onesie",
    "slogan": "Blend in to your crowd",
    "description": "The So Fatigues will wake you up and fit you in.",
    "category": "Jackets",
    "default_price": "140.00",
}


@pytest.fixture
def catalogue(store: Store) -> Store:
    store.products.upsert([ONESIE, *OTHERS])
    return store


async def read(client: httpx2.AsyncClient, address: str) -> Any:
    answer = await client.get(address)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json"), address
    return answer.json()


async def test_a_list_is_a_bare_array_in_the_order_of_numbers(client: httpx2.AsyncClient, catalogue: Store) -> None:
    for address in ("/products", "/products/", "/products/?page=1&count=5", "/products?count=5&page=1"):
        listed = await read(client, address)
        assert [product["id"] for product in listed] == [1, 3, 20, 500]
    assert listed[3] == CARD
    assert listed[0] == {**dict.fromkeys(CARD), "id": 1, "name": "Good 1"}
    assert [product["id"] for product in await read(client, "/products/?page=2&count=3")] == [500]


async def test_a_product_has_its_features_in_order(client: httpx2.AsyncClient, catalogue: Store) -> None:
    for address in ("/products/500", "/products/500/"):
        product = await read(client, address)
        assert {name: product[name] for name in CARD} == CARD
        assert product["features"] == [
            {"feature": "Fabric", "value": "Canvas"},
            {"feature": "Buttons", "value": "Brass"},
            {"feature": "Lining", "value": None},
        ]


async def test_styles(client: httpx2.AsyncClient, catalogue: Store) -> None:
    for address in ("/products/500/styles", "/products/500/styles/"):
        assert await read(client, address) == {
            "product_id": "500",
            "results": [
                {
                    "style_id": 2803,
                    "name": "Forest Green & Black",
                    "original_price": "140.00",
                    "sale_price": None,
                    "default?": True,
                    "photos": [
                        {
                            "thumbnail_url": f"https://photos.example/{n}-small.jpg",
                            "url": f"https://photos.example/{n}.jpg",
                        }
                        for n in (3, 1, 2)
                    ],
                    "skus": {"16437": {"quantity": 8, "size": "XS"}, "16438": {"quantity": 0, "size": "S"}},
                },
                {
                    "style_id": 2804,
                    "name": "Desert Brown",
                    "original_price": "140.00",
                    "sale_price": "99.05",
                    "default?": False,
                    "photos": [],
                    "skus": {},
                },
            ],
        }
    assert await read(client, "/products/1/styles") == {"product_id": "1", "results": []}


async def test_related_goods_are_numbers_in_the_order_of_the_file(client: httpx2.AsyncClient, catalogue: Store) -> None:
    for address in ("/products/500/related", "/products/500/related/"):
        assert await read(client, address) == [503, 501, 502, 501]
    assert await read(client, "/products/1/related") == []


async def test_there_is_no_shop_to_ask(client: httpx2.AsyncClient, catalogue: Store, worker: Any) -> None:
    price = await read(client, "/products/500/price?wait=5000")
    assert (price["product_id"], price["price"], price["fresh"], price["reason"]) == (500, "140.00", False, "no_shop")
    await read(client, "/products/500")
    assert await worker.jobs_left() == 0


async def test_one_slash_is_taken_and_no_address_is_another(client: httpx2.AsyncClient, catalogue: Store) -> None:
    for address in ("/products//", "/products/500//", "//products", "/products//500", "/products/500/styles//"):
        # With the host, or what comes after two slashes would be taken for one.
        answer = await client.get(f"{str(client.base_url).rstrip('/')}{address}")
        assert (answer.request.url.raw_path.decode(), answer.status_code) == (address, 404)
    with_slash = await client.get("/products/500/")
    assert with_slash.headers["etag"] == (await client.get("/products/500")).headers["etag"]


async def test_a_slash_at_the_end_of_a_sku_belongs_to_it(client: httpx2.AsyncClient, store: Store, goods: Any) -> None:
    store.products.upsert([goods("AB/"), goods("AB")])
    named = [(await read(client, f"/products/it:bottega:{sku}"))["name"] for sku in ("AB%2F", "AB%2F/", "AB", "AB/")]
    assert named == ["Moka AB/", "Moka AB/", "Moka AB", "Moka AB"]


@pytest.mark.parametrize("query", ["count=5&page=1", "page=1", "count=100", ""])
async def test_a_page_before_the_last_leads_on(client: httpx2.AsyncClient, store: Store, query: str) -> None:
    store.products.upsert([Product(id=number, name=f"Good {number}") for number in range(1, 107)])
    answer = await client.get(f"/products/?{query}")
    assert re.fullmatch(r'</products\?count=\d+&cursor=[\w-]+>; rel="next"', answer.headers["link"])
