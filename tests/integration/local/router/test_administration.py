"""Definitions, placement and measures, against what each shard says by itself."""

import datetime
from collections.abc import Callable
from typing import Any

import bson
import pytest
from bson import Int64
from pymongo import ASCENDING, IndexModel, MongoClient
from pymongo.database import Database
from pymongo.errors import CollectionInvalid, OperationFailure

from listino.local.router import elements, hashing
from listino.local.throw_away_cluster import Cluster

Documents = list[dict[str, Any]]
Truth = Callable[[str], Documents]


def test_an_index_is_on_every_shard(
    database: Database, goods: Documents, shard_clients: dict[str, MongoClient]
) -> None:
    for name, owners in (("goods", 2), ("plain", 1)):
        collection = database[name]
        made = collection.create_indexes(
            [IndexModel([("rank", ASCENDING)]), IndexModel([("text", ASCENDING)], sparse=True)]
        )
        assert made == ["rank_1", "text_1"]
        having = [
            shard
            for shard in shard_clients.values()
            if {"rank_1", "text_1"} <= shard[database.name][name].index_information().keys()
        ]
        assert len(having) == owners
        assert {"_id_", "rank_1", "text_1"} <= collection.index_information().keys()
        collection.drop_index("rank_1")
        assert "rank_1" not in collection.index_information()
        for shard in shard_clients.values():
            assert "rank_1" not in shard[database.name][name].index_information()


def test_an_index_that_cannot_be_is_refused(database: Database, goods: Documents) -> None:
    with pytest.raises(OperationFailure) as caught:
        database["goods"].create_index("text", unique=True)
    assert caught.value.code == 67
    with pytest.raises(OperationFailure) as caught:
        database["goods"].drop_index("_id_hashed")
    assert caught.value.code == 370


def test_indexes_make_their_collection(database: Database) -> None:
    database["new"].create_index("x")
    assert "new" in database.list_collection_names()
    with pytest.raises(OperationFailure) as caught:
        database.command("listIndexes", "missing")
    assert caught.value.code == 26


def test_a_validator_holds_on_every_shard(database: Database, shard_clients: dict[str, MongoClient]) -> None:
    validator = {"$jsonSchema": {"required": ["x"]}}
    database.command("collMod", "goods", validator=validator)
    for shard in shard_clients.values():
        (found,) = shard[database.name].list_collections(filter={"name": "goods"})
        assert found["options"]["validator"] == validator
    made = database.create_collection("strict", validator=validator)
    (found,) = database.list_collections(filter={"name": "strict"})
    assert found["options"]["validator"] == validator
    with pytest.raises(CollectionInvalid):
        database.create_collection(made.name)


def test_collections_and_databases_are_listed_once(client: MongoClient, database: Database, goods: Documents) -> None:
    assert sorted(database.list_collection_names()) == ["goods", "plain"]
    listed = client.list_database_names()
    assert listed == sorted(set(listed))
    assert {database.name, "admin", "config"} <= set(listed)
    assert "local" not in listed
    (mine,) = client.list_databases(filter={"name": database.name})
    assert mine["sizeOnDisk"] > 0
    with pytest.raises(OperationFailure) as caught:
        client.list_databases(filter={"empty": False})
    assert caught.value.code == 115


def test_sizes_are_those_of_all_shards(
    database: Database, goods: Documents, shard_clients: dict[str, MongoClient]
) -> None:
    by_shard = [shard[database.name].command("collStats", "goods") for shard in shard_clients.values()]
    stats = database.command("collStats", "goods")
    assert stats["count"] == len(goods) == sum(part["count"] for part in by_shard)
    assert stats["size"] == sum(part["size"] for part in by_shard)
    assert stats["sharded"]
    assert sorted(stats["shards"]) == sorted(shard_clients)
    plain = database.command("collStats", "plain")
    assert (plain["count"], plain["sharded"], len(plain["shards"])) == (20, False, 1)
    assert database.command("dbStats")["objects"] == 220


def test_what_each_shard_holds_is_told_by_shard(
    database: Database, goods: Documents, shard_clients: dict[str, MongoClient]
) -> None:
    told = {
        part["shard"]: part["storageStats"]
        for part in database["goods"].aggregate([{"$collStats": {"storageStats": {}}}])
    }
    assert told.keys() == shard_clients.keys()
    for name, shard in shard_clients.items():
        assert told[name]["count"] == shard[database.name]["goods"].count_documents({})
        assert told[name]["size"] == shard[database.name].command("collStats", "goods")["size"]
    indexes = [(index["shard"], index["name"]) for index in database["goods"].aggregate([{"$indexStats": {}}])]
    assert sorted(indexes) == sorted((shard, name) for shard in shard_clients for name in ("_id_", "_id_hashed"))
    with pytest.raises(OperationFailure) as caught:
        list(database["missing"].aggregate([{"$collStats": {"storageStats": {}}}]))
    assert caught.value.code == 26


def test_a_collection_is_renamed_and_dropped_everywhere(
    database: Database, goods: Documents, shard_clients: dict[str, MongoClient]
) -> None:
    def holders(name: str) -> int:
        return sum(name in shard[database.name].list_collection_names() for shard in shard_clients.values())

    database["goods"].rename("renamed")
    assert (holders("goods"), holders("renamed")) == (0, 2)
    assert database["renamed"].count_documents({}) == len(goods)
    assert database["goods"].count_documents({}) == 0
    database["plain"].rename("renamed", dropTarget=True)
    assert database["renamed"].count_documents({}) == 20
    database["renamed"].drop()
    assert holders("renamed") == 0
    database["renamed"].drop()


def test_a_dropped_database_is_gone_everywhere_and_can_be_made_again(
    client: MongoClient, database: Database, goods: Documents, shard_clients: dict[str, MongoClient]
) -> None:
    client.drop_database(database.name)
    for shard in shard_clients.values():
        assert database.name not in shard.list_database_names()
    assert client.config["databases"].find_one({"_id": database.name}) is None
    assert list(database["goods"].find()) == []
    database["goods"].insert_one({"_id": 1})
    assert database["goods"].find_one() == {"_id": 1}
    client.drop_database(database.name)


def test_the_other_router_notices_what_one_has_changed(
    cluster: Cluster, options: dict[str, Any], database: Database, goods: Documents, truth: Truth
) -> None:
    with MongoClient(cluster.routers[0], **options) as one, MongoClient(cluster.routers[1], **options) as other:
        mine, theirs = one[database.name], other[database.name]
        assert theirs["plain"].count_documents({}) == mine["plain"].count_documents({}) == 20
        one.admin.command("shardCollection", f"{database.name}.later", key={"_id": "hashed"})
        theirs["later"].insert_many([{"_id": number} for number in range(30)], ordered=False)
        assert mine["later"].count_documents({}) == len(truth("later")) == 30
        mine["later"].drop()
        theirs["later"].insert_one({"_id": 1})
        assert [document["_id"] for document in mine["later"].find()] == [1]
        one.drop_database(database.name)
        theirs["goods"].insert_one({"_id": 1})
        assert mine["goods"].find_one({"_id": 1}) == {"_id": 1}


def test_chunks_are_split_and_moved(client: MongoClient, database: Database, goods: Documents, truth: Truth) -> None:
    namespace = f"{database.name}.goods"

    def chunks() -> Documents:
        entry = client.config["collections"].find_one({"_id": namespace})
        return list(client.config["chunks"].find({"uuid": entry["uuid"]}).sort("min", 1))

    before = chunks()
    middle = Int64(1 << 40)
    client.admin.command("split", namespace, middle={"_id": middle})
    after = chunks()
    assert len(after) == len(before) + 1
    chunk = next(chunk for chunk in after if chunk["min"]["_id"] == middle)
    target = next(name for name in ("shard0", "shard1") if name != chunk["shard"])
    client.admin.command("moveRange", namespace, min={"_id": middle}, toShard=target)
    assert next(chunk for chunk in chunks() if chunk["min"]["_id"] == middle)["shard"] == target
    assert database["goods"].count_documents({}) == 200
    for document in goods:
        assert database["goods"].find_one({"_id": document["_id"]}) == document
    with pytest.raises(OperationFailure) as caught:
        client.admin.command("moveChunk", f"{database.name}.plain", find={"_id": 1}, to=target)
    assert caught.value.code == 118


def test_hashes_are_those_of_the_server(shard_clients: dict[str, MongoClient]) -> None:
    values = [0, -7, 2.5, Int64(1 << 60), "", "product ü", None, True, bson.ObjectId(), bson.Binary(b"x", 5)]
    values += [datetime.datetime(1969, 1, 1, tzinfo=datetime.UTC), bson.Timestamp(3, 4)]
    server = next(iter(shard_clients.values()))
    stages = [{"$documents": [{"v": value} for value in values]}, {"$project": {"hash": {"$toHashedIndexKey": "$v"}}}]
    expected = [document["hash"] for document in server.admin.aggregate(stages)]
    found = [elements.find(bson.encode({"v": value}), "v") for value in values]
    assert [hashing.hashed(element) for element in found if element is not None] == expected


def test_the_cluster_is_told_as_it_is(client: MongoClient, cluster: Cluster, database: Database) -> None:
    shards = client.admin.command("listShards")["shards"]
    assert {shard["_id"]: shard["host"] for shard in shards} == {shard.name: shard.seeds for shard in cluster.shards}
    placed = client.admin.command("getShardMap")["map"]
    assert placed == {"config": cluster.config.seeds} | {shard.name: shard.seeds for shard in cluster.shards}
    assert client.config["settings"].find_one({"_id": "chunksize"})["value"] == 1
    assert client.admin.command("balancerStatus")["mode"] == "full"
    client.admin.command("balancerStop")
    assert client.admin.command("balancerStatus")["mode"] == "off"
    client.admin.command("balancerStart")
    assert client.admin.command("balancerStatus")["mode"] == "full"
    client.admin.command("enableSharding", database.name)
    operations = client.admin.command("currentOp", {"$all": True})["inprog"]
    assert {operation["shard"] for operation in operations} == {shard.name for shard in cluster.shards}
    assert client.admin.command("getParameter", 1, featureCompatibilityVersion=1)["featureCompatibilityVersion"]
    assert client.server_info()["version"].startswith("6.")
    for command in ("serverStatus", "connectionStatus", "hostInfo", "whatsmyuri", "listCommands"):
        assert client.admin.command(command)["ok"] == 1


def test_a_driver_takes_the_router_for_a_mongos(client: MongoClient) -> None:
    hello = client.admin.command("hello")
    assert (hello["msg"], hello["maxWireVersion"], hello["logicalSessionTimeoutMinutes"]) == ("isdbgrid", 17, 30)
    assert not {"setName", "topologyVersion", "compression"} & hello.keys()
    assert client.topology_description.topology_type_name == "Sharded"
    assert client.is_mongos
