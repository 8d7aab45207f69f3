"""Clusters that are stopped and started again, and that grow."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from bson import MinKey
from pymongo import MongoClient

from listino.domain.errors import LocalPlatformError
from listino.local import binaries
from listino.local.engines import free_port
from listino.local.sharding import CONFIG, SHARD, MemberSet, add_shards, initiate, member_argv
from listino.local.throw_away_cluster import Cluster


@contextmanager
def running(folder: Path, *sets: MemberSet) -> Iterator[None]:
    """The members of these sets, with their data in folders named after the sets."""
    binary = binaries.find(binaries.MONGOD)
    processes = []
    try:
        for members in sets:
            data = folder / members.name
            data.mkdir(exist_ok=True)
            argv = member_argv(binary, members, members.ports[0], data)
            processes.append(subprocess.Popen(argv, stdout=subprocess.DEVNULL, start_new_session=True))
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_a_cluster_is_set_up_once_and_keeps_its_ports(tmp_path: Path) -> None:
    config, shard = MemberSet("configRS", CONFIG, (free_port(),)), MemberSet("shard0", SHARD, (free_port(),))
    for _ in range(2):
        with running(tmp_path, config, shard):
            initiate((config, shard), 30)
            add_shards(config, (shard,), 30)
            add_shards(config, (shard,), 30)
            with MongoClient(config.addresses[0], directConnection=True) as client:
                assert [(found["_id"], found["host"]) for found in client.config.shards.find()] == [
                    ("shard0", shard.seeds)
                ]
                assert client.config.settings.find_one({"_id": "chunksize"})["value"] == 1
    moved = MemberSet("shard0", SHARD, (free_port(),))
    with running(tmp_path, config, moved), pytest.raises(LocalPlatformError, match="shard0 is known in this cluster"):
        initiate((config, moved), 30)
    elsewhere = MemberSet("configRS", CONFIG, (free_port(),))
    with (
        running(tmp_path, elsewhere, shard),
        pytest.raises(LocalPlatformError, match="configRS is known in this cluster"),
    ):
        initiate((elsewhere, shard), 30)


def test_a_shard_that_is_added_takes_its_part(
    cluster: Cluster, client: MongoClient, eventually: Callable[..., None]
) -> None:
    goods = client["test_growth"]["goods"]
    client.admin.command("shardCollection", goods.full_name, key={"_id": "hashed"})
    goods.insert_many([{"_id": number} for number in range(300)], ordered=False)
    assert goods.count_documents({}) == 300
    added = cluster.add_shard()
    try:
        assert {shard["_id"] for shard in client.admin.command("listShards")["shards"]} == {
            shard.name for shard in cluster.shards
        }
        client.admin.command("moveRange", goods.full_name, min={"_id": MinKey()}, toShard=added.name)
        with MongoClient(added.addresses[0], directConnection=True) as alone:
            moved = alone["test_growth"]["goods"].count_documents({})
        assert 0 < moved < 300
        assert goods.count_documents({}) == len(list(goods.find())) == 300
        assert all(goods.find_one({"_id": number}) == {"_id": number} for number in range(300))
        assert set(client["test_growth"].command("dbStats")["raw"]) == {shard.name for shard in cluster.shards}
    finally:
        client.drop_database("test_growth")
        eventually(lambda: client.admin.command("removeShard", added.name)["state"] == "completed", 60)
        cluster.shards.remove(added)
        cluster.kill(added.addresses[0])
    assert added.name not in {shard["_id"] for shard in client.admin.command("listShards")["shards"]}
