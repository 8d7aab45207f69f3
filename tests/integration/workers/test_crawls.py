"""The crawl worker with a real spider: what becomes of a crawl when its worker is told to stop."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from redis import Redis
from shopkeeper import PRODUCTS, RunningShop, wait_until

from listino.domain.crawl import Crawl, CrawlStatus
from listino.jobs import CRAWL, Jobs
from listino.settings import Settings
from listino.store.client import Store

pytestmark = pytest.mark.timeout(240)


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


def failed_run(settings: Settings, store: Store, log: Path) -> Crawl:
    """The only run of the German market once a worker, which writes that log, has failed to crawl it."""
    jobs = Jobs(Redis.from_url(settings.redis_address))
    assert jobs.crawl("de", trigger="staff:mara@listino.test") is not None
    with log.open("wb") as told:
        worker = subprocess.Popen(
            [sys.executable, "-m", "workers", "crawl"],
            env=os.environ | settings.environment(),
            stdout=told,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(lambda: jobs.queue(CRAWL).failed_job_registry.get_job_ids(), "the job has failed", 40)
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait(30)
    (run,) = store.crawls.latest()
    assert (run.market, run.status, run.trigger) == ("de", CrawlStatus.FAILED, "staff:mara@listino.test")
    assert run.ended_at is not None
    return run


def test_a_crawl_that_fails_before_it_has_a_run_is_kept_with_its_reason(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    settings.shops_path.mkdir(parents=True)
    bad = settings.shops_path / "de-kontor.toml"
    bad.write_text("[shop\n")
    run = failed_run(settings, store, tmp_path / "crawl-1.log")
    assert str(run.error).startswith(f"no shop of market de can be used: {bad}: ")
    spider_log = (settings.state_dir / "logs" / "crawl-de.log").read_text()
    worker_log = (tmp_path / "crawl-1.log").read_text()
    assert "Traceback" not in spider_log
    assert "Traceback" not in worker_log
    assert worker_log.count(str(bad)) == 1


def test_a_spider_that_cannot_start_is_kept_as_a_failed_run(settings: Settings, store: Store, tmp_path: Path) -> None:
    settings.state_dir.mkdir(parents=True)
    (settings.state_dir / "logs").write_text("no folder")
    run = failed_run(settings, store, tmp_path / "crawl-1.log")
    assert "a mistake of Listino's own (FileExistsError" in str(run.error)
