"""Lets no more goods through than a limited run may store."""

from typing import Self

from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem

from scrapers.items import ScrapedGoods
from scrapers.market_spider import market_spider


class LimitPipeline:
    """Drops what comes after the run's limit, because one answer may hold a hundred goods. It is no reject.

    The limit is the run's, over all of its shops; Scrapy's CLOSESPIDER_ITEMCOUNT ends the spider once it is reached.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_item(self, item: ScrapedGoods) -> ScrapedGoods:
        if not market_spider(self._crawler).run.accept():
            raise DropItem("the run has as many as it may store", log_level="DEBUG")
        return item
