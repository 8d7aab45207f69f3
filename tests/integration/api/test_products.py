"""Lists, products, styles and related goods, read through the API from a real store."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from starlette.routing import Route

from api.openapi import query_parameters
from api.routes import routes
from listino.domain.money import Money
from listino.domain.pricing import Price
from listino.domain.product import Product
from listino.store import marks
from listino.store.client import Store

Make = Callable[..., Product]
Check = Callable[[str, Any], None]
PROBLEM = "application/problem+json"
SEEN = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
CATALOGUE = Product(id=500, name="Camo Onesie", slogan="Blend in", price=Price(Money(14000)), related=(1, 501))


async def walk(client: httpx2.AsyncClient, address: str) -> list[list[Any]]:
    """The ids of every page, following the Link headers."""
    pages: list[list[Any]] = []
    following: str | None = address
    while following is not None and len(pages) < 20:
        answer = await client.get(following)
        assert answer.status_code == 200
        pages.append([product["id"] for product in answer.json()])
        following = answer.links.get("next", {}).get("url")
    return pages


async def test_a_list_is_a_bare_array_of_five(
    client: httpx2.AsyncClient, store: Store, goods: Make, conforms: Check
) -> None:
    store.products.upsert([goods(f"{number}") for number in range(7)])

    answer = await client.get("/products")

    assert answer.status_code == 200
    assert len(answer.json()) == 5
    for product in answer.json():
        conforms("Card", product)
    assert answer.json()[0] == {
        "id": "it:bottega:0",
        "name": "Moka 0",
        "slogan": None,
        "description": None,
        "category": "Cucina",
        "default_price": "30.90",
    }


async def test_link_headers_lead_through_all_goods_once(client: httpx2.AsyncClient, store: Store, goods: Make) -> None:
    numbers = [Product(id=number, name=f"Good {number}") for number in (3, 20, 100)]
    store.products.upsert([*numbers, *(goods(f"{number}") for number in range(4))])

    pages = await walk(client, "/products?count=3")

    # Numbers come first, in the order of numbers; the page boundary falls between the two kinds of ids, and inside.
    assert [len(page) for page in pages] == [3, 3, 1]
    assert pages[0] == [3, 20, 100]
    assert pages[1] + pages[2] == [f"it:bottega:{number}" for number in range(4)]


async def test_a_last_page_that_is_full_leads_nowhere(client: httpx2.AsyncClient, store: Store, goods: Make) -> None:
    store.products.upsert([goods(f"{number}") for number in range(4)])

    assert [len(page) for page in await walk(client, "/products?count=2")] == [2, 2]


async def test_numbered_pages_are_the_same_pages(client: httpx2.AsyncClient, store: Store, goods: Make) -> None:
    store.products.upsert([goods(f"{number}") for number in range(5)])

    by_cursor = await walk(client, "/products?count=2")
    by_number = [
        [product["id"] for product in (await client.get(f"/products?count=2&page={page}")).json()] for page in (1, 2, 3)
    ]

    assert [len(page) for page in by_number] == [2, 2, 1]
    assert by_number == by_cursor
    assert (await client.get("/products?count=2&page=4")).json() == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("market=fr", ["fr:atelier:2"]),
        ("shop=bottega", ["it:bottega:1", "it:bottega:3"]),
        ("category=Caff%C3%A8", ["it:bottega:3"]),
        ("brand=Bialetti", ["it:bottega:1"]),
        ("market=it&category=Cucina", ["it:bottega:1"]),
        ("brand=$ne", []),
        ("brand=&market=fr", ["fr:atelier:2"]),
    ],
)
async def test_filters(client: httpx2.AsyncClient, store: Store, goods: Make, query: str, expected: list[str]) -> None:
    some = [goods("1", brand="Bialetti"), goods("2", shop="atelier", market="fr"), goods("3", category="Caffè")]
    store.products.upsert(some)

    answer = await client.get(f"/products?{query}")

    assert [product["id"] for product in answer.json()] == expected


async def test_filters_last_over_pages(client: httpx2.AsyncClient, store: Store, goods: Make) -> None:
    store.products.upsert(
        [goods(f"{number}", category="Caffè & tè" if number % 2 else "Cucina") for number in range(9)]
    )

    pages = await walk(client, "/products?count=3&category=Caff%C3%A8+%26+t%C3%A8")

    assert pages == [["it:bottega:1", "it:bottega:3", "it:bottega:5"], ["it:bottega:7"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=moka", ["it:bottega:1", "it:bottega:2", "it:bottega:3"]),
        ("q=tazze&market=it", ["it:bottega:3"]),
        ("q=moka&category=Caff%C3%A8", ["it:bottega:3"]),
        ("q=NOTHING", []),
        ("gtin=8006363018364", ["it:bottega:2"]),
        ("q=80063630", ["it:bottega:2"]),
        ("sort=price", ["it:bottega:2", "it:bottega:1", "it:bottega:3"]),
        ("sort=-price", ["it:bottega:3", "it:bottega:1", "it:bottega:2"]),
        ("sort=price&category=Cucina&market=it", ["it:bottega:2", "it:bottega:1"]),
        ("sort=newest", ["it:bottega:3", "it:bottega:2", "it:bottega:1"]),
        ("sort=id", ["it:bottega:1", "it:bottega:2", "it:bottega:3"]),
    ],
)
async def test_goods_are_searched_and_sorted(
    client: httpx2.AsyncClient, store: Store, goods: Make, query: str, expected: list[str]
) -> None:
    some = [
        goods("1", cost=2000, at=SEEN),
        goods("2", cost=1000, at=SEEN + timedelta(hours=1), gtin="8006363018364"),
        goods("3", cost=3000, at=SEEN + timedelta(hours=2), category="Caffè", name="Moka da tre tazza"),
    ]
    store.products.upsert(some)

    assert await walk(client, f"/products?count=2&{query}") in ([expected[:2], expected[2:]], [expected])


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("sort=cheapest", "sort"),
        ("sort=price&brand=Perla", "sort"),
        ("q=a+b+c+d+e+f+g+h+i", "q"),
        ("gtin=x", "gtin"),
        ("page=300&q=moka", "page"),
    ],
)
async def test_what_no_index_carries_is_refused_by_name(client: httpx2.AsyncClient, query: str, parameter: str) -> None:
    answer = await client.get(f"/products?{query}")

    assert (answer.status_code, answer.headers["content-type"]) == (400, PROBLEM)
    assert answer.json()["parameter"] == parameter


async def test_a_cursor_of_another_list_is_refused(client: httpx2.AsyncClient, store: Store, goods: Make) -> None:
    store.products.upsert([goods(f"{number}") for number in range(3)])
    cursor = (await client.get("/products?count=2&sort=price")).links["next"]["url"].partition("cursor=")[2]

    for other in ("sort=-price", "market=it&sort=price", "q=moka", ""):
        answer = await client.get(f"/products?{other}&cursor={cursor}")
        assert answer.status_code == 400
        assert answer.json()["parameter"] == "cursor"
    assert (await client.get(f"/products?sort=price&cursor={cursor}")).status_code == 200


async def test_a_page_far_in_is_its_slice_and_beyond_the_last_is_nothing(
    client: httpx2.AsyncClient, store: Store
) -> None:
    store.products.upsert([Product(id=number, name=f"Good {number}") for number in range(300)])

    for page in (300, 51, 100, 212):
        answer = await client.get(f"/products?count=1&page={page}")
        assert [product["id"] for product in answer.json()] == [page - 1]
        assert ("next" in answer.links) == (page < 300)
    for page in (301, 400, 999_999_999):
        answer = await client.get(f"/products?count=1&page={page}")
        assert (answer.json(), answer.links) == ([], {})


async def test_who_is_too_early_for_a_page_is_told_when_to_come_again(
    client: httpx2.AsyncClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.products.upsert([Product(id=number, name=f"Good {number}") for number in range(100)])
    monkeypatch.setattr(marks, "PATIENCE_SECONDS", 0.0)
    answer = await client.get("/products?count=1&page=90")

    assert (answer.status_code, answer.headers["content-type"]) == (503, PROBLEM)
    assert answer.headers["retry-after"] == "1"
    assert "being prepared" in answer.json()["detail"]
    monkeypatch.undo()
    assert [product["id"] for product in (await client.get("/products?count=1&page=90")).json()] == [89]


async def test_gone_goods_are_not_listed_and_answer_410(client: httpx2.AsyncClient, store: Store, goods: Make) -> None:
    store.products.upsert([goods("1"), goods("2")])
    store.products.mark_gone(["it:bottega:1"], datetime(2026, 3, 2, tzinfo=UTC))

    listed = await client.get("/products")
    assert [product["id"] for product in listed.json()] == ["it:bottega:2"]
    for address in ("", "/styles", "/related", "/price"):
        answer = await client.get(f"/products/it:bottega:1{address}")
        assert (answer.status_code, answer.headers["content-type"]) == (410, PROBLEM)


async def test_a_product(client: httpx2.AsyncClient, store: Store, goods: Make, conforms: Check) -> None:
    store.products.upsert([goods("8411", brand="Bialetti", gtin="8006363018364")])

    answer = await client.get("/products/it:bottega:8411")

    assert answer.status_code == 200
    conforms("Product", answer.json())
    assert answer.json()["price"] == {
        "amount": "30.90",
        "currency": "EUR",
        "availability": "InStock",
        "as_of": "2026-03-01T09:30:00.000Z",
    }
    assert {name: answer.json()[name] for name in ("market", "shop", "brand", "gtin", "url")} == {
        "market": "it",
        "shop": "bottega",
        "brand": "Bialetti",
        "gtin": "8006363018364",
        "url": "https://bottega.example/p/1",
    }


async def test_a_catalogue_product_has_a_number(client: httpx2.AsyncClient, store: Store, conforms: Check) -> None:
    store.products.upsert([CATALOGUE])

    page = (await client.get("/products/500")).json()
    conforms("Product", page)
    assert (page["id"], page["default_price"]) == (500, "140.00")
    assert (await client.get("/products/500/related")).json() == [1, 501]
    assert (await client.get("/products/500/styles")).json() == {"product_id": "500", "results": []}


async def test_styles_and_related_goods(client: httpx2.AsyncClient, store: Store, goods: Make, conforms: Check) -> None:
    store.products.upsert([goods("8411")])

    styles = (await client.get("/products/it:bottega:8411/styles")).json()
    conforms("Styles", styles)
    assert [style["name"] for style in styles["results"]] == ["Rosso"]
    assert styles["results"][0]["original_price"] == "30.90"
    assert {sku["size"] for sku in styles["results"][0]["skus"].values()} == {"S", "M"}
    assert (await client.get("/products/it:bottega:8411/related")).json() == ["it:bottega:1", "it:bottega:2"]


@pytest.mark.parametrize("sku", ["AB/12", "tè verde", "100%", "a:b", "it/price"])
async def test_ids_with_encoded_characters(client: httpx2.AsyncClient, store: Store, goods: Make, sku: str) -> None:
    product = goods(sku)
    store.products.upsert([product])

    for address in (quote(str(product.id), safe=""), str(product.id)):  # the percent sign encoded, and not
        answer = await client.get(f"/products/{address}/related")
        assert (answer.status_code, answer.json()) == (200, ["it:bottega:1", "it:bottega:2"]), address


@pytest.mark.parametrize("sku", ["AB/12", "it/price", "a/styles"])
async def test_an_encoded_slash_belongs_to_the_id(
    client: httpx2.AsyncClient, store: Store, goods: Make, sku: str
) -> None:
    store.products.upsert([goods(sku)])

    answer = await client.get(f"/products/it:bottega:{quote(sku, safe='')}")

    assert (answer.status_code, answer.json()["name"]) == (200, f"Moka {sku}")


@pytest.mark.parametrize(
    "address", ["it:bottega:1/foo", "it:bottega:1//", "it:bottega:1/price/foo", "it:bottega:1//price", "500/foo", "/"]
)
async def test_a_segment_too_many_is_no_address(
    client: httpx2.AsyncClient, store: Store, goods: Make, address: str
) -> None:
    store.products.upsert([goods("1"), CATALOGUE])

    answer = await client.get(f"/products/{address}")

    assert (answer.status_code, answer.headers["content-type"]) == (404, PROBLEM)
    assert answer.json()["detail"] == "Nothing is served at this address; /docs lists what is."


@pytest.mark.parametrize(
    "route",
    [route for route in routes() if isinstance(route, Route) and route.include_in_schema],
    ids=lambda one: one.path,
)
async def test_no_address_takes_what_it_does_not_know(client: httpx2.AsyncClient, route: Route) -> None:
    method, address = min(route.methods or ()), route.path_format.format(id="it:bottega:1")
    answer = await client.request(method, address, params={"colour": "red"})
    operator = await client.request(method, address, params={"brand[$ne]": "x"})

    assert (answer.status_code, answer.headers["content-type"]) == (400, PROBLEM)
    assert (answer.json()["parameter"], operator.json()["parameter"]) == ("colour", "brand[$ne]")
    for name in query_parameters(route.path_format):
        assert name in answer.json()["detail"]


@pytest.mark.parametrize(
    "address",
    ["/products?count=1&count=2", "/products?market=&market=fr", "/products/it:bottega:1/price?wait=0&wait=1"],
)
async def test_a_parameter_is_given_once(client: httpx2.AsyncClient, address: str) -> None:
    answer = await client.get(address)

    assert (answer.status_code, "only once" in answer.json()["detail"]) == (400, True)


@pytest.mark.parametrize("asked", ["shop=nowhere", "category=none", "brand=none"])
async def test_what_no_product_has_is_an_empty_list(client: httpx2.AsyncClient, store: Store, asked: str) -> None:
    store.products.upsert([CATALOGUE])

    answer = await client.get(f"/products?{asked}")

    assert (answer.status_code, answer.json()) == (200, [])


@pytest.mark.parametrize("address", ["", "/styles", "/related", "/price"])
async def test_unknown_and_impossible_products(client: httpx2.AsyncClient, store: Store, address: str) -> None:
    unknown = await client.get(f"/products/it:bottega:404{address}")
    assert (unknown.status_code, unknown.headers["content-type"]) == (404, PROBLEM)

    impossible = await client.get(f"/products/uk:shop:1{address}")
    assert (impossible.status_code, impossible.json()["parameter"]) == (400, "id")


@pytest.mark.parametrize("address", ["", "/it:bottega:1", "/it:bottega:1/styles", "/it:bottega:1/related"])
async def test_who_holds_an_answer_is_told_so(
    client: httpx2.AsyncClient, store: Store, goods: Make, address: str
) -> None:
    store.products.upsert([goods("1")])
    first = await client.get(f"/products{address}")
    held = {"If-None-Match": first.headers["etag"]}

    again = await client.get(f"/products{address}", headers=held)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])

    store.products.upsert([goods("1", cost=9900, related=("7",), at=datetime(2026, 3, 2, tzinfo=UTC))])
    later = again
    async with asyncio.timeout(1):
        while later.status_code == 304:
            await asyncio.sleep(0.02)
            later = await client.get(f"/products{address}", headers=held)
    assert later.status_code == 200
    assert later.headers["etag"] != first.headers["etag"]


async def test_large_bodies_are_compressed(client: httpx2.AsyncClient, store: Store, goods: Make) -> None:
    store.products.upsert([goods(f"{number}") for number in range(50)])

    large = await client.get("/products?count=50", headers={"Accept-Encoding": "gzip"})
    small = await client.get("/products?count=1", headers={"Accept-Encoding": "gzip"})

    assert (large.headers["content-encoding"], len(large.json())) == ("gzip", 50)
    assert "content-encoding" not in small.headers
