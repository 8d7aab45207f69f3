"""A crawl that is told to stop in the back office: the spider hears of it wherever it runs."""

import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from shopkeeper import PRODUCTS, RunningShop, wait_until

from listino.crawling import log_of, run_crawl
from listino.domain.clock import utc_now
from listino.domain.crawl import CrawlStatus
from listino.settings import Settings
from listino.store.client import Store

pytestmark = pytest.mark.timeout(120)


def test_a_crawl_stops_when_somebody_asks_and_its_log_is_kept(
    german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    german_shop.admin("behaviour", latency={"median_ms": 800, "p99_ms": 900}, path=r"\.js$")
    with ThreadPoolExecutor(1) as aside:
        crawl = aside.submit(run_crawl, settings, "de", trigger="test")
        wait_until(lambda: store.products.counts().get("de:kontor", 0) > 0, "the spider has stored something", 60)
        assert store.leases.ask_to_stop("de", by="mara@listino.test", at=utc_now())
        run = crawl.result(60)

    assert (run.status, run.stopped_by) == (CrawlStatus.STOPPED, "mara@listino.test")
    assert 0 < run.total("products") < PRODUCTS
    assert store.crawls.get(run.id) == run
    lines = store.crawls.log_page(run.id, count=100).lines
    assert any("mara@listino.test wants the crawl to stop" in line.text for line in lines)
    assert not store.leases.ask_to_stop("de", by="mara@listino.test", at=utc_now()), "nobody crawls any more"


def test_a_spider_that_is_told_to_stop_while_it_ends_anyway_notes_its_end(
    german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    log, spiders = log_of(settings, "de"), list[subprocess.Popen[bytes]]()
    with ThreadPoolExecutor(1) as aside:
        crawl = aside.submit(run_crawl, settings, "de", trigger="test", begun=spiders.append)
        closing = "Closing spider (finished)"
        wait_until(lambda: log.exists() and closing in log.read_text(encoding="utf-8"), "the spider ends")
        spiders[0].terminate()
        run = crawl.result(60)

    assert (run.status, run.total("products")) == (CrawlStatus.FINISHED, PRODUCTS)
    assert store.crawls.get(run.id) == run
