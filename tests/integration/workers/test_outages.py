"""Workers and scheduler while Redis is away: they stay, say so once, and go on when it is back."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from redis import Redis
from rq.serializers import JSONSerializer
from rq.worker import Worker
from servers import CONTAINERS, hung_mongo, hung_redis
from shopkeeper import RunningShop, wait_until

from listino.domain.clock import utc_now
from listino.domain.crawl import CrawlStatus
from listino.domain.listing import list_goods
from listino.jobs import Jobs
from listino.live.synchronous import LivePrices
from listino.local.engines import free_port, running_redis
from listino.settings import Settings
from listino.shops.declaration import Shops
from listino.store.client import Store

ROLES = ["live", "crawl", "schedule"]
NOTICED_SECONDS = 30  # a sign of life every few seconds, and the time-out of its connection
UNKNOWN_SHOP = "it:nobody"


@dataclass(frozen=True, slots=True)
class RunningWorker:
    """A worker process with its output in a file."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def text(self) -> str:
        return self.log.read_text()

    def said(self, event: str) -> int:
        """How many lines of its log tell of the event."""
        lines = [json.loads(line) for line in self.text().splitlines() if line.startswith("{")]
        return sum(line["event"] == event for line in lines)


@contextlib.contextmanager
def running(role: str, settings: Settings, folder: Path) -> Iterator[RunningWorker]:
    log = folder / f"{role}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "workers", role],
            env=os.environ | settings.environment(),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield RunningWorker(process, log)
    finally:
        process.kill()
        process.wait(10)


def registered(role: str, settings: Settings) -> bool:
    """Whether Redis knows of a worker of that role."""
    with Redis.from_url(settings.redis_address) as redis:
        if role == "schedule":
            return bool(redis.zcard("rq:cron_schedulers"))
        return bool(Worker.all(redis, serializer=JSONSerializer))


def listens(role: str, settings: Settings) -> bool:
    """Whether such a worker has begun to wait for jobs, or the scheduler for its times: then it heeds signals, too."""
    with Redis.from_url(settings.redis_address) as redis:
        if role == "schedule":
            return registered(role, settings)
        return any(worker.get_state() == "idle" for worker in Worker.all(redis, serializer=JSONSerializer))


def works(settings: Settings) -> None:
    """Returns when a live worker has taken a job."""
    with Redis.from_url(settings.redis_address) as redis:
        job = Jobs(redis).drain(UNKNOWN_SHOP)
        wait_until(lambda: not job.exists(job.id, connection=redis), "the job is done", NOTICED_SECONDS)


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("role", ROLES)
def test_a_redis_that_hangs_is_outlasted(role: str, settings: Settings, tmp_path: Path) -> None:
    with running(role, settings, tmp_path) as worker:
        wait_until(lambda: listens(role, settings), "the worker listens")
        with hung_redis(settings.redis_address):
            wait_until(lambda: worker.said("redis.away"), "the worker misses Redis", NOTICED_SECONDS)
        wait_until(lambda: worker.said("redis.back"), "the worker has found Redis again", NOTICED_SECONDS)
        if role == "live":
            works(settings)
        assert worker.process.poll() is None
        assert (worker.said("redis.away"), worker.said("redis.back")) == (1, 1)
        assert "Traceback" not in worker.text()
        worker.process.send_signal(signal.SIGTERM)
        assert worker.process.wait(10) == 0


@pytest.mark.skipif(CONTAINERS, reason="a container cannot be run again on its data")
@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("role", ROLES)
def test_another_redis_in_its_place_is_worked_for(role: str, settings: Settings, tmp_path: Path) -> None:
    port = free_port()
    moved = settings.model_copy(update={"redis_url": f"redis://127.0.0.1:{port}/0"})
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    with running(role, moved, tmp_path) as worker:
        wait_until(lambda: worker.said("redis.away"), "the worker misses Redis", NOTICED_SECONDS)
        with running_redis(tmp_path / "first", port):
            wait_until(lambda: registered(role, moved), "the worker has registered")
        wait_until(lambda: worker.said("redis.away") == 2, "the worker misses Redis again", NOTICED_SECONDS)
        with running_redis(tmp_path / "second", port):
            wait_until(lambda: registered(role, moved), "the worker has registered again", NOTICED_SECONDS)
            if role == "live":
                works(moved)
        assert worker.process.poll() is None
        assert "Traceback" not in worker.text()


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("role", ROLES)
def test_a_worker_stops_when_told_though_redis_hangs(role: str, settings: Settings, tmp_path: Path) -> None:
    with running(role, settings, tmp_path) as worker:
        wait_until(lambda: listens(role, settings), "the worker listens")
        with hung_redis(settings.redis_address):
            wait_until(lambda: worker.said("redis.away"), "the worker misses Redis", NOTICED_SECONDS)
            worker.process.send_signal(signal.SIGTERM)
            assert worker.process.wait(7) == 0, "before the supervisor kills it"
        assert "Traceback" not in worker.text()


def test_a_live_job_ends_in_order_when_redis_hangs_under_it(
    german_shop: RunningShop, settings: Settings, store: Store, tmp_path: Path
) -> None:
    terms = Shops.load(settings.shops_path)[german_shop.key].terms
    products = [list_goods(goods, terms, at=utc_now(), crawl_id="test") for goods in german_shop.truth().values()]
    store.products.upsert(products)
    before = store.products.get(products[0].id).offer
    german_shop.admin("behaviour", latency={"median_ms": 900, "p99_ms": 950})
    with running("live", settings, tmp_path) as worker, contextlib.closing(LivePrices(settings)) as live:
        wait_until(lambda: registered("live", settings), "the worker has registered")
        live.get(products[0].id, wait_ms=0)
        wait_until(lambda: german_shop.requests()["total"] > 0, "the shop is being asked")
        with hung_redis(settings.redis_address):
            wait_until(lambda: worker.said("live.not_delivered"), "the answer could not be delivered", NOTICED_SECONDS)
        works(settings)
        assert worker.process.poll() is None
        assert "Traceback" not in worker.text()
    offer = store.products.get(products[0].id).offer
    assert before is not None
    assert offer is not None
    assert offer.checked_at > before.checked_at, "what the shop answered is stored"


def test_a_live_job_is_not_cut_short_by_a_mongodb_that_hangs(
    german_shop: RunningShop, settings: Settings, store: Store, tmp_path: Path
) -> None:
    with running("live", settings, tmp_path) as worker, contextlib.closing(LivePrices(settings)) as live:
        wait_until(lambda: listens("live", settings), "the worker listens")
        with hung_mongo(settings.mongo_address):
            live.get(f"{german_shop.key}:1", wait_ms=0)
            wait_until(lambda: worker.said("live.no_price"), "the refresh has given up", 15)
        works(settings)
        assert worker.process.poll() is None
        assert "Traceback" not in worker.text()


def test_a_crawl_goes_on_while_redis_hangs(
    german_shop: RunningShop, settings: Settings, store: Store, tmp_path: Path
) -> None:
    with Redis.from_url(settings.redis_address) as redis:
        jobs = Jobs(redis)
        job = jobs.crawl("de", trigger="test")
        assert job is not None
        with running("crawl", settings, tmp_path) as worker:
            wait_until(lambda: store.crawls.latest(market="de"), "the spider has begun", 40)
            with hung_redis(settings.redis_address):
                wait_until(
                    lambda: store.crawls.latest(market="de")[0].status is CrawlStatus.FINISHED, "the crawl is over", 60
                )
                wait_until(lambda: worker.said("redis.away"), "the worker misses Redis", NOTICED_SECONDS)
            wait_until(lambda: job.get_status(refresh=True) == "finished", "the job has ended", NOTICED_SECONDS)
            assert worker.process.poll() is None
            assert "Traceback" not in worker.text()
