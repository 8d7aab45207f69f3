"""What a live refresh knows of products by their pages."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest
from livework import ask_until_answered, end, in_stock, start_worker, stock
from pymongo import MongoClient
from redis import Redis
from servers import hung_redis
from shopkeeper import RunningShop
from structlog.testing import capture_logs

from listino.domain.product import Product, ProductId
from listino.live import page_server
from listino.live.page import Page
from listino.live.page_guard import PageGuard
from listino.live.page_scripts import GENERATION, page_key
from listino.live.pages import Loaded, Pages
from listino.live.product_page import LAYOUT, SHOWN, Part, rendered
from listino.settings import Settings
from listino.store.client import Store
from listino.store.documents import packed, paged_document
from workers.known import KnownProducts


@pytest.fixture
async def known(settings: Settings) -> AsyncIterator[KnownProducts]:
    made = KnownProducts(settings)
    yield made
    await made.close()


async def open_pages(settings: Settings, *products: Product) -> None:
    """As a node does: afterwards they are kept."""

    async def load(product_ids: Sequence[ProductId]) -> Loaded:
        return Loaded({one.id: rendered(paged_document(one), packed) for one in products if one.id in product_ids})

    async with Pages(settings, load, layout=LAYOUT) as pages:
        await pages.get_many([one.id for one in products])
        with Redis.from_url(settings.redis_address) as redis:
            ends = time.monotonic() + 10
            while redis.exists(*(page_key(one.id) for one in products)) < len(products):  # type: ignore[operator]
                assert time.monotonic() < ends
                await asyncio.sleep(0.01)


async def test_a_product_whose_page_is_kept_is_known_as_the_store_has_it(
    german_shop: RunningShop, settings: Settings, store: Store, known: KnownProducts
) -> None:
    products = stock(german_shop, settings, store)
    product, gone = in_stock(products), products[-1]
    assert product != gone
    await open_pages(settings, product, replace(gone, gone_at=gone.changed_at))
    asked = [str(product.id), str(gone.id), "de:nobody:1"]
    assert await known.among(asked) == {product.id: store.products.get(product.id)}

    with PageGuard(settings).writing([product.id]):
        assert await known.among(asked) == {}

    await open_pages(settings, product)
    assert (await known.among(asked)).keys() == {product.id}
    with Redis.from_url(settings.redis_address) as redis:
        redis.incr(GENERATION)  # somebody wrote something and could not say what
    assert await known.among(asked) == {}


async def test_a_worker_does_not_ask_the_store_for_what_a_page_says(
    german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    product = in_stock(stock(german_shop, settings, store))
    await open_pages(settings, product)
    with MongoClient(
        settings.mongo_uri
    ) as client:  # as nobody does: whoever asks the store for it is told that there is none
        client[settings.mongo_database]["products"].delete_one({"_id": product.id})
    worker = start_worker(settings)
    try:
        answer = await asyncio.to_thread(ask_until_answered, settings, product)
    finally:
        end(worker)
    assert answer.reason is None
    assert store.products.get(product.id).price == product.price, "and it is stored again"


async def test_what_is_expected_is_read_before_it_is_wanted_and_only_then(
    german_shop: RunningShop,
    settings: Settings,
    store: Store,
    known: KnownProducts,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = stock(german_shop, settings, store)[:2]
    ids = [str(first.id), str(second.id)]
    await open_pages(settings, first, second)
    asked: list[Sequence[str]] = []
    mget = known._server.read

    async def read(keys: Sequence[str]) -> list[bytes | None]:
        asked.append(keys)
        return await mget(keys)

    monkeypatch.setattr(known._server._values, "_step", read)
    for product_id in ids:
        known.expect(product_id)
    assert (await known.among(ids)).keys() == {first.id, second.id}
    assert len(asked) == 1, "those of one moment are read together"

    known.expect(ids[0])
    await known._expected[ids[0]].reading
    with Redis.from_url(settings.redis_address) as redis:
        redis.delete(page_key(ids[0]))
    monkeypatch.setattr("workers.known.EXPECTED_SECONDS", 0.0)
    assert await known.among(ids[:1]) == {}, "what was read too long before is read again"


async def test_no_more_is_expected_than_a_worker_can_have_in_hand(
    settings: Settings, known: KnownProducts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.known._MOST_EXPECTED", 2)
    for number in range(4):
        known.expect(f"it:bottega:{number}")
    assert set(known._expected) == {"it:bottega:0", "it:bottega:1"}
    monkeypatch.setattr("workers.known.EXPECTED_SECONDS", 0.0)
    known.expect("it:bottega:5")
    assert set(known._expected) == {"it:bottega:5"}
    await asyncio.gather(*(kept.reading for kept in known._expected.values()))


async def test_without_redis_nothing_is_known(settings: Settings) -> None:
    away = KnownProducts(settings.model_copy(update={"redis_url": "redis://127.0.0.1:1"}))
    assert await away.among(["it:bottega:1"]) == {}
    await away.close()


async def test_a_stall_of_redis_before_a_quiet_time_voids_no_pages(
    german_shop: RunningShop, settings: Settings, store: Store, known: KnownProducts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_server, "OUTAGE_SECONDS", 0.0)  # the next question comes later than that
    monkeypatch.setattr(page_server, "AWAY_SECONDS", 0.0)
    product = in_stock(stock(german_shop, settings, store))
    await open_pages(settings, product)
    with Redis.from_url(settings.redis_address) as redis:
        generation = redis.get(GENERATION)
        assert await known.among([product.id])
        with hung_redis(settings.redis_address):
            assert await known.among([product.id]) == {}
        ends = time.monotonic() + 10
        while not await known.among([product.id]):
            assert time.monotonic() < ends
        assert redis.get(GENERATION) == generation


@pytest.mark.parametrize(
    "stored",
    [b"no BSON", packed({"_id": "de:x:1"}), packed({"_id": "de:x:1", "name": 1, "offer": 1}), None],
    ids=["no BSON", "no name", "no offer", "no part"],
)
async def test_a_page_that_is_no_product_is_not_known_and_keeps_nobody_else_from_it(
    stored: bytes | None, german_shop: RunningShop, settings: Settings, store: Store, known: KnownProducts
) -> None:
    products = stock(german_shop, settings, store)
    good, bad = in_stock(products), products[-1]
    assert good != bad
    await open_pages(settings, good)
    with Redis.from_url(settings.redis_address) as redis, capture_logs() as lines:
        page = redis.get(page_key(good.id))
        assert isinstance(page, bytes)
        parts = (b"",) * Part.STORED + (() if stored is None else (stored,))
        redis.set(page_key(bad.id), Page(SHOWN, parts).encoded(page.split(b" ")[0].decode()))
        assert (await known.among([bad.id, good.id])).keys() == {good.id}
    assert [(line["event"], line["product"]) for line in lines] == [("known.unreadable_page", bad.id)]
