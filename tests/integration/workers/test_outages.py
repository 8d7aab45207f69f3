"""Workers and scheduler while Redis is away: they stay, say so once, and go on when it is back."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
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
from listino.jobs import CRAWL, LIVE, Jobs
from listino.live.synchronous import LivePrices
from listino.local.engines import free_port, running_redis
from listino.settings import Settings
from listino.shops.declaration import Shops
from listino.store.client import Store

pytestmark = pytest.mark.timeout(400)

ROLES = [LIVE, CRAWL, "schedule"]
NOTICED_SECONDS = 100  # a busy machine's: a sign of life every few seconds, and the time-out of its connection
STOP_SECONDS = 7
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


Workers = dict[str, RunningWorker]


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


@contextlib.contextmanager
def all_running(settings: Settings, folder: Path) -> Iterator[Workers]:
    """One worker of each role at a time, for each notices by itself what becomes of Redis."""
    with contextlib.ExitStack() as stack:
        yield {role: stack.enter_context(running(role, settings, folder)) for role in ROLES}


def await_each(workers: Workers, condition: Callable[[str, RunningWorker], object], what: str) -> None:
    for role, worker in workers.items():
        wait_until(partial(condition, role, worker), f"the {role} worker {what}", NOTICED_SECONDS)


def registered(role: str, settings: Settings) -> bool:
    """Whether Redis knows of a worker of that role."""
    with Redis.from_url(settings.redis_address) as redis:
        if role == "schedule":
            return bool(redis.zcard("rq:cron_schedulers"))
        return bool(workers_of(role, redis))


def listens(role: str, settings: Settings) -> bool:
    """Whether such a worker has begun to wait for jobs, or the scheduler for its times: then it heeds signals, too."""
    with Redis.from_url(settings.redis_address) as redis:
        if role == "schedule":
            return registered(role, settings)
        return any(worker.get_state() == "idle" for worker in workers_of(role, redis))


def workers_of(role: str, redis: Redis) -> list[Worker]:
    return [worker for worker in Worker.all(redis, serializer=JSONSerializer) if role in worker.queue_names()]


def stopped(workers: Workers, seconds: float) -> dict[str, int]:
    """All are told to stop: what each ends with, which it must do in that time."""
    for worker in workers.values():
        worker.process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + seconds
    return {role: worker.process.wait(max(0.0, deadline - time.monotonic())) for role, worker in workers.items()}


def works(settings: Settings) -> None:
    """Returns when a live worker has taken a job."""
    with Redis.from_url(settings.redis_address) as redis:
        job = Jobs(redis).drain(UNKNOWN_SHOP)
        wait_until(lambda: not job.exists(job.id, connection=redis), "the job is done", NOTICED_SECONDS)


@pytest.mark.usefixtures("store")
def test_a_redis_that_hangs_is_outlasted(settings: Settings, tmp_path: Path) -> None:
    with all_running(settings, tmp_path) as workers:
        await_each(workers, lambda role, _: listens(role, settings), "listens")
        with hung_redis(settings.redis_address):
            await_each(workers, lambda _, worker: worker.said("redis.away"), "misses Redis")
        await_each(workers, lambda _, worker: worker.said("redis.back"), "has found Redis again")
        works(settings)
        for worker in workers.values():
            assert worker.process.poll() is None
            assert (worker.said("redis.away"), worker.said("redis.back")) == (1, 1)
        assert [role for role, worker in workers.items() if "Traceback" in worker.text()] == []


@pytest.mark.usefixtures("store")
def test_workers_stop_when_told_though_redis_hangs(settings: Settings, tmp_path: Path) -> None:
    with all_running(settings, tmp_path) as workers:
        await_each(workers, lambda role, _: listens(role, settings), "listens")
        with hung_redis(settings.redis_address):
            await_each(workers, lambda _, worker: worker.said("redis.away"), "misses Redis")
            assert stopped(workers, STOP_SECONDS) == dict.fromkeys(ROLES, 0), "before the supervisor kills them"
        assert [role for role, worker in workers.items() if "Traceback" in worker.text()] == []


@pytest.mark.skipif(CONTAINERS, reason="a container cannot be run again on its data")
@pytest.mark.usefixtures("store")
def test_another_redis_in_its_place_is_worked_for(settings: Settings, tmp_path: Path) -> None:
    port = free_port()
    moved = settings.model_copy(update={"redis_url": f"redis://127.0.0.1:{port}/0"})
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    with all_running(moved, tmp_path) as workers:
        await_each(workers, lambda _, worker: worker.said("redis.away"), "misses Redis")
        with running_redis(tmp_path / "first", port):
            await_each(workers, lambda role, _: registered(role, moved), "has registered")
        await_each(workers, lambda _, worker: worker.said("redis.away") == 2, "misses Redis again")
        with running_redis(tmp_path / "second", port):
            await_each(workers, lambda role, _: registered(role, moved), "has registered again")
            works(moved)
            assert [role for role, worker in workers.items() if worker.process.poll() is not None] == []
            assert stopped(workers, NOTICED_SECONDS) == dict.fromkeys(ROLES, 0)
        assert [role for role, worker in workers.items() if "Traceback" in worker.text()] == []


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
