"""robots.txt: nothing is asked for that it forbids, and nothing at all while it cannot be read (RFC 9309).

Scrapy's own middleware takes a host that fails for one without rules.
"""

from typing import Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response, TextResponse

from scrapers.hosts import ASKS_FOR_RULES, put_back
from scrapers.market_spider import market_spider
from scrapers.trouble import Forbidden, NotNow, RulesUnknown


class RobotsMiddleware:
    """Drops what is forbidden; counter `listino/robots_forbidden`. A shop without known rules fails as a whole."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    async def process_request(self, request: Request) -> Response | None:
        """The rules themselves, which are known already, where a platform looks there for sitemaps.

        Raises RulesUnknown, and NotNow beyond the limit or the end of the crawl.
        """
        if request.meta.get(ASKS_FOR_RULES):
            return None
        hosts = market_spider(self._crawler).hosts
        try:
            rules = await hosts.rules(self._crawler, request)
        except NotNow:
            if not self._crawler.crawling:
                put_back(self._crawler, request)
            raise
        if rules.trouble is not None:
            raise RulesUnknown(rules.trouble)
        if urlsplit(request.url).path == "/robots.txt":
            return TextResponse(request.url, body=rules.text.encode(), encoding="utf-8", request=request)
        if not hosts.allows(rules, request.url):
            self._crawler.stats.inc_value("listino/robots_forbidden")
            raise Forbidden(f"robots.txt forbids {request.url}")
        return None
