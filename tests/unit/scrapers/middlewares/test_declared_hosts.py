from dataclasses import replace
from typing import Any

import pytest
from scrapy import Request
from scrapy.exceptions import IgnoreRequest

from listino.shops.shop import Shop
from scrapers.middlewares.declared_hosts import DeclaredHostsMiddleware


@pytest.mark.parametrize(
    "url", ["https://bottega.example/", "https://bottega.example/robots.txt", "http://bottega.example/p"]
)
def test_a_declared_shop_may_be_asked(url: str, crawler: Any) -> None:
    DeclaredHostsMiddleware.from_crawler(crawler).process_request(Request(url))
    assert crawler.stats == {}


@pytest.mark.parametrize(
    "url",
    ["https://evil.example/", "https://www.bottega.example/", "https://bottega.example:81/", "file:///etc/passwd"],
)
def test_nobody_else_may(url: str, crawler: Any) -> None:
    with pytest.raises(IgnoreRequest, match="not on a host that a shop of this market declares"):
        DeclaredHostsMiddleware.from_crawler(crawler).process_request(Request(url))
    assert crawler.stats == {"listino/foreign_host": 1}


def test_one_shop_does_not_lead_to_another(crawler: Any, bottega: Shop) -> None:
    other = replace(bottega, name="mercato", url="https://mercato.example")
    crawler.spider.shops[other.key] = other
    middleware = DeclaredHostsMiddleware.from_crawler(crawler)
    middleware.process_request(Request("https://mercato.example/p", cb_kwargs={"shop": other.key}))
    with pytest.raises(IgnoreRequest, match="not on a host that it:bottega declares"):
        middleware.process_request(Request("https://mercato.example/p", cb_kwargs={"shop": bottega.key}))
    assert crawler.stats == {"listino/foreign_host": 1}
