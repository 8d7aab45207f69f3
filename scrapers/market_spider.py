"""The shared flow of the four market spiders: fetch what the shops' platforms ask for, hand on the goods they read."""

import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from typing import Any, Self

from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.python.failure import Failure

from listino.domain.clock import utc_now
from listino.domain.errors import InvalidValue, ListinoError
from listino.domain.offer import ShopProduct
from listino.settings import Settings, load_settings
from listino.shops.declaration import Shops
from listino.shops.platform import Expected, Fetch, Page
from listino.shops.platforms.registry import PLATFORMS
from listino.shops.shop import Shop
from listino.store.client import Store
from scrapers.hosts import Hosts
from scrapers.items import ScrapedGoods
from scrapers.revisits import Revisits, Visit, reading_of
from scrapers.run import CrawlRun
from scrapers.trouble import Forbidden, trouble

Answers = AsyncIterator[Request | ScrapedGoods]

log = logging.getLogger(__name__)

_GONE = (404, 410)
_NOT_MODIFIED = 304
_LISTS = ("robots", "sitemap", "list", "category")
_PLANNED_AT_ONCE = 500  # fetches of a list, of which the store is asked what is known of them
_UNKNOWN = Visit()
_MOST_AT_A_TIME = 64  # requests of one spider, at all hosts
_UNREADABLE_RETRIES = 2  # a shop in trouble answers HTML where JSON was asked for


class MarketSpider(Spider):
    """Crawls every declared shop of its market, or one of them.

    Arguments (`scrapy crawl it -a shop=bottega -a limit=20`): `shop` by name; `limit`, the most products to store, for
    a quick look; `full`, to read everything whether or not it has changed; `trigger`, who wanted the crawl.
    """

    market: str
    settings_of_listino: Settings
    shops: dict[str, Shop]
    run: CrawlRun
    hosts: Hosts
    revisits: Revisits
    whole_market: bool = False  # every declared shop was to be crawled, without a limit

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Takes the market's lease before anything is fetched; a broken declaration is left out with a warning.

        Raises CrawlRunning, UnknownShop, InvalidShop, InvalidSettings, InvalidValue or EngineUnavailable.
        """
        shop, limit, full = kwargs.get("shop"), _limit(kwargs.get("limit")), kwargs.get("full") in (True, "1", "true")
        settings = load_settings()
        settings.demand_contact()
        declared = Shops.load(settings.shops_path, on_error=lambda error: log.warning("left out: %s", error))
        shops = declared.of_market(cls.market, shop)
        with Store(settings) as store:
            store.ping()
            run = CrawlRun.begin(
                settings, store, shops, shop=shop, limit=limit, trigger=kwargs.get("trigger") or "scrapy", full=full
            )
        crawler.settings.set("USER_AGENT", settings.user_agent, priority="spider")
        crawler.settings.set("JOBDIR", str(run.job_dir) if run.job_dir else None, priority="spider")
        crawler.settings.set("CLOSESPIDER_ITEMCOUNT", limit or 0, priority="spider")
        hosts = Hosts(settings, declared.values())
        crawling = {entry.host: hosts.allowance(entry.host).crawling for entry in shops}
        slots = {host: {"concurrency": most} for host, most in crawling.items()}
        crawler.settings.set("DOWNLOAD_SLOTS", slots, priority="spider")
        crawler.settings.set("CONCURRENT_REQUESTS", min(sum(crawling.values()), _MOST_AT_A_TIME), priority="spider")
        spider: Self = super().from_crawler(crawler, *args, **kwargs)
        spider.hosts = hosts
        spider.settings_of_listino = settings
        spider.shops = {entry.key: entry for entry in shops}
        spider.run = run
        # A limited run is to show what reading brings home.
        spider.revisits = Revisits(run, full=full or limit is not None)
        spider.whole_market = shop is None and limit is None
        return spider

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lists: set[tuple[str, bytes]] = set()

    async def start(self) -> AsyncIterator[Request]:
        for shop in self.shops.values():
            for fetch in PLATFORMS[shop.platform].start(shop):
                async for request in self._requests(shop, [fetch]):
                    yield request

    async def parse(self, response: Response, shop: str = "", fetch: Fetch | None = None, **known: Any) -> Answers:
        """Reads an answer with the shop's platform; `shop` and `fetch` say what was asked, `known` is of which product."""
        if fetch is None:
            return
        declared, product_id = self.shops[shop], known.get("product_id")
        self.run.requests += 1
        if self.run.enough:
            return
        if response.status == _NOT_MODIFIED and product_id is not None:
            self.revisits.met(declared, product_id, asked=True)
            return
        if response.status in _GONE:
            self.crawler.stats.inc_value("listino/gone_meanwhile")
            if product_id is not None:
                self.revisits.gone(declared, product_id)
            return
        # Scrapy's own way to a text dictionary costs ten times as much.
        headers = {
            name.decode("latin-1").lower(): b",".join(values).decode("latin-1")
            for name, values in response.headers.items()
        }
        page = Page(url=fetch.url, body=response.body, headers=headers)
        try:
            found = list(PLATFORMS[declared.platform].read(declared, fetch, page))
        except ListinoError as error:
            for again in self._unreadable(response, declared, fetch, error):
                yield again
            return
        asked_at = utc_now() - timedelta(seconds=response.meta.get("download_latency", 0))
        for entry in found:
            match entry:
                case Expected():
                    self.run.expect(declared.name, entry.products)
                case ShopProduct() if not self.run.enough:
                    yield ScrapedGoods(declared, entry, reading_of(declared, fetch, headers, asked_at))
        fetches = [entry for entry in found if isinstance(entry, Fetch)]
        for first in range(0, len(fetches), _PLANNED_AT_ONCE):
            async for request in self._requests(declared, fetches[first : first + _PLANNED_AT_ONCE]):
                yield request

    def failed(self, failure: Failure) -> None:
        """A request given up after all its retries: the shop cannot be said to have been seen whole."""
        request = failure.request  # type: ignore[attr-defined]  # Scrapy sets it
        shop = self.shops[request.cb_kwargs["shop"]]
        error = failure.value
        if isinstance(error, Forbidden):
            self.run.forbid(shop.name, request.url)
        if isinstance(error, IgnoreRequest) and not isinstance(error, HttpError):
            return  # forbidden, on a foreign host, or beyond the limit or the end: not ours to see, or not now
        why = trouble(error, request.url)
        self.logger.warning("given up: %s (%s)", request.url, why)
        self.run.requests += 1
        self.run.fail(shop.name, why)

    async def _requests(self, shop: Shop, fetches: Sequence[Fetch]) -> AsyncIterator[Request]:
        """The requests for what has to be fetched. Of each list there is one in the life of a spider."""
        for fetch, visit in await self.revisits.plan(shop, fetches):
            if _is_list(fetch):
                if (fetch.url, fetch.body) in self._lists:
                    continue
                self._lists.add((fetch.url, fetch.body))
            yield self._request(shop, fetch, visit)

    def _request(self, shop: Shop, fetch: Fetch, visit: Visit = _UNKNOWN) -> Request:
        awaited = [*(_GONE if fetch.optional else ()), *((_NOT_MODIFIED,) if visit.conditions else ())]
        return Request(
            fetch.url,
            method=fetch.method,
            headers={**fetch.headers, **visit.conditions},
            body=fetch.body,
            callback=self.parse,
            errback=self.failed,
            cb_kwargs={"shop": shop.key, "fetch": fetch, "product_id": visit.product_id},
            meta={"download_slot": shop.host, "handle_httpstatus_list": awaited},
            # Goods before more lists: the queue stays short and a stopped crawl has something to show.
            priority=0 if _is_list(fetch) else 1,
            # Scrapy remembers what was asked beyond a stop; a run that goes on asks for the lists again.
            dont_filter=_is_list(fetch),
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


def _is_list(fetch: Fetch) -> bool:
    return fetch.purpose in _LISTS


def _limit(text: str | int | None) -> int | None:
    """A spider's argument as a number of products; raises InvalidValue for what is none."""
    if text is None or text == "":
        return None
    if not str(text).isdecimal() or int(text) < 1:
        raise InvalidValue(f"limit={text}: at most how many products, 1 or more; leave it out for all")
    return int(text)
