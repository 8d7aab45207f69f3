"""Members of a shard or of the config servers die or freeze: clients wait, and see no error and no wrong number."""

from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest
from counting import LONGEST_STALL_SECONDS, Counting
from pymongo import MongoClient

from listino.local.sockets import member_socket
from listino.local.throw_away_cluster import Cluster, running_cluster

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


def test_routers_reach_a_server_by_its_socket_before_and_after_it_was_killed(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("c")
    with running_cluster(folder, shards=1, routers=1) as cluster, MongoClient(cluster.uri) as client:
        server = cluster.shards[0].addresses[0]
        path = folder / member_socket(cluster.shards[0].ports[0])

        def connections() -> int:
            """One is the socket itself."""
            held = psutil.Process(cluster.pid(server)).net_connections("unix")
            return sum(one.laddr == str(path) for one in held) - 1

        client.shop.goods.insert_one({"_id": 1})
        assert path.is_socket()
        assert connections() > 0
        cluster.kill(server)
        assert path.is_socket(), "what is killed leaves it"
        cluster.restart(server)
        assert client.shop.goods.find_one() == {"_id": 1}
        assert connections() > 0
