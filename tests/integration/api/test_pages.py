"""Pages and lists that are kept: what is written shows at once, and what is answered is what the routes would answer."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from pymongo.errors import AutoReconnect
from redis import Redis

from listino.domain.product import Product, ProductId
from listino.live.page import decoded
from listino.live.page_guard import PageGuard
from listino.live.page_scripts import moving_key, page_key
from listino.live.product_page import Part, rendered
from listino.settings import Settings
from listino.store.aio import AsyncProducts
from listino.store.client import Store
from listino.store.documents import packed, paged_document, product_in

Make = Callable[..., Product]
LATER = datetime(2026, 3, 2, tzinfo=UTC)
ID = "it:bottega:1"


async def shown_soon(look: Callable[[], Awaitable[Any]], expected: Any) -> None:
    """Looks again and again until it is as expected; fails with what was seen last. How soon that is tests/load measures:
    what nobody drops stays for minutes."""
    deadline = time.monotonic() + 10
    while (seen := await look()) != expected:
        assert time.monotonic() < deadline, seen
        await asyncio.sleep(0.02)


@pytest.fixture
async def other(settings: Settings, serve: Any) -> AsyncIterator[httpx2.AsyncClient]:
    """A second node."""
    async with serve(settings) as opened:
        yield opened


@pytest.fixture
def redis(settings: Settings) -> Iterator[Redis]:
    with Redis.from_url(settings.redis_address) as client:
        yield client


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the store is asked from now on, by name."""
    names: list[str] = []
    for name in ("among", "page_ids"):
        monkeypatch.setattr(AsyncProducts, name, _noting(getattr(AsyncProducts, name), name, names))
    return names


def _noting(method: Callable[..., Awaitable[Any]], name: str, names: list[str]) -> Callable[..., Awaitable[Any]]:
    async def noted(*args: Any, **options: Any) -> Any:
        names.append(name)
        return await method(*args, **options)

    return noted


async def prices(client: httpx2.AsyncClient) -> list[str]:
    """The product's price on its page, in its styles and in a list."""
    page, styles, listed = [
        (await client.get(address)).json()
        for address in (f"/products/{ID}", f"/products/{ID}/styles", "/products?market=it")
    ]
    return [page["default_price"], styles["results"][0]["original_price"], listed[0]["default_price"]]


async def ids(client: httpx2.AsyncClient, query: str) -> list[ProductId]:
    return [product["id"] for product in (await client.get(f"/products?{query}")).json()]


@pytest.mark.usefixtures("patient")
async def test_a_new_price_shows_everywhere_shown_soon(
    client: httpx2.AsyncClient, other: httpx2.AsyncClient, store: Store, goods: Make
) -> None:
    store.products.upsert([goods("1")])
    assert await prices(client) == await prices(other) == ["30.90"] * 3

    store.products.upsert([goods("1", cost=4400, at=LATER)])
    new = str(store.products.get(ID).price.amount)  # type: ignore[union-attr]  # it has one
    assert new != "30.90"

    for node in (client, other):
        await shown_soon(lambda node=node: prices(node), [new] * 3)  # type: ignore[misc]
        assert (await node.get(f"/products/{ID}/price?wait=0")).json()["price"] == new


async def test_what_comes_moves_and_goes_shows_in_lists_shown_soon(
    client: httpx2.AsyncClient, store: Store, goods: Make
) -> None:
    store.products.upsert([goods("1"), goods("2")])
    assert await ids(client, "category=Cucina") == [ID, "it:bottega:2"]
    store.products.upsert([goods("3")])
    await shown_soon(lambda: ids(client, "category=Cucina"), [ID, "it:bottega:2", "it:bottega:3"])
    store.products.upsert([goods("1", category="Bagno", at=LATER)])
    await shown_soon(lambda: ids(client, "category=Cucina"), ["it:bottega:2", "it:bottega:3"])
    store.products.mark_gone(["it:bottega:2"], LATER)
    await shown_soon(lambda: ids(client, "category=Cucina"), ["it:bottega:3"])
    store.products.mark_shop_gone("it", "bottega", LATER)
    await shown_soon(lambda: ids(client, "category=Cucina"), [])


async def test_what_is_kept_needs_no_store(
    client: httpx2.AsyncClient,
    other: httpx2.AsyncClient,
    store: Store,
    goods: Make,
    settings: Settings,
    asked: list[str],
) -> None:
    store.products.upsert([goods("1"), goods("2")])
    with Redis.from_url(settings.redis_address) as redis:
        redis.delete(moving_key("it"))  # as if the goods had come long ago
    first = await client.get("/products?market=it&count=1")
    assert asked == ["page_ids", "among"]

    again = await other.get("/products?market=it&count=1")

    assert asked == ["page_ids", "among"]
    assert (again.content, again.headers["link"]) == (first.content, first.headers["link"])


async def test_lists_that_just_changed_are_not_kept_for_secondaries_may_lag(
    client: httpx2.AsyncClient,
    other: httpx2.AsyncClient,
    store: Store,
    goods: Make,
    settings: Settings,
    asked: list[str],
) -> None:
    store.products.upsert([goods("1")])
    with Redis.from_url(settings.redis_address) as redis:
        redis.set(moving_key("it"), "1", px=600_000)  # as long as the test takes
    for node in (client, other):
        await node.get("/products?market=it")
    assert asked.count("page_ids") == 2


async def test_while_a_primary_is_away_a_secondary_is_read_and_kept_for_nobody(
    client: httpx2.AsyncClient, store: Store, goods: Make, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.products.upsert([goods("1")])
    among = AsyncProducts.among

    async def without_primary(self: AsyncProducts, product_ids: Any, *, behind: bool = False) -> Any:
        if not behind:
            raise AutoReconnect("no primary")
        return await among(self, product_ids, behind=True)

    monkeypatch.setattr(AsyncProducts, "among", without_primary)
    answer = await client.get(f"/products/{ID}")

    assert (answer.status_code, answer.json()["id"]) == (200, ID)
    assert answer.headers["x-accel-expires"] == "0"
    with Redis.from_url(settings.redis_address) as redis:
        assert not redis.exists(page_key(ID))


async def test_a_list_that_a_secondary_told_is_kept_for_nobody(
    client: httpx2.AsyncClient, store: Store, goods: Make, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.products.upsert([goods("1")])
    page_ids = AsyncProducts.page_ids

    async def without_primary(self: AsyncProducts, *asked: Any, behind: bool, **more: Any) -> Any:
        if not behind:
            raise AutoReconnect("no primary")
        return await page_ids(self, *asked, behind=True, **more)

    monkeypatch.setattr(AsyncProducts, "page_ids", without_primary)
    with Redis.from_url(settings.redis_address) as redis:
        redis.delete(moving_key("it"))  # as if the goods had come long ago
        answer = await client.get("/products?market=it")
        assert ([shown["id"] for shown in answer.json()], answer.headers["x-accel-expires"]) == ([ID], "0")
        assert not list(redis.scan_iter("list:*"))


@pytest.mark.parametrize("query", ["", "?market=it&count=1", "?count=0", "?colour=red", "?count=1&count=2", "?page=9"])
async def test_the_short_way_answers_lists_as_the_route_does(
    client: httpx2.AsyncClient, store: Store, goods: Make, query: str
) -> None:
    store.products.upsert([goods("1", description="Caffè " * 200), goods("2")])
    for method, headers in (("GET", {}), ("HEAD", {}), ("GET", {"Accept-Encoding": "gzip"}), ("POST", {})):
        short, long = [
            await client.request(method, f"/products{slash}{query}", headers={"X-Request-Id": "request-1", **headers})
            for slash in ("", "/")
        ]
        assert (short.status_code, short.content) == (long.status_code, long.content)
        assert _lasting(short) == _lasting(long)


@pytest.mark.parametrize("part", ["", "/styles", "/related"])
@pytest.mark.parametrize("key", ["it bottega 1", "it bottega gone", "it bottega unknown", "uk bottega 1"])
async def test_the_short_way_answers_as_the_routes_do(
    client: httpx2.AsyncClient, store: Store, goods: Make, part: str, key: str
) -> None:
    store.products.upsert([goods("1", description="Caffè " * 200), goods("gone")])
    store.products.mark_gone(["it:bottega:gone"], LATER)
    plain, encoded = (f"/products/{key.replace(' ', mark)}{part}" for mark in (":", "%3A"))
    first = (await client.get(plain)).headers
    tag, plain_vary = first.get("etag", "none"), first.get("vary")
    for method, headers in (
        ("GET", {}),
        ("HEAD", {}),
        ("GET", {"If-None-Match": tag}),
        ("GET", {"Accept-Encoding": "gzip"}),
        ("GET", {"Accept-Encoding": "gzip;q=0"}),
        ("GET", {"Accept-Encoding": "identity", "X-Request-Id": "request-1"}),
        ("POST", {}),
    ):
        one, two = [await client.request(method, address, headers=headers) for address in (plain, encoded)]
        assert one.status_code == two.status_code
        assert _lasting(one) == _lasting(two)
        assert "content-encoding" not in one.headers or headers.get("Accept-Encoding") != "gzip;q=0"
        assert one.headers.get("vary") == plain_vary or one.status_code == 405
        if one.status_code == 200:
            assert one.content == two.content


def _lasting(answer: httpx2.Response) -> dict[str, str]:
    """The headers, but for those that are another time by time."""
    return {name: value for name, value in answer.headers.items() if name not in ("x-request-id", "x-accel-expires")}


async def test_what_nginx_may_repeat_ends_with_the_second_in_which_it_was_read(
    client: httpx2.AsyncClient, store: Store, goods: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.products.upsert([goods("1")])
    monkeypatch.setattr(time, "time", lambda: 1_790_000_000.9)
    for address in (f"/products/{ID}", f"/products/{ID}/styles", f"/products/{ID}/related", "/products"):
        assert (await client.get(address)).headers["x-accel-expires"] == "@1790000000"


async def test_a_node_does_not_hold_what_only_workers_read(
    client: httpx2.AsyncClient, store: Store, goods: Make
) -> None:
    store.products.upsert([goods("1")])
    assert (await client.get(f"/products/{ID}")).status_code == 200
    transport = client._transport
    assert isinstance(transport, httpx2.ASGITransport)
    held = transport.app.state.services.pages._held.get(ID, now=0.0)  # type: ignore[attr-defined]  # a Starlette
    assert len(held.page.parts) == Part.STORED


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("cost", [2400, 2500], ids=["same", "moved"])
async def test_a_page_that_a_live_refresh_has_left_is_as_a_node_would_make_it_and_asks_no_store(
    cost: int, settings: Settings, store: Store, goods: Make, serve: Any, asked: list[str], redis: Redis
) -> None:
    async def everything() -> tuple[list[tuple[str, bytes]], tuple[bytes, ...], Product]:
        """As a new node answers, whose process holds nothing; and of the page that is kept then the bytes that are shown, and
        the product. Its document's bytes may differ, for MongoDB puts fields that come later after the others."""
        async with serve(settings) as node:
            answers = [await node.get(f"/products/{ID}{part}") for part in ("", "/styles", "/related", "/price?wait=0")]
            await shown_soon(lambda: asyncio.to_thread(redis.exists, page_key(ID)), 1)
        kept = await asyncio.to_thread(redis.get, page_key(ID))
        assert isinstance(kept, bytes)
        page = decoded(kept, kept.split(b" ")[0])
        assert page is not None
        told = [(answer.headers.get("etag", ""), answer.content) for answer in answers]
        return told, page.parts[: Part.STORED], product_in(page.parts[Part.STORED])

    store.products.upsert([goods("1")])
    await everything()
    before = store.products.get(ID)
    assert before.offer is not None
    assert before.price is not None
    fresh = goods("1", cost=cost, at=LATER)
    assert fresh.offer is not None
    fresh = replace(  # as a refresh does (listino.domain.listing)
        fresh,
        offer=replace(fresh.offer, seen_at=before.offer.seen_at),
        first_seen_at=before.first_seen_at,
        changed_at=before.changed_at if cost == 2400 else LATER,
    )
    with Store(settings, PageGuard(settings, lambda product: rendered(paged_document(product), packed))) as worker:
        plan = await worker.products.refresh([fresh], known={ID: before})
    assert plan.changed == ([] if cost == 2400 else [ID])
    asked.clear()
    left = await everything()
    assert asked == []
    assert LATER.isoformat(timespec="milliseconds").encode()[:-6] in left[0][0][1]
    redis.delete(page_key(ID))
    assert await everything() == left
    assert asked == ["among"]
