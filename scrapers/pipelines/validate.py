"""Rejects goods that cannot be sold as they were read, each with its reason."""

from collections.abc import Iterator
from typing import Self

from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem

from listino.domain.errors import InvalidValue
from listino.domain.listing import unsellable
from listino.domain.product import product_id
from scrapers.items import ScrapedGoods
from scrapers.market_spider import market_spider


class ValidatePipeline:
    """Counts a rejected item by reason in the run and as `listino/rejected/<reason>`, and keeps it to be looked at."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_item(self, item: ScrapedGoods) -> ScrapedGoods:
        for reason, detail in complaints(item):
            market_spider(self._crawler).run.reject(item.shop.name, reason, item.goods.url, detail)
            self._crawler.stats.inc_value(f"listino/rejected/{reason}")
            raise DropItem(f"{reason}: {detail}", log_level="INFO")
        return item


def complaints(item: ScrapedGoods) -> Iterator[tuple[str, str]]:
    """Reason and detail of everything that makes the goods unusable."""
    goods, shop = item.goods, item.shop
    if not goods.name:
        yield "name/missing", f"{goods.sku} has no name"
    try:
        product_id(shop.market.code, shop.name, goods.sku)
    except InvalidValue as error:
        yield "sku/unusable", str(error)
    if complaint := unsellable(goods.offer, shop.market):
        yield complaint
    if not shop.allows(goods.url):
        yield "url/foreign_host", goods.url
