from typing import Any

import pytest
from scrapy import Request
from scrapy.exceptions import IgnoreRequest

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
    with pytest.raises(IgnoreRequest, match="no shop of this market declares"):
        DeclaredHostsMiddleware.from_crawler(crawler).process_request(Request(url))
    assert crawler.stats == {"listino/foreign_host": 1}
