"""Event streams: what each costs in memory, and how long a change takes to reach all who watch.

The streams come from many addresses of this machine, as shoppers do, so the limits for one client hold and are kept. A change
is one write of all the products watched; the time counts from before it begins, MongoDB's share included, to the moment when
a client has read the event. No worker answers meanwhile: what is told is what was written.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from click import echo
from page import table

from listino.cli.platform import furnishing
from listino.domain.clock import utc_now
from listino.domain.listing import Terms, list_goods
from listino.domain.market import MARKETS
from listino.domain.money import Money
from listino.domain.offer import Availability, ShopOffer, ShopProduct
from listino.domain.pricing import PricingRule
from listino.domain.product import Product
from listino.live.page_guard import PageGuard
from listino.local.platform import Platform
from listino.settings import Settings
from listino.store.client import Store

PARTS = {"mongo", "redis", "api-1", "api-2", "nginx"}
NODES = ("api-1", "api-2")
OF_ONE_ADDRESS = 80  # streams; nginx takes 100 connections and a burst of 100 requests
OPENING_AT_ONCE = 64
PATIENCE_SECONDS = 30.0
CHANGES = 5
MOST_SECONDS = 1.0  # until a change has reached everybody


class StreamsFailed(Exception):
    """Streams could not be opened, or a change did not arrive."""


@dataclass(slots=True)
class Watcher:
    """One client: when it read its last event, by time.monotonic."""

    address: str
    port: int
    product_id: str
    heard_at: float = 0.0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    writer: asyncio.StreamWriter | None = None
    reading: "asyncio.Task[None] | None" = None

    async def open(self) -> None:
        reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port, local_addr=(self.address, 0))
        self.writer.write(
            f"GET /products/{self.product_id}/price/events HTTP/1.1\r\nHost: listino\r\n"
            "Accept: text/event-stream\r\nAccept-Encoding: gzip\r\n\r\n".encode()
        )
        status = await reader.readline()
        if b" 200 " not in status:
            raise StreamsFailed(f"a stream was refused: {status.decode().strip() or 'no answer'}")
        self.reading = asyncio.create_task(self._read(reader))
        await self.arrived.wait()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            if line.startswith(b"data: "):
                self.heard_at = time.monotonic()
                self.arrived.set()

    async def close(self) -> None:
        if self.reading is not None:
            self.reading.cancel()
        if self.writer is not None:
            self.writer.transport.abort()


@dataclass(frozen=True, slots=True)
class Measured:
    """`seconds`: what each change took to each stream; `kib`: of memory a stream, by part."""

    title: str
    seconds: list[float]
    kib: dict[str, float]

    @property
    def slowest(self) -> float:
        return max(self.seconds)

    def row(self) -> list[str]:
        cuts = statistics.quantiles(self.seconds, n=100)
        times = [f"{1000 * one:.0f}" for one in (cuts[49], cuts[98], self.slowest)]
        return [self.title, *times, f"{self.kib['api']:.0f}", f"{self.kib['nginx']:.0f}"]


def products(count: int, cost: int) -> list[Product]:
    """That many products at that cost in cents, seen now."""
    terms = Terms(market=MARKETS["it"], shop="streams", shipping=Money(0), rule=PricingRule())
    offer = ShopOffer(cost=Money(cost), availability=Availability.IN_STOCK)
    return [
        list_goods(
            ShopProduct(sku=str(number), url=f"https://streams.example/{number}", name=f"Good {number}", offer=offer),
            terms,
            at=utc_now(),
        )
        for number in range(count)
    ]


async def measured(
    title: str,
    platform: Platform,
    store: Store,
    ports: Sequence[int],
    *,
    streams: int,
    watched: int,
    before: dict[str, int],
) -> Measured:
    """Opens the streams at these ports in turns, changes what they watch a few times, and closes them.

    `before`: the memory without any stream, of processes that have opened none yet: what one gives back, Python keeps.
    """
    watchers = [
        Watcher(
            f"127.1.{at // OF_ONE_ADDRESS // 250}.{at // OF_ONE_ADDRESS % 250 + 1}",
            ports[at % len(ports)],
            f"it:streams:{at % watched}",
        )
        for at in range(streams)
    ]
    turns = asyncio.Semaphore(OPENING_AT_ONCE)

    async def opened(watcher: Watcher) -> None:
        async with turns, asyncio.timeout(PATIENCE_SECONDS):
            await watcher.open()

    try:
        async with asyncio.TaskGroup() as opening:
            for watcher in watchers:
                opening.create_task(opened(watcher))
        after = memory(platform)
        seconds: list[float] = []
        for change in range(CHANGES):
            for watcher in watchers:
                watcher.arrived.clear()
            began = time.monotonic()
            await asyncio.to_thread(store.products.upsert, products(watched, 3000 + 500 * change))
            async with asyncio.timeout(PATIENCE_SECONDS):
                await asyncio.gather(*(watcher.arrived.wait() for watcher in watchers))
            seconds += [watcher.heard_at - began for watcher in watchers]
            await asyncio.sleep(1)  # what is fresh becomes old: a last word of it would count for the next change
    finally:
        for watcher in watchers:
            await watcher.close()
    return Measured(title, seconds, {part: (after[part] - before[part]) / streams / 1024 for part in after})


def memory(platform: Platform) -> dict[str, int]:
    """Resident bytes of the API nodes together and of nginx, with their workers."""
    found = {"api": 0, "nginx": 0}
    for part in platform.status():
        if part.pid is not None and (kind := part.name.partition("-")[0]) in found:
            process = psutil.Process(part.pid)
            found[kind] += sum(one.memory_info().rss for one in (process, *process.children(recursive=True)))
    return found


def measure(settings: Settings, streams: int, watched: int) -> list[Measured]:
    """On a platform of its own, through the nodes and through nginx."""
    platform = Platform(settings, only=PARTS)
    try:
        echo("starting the platform", err=True)
        platform.up(furnish=furnishing(settings))
        with Store(settings, PageGuard(settings)) as store:
            store.products.upsert(products(watched, 2400))
            nodes = [settings.port(name) for name in NODES]
            before = memory(platform)
            ways = {"API nodes": nodes, "through nginx": [settings.port("nginx")]}
            return [
                asyncio.run(
                    measured(
                        f"{title}, {watching} watched",
                        platform,
                        store,
                        ports,
                        streams=streams,
                        watched=watching,
                        before=before,
                    )
                )
                for title, ports in ways.items()
                for watching in sorted({1, watched})
            ]
    finally:
        platform.down()


def report(found: Sequence[Measured]) -> str:
    columns = ["a change reaches all", "p50 ms", "p99 ms", "max ms", "KiB a stream, API", "KiB a stream, nginx"]
    return table(columns, [one.row() for one in found])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Example: python tests/load/streams.py --streams 2000 --products 200",
    )
    parser.add_argument("--streams", type=int, default=2000, help="open at once (default: 2000)")
    parser.add_argument(
        "--products", type=int, default=100, help="that are watched, beside a run with one (default: 100)"
    )
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="listino-load-")))
        settings = Settings(_env_file=None, state_dir=folder, mongo_uri=None, redis_url=None)  # type: ignore[call-arg]  # typed by pydantic
        found = measure(settings, given.streams, given.products)
    echo(f"{given.streams} streams, {psutil.cpu_count()} cores\n\n{report(found)}")
    if late := [one.title for one in found if one.slowest > MOST_SECONDS]:
        sys.exit(f"not kept: later than {MOST_SECONDS} s: {'; '.join(late)}")


if __name__ == "__main__":
    main()
