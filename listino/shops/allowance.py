"""What a host may be asked, by what its robots.txt and the declarations of all shops on it say: the strictest counts."""

from collections.abc import Iterable

from listino.domain.politeness import Allowance
from listino.shops.robots import Robots
from listino.shops.shop import Shop

# Seconds between two requests where neither the declaration nor robots.txt says anything.
UNASKED_DELAY = 0.1


def allowance_of(host: str, shops: Iterable[Shop], robots: Robots, agent: str) -> Allowance:
    """The host's allowance. Two markets' shops on one host share it, and the more modest declaration holds for both."""
    there = [shop for shop in shops if shop.host == host]
    crawling = min((shop.crawl.concurrency for shop in there), default=1)
    live = min((shop.live_concurrency for shop in there), default=1)
    declared = [shop.crawl.delay for shop in there if shop.crawl.delay is not None]
    asked = robots.crawl_delay(agent)
    delays = declared if asked is None else [*declared, asked]
    interval_ms = round(1000 * max(delays, default=UNASKED_DELAY))
    return Allowance(concurrency=max(crawling, live), crawling=crawling, interval_ms=interval_ms)
