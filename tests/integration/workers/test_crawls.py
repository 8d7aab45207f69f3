"""The crawl worker with a real spider: what becomes of a crawl when its worker is told to stop."""

import os
import signal
import subprocess
import sys

import psutil
import pytest
from redis import Redis
from shopkeeper import PRODUCTS, RunningShop, wait_until

from listino.domain.crawl import CrawlStatus
from listino.jobs import CRAWL, Jobs
from listino.settings import Settings
from listino.store.client import Store

pytestmark = pytest.mark.timeout(120)


def test_a_worker_that_is_told_to_stop_has_its_spider_stop_in_order(
    german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    german_shop.admin("behaviour", latency={"median_ms": 800, "p99_ms": 900}, path=r"\.js$")
    jobs = Jobs(Redis.from_url(settings.redis_address))
    assert jobs.crawl("de", trigger="test") is not None
    assert jobs.crawl("de", trigger="test again") is None, "one is on its way already"
    worker = subprocess.Popen([sys.executable, "-m", "workers", "crawl"], env=os.environ | settings.environment())
    try:
        wait_until(lambda: store.products.counts().get("de:kontor", 0) > 0, "the spider has stored something", 40)
        family = psutil.Process(worker.pid).children(recursive=True)
        assert len(family) == 2, "the job's process, and in it the spider"
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0
        assert [process for process in family if process.is_running()] == []
    finally:
        worker.kill()
        worker.wait(10)
    run = store.crawls.latest(market="de")[0]
    assert (run.status, run.trigger) == (CrawlStatus.STOPPED, "test")
    assert 0 < run.total("products") < PRODUCTS
    (finished,) = jobs.queue(CRAWL).finished_job_registry.get_job_ids()
    assert finished
