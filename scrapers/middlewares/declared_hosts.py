"""No request to a host that no shop declares, whatever a page links or redirects to."""

from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest

from scrapers.market_spider import market_spider


class DeclaredHostsMiddleware:
    """Drops requests beyond the spider's shops; counter `listino/foreign_host`."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        if not any(shop.allows(request.url) for shop in market_spider(self._crawler).shops.values()):
            self._crawler.stats.inc_value("listino/foreign_host")
            raise IgnoreRequest(f"{request.url} is on a host that no shop of this market declares")
