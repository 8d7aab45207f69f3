"""Every writing command, against what the shards hold afterwards."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import bson
import pytest
from pymongo import DeleteOne, InsertOne, MongoClient, ReplaceOne, ReturnDocument, UpdateMany, UpdateOne, WriteConcern
from pymongo.database import Database
from pymongo.errors import BulkWriteError, DuplicateKeyError, OperationFailure, WriteError

Documents = list[dict[str, Any]]
Truth = Callable[[str], Documents]


@pytest.fixture(params=["goods", "plain"])
def name(request: pytest.FixtureRequest) -> str:
    """A sharded collection, and one that is not."""
    return str(request.param)


def test_documents_go_to_their_shards(database: Database, shard_clients: dict[str, MongoClient], truth: Truth) -> None:
    database["goods"].insert_many([{"_id": f"product {number}"} for number in range(100)], ordered=False)
    held = [shard[database.name]["goods"].count_documents({}) for shard in shard_clients.values()]
    assert sum(held) == len(truth("goods")) == 100
    assert min(held) > 20


@pytest.mark.parametrize("ordered", [True, False])
def test_updates_and_deletes_tell_what_they_did(database: Database, truth: Truth, name: str, ordered: bool) -> None:
    collection = database[name]
    written = collection.bulk_write(
        [
            *(InsertOne({"_id": number, "n": 0}) for number in range(20)),
            *(UpdateOne({"_id": number}, {"$inc": {"n": 1}}) for number in range(10)),
            UpdateOne({"_id": 100}, {"$setOnInsert": {"n": 5}}, upsert=True),
            UpdateOne({"_id": 0}, {"$max": {"n": 0}}),
            UpdateOne({"_id": 1}, {"$addToSet": {"tags": "a"}}),
            UpdateMany({"_id": {"$gte": 10, "$lt": 20}}, {"$set": {"many": True}}),
            ReplaceOne({"_id": 2}, {"n": 9}),
            UpdateOne({"_id": 3}, [{"$set": {"n": {"$add": ["$n", 10]}}}]),
            *(DeleteOne({"_id": number}) for number in (18, 19, 999)),
        ],
        ordered=ordered,
    )
    assert (written.inserted_count, written.upserted_count, written.deleted_count) == (20, 1, 2)
    assert (written.matched_count, written.modified_count) == (10 + 4 + 10, 10 + 3 + 10)
    assert list(written.upserted_ids.values()) == [100]
    held = {document["_id"]: document for document in truth(name)}
    assert len(held) == 19
    assert held[1] == {"_id": 1, "n": 1, "tags": ["a"]}
    assert held[2] == {"_id": 2, "n": 9}
    assert held[3]["n"] == 11
    assert held[100] == {"_id": 100, "n": 5}
    assert all(held[number]["many"] for number in range(10, 18))


def test_many_documents_change_by_a_filter_without_the_key(database: Database, goods: Documents, truth: Truth) -> None:
    changed = database["goods"].update_many({"rank": {"$lt": 5}}, {"$set": {"low": True}})
    assert (changed.matched_count, changed.modified_count) == (100, 100)
    assert sum("low" in document for document in truth("goods")) == 100
    assert database["goods"].delete_many({"low": True}).deleted_count == 100
    assert len(truth("goods")) == 100


def test_a_write_that_names_no_shard_is_refused_as_by_mongos(database: Database, goods: Documents) -> None:
    with pytest.raises(WriteError) as caught:
        database["goods"].update_one({"rank": 1}, {"$set": {"x": 1}})
    assert caught.value.code in (61, 72)


def test_a_collection_of_another_key_is_changed_by_id_too(
    database: Database, client: MongoClient, truth: Truth
) -> None:
    client.admin.command("shardCollection", f"{database.name}.rejects", key={"crawl_id": "hashed"})
    rejects = database["rejects"]
    rejects.insert_many([{"_id": number, "crawl_id": f"crawl {number % 9}"} for number in range(60)], ordered=False)
    for number in range(10):
        assert rejects.update_one({"_id": number}, {"$set": {"seen": True}}).modified_count == 1
    assert rejects.delete_one({"_id": 0}).deleted_count == 1
    assert rejects.delete_many({"crawl_id": "crawl 3"}).deleted_count == 7
    assert sum("seen" in document for document in truth("rejects")) == 8


@pytest.mark.parametrize("ordered", [True, False])
def test_a_duplicate_is_named_by_its_place_in_the_batch(
    database: Database, truth: Truth, name: str, ordered: bool
) -> None:
    database[name].insert_many([{"_id": 3}, {"_id": 7}])
    with pytest.raises(BulkWriteError) as caught:
        database[name].insert_many([{"_id": number} for number in range(10)], ordered=ordered)
    details = caught.value.details
    found = [(error["index"], error["code"], error["op"]["_id"]) for error in details["writeErrors"]]
    assert found == ([(3, 11000, 3)] if ordered else [(3, 11000, 3), (7, 11000, 7)])
    assert details["nInserted"] == (3 if ordered else 8)
    assert [d["_id"] for d in truth(name)] == ([0, 1, 2, 3, 7] if ordered else list(range(10)))
    with pytest.raises(DuplicateKeyError):
        database[name].insert_one({"_id": 3})


def test_what_the_validator_refuses_is_not_written(database: Database, truth: Truth, name: str) -> None:
    database.command("collMod", name, validator={"$jsonSchema": {"required": ["price"]}})
    with pytest.raises(BulkWriteError) as caught:
        database[name].insert_many(
            [{"_id": number, **({"price": 1} if number % 4 else {})} for number in range(12)], ordered=False
        )
    assert [(error["index"], error["code"]) for error in caught.value.details["writeErrors"]] == [
        (0, 121),
        (4, 121),
        (8, 121),
    ]
    assert len(truth(name)) == 9


def test_a_document_is_changed_and_returned_in_one_step(database: Database, goods: Documents, truth: Truth) -> None:
    for name in ("goods", "plain"):
        after = database[name].find_one_and_update(
            {"_id": 5}, {"$inc": {"rank": 1}}, projection={"rank": 1}, return_document=ReturnDocument.AFTER
        )
        assert after == {"_id": 5, "rank": 6}
        assert database[name].find_one_and_delete({"_id": 6})["_id"] == 6
        made = database[name].find_one_and_replace({"_id": 1000}, {"new": True}, upsert=True)
        assert made is None
        held = {document["_id"]: document for document in truth(name)}
        assert held[1000] == {"_id": 1000, "new": True}
        assert 6 not in held
    with pytest.raises(OperationFailure) as caught:
        database["goods"].find_one_and_update({"rank": 1}, {"$set": {"x": 1}})
    assert caught.value.code == 61


def test_a_key_cannot_be_changed_to_another_shards(database: Database, client: MongoClient, truth: Truth) -> None:
    client.admin.command("shardCollection", f"{database.name}.keyed", key={"k": "hashed"})
    codes = set()
    for number in range(12):
        database["keyed"].insert_one({"_id": number, "k": "from"})
        try:
            database["keyed"].update_one({"_id": number, "k": "from"}, {"$set": {"k": f"to {number}"}})
        except WriteError as error:
            codes.add(error.code)
        except OperationFailure as error:
            codes.add(error.code)
    assert codes == {20}
    assert len(truth("keyed")) == 12


def test_aggregates_write_to_other_collections(database: Database, client: MongoClient, goods: Documents) -> None:
    elsewhere = f"{database.name}_elsewhere"
    match = {"$match": {"rank": 1}}
    try:
        database["goods"].aggregate([match, {"$merge": "plain"}])
        database["goods"].aggregate([match, {"$merge": {"into": {"db": elsewhere, "coll": "copy"}}}])
        database["goods"].aggregate([match, {"$out": "fresh"}])
        database["plain"].aggregate([{"$set": {"plain": True}}, {"$merge": "goods"}])
        assert database["plain"].count_documents({"rank": 1}) == 20
        assert client[elsewhere]["copy"].count_documents({}) == 20
        assert database["fresh"].count_documents({}) == 20
        assert database["goods"].count_documents({"plain": True}) == database["plain"].count_documents({})
    finally:
        client.drop_database(elsewhere)


def test_unacknowledged_writes_arrive(database: Database, truth: Truth, eventually: Callable[..., None]) -> None:
    silent = database["goods"].with_options(write_concern=WriteConcern(w=0))
    for number in range(30):
        assert not silent.insert_one({"_id": number}).acknowledged
    eventually(lambda: len(truth("goods")) == 30)


def test_a_first_write_makes_the_database(client: MongoClient) -> None:
    made = client["test_made_by_a_write"]
    try:
        made["c"].update_one({"_id": 1}, {"$set": {"x": 1}}, upsert=True)
        assert made["c"].find_one() == {"_id": 1, "x": 1}
        assert made.name in client.list_database_names()
    finally:
        client.drop_database(made.name)


def test_writes_wait_for_a_majority(database: Database, shard_clients: dict[str, MongoClient]) -> None:
    """Asked of the servers' own record of what they were sent, by a client that names no write concern itself."""
    bare = database.with_options(write_concern=WriteConcern())
    profiled = [shard[database.name] for shard in shard_clients.values()]
    for shard in profiled:
        shard.command("profile", 2)
    bare["goods"].insert_one({"_id": 1})
    bare["goods"].find_one_and_update({"_id": 1}, {"$set": {"y": 1}})
    bare["plain"].insert_one({"_id": 1})
    for shard in profiled:
        shard.command("profile", 0)
    # Of an update the servers record the statement alone; it takes the same way as the others.
    recorded = [entry["command"] for shard in profiled for entry in shard["system.profile"].find()]
    written = [command for command in recorded if {"insert", "findAndModify"} & command.keys()]
    assert sorted(next(iter(command)) for command in written) == ["findAndModify", "insert", "insert"]
    assert all(command["writeConcern"]["w"] == "majority" for command in written), written


def test_a_message_of_48_megabytes_passes(database: Database, truth: Truth, name: str) -> None:
    pad = "x" * 160_000
    documents: Documents = [{"_id": number, "pad": pad} for number in range(299)]
    assert 47_500_000 < sum(len(bson.encode(document)) for document in documents) < 48_000_000
    database[name].insert_many(documents, ordered=False)
    assert database[name].count_documents({}) == 299
    assert sum(len(document["pad"]) for document in database[name].find()) == 299 * len(pad)


def test_two_hundred_clients_at_once_are_served(database: Database, truth: Truth) -> None:
    def work(number: int) -> int:
        collection = database["goods"]
        collection.insert_one({"_id": number})
        collection.update_one({"_id": number % 10}, {"$inc": {"hits": 1}}, upsert=True)
        return int(collection.count_documents({"_id": number}))

    with ThreadPoolExecutor(max_workers=200) as pool:
        assert sum(pool.map(work, range(10, 210))) == 200
    held = truth("goods")
    assert len(held) == 210
    assert sum(document.get("hits", 0) for document in held) == 200
