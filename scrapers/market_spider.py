"""The shared flow of the four market spiders: fetch what the shops' platforms ask for, hand on the goods they read."""

import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any, Self

from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.python.failure import Failure

from listino.domain.errors import InvalidValue, ListinoError
from listino.domain.offer import ShopProduct
from listino.settings import Settings, load_settings
from listino.shops.declaration import Shops
from listino.shops.platform import Expected, Fetch, Page
from listino.shops.platforms.registry import PLATFORMS
from listino.shops.shop import Shop
from listino.store.client import Store
from scrapers.items import ScrapedGoods
from scrapers.middlewares.back_off import StoppedWaiting
from scrapers.run import CrawlRun
from scrapers.trouble import trouble

log = logging.getLogger(__name__)

_GONE = (404, 410)
_UNREADABLE_RETRIES = 2  # a shop in trouble answers HTML where JSON was asked for


class MarketSpider(Spider):
    """Crawls every declared shop of its market, or one of them.

    Arguments (`scrapy crawl it -a shop=bottega -a limit=20`): `shop` by name; `limit`, the most products to store, for
    a quick look; `trigger`, who wanted the crawl.
    """

    market: str
    settings_of_listino: Settings
    shops: dict[str, Shop]
    run: CrawlRun
    whole_market: bool = False  # every declared shop was to be crawled, without a limit

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Takes the market's lease before anything is fetched; a broken declaration is left out with a warning.

        Raises CrawlRunning, UnknownShop, InvalidShop, InvalidValue or EngineUnavailable.
        """
        shop, limit = kwargs.get("shop"), _limit(kwargs.get("limit"))
        settings = load_settings()
        declared = Shops.load(settings.shops_path, on_error=lambda error: log.warning("left out: %s", error))
        shops = declared.of_market(cls.market, shop)
        with Store(settings) as store:
            store.ping()
            run = CrawlRun.begin(
                settings, store, shops, shop=shop, limit=limit, trigger=kwargs.get("trigger") or "scrapy"
            )
        crawler.settings.set("USER_AGENT", settings.user_agent, priority="spider")
        crawler.settings.set("JOBDIR", str(run.job_dir) if run.job_dir else None, priority="spider")
        crawler.settings.set("CLOSESPIDER_ITEMCOUNT", limit or 0, priority="spider")
        slots = {s.host: {"concurrency": s.crawl.concurrency, "delay": s.crawl.delay, "jitter": 0} for s in shops}
        crawler.settings.set("DOWNLOAD_SLOTS", slots, priority="spider")
        spider: Self = super().from_crawler(crawler, *args, **kwargs)
        spider.settings_of_listino = settings
        spider.shops = {entry.key: entry for entry in shops}
        spider.run = run
        spider.whole_market = shop is None and limit is None
        return spider

    async def start(self) -> AsyncIterator[Request]:
        for shop in self.shops.values():
            for fetch in PLATFORMS[shop.platform].start(shop):
                yield self._request(shop, fetch)

    def parse(self, response: Response, shop: str = "", fetch: Fetch | None = None, **_: Any) -> Iterator[Any]:
        """Reads an answer with the shop's platform; `shop` and `fetch` say what was asked."""
        if fetch is None:
            return
        declared = self.shops[shop]
        self.run.requests += 1
        if self.run.enough:
            return
        if response.status in _GONE:
            self.crawler.stats.inc_value("listino/gone_meanwhile")
            return
        headers = {str(name).lower(): value for name, value in response.headers.to_unicode_dict().items()}
        page = Page(url=fetch.url, body=response.body, headers=headers)
        try:
            found = list(PLATFORMS[declared.platform].read(declared, fetch, page))
        except ListinoError as error:
            yield from self._unreadable(response, declared, fetch, error)
            return
        for entry in found:
            match entry:
                case Fetch():
                    yield self._request(declared, entry)
                case Expected():
                    self.run.expect(declared.name, entry.products)
                case ShopProduct() if not self.run.enough:
                    yield ScrapedGoods(declared, entry)

    def failed(self, failure: Failure) -> None:
        """A request given up after all its retries: the shop cannot be said to have been seen whole."""
        request = failure.request  # type: ignore[attr-defined]  # Scrapy sets it
        shop = self.shops[request.cb_kwargs["shop"]]
        error = failure.value
        if isinstance(error, IgnoreRequest) and not isinstance(error, HttpError):
            return  # robots.txt forbids it, it is on a foreign host, or beyond the limit: it was never ours to see
        if isinstance(error, StoppedWaiting) and self.run.enough:
            return  # the limit ended the crawl, and the shop's say was not needed
        why = trouble(error, request.url)
        self.logger.warning("given up: %s (%s)", request.url, why)
        self.run.requests += 1
        self.run.fail(shop.name, why)

    def _request(self, shop: Shop, fetch: Fetch) -> Request:
        meta: dict[str, Any] = {"download_slot": shop.host}
        if fetch.optional:
            meta["handle_httpstatus_list"] = list(_GONE)
        return Request(
            fetch.url,
            method=fetch.method,
            headers=dict(fetch.headers),
            body=fetch.body,
            callback=self.parse,
            errback=self.failed,
            cb_kwargs={"shop": shop.key, "fetch": fetch},
            meta=meta,
            # Goods before more lists: the queue stays short and a stopped crawl has something to show.
            priority=0 if fetch.purpose in ("list", "sitemap", "category") else 1,
        )

    def _unreadable(self, response: Response, shop: Shop, fetch: Fetch, error: ListinoError) -> Iterator[Request]:
        assert response.request is not None  # noqa: S101  # every response of a crawl answers a request
        again = get_retry_request(
            response.request, spider=self, reason="unreadable", max_retry_times=_UNREADABLE_RETRIES
        )
        if again is not None:
            yield again
        elif fetch.optional:
            self.run.reject(shop.name, "page/unreadable", fetch.about or fetch.url, str(error))
        else:
            self.run.reject(shop.name, f"{fetch.purpose}/unreadable", fetch.url, str(error))
            self.run.fail(shop.name, f"{fetch.url} could not be read ({error})")


def market_spider(crawler: Crawler) -> MarketSpider:
    """The spider of a crawler of this project, which is always a MarketSpider."""
    spider = crawler.spider
    if not isinstance(spider, MarketSpider):
        raise TypeError(f"{type(spider).__name__} is no market spider")
    return spider


def _limit(text: str | int | None) -> int | None:
    """A spider's argument as a number of products; raises InvalidValue for what is none."""
    if text is None or text == "":
        return None
    if not str(text).isdecimal() or int(text) < 1:
        raise InvalidValue(f"limit={text}: at most how many products, 1 or more; leave it out for all")
    return int(text)
