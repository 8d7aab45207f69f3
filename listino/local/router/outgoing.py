"""The last thing every command passes on its way to a server: what may be sent at all, and that writes are durable.

Shard members offer the cluster* commands to each other, not to the outside: some forms of them bring the member down
(invariant failures in transaction_router.cpp and client.cpp, endless explains), others answer from one shard alone
without saying so. All of this was seen on mongod 6.0.5. Whatever a handler does wrong stops here.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import bson
from bson.raw_bson import RawBSONDocument

from listino.local.router import elements
from listino.local.router.errors import INTERNAL_ERROR, RouterError

# Definitions and placement want a limit: they hold locks while they wait.
MAJORITY_IN_TIME = {"w": "majority", "wtimeout": 60_000}

CLUSTER = frozenset(
    {"clusterFind", "clusterGetMore", "clusterInsert", "clusterUpdate", "clusterDelete", "clusterAggregate"}
)
# Answered from the shard's own data: only the version makes a shard that is not the owner refuse.
VERSIONED = frozenset(
    {"find", "insert", "update", "delete", "findAndModify", "count", "distinct"}
    | {"createIndexes", "listIndexes", "collStats"}
)
# Right only on the primary shard of the database, which the database's version makes sure of.
DATABASE_VERSIONED = frozenset(
    {"create", "listCollections"}
    | {"_shardsvrDropIndexes", "_shardsvrCollMod", "_shardsvrDropCollection", "_shardsvrDropDatabase"}
    | {"_shardsvrRenameCollection", "_shardsvrCreateCollection", "_shardsvrMovePrimary"}
)
PLACEMENT = frozenset(
    {"_configsvrCreateDatabase", "_configsvrMoveRange", "_configsvrAddShard", "_configsvrRemoveShard"}
    | {"_configsvrAddShardToZone", "_configsvrRemoveShardFromZone", "_configsvrUpdateZoneKeyRange"}
)
# About a server and not about data, or bound to a cursor or chunk that names its server.
HARMLESS = frozenset(
    {"hello", "buildInfo", "connectionStatus", "getParameter", "hostInfo", "whatsmyuri", "getCmdLineOpts", "getLog"}
    | {"serverStatus", "listCommands", "dbStats", "listDatabases", "flushRouterConfig"}
    | {"getMore", "killCursors", "splitChunk"}
    | {"_configsvrBalancerStart", "_configsvrBalancerStop", "_configsvrBalancerStatus"}
)
# An explain of clusterInsert, clusterUpdate or clusterDelete makes the shards call each other without end.
EXPLAINABLE = frozenset({"clusterFind", "clusterAggregate", "find", "count", "distinct"}) | {
    "update",
    "delete",
    "findAndModify",
}

_WRITES = frozenset(
    {"insert", "update", "delete", "findAndModify", "create", "createIndexes"}
    | {"clusterInsert", "clusterUpdate", "clusterDelete"}
)
_SESSION = frozenset({"lsid", "txnNumber", "stmtId", "stmtIds"})
_TRANSACTION = frozenset({"startTransaction", "autocommit", "coordinator"})
_ROUTERS_ONLY = frozenset({"apiVersion", "apiStrict", "apiDeprecationErrors"})

# The limit that kills a cluster cursor. Any limit on a clusterGetMore does, so no other may be sent.
KILLING_MILLISECONDS = 1

Command = Mapping[str, Any]


def name_of(command: Command) -> str:
    return next(iter(command))


def outgoing(command: Command, *, to_config: bool) -> dict[str, Any]:
    """The command as it is to be sent; raises RouterError for one that must never reach a server."""
    guard(command, to_config=to_config)
    return _durable(command)


def guard(command: Command, *, to_config: bool) -> None:
    """Returns for a command that may be sent to such a server; raises RouterError for all others."""
    name = name_of(command)
    if _TRANSACTION & command.keys():
        _refuse(name, "transactions cannot go through a router of this kind")
    if _ROUTERS_ONLY & command.keys():
        _refuse(name, "an API version is the router's to check")
    if name == "explain":
        _guard_explain(command)
    elif name in CLUSTER:
        _guard_cluster(command, to_config=to_config)
    elif name in VERSIONED:
        if not to_config and "shardVersion" not in command:
            _refuse(name, "without a shard version it would answer from one shard as if that were all")
    elif name in DATABASE_VERSIONED:
        if not to_config and "databaseVersion" not in command:
            _refuse(name, "without a database version any shard would carry it out")
    elif name in PLACEMENT:
        if not to_config:
            _refuse(name, "only config servers know it")
    elif name not in HARMLESS:
        _refuse(name, "it is not known to be safe")


def _guard_cluster(command: Command, *, to_config: bool) -> None:
    name = name_of(command)
    if to_config:
        _refuse(name, "config servers do not route")
    if _SESSION & command.keys():
        _refuse(name, "with a session the routing member aborts")
    if name == "clusterFind" and (command.get("tailable") or command.get("awaitData")):
        _refuse(name, "a tailable cursor brings the routing member down")
    if name == "clusterAggregate" and mentions_change_stream(command.get("pipeline", ())):
        _refuse(name, "a change stream brings the routing member down")
    if name == "clusterAggregate" and command.get("explain"):
        _refuse(name, "explain has a command of its own")
    if name == "clusterGetMore" and command.get("maxTimeMS", KILLING_MILLISECONDS) != KILLING_MILLISECONDS:
        _refuse(name, "a time limit would kill the cursor")


def _guard_explain(command: Command) -> None:
    explained = command["explain"]
    inner = name_of(explained)
    if inner not in EXPLAINABLE:
        _refuse("explain", f"{inner} is not known to be safe to explain")
    if inner in CLUSTER:
        _guard_cluster(explained, to_config=False)
        if _SESSION & command.keys():
            _refuse("explain", "with a session the routing member aborts")
    elif "shardVersion" not in command:
        _refuse("explain", "without a shard version it would answer from one shard as if that were all")


def mentions_change_stream(pipeline: Iterable[Any]) -> bool:
    """Whether some stage, however deep, opens a change stream; a text that only says so does not count."""
    raws = (elements.raw(stage) if isinstance(stage, RawBSONDocument) else bson.encode(stage) for stage in pipeline)
    return any(_has_field(bson.decode(raw, elements.RAW), "$changeStream") for raw in raws if b"$changeStream\0" in raw)


def _has_field(value: Any, name: str) -> bool:
    if isinstance(value, Mapping):
        return name in value or any(_has_field(inner, name) for inner in value.values())
    return isinstance(value, list) and any(_has_field(inner, name) for inner in value)


def writes(command: Command) -> bool:
    """Whether the command changes data or definitions."""
    name = name_of(command)
    if name in ("aggregate", "clusterAggregate"):
        pipeline = list(command.get("pipeline") or ())
        return bool(pipeline) and not {"$out", "$merge"}.isdisjoint(pipeline[-1])
    return name in _WRITES or name in PLACEMENT or name.startswith("_shardsvr")


def _durable(command: Command) -> dict[str, Any]:
    """Adds the write concern `majority` to a write that has none.

    Members started with --shardsvr do not apply the default of a replica set: such a write would be acknowledged by
    the primary alone, and be lost with it. A write concern of 0 becomes 1: the driver still gets no answer, but the
    router has to know whether the shard refused a stale version.
    """
    durable = dict(command)
    if not writes(command):
        return durable
    name = name_of(command)
    if name in PLACEMENT or name.startswith("_shardsvr"):
        durable["writeConcern"] = MAJORITY_IN_TIME
        return durable
    given = dict(command.get("writeConcern") or {})
    if given.setdefault("w", "majority") == 0:
        given["w"] = 1
    durable["writeConcern"] = given
    return durable


def _refuse(name: str, reason: str) -> None:
    raise RouterError(INTERNAL_ERROR, f"did not send {name}: {reason}")
