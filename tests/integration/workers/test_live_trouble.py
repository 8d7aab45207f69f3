"""Live prices while something is broken: a shop that hangs, workers that are killed, a Redis that freezes or starts again."""

import asyncio
import contextlib
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import httpx2
import orjson
import psutil
import pytest
from livework import ask_until_answered, end, start_pool, start_worker, stock
from redis import Redis
from servers import CONTAINERS, hung_redis
from shopkeeper import RunningShop, wait_until

from listino.domain.product import Product
from listino.live.answer import LiveAnswer, Reason
from listino.live.keys import ShopKeys
from listino.live.prices import AsyncLivePrices
from listino.live.scripts import CHANNEL
from listino.live.synchronous import LivePrices
from listino.local.engines import free_port, running_redis
from listino.settings import Settings
from listino.store.client import Store

RECOVERY_SECONDS = 10  # of a shop, after its own
TAKEN_OVER_SECONDS = 2.5  # half of it on a machine with nothing else to do
ENDED = "live.worker_ended"


@contextlib.contextmanager
def serving(settings: Settings) -> Iterator[ForkServerProcess]:
    """A live worker until the block ends."""
    process = start_worker(settings)
    try:
        yield process
    finally:
        end(process)


@contextlib.contextmanager
def serving_pool(settings: Settings, log: Path, *options: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A pool of live workers until the block ends."""
    process = start_pool(settings, log, *options)
    family = psutil.Process(process.pid)
    try:
        yield process
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in family.children():
                child.kill()
        process.kill()
        process.wait(10)


def test_a_shop_that_hangs_answers_at_once_when_its_breaker_is_open_and_the_others_do_not_notice(
    german_shop: RunningShop, french_shop: RunningShop, settings: Settings, store: Store
) -> None:
    quick = settings.model_copy(update={"live_timeout_ms": 500})
    german, french = stock(german_shop, quick, store), stock(french_shop, quick, store)
    with serving(quick), contextlib.closing(LivePrices(quick)) as live:
        for products in (german, french):
            ask_until_answered(quick, products[0])
        german_shop.admin("behaviour", fault="hang")
        first = live.get(german[1].id, wait_ms=200).reason
        assert first is Reason.DEADLINE
        for product in german[2:8]:
            live.get(product.id, wait_ms=0)
        wait_until(lambda: live.get(german[8].id, wait_ms=0).reason is Reason.SHOP_DOWN, "the breaker is open", 5)
        slowest = 0.0
        for product in german[9:29]:
            began = time.perf_counter()
            assert live.get(product.id, wait_ms=5000).reason is Reason.SHOP_DOWN
            slowest = max(slowest, time.perf_counter() - began)
        assert slowest < 0.5
        with Redis.from_url(settings.redis_address) as redis:
            assert redis.zcard(ShopKeys(german_shop.key).until) <= 2, "one probe at a time"
        for product in french[1:5]:
            assert live.get(product.id, wait_ms=5000).fresh
        german_shop.admin("behaviour", fault=None)
        wait_until(lambda: live.get(german[14].id, wait_ms=1000).fresh, "the shop has recovered", RECOVERY_SECONDS)


async def test_what_killed_workers_had_in_hand_is_asked_by_others_and_answered_once(
    german_shop: RunningShop, settings: Settings, store: Store, tmp_path: Path
) -> None:
    products = await asyncio.to_thread(stock, german_shop, settings, store)
    redis, keys = Redis.from_url(settings.redis_address), ShopKeys(german_shop.key)
    ports, log = free_ports(2), tmp_path / "pool.log"
    with serving_pool(settings, log, "--processes", "2", "--metrics-port", str(ports[0])) as pool:
        await asyncio.to_thread(ask_until_answered, settings, products[0])
        german_shop.admin("behaviour", latency={"median_ms": 250, "p99_ms": 300})
        parent = psutil.Process(pool.pid)
        workers = parent.children()
        assert len(workers) == 2
        assert (parent.num_threads(), parent.net_connections()) == (1, []), "what it forks has neither of the parent"
        async with AsyncLivePrices(settings) as live, asyncio.timeout(30):
            with redis.pubsub() as heard:
                heard.subscribe(CHANNEL)
                assert heard.get_message(timeout=5), "it listens"
                viewers = [asyncio.create_task(live.get(product.id, wait_ms=5000)) for product in products[1:9]]
                await asyncio.to_thread(wait_until, lambda: redis.hlen(keys.taken) > 4, "some are in hand")
                began = time.perf_counter()
                doomed = await asyncio.to_thread(wait_until, lambda: busy(workers, german_shop), "one has connections")
                doomed.kill()
                answers = await asyncio.gather(*viewers)
                assert time.perf_counter() - began < TAKEN_OVER_SECONDS
                assert [answer.reason for answer in answers] == [None] * 8
                told = list(iter(lambda: heard.get_message(timeout=0.1), None))
            ids = [LiveAnswer.from_json(message["data"]).product_id for message in told if message]
            assert sorted(map(str, ids)) == sorted(str(product.id) for product in products[1:9])
        heirs = await asyncio.to_thread(wait_until, lambda: full(pool.pid), "the killed one is replaced", 10)
        (said,) = [line for line in map(orjson.loads, log.read_bytes().splitlines()) if line["event"] == ENDED]
        assert (said["pid"], said["signal"], said["shops"]) == (doomed.pid, "SIGKILL", [german_shop.key])
        for port in ports:
            await asyncio.to_thread(wait_until, lambda port=port: figures(port), f"port {port} answers", 10)
        pool.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(pool.wait, 15) == 0
        assert [heir for heir in heirs if heir.is_running()] == []


def test_the_workers_of_a_pool_that_is_killed_end_by_themselves(settings: Settings, tmp_path: Path) -> None:
    with serving_pool(settings, tmp_path / "pool.log", "--processes", "2") as pool:
        workers = wait_until(lambda: full(pool.pid), "both are there", 10)
        pool.kill()
        _, alive = psutil.wait_procs(workers, timeout=20)
        assert alive == []


def free_ports(count: int) -> range:
    """Ports in a row that nobody listens on."""
    while True:
        ports = range(first := free_port(), first + count)
        with contextlib.suppress(OSError):
            for port in ports:
                socket.create_server(("127.0.0.1", port)).close()
            return ports


def figures(port: int) -> bool:
    """Whether a worker tells Prometheus of itself there."""
    with contextlib.suppress(httpx2.HTTPError):
        return "process_cpu_seconds_total" in httpx2.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
    return False


def busy(workers: list[psutil.Process], shop: RunningShop) -> psutil.Process | None:
    """The worker that has most connections to the shop."""
    counts = {
        worker: sum(bool(one.raddr) and one.raddr.port == shop.port for one in worker.net_connections("tcp"))
        for worker in workers
    }
    most = max(counts, key=lambda worker: counts[worker])
    return most if counts[most] > 2 else None


def full(pool: int) -> list[psutil.Process] | None:
    children = [child for child in psutil.Process(pool).children() if child.status() != psutil.STATUS_ZOMBIE]
    return children if len(children) == 2 else None


def test_who_is_told_to_stop_leaves_what_takes_long_to_another(
    german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    products = stock(german_shop, settings, store)
    keys, redis = ShopKeys(german_shop.key), Redis.from_url(settings.redis_address)
    with serving(settings) as stopping, contextlib.closing(LivePrices(settings)) as live:
        ask_until_answered(settings, products[0])
        german_shop.admin("behaviour", fault="hang")
        live.get(products[1].id, wait_ms=0)
        wait_until(lambda: redis.hlen(keys.taken), "it is in hand")
        stopping.terminate()
        stopping.join(5)
        assert stopping.exitcode == 0
        assert (redis.hlen(keys.taken), redis.zcard(keys.waiting)) == (0, 1)
        assert not redis.exists(keys.blamed), "nobody died over it"


def fresh_again(live: LivePrices, products: list[Product], seconds: float) -> float:
    """How long it takes until a price is fresh again; what a viewer sees is his price within a second, or not."""
    began = time.perf_counter()
    for product in products:
        if live.get(product.id, wait_ms=950).fresh:
            break
    took = time.perf_counter() - began
    assert took < seconds
    return took


def test_a_redis_that_was_frozen_costs_nobody_anything_when_it_is_back(
    german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    products = stock(german_shop, settings, store)
    with serving(settings), contextlib.closing(LivePrices(settings)) as live:
        ask_until_answered(settings, products[0])
        german_shop.admin("behaviour", latency={"median_ms": 300, "p99_ms": 350})
        for product in products[1:5]:
            live.get(product.id, wait_ms=0)  # in flight when Redis freezes
        with hung_redis(settings.redis_address):
            until = time.monotonic() + 3
            reasons = set()
            while time.monotonic() < until:
                reasons.add(live.get(products[5].id, wait_ms=950).reason)
        assert reasons == {Reason.NO_QUEUE}
        fresh_again(live, products[5:15], 2.5)
        assert live.get(products[1].id, wait_ms=2000).fresh, "what was in flight is not stuck"


@pytest.mark.skipif(CONTAINERS, reason="a container cannot be run again on its data")
def test_a_redis_that_starts_again_is_recovered_from(
    german_shop: RunningShop, settings: Settings, store: Store, tmp_path: Path
) -> None:
    port = free_port()
    moved = settings.model_copy(update={"redis_url": f"redis://127.0.0.1:{port}/0"})
    products = stock(german_shop, moved, store)
    with contextlib.ExitStack() as stack:
        with running_redis(tmp_path, port):
            stack.enter_context(serving(moved))
            live = stack.enter_context(contextlib.closing(LivePrices(moved)))
            ask_until_answered(moved, products[0])
        assert live.get(products[1].id, wait_ms=950).reason is Reason.NO_QUEUE
        with running_redis(tmp_path, port):
            fresh_again(live, products[1:20], 5)
