from types import SimpleNamespace
from typing import Any

import pytest
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import TextResponse

from listino.shops.robots import Robots
from scrapers.hosts import ASKS_FOR_RULES
from scrapers.middlewares.robots import RobotsMiddleware
from scrapers.trouble import NotNow, RulesUnknown

RULES = "User-agent: *\nDisallow: /cart/\nSitemap: https://bottega.example/s.xml"


class Hosts:
    def __init__(self, robots: Robots) -> None:
        self.robots = robots

    async def rules(self, crawler: Crawler, request: Request) -> Robots:
        return self.robots

    def allows(self, rules: Robots, url: str) -> bool:
        return rules.allows(url, "Listino/0.1")


@pytest.fixture
def middleware(crawler: Any) -> RobotsMiddleware:
    crawler.spider.hosts = Hosts(Robots(RULES))
    return RobotsMiddleware.from_crawler(crawler)


async def test_what_is_allowed_goes_on(middleware: RobotsMiddleware) -> None:
    assert await middleware.process_request(Request("https://bottega.example/p/1")) is None


async def test_what_is_forbidden_is_dropped(middleware: RobotsMiddleware, crawler: Any) -> None:
    with pytest.raises(IgnoreRequest):
        await middleware.process_request(Request("https://bottega.example/cart/1"))
    assert crawler.stats == {"listino/robots_forbidden": 1}


async def test_a_shop_whose_rules_are_not_known_fails(middleware: RobotsMiddleware, crawler: Any) -> None:
    crawler.spider.hosts = Hosts(Robots.answered(500, b""))
    with pytest.raises(RulesUnknown, match=r"its robots\.txt answered 500"):
        await middleware.process_request(Request("https://bottega.example/p/1"))


async def test_the_rules_themselves_are_asked_for_once(middleware: RobotsMiddleware) -> None:
    url = "https://bottega.example/robots.txt"
    known = await middleware.process_request(Request(url))
    assert isinstance(known, TextResponse)
    assert known.text == RULES
    assert await middleware.process_request(Request(url, meta={ASKS_FOR_RULES: True})) is None


class Stopped(Hosts):
    """A host whose rules were still waited for when there was no more use in them."""

    async def rules(self, crawler: Crawler, request: Request) -> Robots:
        raise NotNow


@pytest.mark.parametrize("crawling", [False, True])
async def test_what_waits_for_the_rules_when_the_crawl_is_told_to_stop_goes_back_into_the_queue(
    crawling: bool, middleware: RobotsMiddleware, crawler: Any
) -> None:
    queue: list[Request] = []
    crawler.engine = SimpleNamespace(crawl=queue.append)
    crawler.spider.hosts, crawler.crawling = Stopped(Robots()), crawling
    with pytest.raises(NotNow):
        await middleware.process_request(Request("https://bottega.example/p/1"))
    assert [(again.url, again.dont_filter) for again in queue] == (
        [] if crawling else [("https://bottega.example/p/1", True)]
    )
