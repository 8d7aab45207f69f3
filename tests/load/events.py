r"""What it takes to take in a storefront's events: one API node, a cluster of two shards and its routers, with everything on this machine.

\b
k6 sends batches at a constant rate, of sessions as shoppers have them (tests/load/stories.py), and asks for product pages
meanwhile. Afterwards all that was answered with 202 has to be there, and the sums of all sessions are made. Writes
docs/performance.md; the way `make load-events` runs it takes three minutes.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import psutil
import stories
from generators import FRUGAL, GeneratorFailed, Seen, demand_generators, k6
from page import publish, table
from pymongo import MongoClient
from pymongo.database import Database

sys.path.insert(0, str(Path(__file__).parents[1]))

import servers

from listino.domain.clock import utc_now
from listino.domain.product import Product
from listino.live.page_guard import PageGuard
from listino.local.engines import free_port
from listino.settings import Settings
from listino.store.client import Store
from listino.store.collections import EVENTS, SESSIONS

TARGET = "make load-events"
READS_A_SECOND = 20
SLOWEST_READ_MS = 250  # of a hundred reads of a product
PRODUCTS = 200
START_SECONDS = 30
REST_SECONDS = 5  # in which nobody asks for anything
SUMMED_SECONDS = 180  # for all sums, which begin half a minute after the last event
PROGRAMS = {"gunicorn": "API", "router": "routers", "mongod": "MongoDB", "redis": "Valkey", "valkey": "Valkey"}


@contextmanager
def node(settings: Settings) -> Iterator[str]:
    """The address of one API node under gunicorn, as in production."""
    address = f"127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "gunicorn", "api.app:create_app()", "-k", "api.worker.Worker", "-b", address]
    with subprocess.Popen(command, env={**settings.environment(), "PATH": ""}, stdout=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + START_SECONDS
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


Seconds = dict[str, float]  # of a processor, by program


def processor_seconds() -> Seconds:
    """What the programs that this one has started have used; k6, which has ended by then, too."""
    used: defaultdict[str, float] = defaultdict(float)
    for process in psutil.Process().children(recursive=True):
        try:
            times, name = process.cpu_times(), " ".join(process.cmdline())
        except psutil.Error:
            continue
        kind = next((told for kind, told in PROGRAMS.items() if kind in name), "other")
        used[kind] += times.user + times.system
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    used["k6"] += ended.ru_utime + ended.ru_stime
    return used


def spent(before: Seconds) -> Seconds:
    """The same since then."""
    return {kind: used - before.get(kind, 0) for kind, used in processor_seconds().items()}


def summed_up(database: Database[dict[str, Any]]) -> int:
    """Waits until no session is marked as unsummed; returns how many were."""
    marked = {"unsummed.at": {"$exists": True}}
    first = int(database[SESSIONS.name].count_documents(marked))
    deadline = time.monotonic() + SUMMED_SECONDS
    while database[SESSIONS.name].count_documents(marked):
        if time.monotonic() > deadline:
            raise TimeoutError(f"sessions were not summed up within {SUMMED_SECONDS} s")
        time.sleep(1)
    return first


def row(told: str, used: Seconds, each: float) -> list[str]:
    kinds = ("API", "routers", "MongoDB", "Valkey", "k6")
    return [
        told,
        *(f"{1e6 * used.get(kind, 0) / each:.0f}" for kind in kinds),
        f"{1e6 * sum(used.values()) / each:.0f}",
    ]


def request(told: str, seen: Seen) -> list[str]:
    return [
        told,
        str(seen.requests),
        *(f"{figure:.0f}" for figure in (seen.p50, seen.p95, seen.p99)),
        f"{seen.errors:.2%}",
    ]


def measured(events: int, seconds: int, size: int) -> tuple[str, list[str]]:
    """The report in Markdown, and what was not kept."""
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
            store.products.upsert([Product(id=number, name="Camo Onesie") for number in range(1, PRODUCTS + 1)])
        told = list(stories.batches(events, seconds + 1, size, begins=utc_now()))
        (folder / "batches.txt").write_bytes(b"\n".join(told))
        client: MongoClient[dict[str, Any]] = stack.enter_context(MongoClient(settings.mongo_address))
        database = client[settings.mongo_database]
        environment = {
            "URL": stack.enter_context(node(settings)),
            "BATCHES": folder / "batches.txt",
            "BATCH_RATE": round(events / size),
            "READ_RATE": READS_A_SECOND,
            "PRODUCTS": PRODUCTS,
            "SECONDS": seconds,
            **FRUGAL,
        }
        before = processor_seconds()
        time.sleep(REST_SECONDS)
        resting = {kind: used / REST_SECONDS for kind, used in spent(before).items()}
        before = processor_seconds()
        began = time.monotonic()
        seen, missed = k6("events.js", environment)
        taking, lasted, wanting = spent(before), time.monotonic() - began, psutil.getloadavg()[0]
        kept = int(database[EVENTS.name].count_documents({}))
        before, began = processor_seconds(), time.monotonic()
        sessions = summed_up(database)
        summed_in = time.monotonic() - began
        summing = {kind: used - resting.get(kind, 0) * summed_in for kind, used in spent(before).items()}
    accepted = kept / seconds
    if seen["detail"].p99 > SLOWEST_READ_MS:
        missed.append(f"one in a hundred product pages took {seen['detail'].p99:.0f} ms, {SLOWEST_READ_MS} are allowed")
    sent = sum(body.count(b'"session"') for body in told[: seen["events"].requests])
    if kept < sent * (1 - seen["events"].errors):
        missed.append(f"{kept} of {sent} events were kept")
    report = [
        f"{accepted:,.0f} events a second kept for {seconds} s ({events:,} a second were told), in batches of {size}; "
        f"{psutil.cpu_count()} cores shared by k6, API, Valkey and the cluster, of which {sum(taking.values()) / lasted:.2f} were used; "
        f"{wanting:.0f} processes were running or waiting for them, others' among them.",
        table(
            ("", "requests", "p50 ms", "p95 ms", "p99 ms", "errors"),
            [
                request("`POST /events`", seen["events"]),
                request("`GET /products/{id}` meanwhile", seen["detail"]),
            ],
        ),
        table(
            ("µs of a processor", "API", "routers", "MongoDB", "Valkey", "k6", "in all"),
            [
                row("a second in which nothing comes", resting, 1),
                row("an event, while they come", taking, max(kept, 1)),
                row("a session that is summed up afterwards, beyond rest", summing, max(sessions, 1)),
            ],
        ),
    ]
    return "\n\n".join(report), missed


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").replace("\b\n", ""))
    parser.add_argument("--events", type=int, default=1000, help="a second (default: 1000)")
    parser.add_argument("--seconds", type=int, default=60, help="how long (default: 60)")
    parser.add_argument("--batch", type=int, default=5, help="events of a request (default: 5)")
    parser.add_argument("--dry-run", action="store_true", help="print, and leave docs/performance.md as it is")
    asked = parser.parse_args()
    try:
        demand_generators("k6")
        report, missed = measured(asked.events, asked.seconds, asked.batch)
    except GeneratorFailed as error:
        sys.exit(f"error: {error}")
    publish(TARGET, report, missed, dry_run=asked.dry_run)


if __name__ == "__main__":
    main()
