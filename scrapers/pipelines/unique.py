"""Each product once a run: shops link one product under several addresses."""

from typing import Self

from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem

from scrapers.items import ScrapedGoods


class UniquePipeline:
    """Drops what was met before in this run; counter `listino/duplicates`. A duplicate is no reject."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._met: set[tuple[str, str]] = set()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_item(self, item: ScrapedGoods) -> ScrapedGoods:
        key = (item.shop.key, item.goods.sku)
        if key in self._met:
            self._crawler.stats.inc_value("listino/duplicates")
            raise DropItem(f"{item.shop.key}:{item.goods.sku} was met before", log_level="DEBUG")
        self._met.add(key)
        return item
