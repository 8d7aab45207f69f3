"""What must never leave the router: each of these brought servers of 6.0.5 down, hung them, or gave wrong answers."""

from typing import Any

import bson
import pytest
from bson.raw_bson import RawBSONDocument

from listino.local.router import elements
from listino.local.router.errors import RouterError
from listino.local.router.outgoing import guard, outgoing

VERSION = {"shardVersion": {"e": 1}, "databaseVersion": {"uuid": 1}}
SESSION = {"lsid": {"id": 1}, "txnNumber": 1}
WATCH = [{"$changeStream": {}}]


def raw(document: dict[str, Any]) -> RawBSONDocument:
    return RawBSONDocument(bson.encode(document), elements.RAW)


NEVER: list[dict[str, Any]] = [
    # The routing member aborts.
    {"clusterInsert": "c", **SESSION},
    {"clusterUpdate": "c", "txnNumber": 1},
    {"clusterDelete": "c", "lsid": {}},
    {"clusterInsert": "c", "stmtIds": [1]},
    {"clusterFind": "c", **SESSION},
    {"clusterAggregate": "c", "pipeline": [], "txnNumber": 1},
    {"clusterFind": "c", "tailable": True},
    {"clusterFind": "c", "awaitData": True},
    {"clusterAggregate": "c", "pipeline": WATCH},
    {"clusterAggregate": "c", "pipeline": [raw(WATCH[0])]},
    {"clusterAggregate": "c", "pipeline": [raw({"$facet": {"a": WATCH}})]},
    # The shards call each other for ever.
    {"explain": {"clusterInsert": "c"}},
    {"explain": {"clusterUpdate": "c"}, **VERSION},
    {"explain": raw({"clusterDelete": "c"})},
    {"explain": {"explain": {"clusterDelete": "c"}}},
    {"explain": {"clusterAggregate": "c", "pipeline": WATCH}},
    {"explain": {"clusterFind": "c", "tailable": True}},
    {"explain": {"clusterFind": "c"}, "lsid": {}},
    {"clusterAggregate": "c", "pipeline": [], "explain": True},
    # Transactions hold locks that routing needs.
    {"clusterFind": "c", "startTransaction": True},
    {"insert": "c", **VERSION, **SESSION, "autocommit": False},
    {"insert": "c", **VERSION, "startTransaction": True, "coordinator": True},
    {"commitTransaction": 1},
    # A time limit kills a routed cursor.
    {"clusterGetMore": 1, "maxTimeMS": 5_000},
    # Not in the stable API.
    {"clusterFind": "c", "apiVersion": "1"},
    # One shard would answer, or act, as if it were all.
    *({name: "c"} for name in ("find", "count", "distinct", "findAndModify", "insert", "update", "delete")),
    *({name: "c"} for name in ("createIndexes", "listIndexes", "collStats")),
    {"explain": {"count": "c"}},
    {"create": "c"},
    {"listCollections": 1},
    {"_shardsvrDropCollection": "c"},
    {"aggregate": "c", "pipeline": [], **VERSION},
    *({name: "c", **VERSION} for name in ("renameCollection", "collMod", "dropIndexes", "drop", "mapReduce")),
    {"dropDatabase": 1, **VERSION},
    {"_configsvrMoveRange": "d.c"},
    {"shutdown": 1},
    {"eval": 1},
]


@pytest.mark.parametrize("command", NEVER, ids=lambda command: str(command)[:60])
def test_it_never_leaves_the_router(command: dict[str, Any]) -> None:
    with pytest.raises(RouterError):
        guard(command, to_config=False)


@pytest.mark.parametrize("name", ["clusterFind", "clusterInsert", "clusterAggregate", "clusterGetMore"])
def test_config_servers_are_not_asked_to_route(name: str) -> None:
    with pytest.raises(RouterError):
        guard({name: "c"}, to_config=True)


@pytest.mark.parametrize(
    "command",
    [
        {"clusterFind": "c", "filter": {"tailable": True}},
        {"clusterAggregate": "c", "pipeline": [raw({"$match": {"x": "$changeStream"}})]},
        {"clusterGetMore": 1, "maxTimeMS": 1},
        {"clusterInsert": "c"},
        {"find": "c", **VERSION, "lsid": {}},
        {"insert": "c", **VERSION, **SESSION},
        {"explain": {"clusterFind": "c"}},
        {"explain": {"update": "c"}, **VERSION},
        {"hello": 1},
    ],
    ids=lambda command: str(command)[:60],
)
def test_what_is_safe_may_leave(command: dict[str, Any]) -> None:
    guard(command, to_config=False)


@pytest.mark.parametrize(
    "command",
    [
        *(
            {name: "c", **VERSION}
            for name in ("insert", "update", "delete", "findAndModify", "create", "createIndexes")
        ),
        *({name: "c"} for name in ("clusterInsert", "clusterUpdate", "clusterDelete")),
        {"clusterAggregate": "c", "pipeline": [{"$match": {}}, {"$merge": "d"}]},
        {"clusterAggregate": "c", "pipeline": [raw({"$out": "d"})]},
    ],
    ids=lambda command: str(command)[:40],
)
def test_every_write_waits_for_a_majority(command: dict[str, Any]) -> None:
    assert outgoing(command, to_config=False)["writeConcern"] == {"w": "majority"}
    journaled = outgoing({**command, "writeConcern": {"j": True}}, to_config=False)
    assert journaled["writeConcern"] == {"j": True, "w": "majority"}
    chosen = outgoing({**command, "writeConcern": {"w": 2}}, to_config=False)
    assert chosen["writeConcern"] == {"w": 2}


def test_definitions_and_placement_always_wait_for_a_majority() -> None:
    given = {"writeConcern": {"w": 1}}
    for command, to_config in (
        ({"_shardsvrDropCollection": "c", **VERSION, **given}, False),
        ({"_configsvrAddShard": "s", **given}, True),
    ):
        assert outgoing(command, to_config=to_config)["writeConcern"]["w"] == "majority"


def test_an_unacknowledged_write_is_acknowledged_to_the_router() -> None:
    sent = outgoing({"insert": "c", **VERSION, "writeConcern": {"w": 0}}, to_config=False)
    assert sent["writeConcern"] == {"w": 1}


@pytest.mark.parametrize("command", [{"clusterFind": "c"}, {"clusterAggregate": "c", "pipeline": []}, {"hello": 1}])
def test_reads_carry_no_write_concern(command: dict[str, Any]) -> None:
    assert "writeConcern" not in outgoing(command, to_config=False)
