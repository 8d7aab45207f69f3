import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from pymongo.errors import AutoReconnect, BulkWriteError, OperationFailure

from listino.domain.money import Money
from listino.domain.offer import ShopOffer
from listino.domain.product import Product
from listino.store.upsert import UpsertPlan
from scrapers.items import ScrapedGoods
from scrapers.pipelines import store as module
from scrapers.pipelines.store import BATCH, StorePipeline


class Store:
    """An asynchronous store that remembers what it is given."""

    def __init__(self) -> None:
        self.batches: list[list[Product]] = []
        self.closed = False
        self.products = self

    async def upsert(self, seen: Sequence[Product], **_: object) -> UpsertPlan:
        self.batches.append(list(seen))
        free = {product.id: "0.00 EUR" for product in seen if product.offer and not product.offer.cost.minor}
        return UpsertPlan(new=[product.id for product in seen if product.id not in free], worthless=free)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    made = Store()
    monkeypatch.setattr(module, "AsyncStore", lambda settings, guard: made)
    monkeypatch.setattr(module, "PageGuard", lambda settings: None)
    return made


@pytest.fixture
async def pipeline(crawler: Any, store: Store) -> AsyncIterator[StorePipeline]:
    crawler.spider.settings_of_listino = SimpleNamespace()
    made = StorePipeline.from_crawler(crawler)
    await made.open_spider()
    yield made
    if not store.closed:
        await made.close_spider()


def numbered(item: ScrapedGoods, number: int) -> ScrapedGoods:
    return ScrapedGoods(item.shop, replace(item.goods, sku=str(number)))


async def test_goods_are_stored_in_batches_and_the_rest_at_the_end(
    pipeline: StorePipeline, store: Store, item: ScrapedGoods, crawler: Any
) -> None:
    for number in range(BATCH + 1):
        await pipeline.process_item(numbered(item, number))
    assert [len(batch) for batch in store.batches] == [BATCH]
    await pipeline.close_spider()
    assert [len(batch) for batch in store.batches] == [BATCH, 1]
    assert store.closed
    counts = crawler.spider.run.snapshot().shops["bottega"]
    assert (counts.products, counts.new) == (BATCH + 1, BATCH + 1)


async def test_what_is_stored_is_priced_and_bears_the_crawls_id(
    pipeline: StorePipeline, store: Store, item: ScrapedGoods
) -> None:
    await pipeline.process_item(item)
    await pipeline.close_spider()
    ((product,),) = store.batches
    assert (product.id, product.crawl_id) == ("it:bottega:8411", "it-1")
    assert product.price is not None
    assert product.offer is not None
    assert product.offer.seen_at == product.offer.checked_at


async def test_nothing_scraped_is_nothing_stored(pipeline: StorePipeline, store: Store) -> None:
    await pipeline.close_spider()
    assert store.batches == []


async def test_goods_wait_while_the_store_is_away_and_are_stored_when_it_is_back(
    pipeline: StorePipeline, store: Store, item: ScrapedGoods, crawler: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(seen: Sequence[Product], **_: object) -> UpsertPlan:
        raise AutoReconnect("no primary")

    with monkeypatch.context() as patched:
        patched.setattr(store, "upsert", away)
        for number in range(BATCH):
            await pipeline.process_item(numbered(item, number))
    assert store.batches == []
    await pipeline.process_item(numbered(item, BATCH))
    assert [len(batch) for batch in store.batches] == [BATCH + 1]
    assert crawler.spider.run.snapshot().total("products") == BATCH + 1
    assert crawler.spider.run.seen_whole("bottega")


async def test_a_cluster_without_a_primary_is_away_and_refuses_nothing(
    pipeline: StorePipeline, store: Store, item: ScrapedGoods, crawler: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def electing(seen: Sequence[Product], **_: object) -> UpsertPlan:
        raise OperationFailure("shard-1 has no primary", 133)

    with monkeypatch.context() as patched:
        patched.setattr(store, "upsert", electing)
        for number in range(BATCH):
            await pipeline.process_item(numbered(item, number))
    await pipeline.close_spider()
    assert [len(batch) for batch in store.batches] == [BATCH]
    assert crawler.spider.run.snapshot().rejected == {}


async def test_a_store_that_stays_away_ends_the_crawl_without_waiting_for_itself(
    pipeline: StorePipeline, store: Store, item: ScrapedGoods, crawler: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    through = asyncio.Event()
    closed = asyncio.Event()
    reasons: list[str] = []

    async def close_spider_async(*, reason: str) -> None:
        await through.wait()  # as Scrapy's: until every item has been processed
        reasons.append(reason)
        closed.set()

    async def away(seen: Sequence[Product], **_: object) -> UpsertPlan:
        raise AutoReconnect("no primary")

    monkeypatch.setattr(crawler, "engine", SimpleNamespace(close_spider_async=close_spider_async), raising=False)
    monkeypatch.setattr(store, "upsert", away)
    monkeypatch.setattr(module, "MOST_WAITING", BATCH - 1)
    async with asyncio.timeout(10):
        for number in range(BATCH):
            await pipeline.process_item(numbered(item, number))
        through.set()
        await closed.wait()
    assert reasons == ["store_away"]
    assert crawler.spider.run.error == "the store stayed away"


async def test_goods_that_are_being_stored_when_the_spider_closes_are_stored(
    pipeline: StorePipeline, store: Store, item: ScrapedGoods, crawler: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing, elected = asyncio.Event(), asyncio.Event()
    stores = store.upsert

    async def slow(seen: Sequence[Product], **_: object) -> UpsertPlan:
        writing.set()
        await elected.wait()
        return await stores(seen)

    monkeypatch.setattr(store, "upsert", slow)
    monkeypatch.setattr(module, "FLUSH_EVERY", 0.0)
    await pipeline.process_item(item)
    async with asyncio.timeout(10):
        await writing.wait()
        closing = asyncio.create_task(pipeline.close_spider())
        await asyncio.sleep(0)
        elected.set()
        await closing
    assert [len(batch) for batch in store.batches] == [1]
    assert crawler.spider.run.snapshot().total("products") == 1


async def test_goods_that_could_not_be_stored_to_the_end_leave_the_shop_unseen(
    pipeline: StorePipeline, store: Store, item: ScrapedGoods, crawler: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(seen: Sequence[Product], **_: object) -> UpsertPlan:
        raise AutoReconnect("no primary")

    monkeypatch.setattr(store, "upsert", away)
    await pipeline.process_item(item)
    await pipeline.close_spider()
    assert store.closed
    assert not crawler.spider.run.seen_whole("bottega")
    assert "1 goods were read and could not be stored" in str(crawler.spider.run.error)


async def test_goods_that_the_store_refuses_are_rejected_and_their_neighbours_stored(
    pipeline: StorePipeline, store: Store, item: ScrapedGoods, crawler: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores = store.upsert

    async def refuses_one(seen: Sequence[Product], **_: object) -> UpsertPlan:
        if any(str(product.id).endswith(":7") for product in seen):
            raise BulkWriteError({"writeErrors": []})
        return await stores(seen)

    monkeypatch.setattr(store, "upsert", refuses_one)
    for number in range(BATCH):
        await pipeline.process_item(numbered(item, number))
    counts = crawler.spider.run.snapshot().shops["bottega"]
    assert (counts.products, counts.rejected, counts.failed) == (BATCH - 1, 1, 0)
    assert crawler.spider.run.snapshot().rejected == {"store/refused": 1}
    assert crawler.spider.run.rejected_urls("bottega") == [item.goods.url]


async def test_new_goods_that_cost_nothing_are_rejected(
    pipeline: StorePipeline, item: ScrapedGoods, crawler: Any
) -> None:
    await pipeline.process_item(item)
    free = replace(item.goods, sku="free", offer=ShopOffer(cost=Money(0)))
    await pipeline.process_item(ScrapedGoods(item.shop, free))
    await pipeline.close_spider()
    crawl = crawler.spider.run.snapshot()
    assert (crawl.total("products"), crawl.total("new"), crawl.total("rejected")) == (1, 1, 1)
    assert crawl.rejected == {"price/not_positive": 1}
    assert crawler.stats == {"listino/rejected/price/not_positive": 1}
    assert crawl.shops["bottega"].coverage["price"] == 0.5
