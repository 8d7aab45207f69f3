"""No request to another host than the shop's that is asked, whatever a page links or redirects to.

Another shop of ours is another host, too: what it answered would be stored as the goods of the one that led there, asked
for by that one's rules and in its turn.
"""

from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest

from scrapers.market_spider import market_spider


class DeclaredHostsMiddleware:
    """Drops requests beyond the shop they name, or all of the spider's; counter `listino/foreign_host`."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        shops, asked = market_spider(self._crawler).shops, request.cb_kwargs.get("shop")
        allowing = shops.values() if asked is None else (shops[asked],)
        if not any(shop.allows(request.url) for shop in allowing):
            self._crawler.stats.inc_value("listino/foreign_host")
            raise IgnoreRequest(f"{request.url} is not on a host that {asked or 'a shop of this market'} declares")
