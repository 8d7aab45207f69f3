"""Stores goods in batches: one read and two bulk writes a hundred products."""

import asyncio
import contextlib
import logging
from dataclasses import replace
from typing import Self

from scrapy.crawler import Crawler

from listino.domain.clock import utc_now
from listino.domain.listing import Terms, list_goods
from listino.domain.product import Product
from listino.live.page_guard import PageGuard
from listino.store.aio import AsyncStore
from listino.store.outage import UNAVAILABLE, time_limit
from scrapers.items import ScrapedGoods
from scrapers.market_spider import market_spider

log = logging.getLogger(__name__)

BATCH = 100
MOST_WAITING = 2000  # goods read while the store is away; beyond that the crawl is given up
STORE_SECONDS = 20.0  # longer than an election; goods wait for the next time then
NO_PRICE = "price/not_positive"
FLUSH_EVERY = 2.0  # seconds: what a slow shop gave is visible soon, and a killed spider loses little


class StorePipeline:
    """Turns goods into products, prices them and upserts them; the counts go to the run.

    Prices that are not plausible are held by the store. New goods without a price are rejected, because there is no
    accepted price that they could be sold at meanwhile, and shops show "on request" so.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._waiting: dict[str, list[Product]] = {}
        self._terms: dict[str, Terms] = {}
        self._writing = asyncio.Lock()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    async def open_spider(self) -> None:
        settings = market_spider(self._crawler).settings_of_listino
        self._database = AsyncStore(settings, PageGuard(settings))
        self._timer = asyncio.ensure_future(self._flush_regularly())

    async def close_spider(self) -> None:
        async with self._writing:  # goods that are being stored at this moment are neither waiting nor stored yet
            self._timer.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._timer
        await self._flush_all()
        spider = market_spider(self._crawler)
        for shop, left in self._waiting.items():
            if left:
                spider.run.error = f"{len(left)} goods were read and could not be stored"
                spider.run.fail(shop, spider.run.error)
        self._database.close()

    async def process_item(self, item: ScrapedGoods) -> ScrapedGoods:
        product = list_goods(item.goods, item.shop.terms, at=utc_now(), crawl_id=market_spider(self._crawler).run.id)
        self._terms[item.shop.name] = item.shop.terms
        waiting = self._waiting.setdefault(item.shop.name, [])
        waiting.append(replace(product, reading=item.reading))
        if len(waiting) >= BATCH:
            await self._flush(item.shop.name)
        return item

    async def _flush_regularly(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_EVERY)
            await self._flush_all()

    async def _flush_all(self) -> None:
        for shop in list(self._waiting):
            await self._flush(shop)

    async def _flush(self, shop: str) -> None:
        async with self._writing:
            batch = self._waiting.pop(shop, [])
            if batch:
                await self._store(shop, batch)

    async def _store(self, shop: str, batch: list[Product]) -> None:
        """Stores goods. While the store is away they wait on; what it refuses is rejected, and the rest stored without it."""
        run = market_spider(self._crawler).run
        try:
            with time_limit(STORE_SECONDS):
                plan = await self._database.products.upsert(
                    batch, terms=self._terms[shop], sound=run.sound_crawls(shop)
                )
        except UNAVAILABLE as error:
            log.error("the store is away, %d goods of %s wait: %s", len(batch), shop, error)
            self._waiting[shop] = batch + self._waiting.get(shop, [])
            self._give_up_beyond(MOST_WAITING, shop)
        except Exception as error:
            if len(batch) == 1:
                log.exception("the store refused %s", batch[0].id)
                run.reject(shop, "store/refused", batch[0].url or "", str(error))
                return
            log.warning("the store refused one of %d goods of %s: %s", len(batch), shop, error)
            for product in batch:
                await self._store(shop, [product])
        else:
            run.count(shop, plan, batch)
            for product in batch:
                if detail := plan.worthless.get(product.id):
                    self._crawler.stats.inc_value(f"listino/rejected/{NO_PRICE}")
                    run.reject(shop, NO_PRICE, product.url or "", detail)

    def _give_up_beyond(self, most: int, shop: str) -> None:
        if len(self._waiting[shop]) > most:
            spider = market_spider(self._crawler)
            spider.run.error = "the store stayed away"
            spider.run.fail(shop, spider.run.error)
            self._waiting[shop] = []
            # Not waited for: the spider closes once every item is through, and one of them is on its way through here.
            self._closing = asyncio.ensure_future(self._crawler.engine.close_spider_async(reason="store_away"))
