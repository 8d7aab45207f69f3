"""Members of a shard or of the config servers die or freeze: clients wait, and see no error and no wrong number."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pymongo import MongoClient

from listino.local.throw_away_cluster import Cluster, running_cluster

COUNTERS = 8
# An election takes two to four seconds here; a frozen member is noticed after two more.
LONGEST_STALL_SECONDS = 15.0

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def big_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two shards of three members each, three config servers, two routers."""
    with running_cluster(tmp_path_factory.mktemp("cluster"), members=3) as running:
        yield running


@pytest.fixture(scope="module")
def big_client(big_cluster: Cluster, options: dict[str, Any]) -> Iterator[MongoClient]:
    with MongoClient(big_cluster.uri, **options) as connected:
        connected.admin.command("shardCollection", "failover.counters", key={"_id": "hashed"})
        yield connected


class Counting:
    """Threads that count up without pause, each its own document, and one that reads across all shards."""

    def __init__(self, client: MongoClient) -> None:
        self._collection = client["failover"]["counters"]
        self._collection.delete_many({})
        self._collection.insert_many([{"_id": number, "n": 0} for number in range(COUNTERS)])
        self._stop = threading.Event()
        self.counted = [0] * COUNTERS
        self.read = 0
        self.errors: list[str] = []
        self.longest = {"write": 0.0, "read": 0.0}
        works = [*(lambda n=n: self._count(n) for n in range(COUNTERS)), self._read]
        self._threads = [threading.Thread(target=self._repeat, args=(work,)) for work in works]

    def __enter__(self) -> "Counting":
        for thread in self._threads:
            thread.start()
        self.wait_for_progress()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait_for_progress(self, steps: int = 10) -> None:
        """Returns once every counter has gone up so often since now, and everything was read."""
        before, read_before = list(self.counted), self.read
        deadline = time.monotonic() + 2 * LONGEST_STALL_SECONDS
        while not self.errors and (
            self.read < read_before + 2
            or any(now < then + steps for now, then in zip(self.counted, before, strict=True))
        ):
            assert time.monotonic() < deadline, "the counters stand still"
            time.sleep(0.02)

    def held(self) -> list[int]:
        return [document["n"] for document in self._collection.find().sort("_id", 1)]

    def _repeat(self, work: Callable[[], str]) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                kind = work()
            except Exception as error:
                self.errors.append(repr(error)[:300])
                return
            self.longest[kind] = max(self.longest[kind], time.monotonic() - began)

    def _count(self, number: int) -> str:
        assert self._collection.update_one({"_id": number}, {"$inc": {"n": 1}}).modified_count == 1
        self.counted[number] += 1
        return "write"

    def _read(self) -> str:
        assert self._collection.count_documents({"n": {"$gte": 0}}) == COUNTERS
        assert len(list(self._collection.find({"n": {"$gte": 0}}))) == COUNTERS
        self.read += 1
        return "read"


# The end of a router comes last: it leaves the client with connections that only repeatable commands forgive.
@pytest.mark.parametrize(("of", "how"), [("shard", "kill"), ("shard", "pause"), ("config", "kill"), ("router", "kill")])
def test_clients_do_not_notice_the_end_of_a_server(
    big_cluster: Cluster, big_client: MongoClient, record_property: Callable[[str, object], None], of: str, how: str
) -> None:
    members = {"shard": big_cluster.shards[0], "config": big_cluster.config}.get(of)
    with Counting(big_client) as counting:
        server = big_cluster.primary(members) if members is not None else big_cluster.routers[0]
        getattr(big_cluster, how)(server)
        try:
            counting.wait_for_progress()
        finally:
            (big_cluster.restart if how == "kill" else big_cluster.resume)(server)
        counting.wait_for_progress()
    if members is not None:
        big_cluster.await_health(members)
    record_property("stall", counting.longest)
    print(f"\n{of}, {how}: longest operation {counting.longest}, {sum(counting.counted)} increments")  # noqa: T201 - the stall is what one wants to know
    assert counting.errors == []
    assert counting.held() == counting.counted
    assert max(counting.longest.values()) < LONGEST_STALL_SECONDS
