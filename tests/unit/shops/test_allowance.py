from dataclasses import replace

import pytest

from listino.domain.politeness import Allowance
from listino.shops.allowance import UNASKED_DELAY, allowance_of
from listino.shops.robots import Robots
from listino.shops.shop import CrawlManner, Shop

AGENT = "Listino/0.1"


@pytest.mark.parametrize(
    ("declared", "asked", "interval_ms"),
    [
        (None, None, round(1000 * UNASKED_DELAY)),
        (None, "0.02", 20),
        (None, "3", 3000),
        (0.0, None, 0),
        (0.0, "2", 2000),
        (1.0, "2", 2000),
        (2.0, "1", 2000),
    ],
)
def test_the_longer_delay_counts_and_there_is_one_where_nobody_asks(
    declared: float | None, asked: str | None, interval_ms: int, bottega: Shop
) -> None:
    shop = replace(bottega, crawl=CrawlManner(delay=declared))
    robots = Robots(f"User-agent: *\nCrawl-delay: {asked}" if asked else "")
    assert allowance_of(shop.host, [shop], robots, AGENT).interval_ms == interval_ms


def test_room_for_shoppers_beside_the_crawl(bottega: Shop) -> None:
    shop = replace(bottega, crawl=CrawlManner(concurrency=4, delay=0), live_concurrency=8)
    assert allowance_of(shop.host, [shop], Robots(), AGENT) == Allowance(concurrency=8, crawling=4)
    shop = replace(shop, crawl=CrawlManner(concurrency=16, delay=0))
    assert allowance_of(shop.host, [shop], Robots(), AGENT) == Allowance(concurrency=16, crawling=16)


def test_of_two_shops_on_one_host_the_more_modest_declaration_holds(bottega: Shop) -> None:
    modest = replace(bottega, name="modesta", crawl=CrawlManner(concurrency=1, delay=2), live_concurrency=2)
    elsewhere = replace(bottega, url="https://other.example", crawl=CrawlManner(delay=50))
    allowance = allowance_of(bottega.host, [bottega, modest, elsewhere], Robots(), AGENT)
    assert allowance == Allowance(concurrency=2, crawling=1, interval_ms=2000)
