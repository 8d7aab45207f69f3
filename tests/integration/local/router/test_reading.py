"""Every reading command, against what the shards hold."""

import datetime
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from bson import Int64
from pymongo import CursorType, MongoClient, ReadPreference
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import OperationFailure
from pymongo.read_concern import ReadConcern

from listino.local.throw_away_cluster import Cluster

Documents = list[dict[str, Any]]
Truth = Callable[[str], Documents]


def by_id(documents: Any) -> Documents:
    return sorted(documents, key=lambda document: document["_id"])


READS: list[tuple[str, Callable[[Collection], Any], Callable[[Documents], Any]]] = [
    ("all", lambda c: by_id(c.find()), lambda held: held),
    ("by id", lambda c: list(c.find({"_id": 17})), lambda held: [held[17]]),
    ("by $eq", lambda c: c.find_one({"_id": {"$eq": 17}}), lambda held: held[17]),
    ("by $in", lambda c: by_id(c.find({"_id": {"$in": [3, 150]}})), lambda held: [held[3], held[150]]),
    ("by field", lambda c: by_id(c.find({"rank": 4})), lambda held: [d for d in held if d["rank"] == 4]),
    (
        "sorted, skipped and limited",
        lambda c: [d["_id"] for d in c.find({}).sort([("rank", -1), ("_id", 1)]).skip(5).limit(12)],
        lambda held: [d["_id"] for d in sorted(held, key=lambda d: (-d["rank"], d["_id"]))][5:17],
    ),
    ("projected", lambda c: c.find_one({"_id": 5}, {"text": 1}), lambda held: {"_id": 5, "text": held[5]["text"]}),
    (
        "by collation",
        lambda c: by_id(c.find({"text": "T3"}).collation({"locale": "en", "strength": 2})),
        lambda held: [d for d in held if d["text"] == "t3"],
    ),
    ("by hint", lambda c: by_id(c.find({"_id": {"$gte": 190}}).hint("_id_")), lambda held: held[190:]),
    ("in small batches", lambda c: by_id(c.find({}, batch_size=7)), lambda held: held),
    ("of one shard in small batches", lambda c: list(c.find({"_id": 3}, batch_size=1)), lambda held: [held[3]]),
    (
        "of any member",
        lambda c: by_id(c.with_options(read_preference=ReadPreference.NEAREST).find()),
        lambda held: held,
    ),
    (
        "of secondaries if there are any",
        lambda c: by_id(c.with_options(read_preference=ReadPreference.SECONDARY_PREFERRED).find({"rank": 1})),
        lambda held: [d for d in held if d["rank"] == 1],
    ),
    ("of a majority", lambda c: by_id(c.with_options(read_concern=ReadConcern("majority")).find()), lambda held: held),
    ("count", lambda c: c.count_documents({"rank": {"$lt": 3}}), lambda held: sum(d["rank"] < 3 for d in held)),
    ("count with limits", lambda c: c.count_documents({}, skip=10, limit=50), lambda held: 50),
    ("estimated count", lambda c: c.estimated_document_count(), len),
    ("distinct", lambda c: sorted(c.distinct("rank")), lambda held: sorted({d["rank"] for d in held})),
    ("distinct of a part", lambda c: sorted(c.distinct("rank", {"_id": {"$lt": 4}})), lambda held: [0, 1, 2, 3]),
    ("distinct below", lambda c: sorted(c.distinct("n.m")), lambda held: [0, 1, 2, 3]),
    ("distinct of arrays", lambda c: sorted(c.distinct("tags"), key=repr), lambda held: [0, 1, 2, None]),
    ("distinct of null", lambda c: sorted(c.distinct("maybe"), key=repr), lambda held: [3, 4, None, [5]]),
    ("distinct of nothing", lambda c: c.distinct("nothing"), lambda held: []),
    (
        "grouped",
        lambda c: by_id(c.aggregate([{"$group": {"_id": "$rank", "sum": {"$sum": "$_id"}}}])),
        lambda held: [{"_id": r, "sum": sum(d["_id"] for d in held if d["rank"] == r)} for r in range(10)],
    ),
    (
        "matched, sorted and limited",
        lambda c: [d["_id"] for d in c.aggregate([{"$match": {"rank": 2}}, {"$sort": {"_id": -1}}, {"$limit": 5}])],
        lambda held: [192, 182, 172, 162, 152],
    ),
    (
        "faceted",
        lambda c: list(c.aggregate([{"$facet": {"all": [{"$count": "n"}], "two": [{"$match": {"_id": 2}}]}}])),
        lambda held: [{"all": [{"n": len(held)}], "two": [held[2]]}],
    ),
    (
        "joined with a sharded collection",
        lambda c: sorted(
            len(d["same"])
            for d in c.database["plain"].aggregate(
                [{"$lookup": {"from": c.name, "localField": "rank", "foreignField": "rank", "as": "same"}}]
            )
        ),
        lambda held: [20] * 20,
    ),
    (
        "united",
        lambda c: len(list(c.aggregate([{"$unionWith": "plain"}], batchSize=9))),
        lambda held: len(held) + 20,
    ),
    (
        "measured by shard",
        lambda c: sum(d["count"] for d in c.aggregate([{"$collStats": {"count": {}}}])),
        len,
    ),
    (
        "indexes by shard",
        lambda c: sorted({d["name"] for d in c.aggregate([{"$indexStats": {}}])}),
        lambda held: ["_id_", "_id_hashed"],
    ),
]


@pytest.mark.parametrize(("read", "expected"), [row[1:] for row in READS], ids=[row[0] for row in READS])
def test_reads_tell_what_all_shards_hold(
    library: tuple[Database, Documents], read: Callable[[Collection], Any], expected: Callable[[Documents], Any]
) -> None:
    database, goods = library
    assert read(database["goods"]) == expected(goods)


def test_a_collection_that_is_not_sharded_is_read_at_home(database: Database, goods: Documents, truth: Truth) -> None:
    held, plain = truth("plain"), database["plain"]
    assert by_id(plain.find(batch_size=3)) == held
    assert plain.count_documents({"rank": 1}) == 2
    assert plain.estimated_document_count() == 20
    assert sorted(plain.distinct("rank")) == list(range(10))
    assert list(plain.aggregate([{"$match": {"_id": 3}}])) == [held[3]]


def test_what_names_its_shard_takes_the_short_way(
    library: tuple[Database, Documents], shard_clients: dict[str, MongoClient]
) -> None:
    """One hop instead of a member that asks other members; and the only way on which writes keep their numbers."""
    database, goods = library

    def routed(command: str) -> int:
        metrics = [shard.admin.command("serverStatus")["metrics"]["commands"] for shard in shard_clients.values()]
        return sum(metric[command]["total"] for metric in metrics)

    before = {command: routed(command) for command in ("clusterFind", "clusterUpdate")}
    for document in goods[:20]:
        assert database["goods"].find_one({"_id": document["_id"]}) == document
        assert list(database["goods"].find({"_id": {"$in": [document["_id"]]}})) == [document]
        database["goods"].update_one({"_id": document["_id"]}, {"$set": {"rank": document["rank"]}})
    list(database["plain"].find())
    assert {command: routed(command) for command in before} == before
    assert len(list(database["goods"].find({"_id": {"$in": [document["_id"] for document in goods]}}))) == len(goods)
    list(database["goods"].find())
    assert routed("clusterFind") == before["clusterFind"] + 2


def test_other_shard_keys_are_looked_up_too(database: Database, client: MongoClient, truth: Truth) -> None:
    client.admin.command("shardCollection", f"{database.name}.history", key={"product_id": "hashed"})
    client.admin.command("shardCollection", f"{database.name}.ranges", key={"shop": 1, "at": 1})
    for shop, month in itertools.product("abcdef", range(3)):
        database["history"].insert_one({"_id": f"{shop}:{month}", "product_id": shop, "month": month})
        database["ranges"].insert_one({"_id": f"{shop}:{month}", "shop": shop, "at": month})
    client.admin.command("split", f"{database.name}.ranges", middle={"shop": "c", "at": 1})
    client.admin.command(
        "moveChunk", f"{database.name}.ranges", find={"shop": "f", "at": 0}, to=other_shard(client, database)
    )
    for shop in "abcdef":
        months = by_id(database["history"].find({"product_id": shop}))
        assert months == [d for d in truth("history") if d["product_id"] == shop]
        assert database["history"].find_one({"_id": f"{shop}:1"}) == months[1]
        for month in range(3):
            assert database["ranges"].find_one({"shop": shop, "at": month}) == {
                "_id": f"{shop}:{month}",
                "shop": shop,
                "at": month,
            }
        assert database["ranges"].count_documents({"shop": shop}) == 3
    assert by_id(database["ranges"].find()) == by_id(
        {"_id": f"{s}:{m}", "shop": s, "at": m} for s in "abcdef" for m in range(3)
    )


def other_shard(client: MongoClient, database: Database) -> str:
    home = client.config["databases"].find_one({"_id": database.name})["primary"]
    return next(shard["_id"] for shard in client.config["shards"].find() if shard["_id"] != home)


def test_views_show_what_all_shards_hold(database: Database, goods: Documents) -> None:
    database.create_collection("low", viewOn="goods", pipeline=[{"$match": {"rank": {"$lt": 2}}}])
    low = [document for document in goods if document["rank"] < 2]
    assert by_id(database["low"].find()) == low
    assert database["low"].estimated_document_count() == len(low)
    assert sorted(database["low"].distinct("rank")) == [0, 1]


def test_time_series_are_read_and_written(database: Database, client: MongoClient) -> None:
    series = {"timeField": "at", "metaField": "shop"}
    database.create_collection("visits", timeseries=series)
    client.admin.command("shardCollection", f"{database.name}.sharded_visits", key={"shop": 1}, timeseries=series)
    at = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    for name in ("visits", "sharded_visits"):
        database[name].insert_many([{"at": at, "shop": number % 3, "n": number} for number in range(9)])
        assert database[name].count_documents({}) == 9
        assert sorted(d["n"] for d in database[name].find({"shop": 1})) == [1, 4, 7]


def test_a_database_that_does_not_exist_is_empty(client: MongoClient) -> None:
    nowhere = client["there_is_no_such_database"]
    assert list(nowhere["c"].find()) == []
    assert nowhere["c"].count_documents({}) == 0
    assert nowhere["c"].distinct("x") == []
    assert nowhere.list_collection_names() == []
    assert nowhere.name not in client.list_database_names()


def test_reads_in_a_session_see_its_writes(client: MongoClient, database: Database) -> None:
    with client.start_session(causal_consistency=True) as session:
        for number in range(20):
            database["goods"].insert_one({"_id": number}, session=session)
            assert session.operation_time is not None
            assert database["goods"].count_documents({}, session=session) == number + 1
            assert len(list(database["goods"].find({}, session=session, batch_size=2))) == number + 1


def test_a_cursor_is_continued_on_any_connection(cluster: Cluster, database: Database, goods: Documents) -> None:
    with MongoClient(cluster.routers[0]) as one, MongoClient(cluster.routers[0]) as other:
        for query in ({}, {"_id": 3}):
            with one.start_session() as session:
                asked = {"find": "goods", "filter": query, "batchSize": 0}
                number, found = one[database.name].command(asked, session=session)["cursor"]["id"], []
                while number:
                    more = {"getMore": Int64(number), "collection": "goods", "batchSize": 150}
                    cursor = other[database.name].command(more)["cursor"]
                    number, found = cursor["id"], found + cursor["nextBatch"]
            assert by_id(found) == [document for document in goods if query in ({}, {"_id": document["_id"]})]


@pytest.mark.parametrize("collection", ["goods", "plain"])
def test_a_killed_cursor_is_gone_on_the_servers_too(
    cluster: Cluster,
    options: dict[str, Any],
    database: Database,
    goods: Documents,
    shard_clients: dict[str, MongoClient],
    collection: str,
    eventually: Callable[..., None],
) -> None:
    def open_cursors() -> int:
        counts = [
            shard.admin.command("serverStatus")["metrics"]["cursor"]["open"]["total"]
            for shard in shard_clients.values()
        ]
        return sum(counts)

    eventually(lambda: open_cursors() == 0)
    with MongoClient(cluster.routers[0], **options) as one:
        scan = one[database.name][collection].find({}, batch_size=2)
        next(scan)
        assert open_cursors() > 0
        number = scan.cursor_id
        scan.close()
        eventually(lambda: open_cursors() == 0)
        with pytest.raises(OperationFailure) as caught:
            one[database.name].command({"getMore": number, "collection": collection})
        assert caught.value.code == 43


def test_explains_tell_of_all_shards(database: Database, goods: Documents) -> None:
    plan = database["goods"].find({"rank": 1}).explain()
    assert len(plan["queryPlanner"]["winningPlan"]["shards"]) == 2
    pipeline = [{"$group": {"_id": "$rank"}}]
    asked = {"aggregate": "goods", "pipeline": pipeline, "cursor": {}}
    assert len(database.command("explain", asked, verbosity="queryPlanner")["shards"]) == 2
    assert len(database.command("aggregate", "goods", pipeline=pipeline, explain=True)["shards"]) == 2
    for inner in ({"count": "plain", "query": {}}, {"delete": "plain", "deletes": [{"q": {}, "limit": 0}]}):
        assert "queryPlanner" in database.command("explain", inner)
    assert database["plain"].count_documents({}) == 20


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ({"explain": {"update": "goods", "updates": [{"q": {}, "u": {"$set": {"x": 1}}, "multi": True}]}}, 115),
        ({"find": "goods", "tailable": True}, 115),
        ({"aggregate": "goods", "pipeline": [{"$changeStream": {}}], "cursor": {}}, 115),
        ({"aggregate": 1, "pipeline": [{"$changeStream": {}}], "cursor": {}}, 115),
        ({"distinct": "goods", "key": "tags.0"}, 115),
        ({"count": "goods", "query": {}, "fields": {}}, 40415),
        ({"getMore": 12345, "collection": "goods"}, 43),
        ({"find": "goods", "filter": {"$nonsense": 1}}, 2),
        ({"mapReduce": "goods"}, 115),
        ({"validate": "goods"}, 59),
        ({"killSessions": []}, 115),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_be_answered_for_all_shards_is_refused(
    library: tuple[Database, Documents], command: dict[str, Any], code: int
) -> None:
    database, _ = library
    if "getMore" in command:
        command = {**command, "getMore": Int64(command["getMore"])}
    with pytest.raises(OperationFailure) as caught:
        database.command(command)
    assert caught.value.code == code


def test_transactions_are_refused(client: MongoClient, database: Database) -> None:
    with client.start_session() as session:
        session.start_transaction()
        with pytest.raises(OperationFailure) as caught:
            database["goods"].insert_one({"_id": 1}, session=session)
        assert caught.value.code == 263
        with pytest.raises(OperationFailure):
            session.commit_transaction()
    assert database["goods"].count_documents({}) == 0


def test_a_tailable_cursor_follows_a_capped_collection(database: Database) -> None:
    capped = database.create_collection("log", capped=True, size=100_000)
    capped.insert_many([{"_id": number} for number in range(3)])
    tail = capped.find(cursor_type=CursorType.TAILABLE)
    assert [document["_id"] for document in itertools.islice(tail, 3)] == [0, 1, 2]
    capped.insert_one({"_id": 3})
    assert next(tail)["_id"] == 3
    tail.close()
