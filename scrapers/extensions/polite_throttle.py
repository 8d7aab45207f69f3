"""Scrapy's AutoThrottle, bound by what each shop asks for: Crawl-delay in robots.txt, `delay` in its declaration."""

from typing import Any
from urllib.parse import urlsplit

from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.extensions.throttle import AutoThrottle
from scrapy.http import Response


class PoliteThrottle(AutoThrottle):
    """AutoThrottle knows one least delay for all hosts; here every shop has its own, and it is never gone below."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._least: dict[str, float] = {}
        crawler.signals.connect(self._robots_parsed, signal=signals.robots_parsed)

    def _spider_opened(self, spider: Spider) -> None:
        super()._spider_opened(spider)
        for shop in spider.shops.values():  # type: ignore[attr-defined]  # every spider here is a MarketSpider
            self._least[shop.host] = shop.crawl.delay

    def _robots_parsed(self, robotparser: Any, request: Request) -> None:
        host = urlsplit(request.url).netloc
        asked = robotparser.rp.crawl_delay(self.crawler.settings["USER_AGENT"])
        self._least[host] = max(self._least.get(host, 0.0), float(asked or 0))
        downloader = self.crawler.engine.downloader
        # The shop's slot is made when its first request is due, which is after robots.txt was read.
        downloader.per_slot_settings.setdefault(host, {})["delay"] = self._least[host]
        slot = downloader.slots.get(host)
        if slot is not None:
            slot.delay = max(slot.delay, self._least[host])

    def _response_downloaded(self, response: Response, request: Request, spider: Spider) -> None:
        super()._response_downloaded(response, request, spider)
        key, slot = self._get_slot(request, spider)
        if slot is not None and key is not None:
            slot.delay = max(slot.delay, self._least.get(key, 0.0))
