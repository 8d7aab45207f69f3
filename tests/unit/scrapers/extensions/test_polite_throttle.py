from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from protego import Protego
from scrapy import Request
from scrapy.http import Response

from listino.shops.shop import CrawlManner, Shop
from scrapers.extensions.polite_throttle import PoliteThrottle

ROBOTS = "https://bottega.example/robots.txt"
AGENT = "Listino/0.1 (+https://listino.example/bot)"


@pytest.fixture
def slot() -> Any:
    return SimpleNamespace(delay=0.25, transferring=set())


@pytest.fixture
def throttle(crawler: Any, slot: Any, settings_of_scrapy: Any) -> PoliteThrottle:
    settings_of_scrapy.set("USER_AGENT", AGENT)
    crawler.settings = settings_of_scrapy
    crawler.signals = SimpleNamespace(connect=lambda *_, **__: None)
    crawler.engine = SimpleNamespace(
        downloader=SimpleNamespace(slots={"bottega.example": slot}, per_slot_settings={}, _delay=0)
    )
    return PoliteThrottle.from_crawler(crawler)


def test_a_slot_that_is_made_later_begins_with_the_crawl_delay(throttle: PoliteThrottle, crawler: Any) -> None:
    throttle._spider_opened(crawler.spider)
    throttle._robots_parsed(robots("User-agent: *\nCrawl-delay: 9"), Request("https://late.example:81/robots.txt"))
    assert crawler.engine.downloader.per_slot_settings == {"late.example:81": {"delay": 9.0}}


def robots(text: str) -> Any:
    return SimpleNamespace(rp=Protego.parse(text))


def answer(throttle: PoliteThrottle, crawler: Any, latency: float, host: str = "bottega.example") -> None:
    request = Request(f"https://{host}/p/1", meta={"download_slot": host, "download_latency": latency})
    throttle._response_downloaded(Response(request.url), request, crawler.spider)


def declare_delay(crawler: Any, bottega: Shop, delay: float) -> None:
    crawler.spider.shops = {bottega.key: replace(bottega, crawl=CrawlManner(delay=delay))}


def test_a_crawl_delay_beats_a_fast_shop(throttle: PoliteThrottle, crawler: Any, slot: Any) -> None:
    throttle._spider_opened(crawler.spider)
    throttle._robots_parsed(robots("User-agent: *\nCrawl-delay: 3"), Request(ROBOTS))
    assert slot.delay == 3, "from the first page on"
    for _ in range(20):
        answer(throttle, crawler, 0.01)
        assert slot.delay == 3


def test_a_crawl_delay_for_us_by_name_counts(throttle: PoliteThrottle, crawler: Any, slot: Any) -> None:
    throttle._spider_opened(crawler.spider)
    text = "User-agent: *\nCrawl-delay: 1\n\nUser-agent: Listino\nCrawl-delay: 2.5"
    throttle._robots_parsed(robots(text), Request(ROBOTS))
    assert slot.delay == 2.5


def test_a_declared_delay_is_never_gone_below(throttle: PoliteThrottle, crawler: Any, slot: Any, bottega: Shop) -> None:
    declare_delay(crawler, bottega, 2.0)
    throttle._spider_opened(crawler.spider)
    answer(throttle, crawler, 0.01)
    assert slot.delay == 2.0


@pytest.mark.parametrize(("declared", "asked", "least"), [(2.0, "1", 2.0), (1.0, "2", 2.0), (0.0, "", 0.0)])
def test_the_longer_of_both_counts(
    declared: float, asked: str, least: float, throttle: PoliteThrottle, crawler: Any, slot: Any, bottega: Shop
) -> None:
    declare_delay(crawler, bottega, declared)
    throttle._spider_opened(crawler.spider)
    throttle._robots_parsed(robots(f"User-agent: *\nCrawl-delay: {asked}"), Request(ROBOTS))
    slot.delay = 0
    answer(throttle, crawler, 0.0)
    assert slot.delay == least


def test_a_slow_shop_is_asked_more_slowly_than_it_demands(throttle: PoliteThrottle, crawler: Any, slot: Any) -> None:
    throttle._spider_opened(crawler.spider)
    throttle._robots_parsed(robots("User-agent: *\nCrawl-delay: 1"), Request(ROBOTS))
    answer(throttle, crawler, 20.0)
    assert slot.delay == 5.0, "20 s of latency over a concurrency of 4"


def test_one_shops_delay_is_not_anothers(throttle: PoliteThrottle, crawler: Any, slot: Any) -> None:
    throttle._spider_opened(crawler.spider)
    throttle._robots_parsed(robots("User-agent: *\nCrawl-delay: 9"), Request("https://cantina.example/robots.txt"))
    answer(throttle, crawler, 0.01)
    assert slot.delay < 1


def test_an_answer_without_a_slot_is_nothing(throttle: PoliteThrottle, crawler: Any) -> None:
    throttle._spider_opened(crawler.spider)
    answer(throttle, crawler, 0.01, host="elsewhere.example")
