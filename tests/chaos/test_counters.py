"""Counters go up while a shard's primary and a router are killed and chunks move: no error, every number exact."""

import random
import threading
from collections.abc import Iterator

import pytest
from counting import LONGEST_STALL_SECONDS, Counting
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from listino.local.throw_away_cluster import Cluster, running_cluster
from listino.settings import Settings
from listino.store.client import client_options

NAMESPACE = "failover.counters"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running_cluster(tmp_path_factory.mktemp("cluster"), members=3) as running:
        with MongoClient(running.uri) as client:
            client.admin.command("shardCollection", NAMESPACE, key={"_id": "hashed"})
        yield running


class Moving:
    """Moves chunks of the counters to and fro, in a thread of its own; what an election refuses is tried again."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._move)
        self.moved = 0

    def __enter__(self) -> "Moving":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _move(self) -> None:
        chance = random.Random(3)
        with MongoClient(self._uri) as client:
            shards = [shard["_id"] for shard in client.admin.command("listShards")["shards"]]
            while not self._stop.wait(0.2):
                try:
                    entry = client.config["collections"].find_one({"_id": NAMESPACE})
                    chunk = chance.choice(list(client.config["chunks"].find({"uuid": entry["uuid"]})))
                    target = next(shard for shard in shards if shard != chunk["shard"])
                    client.admin.command("moveRange", NAMESPACE, min=chunk["min"], toShard=target)
                except PyMongoError:
                    continue
                self.moved += 1


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "run", [pytest.param(1, id="1"), *(pytest.param(n, id=str(n), marks=pytest.mark.long) for n in range(2, 6))]
)
def test_every_counter_is_exact(cluster: Cluster, run: int) -> None:
    options = client_options(Settings(_env_file=None, env="test"))
    shard = cluster.shards[run % 2]
    with MongoClient(cluster.uri, **options) as client:
        with Counting(client) as counting, Moving(cluster.uri) as moving:
            primary = cluster.primary(shard)
            cluster.kill(primary)
            counting.wait_for_progress()
            cluster.restart(primary)
            cluster.await_health(shard)
            counting.wait_for_progress()
            cluster.kill_router(run % 2)
            counting.wait_for_progress()
            cluster.restart_router(run % 2)
            counting.wait_for_progress()
        held = counting.held()
    print(f"\nlongest operation {counting.longest}, {sum(counting.counted)} increments, {moving.moved} moves")  # noqa: T201 - the figures are what one runs it for
    assert counting.errors == []
    assert held == counting.counted
    assert moving.moved > 0
    assert max(counting.longest.values()) < LONGEST_STALL_SECONDS
