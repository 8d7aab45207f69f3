"""Reads by id and bulk upserts a second: one mongod by itself, and a cluster through our routers, side by side.

Everything shares this machine's cores, so the numbers are worth something next to each other and nothing alone.
"""

import argparse
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from click import echo
from pymongo import MongoClient, UpdateOne
from pymongo.collection import Collection

from listino.local.throw_away_cluster import Cluster, running_cluster, running_replica_set
from listino.settings import Settings
from listino.store.client import client_options

PRODUCTS = 5_000
BATCH = 100
# About as long as a product with two texts and an offer.
TEXT = "a product's description, as long as shops write them. " * 15


@dataclass(frozen=True, slots=True)
class Rate:
    """Operations a second, the median milliseconds of one, and the microseconds of router CPU it took."""

    each_second: float
    milliseconds: float
    router_microseconds: float | None


def read(products: Collection, chance: random.Random) -> int:
    assert products.find_one({"_id": f"shop:{chance.randrange(PRODUCTS)}"}) is not None
    return 1


def upsert(products: Collection, chance: random.Random) -> int:
    chosen = chance.sample(range(PRODUCTS), BATCH)
    change = {"$set": {"price": chance.randrange(10_000)}, "$setOnInsert": {"text": TEXT}}
    products.bulk_write([UpdateOne({"_id": f"shop:{number}"}, change, upsert=True) for number in chosen], ordered=False)
    return BATCH


def measure(
    products: Collection,
    work: Callable[[Collection, random.Random], int],
    clients: int,
    seconds: float,
    cluster: Cluster | None,
) -> Rate:
    """What so many threads get done in that time."""
    end = time.monotonic() + seconds
    durations: list[float] = []
    done = [0] * clients

    def run(number: int) -> None:
        chance = random.Random(number)
        while (began := time.monotonic()) < end:
            done[number] += work(products, chance)
            durations.append(time.monotonic() - began)

    before = router_seconds(cluster)
    threads = [threading.Thread(target=run, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = router_seconds(cluster) - before
    microseconds = 1e6 * spent / sum(done) if cluster is not None else None
    return Rate(sum(done) / seconds, 1000 * statistics.median(durations), microseconds)


def router_seconds(cluster: Cluster | None) -> float:
    """The processor time that the routers have used."""
    if cluster is None:
        return 0.0
    return sum(sum(psutil.Process(cluster.pid(address)).cpu_times()[:2]) for address in cluster.routers)


def prepare(uri: str, options: dict[str, Any]) -> MongoClient:
    """A client of a server whose products are all there."""
    client: MongoClient = MongoClient(uri, **options)
    everything = ({"_id": f"shop:{number}", "text": TEXT, "price": number} for number in range(PRODUCTS))
    client["load"]["products"].insert_many(everything, ordered=False)
    return client


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Example: python tests/load/store.py --seconds 5 --clients 1 8 --members 3",
    )
    parser.add_argument("--seconds", type=float, default=4.0, help="length of each measurement (default: 4)")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8], help="numbers of threads (default: 1 8)")
    parser.add_argument("--members", type=int, default=1, help="members of each replica set (default: 1)")
    parser.add_argument("--shards", type=int, default=2, help="shards of the cluster (default: 2)")
    parser.add_argument("--routers", type=int, default=2, help="routers before the cluster (default: 2)")
    given = parser.parse_args()

    options = client_options(Settings(_env_file=None, env="test", secret_key="a secret of no worth, for tests only"))  # type: ignore[call-arg]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="listino-load-")))
        alone = stack.enter_context(running_replica_set(folder / "alone"))
        cluster = stack.enter_context(
            running_cluster(folder, members=given.members, shards=given.shards, routers=given.routers)
        )
        with MongoClient(cluster.uri, **options) as admin:
            admin.admin.command("shardCollection", "load.products", key={"_id": "hashed"})
        direct = stack.enter_context(prepare(alone, options))
        routed = stack.enter_context(prepare(cluster.uri, options))
        echo(f"{given.shards} shards of {given.members}, {given.routers} routers; one mongod of its own beside them")
        echo(
            f"{'':22} {'clients':>7} {'direct/s':>9} {'routed/s':>9} {'direct ms':>10} {'routed ms':>10} {'router CPU µs':>14}"
        )
        for title, work in (("reads by id", read), (f"upserts in {BATCH}s", upsert)):
            for clients in given.clients:
                one = measure(direct["load"]["products"], work, clients, given.seconds, None)
                other = measure(routed["load"]["products"], work, clients, given.seconds, cluster)
                echo(
                    f"{title:22} {clients:>7} {one.each_second:>9.0f} {other.each_second:>9.0f} "
                    f"{one.milliseconds:>10.2f} {other.milliseconds:>10.2f} {other.router_microseconds:>14.0f}"
                )


if __name__ == "__main__":
    main()
