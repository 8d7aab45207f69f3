"""When a request may be sent, and when not at all; how it is sent is Scrapy's business and the integration tests'."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from scrapy import Request

from listino.live.budget import Outcome, Report, Slot
from listino.live.turns import HostBusy
from scrapers import download as module
from scrapers.download import LONGEST_WAIT, PoliteDownloadHandler
from scrapers.hosts import ASKS_FOR_RULES, Hosts
from scrapers.run import CrawlRun
from scrapers.trouble import NotNow

REQUEST = Request("https://bottega.example/p/1", meta={"download_slot": "bottega.example"})


class Turns(Hosts):
    """A host that is busy as often as the test says, each time telling the same wait."""

    def __init__(self, busy: int, wait: float, meanwhile: Callable[[], None] = lambda: None) -> None:
        self.busy, self.wait, self.meanwhile = busy, wait, meanwhile
        self.given: list[Report] = []

    async def take(self, host: str, *, patience: float) -> Slot:
        if not self.busy:
            self.meanwhile()
            return Slot("1", 0)
        self.busy -= 1
        self.meanwhile()
        raise HostBusy(host, self.wait, refused=True)

    async def give(self, host: str, report: Report) -> None:
        self.given.append(report)


@pytest.fixture
def handler(crawler: Any, monkeypatch: pytest.MonkeyPatch) -> PoliteDownloadHandler:
    crawler.engine = SimpleNamespace(queue=[])
    crawler.engine.crawl = crawler.engine.queue.append
    monkeypatch.setattr(module, "STEP", 0.0)
    made = PoliteDownloadHandler.__new__(PoliteDownloadHandler)
    made._of = crawler
    return made


async def test_a_request_waits_for_its_turn(handler: PoliteDownloadHandler, crawler: Any) -> None:
    crawler.spider.hosts = hosts = Turns(busy=3, wait=5)
    assert await handler._turn(REQUEST, "bottega.example") == Slot("1", 0)
    assert (hosts.busy, hosts.given) == (0, [])


async def test_a_shop_that_says_to_wait_for_hours_is_given_up_for_now(
    handler: PoliteDownloadHandler, crawler: Any
) -> None:
    crawler.spider.hosts = Turns(busy=1, wait=LONGEST_WAIT + 1)
    with pytest.raises(HostBusy):
        await handler._turn(REQUEST, "bottega.example")
    assert crawler.stats == {"listino/gave_up_waiting": 1}


async def test_what_waits_when_the_crawl_is_told_to_stop_goes_back_into_the_queue(
    handler: PoliteDownloadHandler, crawler: Any
) -> None:
    crawler.spider.hosts = Turns(busy=9, wait=5, meanwhile=lambda: setattr(crawler, "crawling", False))
    with pytest.raises(NotNow):
        await handler._turn(REQUEST, "bottega.example")
    (again,) = crawler.engine.queue
    assert (again.url, again.dont_filter) == (REQUEST.url, True)
    assert crawler.spider.run.snapshot().total("failed") == 0
    with pytest.raises(NotNow):
        await handler._turn(REQUEST.replace(meta={ASKS_FOR_RULES: True}), "bottega.example")
    assert len(crawler.engine.queue) == 1


@pytest.mark.parametrize("busy", [0, 1])
async def test_beyond_the_limit_nothing_is_sent_and_a_slot_is_given_back_unused(
    busy: int, handler: PoliteDownloadHandler, crawler: Any
) -> None:
    run = CrawlRun(replace(crawler.spider.run.snapshot(), limit=1), crawler.spider.run.lease, None)
    crawler.spider.run = run
    crawler.spider.hosts = hosts = Turns(busy=busy, wait=5, meanwhile=lambda: run.accept() and None)
    with pytest.raises(NotNow):
        await handler._turn(REQUEST, "bottega.example")
    assert [report.outcome for report in hosts.given] == ([] if busy else [Outcome.UNSENT])
