"""The record of a crawl run: saved every second while it runs, told to whoever started it, closed at its end."""

import asyncio
import contextlib
import logging
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Self

import orjson
from scrapy import signals
from scrapy.crawler import Crawler
from twisted.internet.defer import Deferred

from listino.domain.clock import utc_now
from listino.domain.crawl import CrawlStatus
from listino.domain.errors import InvalidShop
from listino.live.page_guard import PageGuard
from listino.shops.declaration import Shops
from listino.store.aio import AsyncStore
from listino.store.client import Store
from listino.store.documents import crawl_document
from listino.store.outage import UNAVAILABLE, time_limit
from scrapers.extensions.crawl_log import CrawlLog
from scrapers.market_spider import MarketSpider

log = logging.getLogger(__name__)

_EVERY = 1.0  # seconds
_STORE_SECONDS = 15.0  # longer than an election; with what is renewed late, still well within the lease
_LAST_WORDS_SECONDS = 60.0  # how long the end of a crawl waits for a store that is away
_RENEW_EVERY = 15.0  # seconds
_ENDS = {
    "finished": CrawlStatus.FINISHED,
    "closespider_itemcount": CrawlStatus.FINISHED,
    "shutdown": CrawlStatus.STOPPED,
}


class CrawlRecord:
    """Keeps the run's document in the store up to date, renews the market's lease, finds what is gone.

    With LISTINO_CRAWL_LINES (a Scrapy setting) on, every state of the document is also a JSON line on standard output.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._lines = crawler.settings.getbool("LISTINO_CRAWL_LINES")
        self._heart: asyncio.Task[None] | None = None
        self._ending = asyncio.Event()
        self._renewal_due = 0.0
        self._stopping: asyncio.Future[None] | None = None
        crawler.signals.connect(self.spider_opened, signal=signals.spider_opened)
        crawler.signals.connect(self.spider_closed, signal=signals.spider_closed)
        crawler.signals.connect(self.not_whole, signal=signals.spider_error)
        crawler.signals.connect(self.not_whole, signal=signals.item_error)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    async def spider_opened(self, spider: MarketSpider) -> None:
        self._hold_the_end()
        self._store = AsyncStore(spider.settings_of_listino, PageGuard(spider.settings_of_listino))
        self._log = CrawlLog(spider.run.id)
        self._log.begin()
        spider.revisits.open(self._store)
        self._heart = asyncio.ensure_future(self._beat(spider))

    def _hold_the_end(self) -> None:
        """Has the process wait for `spider_closed`: one that is told to stop while its spider closes anyway would end in the middle
        of that, for Scrapy waits only where it was the first to close it."""
        from twisted.internet import reactor  # there is one by now, and it is the one that Scrapy wanted

        self._ended = asyncio.get_running_loop().create_future()
        reactor.addSystemEventTrigger("before", "shutdown", Deferred.fromFuture, self._ended)  # type: ignore[arg-type]

    def not_whole(self, spider: MarketSpider) -> None:
        # Our own mistake, logged by Scrapy with its traceback; what it happened on has not been seen.
        for shop in spider.shops.values():
            spider.run.fail(shop.name, "Listino made a mistake; the spider's log has more")

    async def spider_closed(self, spider: MarketSpider, reason: str) -> None:
        try:
            await self._end(spider, reason)
        finally:
            self._ended.set_result(None)

    async def _end(self, spider: MarketSpider, reason: str) -> None:
        # The beat that is under way comes to its end: what it saves must not come after the last word.
        self._ending.set()
        if self._heart is not None:
            await self._heart
        try:
            await self._close(spider, reason)
        finally:
            self._log.end()
            self._store.close()
            await spider.hosts.close()
            with Store(spider.settings_of_listino) as store:
                store.leases.release(spider.run.lease)

    async def _close(self, spider: MarketSpider, reason: str) -> None:
        run, status = spider.run, _ENDS.get(reason, CrawlStatus.FAILED)
        if status is CrawlStatus.FAILED:
            run.error = run.error or f"the spider ended early: {reason}"
        try:
            await _persistently(spider.revisits.flush)
        except UNAVAILABLE as error:
            log.error("what was met unchanged or gone could not be noted: %s", error)
            run.error, reason = (
                "the store was away at the end: what was met unchanged or gone was not noted",
                "store_away",
            )
            status = CrawlStatus.INCOMPLETE
        if reason == "finished":
            run.judge_drift()
            try:
                await _persistently(lambda: self._find_gone(spider))
                if spider.whole_market:
                    await _persistently(lambda: self._retire(spider))
            except UNAVAILABLE as error:
                log.error("what is gone could not be noted: %s", error)
                run.error, status = "the store was away at the end: what is gone was not noted", CrawlStatus.INCOMPLETE
        if status is CrawlStatus.FINISHED and (troubles := run.troubles()):
            run.error = run.error or troubles
            status = CrawlStatus.INCOMPLETE
        run.mark(resumable=status is CrawlStatus.STOPPED)
        await _persistently(lambda: self._keep_rejects(spider))
        await _persistently(lambda: self._save(spider, status))
        # The least of it, and the last: a run whose end was noted has ended, with all of its log or without.
        with contextlib.suppress(*UNAVAILABLE), time_limit(_STORE_SECONDS):
            while await self._keep_log():
                pass

    async def _beat(self, spider: MarketSpider) -> None:
        while not self._ending.is_set():
            try:
                if not await self._still_ours(spider):
                    spider.run.error = "another process took the market over"
                    # Not waited for: the spider's end waits for this heart.
                    self._closing = asyncio.ensure_future(self._crawler.engine.close_spider_async(reason="lease_lost"))
                    return
                with time_limit(_STORE_SECONDS):
                    await self._save(spider, CrawlStatus.RUNNING)
                    await spider.revisits.flush()
                    await self._keep_rejects(spider)
                    await self._keep_log()
                    await self._stop_if_asked(spider)
            except UNAVAILABLE as error:
                log.warning("the store is away, the crawl goes on meanwhile: %s", error)
            except Exception:
                # Without a heart that beats the lease runs out, and a second crawl could come on top of this one.
                log.exception("the record of the crawl could not be kept")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), _EVERY)

    async def _still_ours(self, spider: MarketSpider) -> bool:
        """Renews the lease when it is due; a renewal that fails is tried again at the next beat."""
        now = asyncio.get_running_loop().time()
        if now < self._renewal_due:
            return True
        with time_limit(_STORE_SECONDS):
            ours = await asyncio.to_thread(_renew, spider)
        self._renewal_due = now + _RENEW_EVERY
        return ours

    async def _keep_rejects(self, spider: MarketSpider) -> None:
        """Those that were kept are forgotten here; of the others none is lost."""
        rejects = list(spider.run.rejects)
        if rejects:
            await self._store.crawls.keep_rejects(rejects)
            del spider.run.rejects[: len(rejects)]

    async def _keep_log(self) -> int:
        """How many lines of the log were kept; the others wait for the next time."""
        lines = self._log.gathered()
        await self._store.crawls.keep_log(lines)
        self._log.kept(len(lines))
        return len(lines)

    async def _stop_if_asked(self, spider: MarketSpider) -> None:
        """Stops the crawl, as SIGTERM does, once somebody has asked for it."""
        wanted = await self._store.crawls.stop_request(spider.market)
        if wanted is None or self._stopping is not None:
            return
        log.info("%s wants the crawl to stop: it finishes what is under way", wanted.by)
        spider.run.stopped_by = wanted.by
        # Not waited for: the spider's end waits for this heart.
        self._stopping = asyncio.ensure_future(self._crawler.stop_async())

    async def _find_gone(self, spider: MarketSpider) -> None:
        run = spider.run
        for shop in spider.shops.values():
            if run.seen_whole(shop.name):
                gone = await self._store.products.mark_unseen_gone(
                    spider.market,
                    shop.name,
                    crawl_id=run.id,
                    started_at=run.started_at,
                    at=utc_now(),
                    gone_after=shop.crawl.gone_after,
                    unless_urls=run.rejected_urls(shop.name),
                )
                run.completed(shop.name, gone)

    async def _retire(self, spider: MarketSpider) -> None:
        """Takes the products of shops that are declared no more off sale.

        Not while a file is broken, which may be such a shop's, nor when shops of this very run have vanished, nor when
        most of the market would go: then something is wrong with the folder rather than with them.
        """
        try:
            declared = Shops.load(spider.settings_of_listino.shops_path, on_error=lambda _: None)
        except InvalidShop as error:
            log.warning("no shop counts as removed: %s", error)
            return
        if declared.broken or not spider.shops.keys() <= declared.keys():
            log.info("no shop counts as removed: not every declaration can be read")
            return
        names = {shop.name for shop in declared.values() if shop.market.code == spider.market}
        products = self._store.products
        removed = {
            name: await products.on_sale(spider.market, name)
            for name in await products.shops(spider.market)
            if name not in names
        }
        if sum(removed.values()) > spider.run.met:
            log.warning(
                "%s are not declared and have more products on sale than this crawl met: if that is right, run "
                "`listino shops remove %s:NAME` for each",
                ", ".join(removed),
                spider.market,
            )
            return
        for name in (name for name, count in removed.items() if count):
            gone = await products.mark_shop_gone(spider.market, name, utc_now())
            log.info("%s is declared no more: %d products were taken off sale", name, gone)
            spider.run.retired(name, gone)

    async def _save(self, spider: MarketSpider, status: CrawlStatus) -> None:
        crawl = spider.run.snapshot(status, None if status is CrawlStatus.RUNNING else utc_now())
        await self._store.crawls.save(crawl)
        if self._lines:
            try:
                sys.stdout.buffer.write(orjson.dumps(crawl_document(crawl)) + b"\n")
                sys.stdout.buffer.flush()
            except OSError:
                self._lines = False  # whoever started the crawl has gone; the record in the store is kept all the same


def _renew(spider: MarketSpider) -> bool:
    with Store(spider.settings_of_listino) as store:
        return store.leases.renew(spider.run.lease)


async def _persistently(step: Callable[[], Awaitable[None]]) -> None:
    """Takes a step that may be repeated; while the store is away, again and again. Raises one of UNAVAILABLE at last."""
    deadline = time.monotonic() + _LAST_WORDS_SECONDS
    while True:
        try:
            with time_limit(_STORE_SECONDS):
                return await step()
        except UNAVAILABLE as error:
            if time.monotonic() > deadline:
                raise
            log.warning("the store is away, the crawl waits with its end: %s", error)
            await asyncio.sleep(_EVERY)
