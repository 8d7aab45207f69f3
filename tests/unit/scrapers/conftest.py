"""A spider of one shop that crawls nothing, and the little of a crawler that middlewares and pipelines look at."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from listino.domain.crawl import Crawl, CrawlStatus, ShopCounts
from listino.domain.offer import ShopProduct
from listino.shops.shop import Shop
from listino.store.aio import KeptReading
from listino.store.crawls import Lease
from scrapers.items import ScrapedGoods
from scrapers.market_spider import MarketSpider
from scrapers.revisits import Revisits
from scrapers.run import CrawlRun
from scrapers.spiders.it import ItalianSpider

STARTED = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


class Stats(Counter[str]):
    """Scrapy's counters."""

    def inc_value(self, name: str) -> None:
        self[name] += 1


class NothingKnown:
    """A store that has never met anything."""

    def __init__(self) -> None:
        self.products = self

    async def readings(self, market: str, shop: str, keys: Sequence[int]) -> dict[int, KeptReading]:
        return {}


@dataclass
class Crawler:
    spider: MarketSpider
    stats: Stats = field(default_factory=Stats)
    crawling: bool = True


@pytest.fixture
def crawl() -> Crawl:
    return Crawl(
        id="it-1",
        market="it",
        status=CrawlStatus.RUNNING,
        trigger="test",
        started_at=STARTED,
        heartbeat_at=STARTED,
        shops={"bottega": ShopCounts()},
    )


@pytest.fixture
def run(crawl: Crawl) -> CrawlRun:
    return CrawlRun(crawl, Lease("it", "nobody", STARTED), job_dir=None)


@pytest.fixture
def crawler(bottega: Shop, run: CrawlRun) -> Crawler:
    spider = ItalianSpider()
    spider.shops = {bottega.key: bottega}
    spider.run = run
    spider.revisits = Revisits(run, full=False)
    spider.revisits.open(NothingKnown())  # type: ignore[arg-type]
    return Crawler(spider)


@pytest.fixture
def item(bottega: Shop, shirt: ShopProduct) -> ScrapedGoods:
    return ScrapedGoods(bottega, shirt)


@pytest.fixture
def settings_of_scrapy() -> Any:
    from scrapy.settings import Settings

    made = Settings()
    made.setmodule("scrapers.settings")
    return made
