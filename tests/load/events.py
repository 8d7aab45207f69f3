"""How many events a second one API node takes, what each costs, and what a read costs meanwhile.

`.venv/bin/python tests/load/events.py [--events 1000] [--seconds 20] [--batch 5]` starts a cluster, Redis and one node by itself.
"""

import argparse
import asyncio
import random
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click
import httpx2
import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

import servers

from listino.domain.clock import utc_now
from listino.domain.product import Product
from listino.live.page_guard import PageGuard
from listino.local.engines import free_port
from listino.settings import Settings
from listino.store.client import Store

READS_A_SECOND = 20
TYPES = ("search", "page_view", "page_view", "page_view", "add_to_cart", "upsell", "checkout")
CREATED = 202
OK = 200


@contextmanager
def node(settings: Settings) -> Iterator[str]:
    """The address of one API node under gunicorn, as in production."""
    address = f"127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "gunicorn", "api.app:create_app()", "-k", "api.worker.Worker", "-b", address]
    with subprocess.Popen(command, env={**settings.environment(), "PATH": ""}, stdout=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 30
            while True:
                try:
                    httpx2.get(f"http://{address}/readyz").raise_for_status()
                    break
                except httpx2.HTTPError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.1)
            yield f"http://{address}"
        finally:
            process.terminate()


def batch(chance: random.Random, number: int) -> list[dict[str, object]]:
    """Events of one session of one of 5,000 customers."""
    session, who = uuid.uuid4().hex, str(chance.randrange(5000))
    return [
        {
            "id": uuid.uuid4().hex,
            "type": chance.choice(TYPES),
            "at": utc_now().isoformat(),
            "session": session,
            "consent": True,
            "customer": {"id": who, "name": f"Customer {who}", "email": f"{who}@shop.example"},
            "page": f"/products/{chance.randrange(500)}",
            "seconds": chance.randrange(60),
        }
        for _ in range(number)
    ]


def processor_seconds() -> dict[str, float]:
    """What the processes that this one has started have used, by program."""
    used: dict[str, float] = {}
    for process in psutil.Process().children(recursive=True):
        try:
            times, name = process.cpu_times(), " ".join(process.cmdline())
        except psutil.Error:
            continue
        kind = next((kind for kind in ("gunicorn", "router", "mongod", "valkey") if kind in name), "other")
        used[kind] = used.get(kind, 0.0) + times.user + times.system
    return used


async def measure(url: str, events: int, seconds: int, size: int) -> None:
    chance = random.Random(1)
    taken, told, reads, failed = 0, [], [], 0
    limits = httpx2.Limits(max_connections=128, max_keepalive_connections=128)
    async with httpx2.AsyncClient(base_url=url, timeout=10, limits=limits) as client, asyncio.TaskGroup() as group:

        async def tell(some: list[dict[str, object]]) -> None:
            nonlocal taken, failed
            began = time.perf_counter()
            answer = await client.post("/events", json=some)
            told.append(time.perf_counter() - began)
            if answer.status_code == CREATED:
                taken += answer.json()["accepted"]
            else:
                failed += 1

        async def read() -> None:
            nonlocal failed
            began = time.perf_counter()
            answer = await client.get("/products/500")
            reads.append(time.perf_counter() - began)
            failed += answer.status_code != OK

        began, ended = time.perf_counter(), time.perf_counter() + seconds
        due_events, due_reads = began, began
        while (now := time.perf_counter()) < ended:
            while due_events <= now:
                group.create_task(tell(batch(chance, size)))
                due_events += size / events
            while due_reads <= now:
                group.create_task(read())
                due_reads += 1 / READS_A_SECOND
            await asyncio.sleep(0.005)
    lasted = time.perf_counter() - began
    click.echo(f"{taken} events in {lasted:.1f} s: {taken / lasted:.0f} a second; {failed} requests failed")
    for what, times in (("POST /events", told), ("GET /products/500", reads)):
        cuts = statistics.quantiles(times, n=100)
        click.echo(f"{what}: {len(times)} requests, ms at the 50th, 95th, 99th percentile: "
              f"{cuts[49] * 1000:.0f}, {cuts[94] * 1000:.0f}, {cuts[98] * 1000:.0f}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("events", 1000), ("seconds", 20), ("batch", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        settings = Settings(
            _env_file=None,
            env="test",
            mongo_uri=stack.enter_context(servers.mongo(folder / "mongo")),
            redis_url=stack.enter_context(servers.redis(folder / "redis")),
            state_dir=folder / "state",
        )
        with Store(settings, PageGuard(settings)) as store:
            store.prepare()
            store.products.upsert([Product(id=500, name="Camo Onesie")])
        url = stack.enter_context(node(settings))
        before = processor_seconds()
        asyncio.run(measure(url, asked.events, asked.seconds, asked.batch))
        for kind, used in sorted(processor_seconds().items()):
            click.echo(
                f"{kind}: {(used - before.get(kind, 0)) / asked.seconds / asked.events * 1e6:.0f} us of a processor an event"
            )


if __name__ == "__main__":
    main()
