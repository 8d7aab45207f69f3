"""How the spider reads an answer; whole crawls are integration tests."""

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from scrapy import Request
from scrapy.http import Response, TextResponse
from scrapy.settings import Settings
from scrapy.spidermiddlewares.httperror import HttpError
from scrapy.utils.request import fingerprint
from twisted.python.failure import Failure

from listino.domain.errors import InvalidValue
from listino.domain.offer import ShopProduct
from listino.shops.platform import Expected, Fetch, Page
from listino.shops.shop import Shop
from scrapers import market_spider as module
from scrapers.items import ScrapedGoods
from scrapers.market_spider import MarketSpider, market_spider
from scrapers.run import CrawlRun
from scrapers.spiders.it import ItalianSpider
from scrapers.trouble import Forbidden

PAGE = Fetch(url="https://bottega.example/p/1", purpose="page", optional=True)
LIST = Fetch(url="https://bottega.example/list", purpose="list")


class Platform:
    """A platform that finds what the test says, if the answer is JSON."""

    found: tuple[Any, ...] = ()

    def start(self, shop: Shop) -> list[Fetch]:
        return [LIST]

    def read(self, shop: Shop, fetch: Fetch, page: Page) -> Iterator[Any]:
        assert page.json is not None
        yield from self.found


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Platform:
    made = Platform()
    monkeypatch.setattr(module, "PLATFORMS", {"woocommerce": made})
    return made


@pytest.fixture
def spider(crawler: Any, settings_of_scrapy: Settings) -> MarketSpider:
    crawler.settings = settings_of_scrapy
    crawler.stats = SimpleNamespace(values=[], inc_value=lambda name, **_: crawler.stats.values.append(name))
    crawler.spider.crawler = crawler
    return market_spider(crawler)


async def parse(
    spider: MarketSpider, fetch: Fetch, body: bytes = b"1", *, status: int = 200, retried: int = 0
) -> list[Any]:
    request = spider._request(spider.shops["it:bottega"], fetch)
    request.meta["retry_times"] = retried
    response = TextResponse(fetch.url, status=status, body=body, request=request)
    return [found async for found in spider.parse(response, **request.cb_kwargs)]


async def test_goods_requests_and_announcements(
    spider: MarketSpider, platform: Platform, shirt: ShopProduct, bottega: Shop
) -> None:
    platform.found = (Expected(7), PAGE, shirt)
    found = await parse(spider, LIST)
    assert len(found) == 2
    item, request = found
    assert (request.url, request.cb_kwargs) == (PAGE.url, {"shop": "it:bottega", "fetch": PAGE, "product_id": None})
    assert item == ScrapedGoods(bottega, shirt)
    counts = spider.run.snapshot()
    assert (counts.shops["bottega"].expected, counts.requests) == (7, 1)


async def test_a_crawl_begins_where_each_shops_platform_says(spider: MarketSpider, platform: Platform) -> None:
    assert [request.url async for request in spider.start()] == [LIST.url]


def test_goods_come_before_more_lists(spider: MarketSpider, bottega: Shop) -> None:
    goods, more = spider._request(bottega, PAGE), spider._request(bottega, LIST)
    assert goods.priority > more.priority
    assert (goods.meta["download_slot"], more.meta["download_slot"]) == (bottega.host, bottega.host)
    assert goods.meta["handle_httpstatus_list"] == [404, 410]
    assert more.meta["handle_httpstatus_list"] == []
    assert (goods.dont_filter, more.dont_filter) == (False, True)


@pytest.mark.parametrize("status", [404, 410])
async def test_a_good_that_has_just_gone_is_no_fault(status: int, spider: MarketSpider, platform: Platform) -> None:
    assert await parse(spider, PAGE, b"", status=status) == []
    counts = spider.run.snapshot().shops["bottega"]
    assert (counts.failed, counts.rejected) == (0, 0)


async def test_an_unreadable_answer_is_asked_for_again(spider: MarketSpider, platform: Platform) -> None:
    (again,) = await parse(spider, PAGE, b"<html>")
    assert isinstance(again, Request)
    assert again.meta["retry_times"] == 1
    assert spider.run.snapshot().shops["bottega"].rejected == 0


@pytest.mark.parametrize(("fetch", "reason", "failed"), [(PAGE, "page/unreadable", 0), (LIST, "list/unreadable", 1)])
async def test_in_the_end_it_is_rejected_and_a_list_is_missed(
    fetch: Fetch, reason: str, failed: int, spider: MarketSpider, platform: Platform
) -> None:
    assert await parse(spider, fetch, b"<html>", retried=2) == []
    counts = spider.run.snapshot()
    assert counts.rejected == {reason: 1}
    assert counts.shops["bottega"].failed == failed
    assert spider.run.rejected_urls("bottega") == [fetch.url]


def failure(spider: MarketSpider, error: Exception) -> Failure:
    made = Failure(error)
    made.request = spider._request(spider.shops["it:bottega"], PAGE)  # type: ignore[attr-defined]
    return made


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (HttpError(Response(PAGE.url, status=500)), f"{PAGE.url} answered 500"),
        (TimeoutError("no answer"), "bottega.example timed out"),
    ],
)
def test_a_request_given_up_means_the_shop_was_not_seen_whole(
    error: Exception, words: str, spider: MarketSpider
) -> None:
    spider.failed(failure(spider, error))
    counts = spider.run.snapshot().shops["bottega"]
    assert (counts.failed, counts.trouble) == (1, words)


def test_what_robots_txt_forbids_was_never_ours_to_see(spider: MarketSpider) -> None:
    spider.failed(failure(spider, Forbidden("robots.txt forbids it")))
    assert spider.run.snapshot().shops["bottega"].failed == 0
    assert "its robots.txt forbids http" in str(spider.run.troubles()), "the reason where nothing else was found"


def test_another_spider_is_refused(crawler: Any) -> None:
    crawler.spider = SimpleNamespace()
    with pytest.raises(TypeError, match="no market spider"):
        market_spider(crawler)


def test_what_travels_along_is_kept_by_a_queue_on_disk(spider: MarketSpider, bottega: Shop) -> None:
    request = spider._request(bottega, replace(PAGE, carry={"item": {"id": 1}}))
    assert orjson.loads(orjson.dumps(dict(request.cb_kwargs["fetch"].carry))) == {"item": {"id": 1}}


def limited(spider: MarketSpider) -> None:
    """Makes the spider's run one that has all it wanted."""
    spider.run = CrawlRun(replace(spider.run.snapshot(), limit=1), spider.run.lease, None)
    assert spider.run.accept()


async def test_beyond_the_limit_an_answer_is_not_even_read(
    spider: MarketSpider, platform: Platform, shirt: ShopProduct
) -> None:
    platform.found = (PAGE, shirt)
    limited(spider)
    assert await parse(spider, LIST) == []
    assert await parse(spider, LIST, b"<html>", retried=2) == []
    counts = spider.run.snapshot()
    assert (counts.requests, counts.total("rejected"), counts.total("failed")) == (2, 0, 0)


async def test_goods_beyond_the_limit_in_one_answer_are_left_there(
    spider: MarketSpider, platform: Platform, shirt: ShopProduct
) -> None:
    platform.found = (shirt, shirt, shirt)
    spider.run = CrawlRun(replace(spider.run.snapshot(), limit=1), spider.run.lease, None)
    request = spider._request(spider.shops["it:bottega"], LIST)
    reading = spider.parse(TextResponse(LIST.url, body=b"1", request=request), **request.cb_kwargs)
    assert isinstance(await anext(reading), ScrapedGoods)
    assert spider.run.accept()
    assert [found async for found in reading] == []


@pytest.mark.parametrize("limit", ["0", "-1", "many", 0])
def test_a_limit_that_is_none_is_refused_before_anything_is_touched(limit: object) -> None:
    with pytest.raises(InvalidValue, match=f"limit={limit}: at most how many products"):
        ItalianSpider.from_crawler(SimpleNamespace(), limit=limit)  # type: ignore[arg-type]


@pytest.mark.usefixtures("platform")
async def test_a_request_is_sent_as_the_platform_wants_it(spider: MarketSpider, platform: Platform) -> None:
    url = "https://bottega.example/store-api/product"
    first = Fetch(url=url, purpose="list", method="POST", headers={"sw-access-key": "KEY"}, body=b'{"page":1}')
    platform.found = (first, replace(first, body=b'{"page":2}'))
    sent = await parse(spider, LIST)
    assert len(sent) == 2
    assert [(request.method, request.body, request.headers["sw-access-key"]) for request in sent] == [
        ("POST", b'{"page":1}', b"KEY"),
        ("POST", b'{"page":2}', b"KEY"),
    ]
    fingerprints = {fingerprint(request) for request in sent}
    assert len(fingerprints) == 2, "neither is taken for a repetition of the other"
