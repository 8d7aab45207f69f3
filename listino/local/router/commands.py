"""The table of all commands the router knows. What is not in it is refused: no command is ever passed on unseen."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from listino.local.router import batches, definitions, explaining, modifying, placement, reading, statistics
from listino.local.router.errors import COMMAND_NOT_FOUND, COMMAND_NOT_SUPPORTED, NO_TRANSACTIONS, RouterError
from listino.local.router.requests import Request
from listino.local.router.routing import Router
from listino.local.router.upstream import Fields

Handler = Callable[[Router, Request], Awaitable[Fields]]


async def _done(router: Router, request: Request) -> Fields:
    return {"ok": 1.0}


COMMANDS: Mapping[str, Handler] = MappingProxyType(
    {
        # Answered here: sessions live in the shards, which drop those that nobody uses any more.
        **dict.fromkeys(("ping", "endSessions", "refreshSessions"), _done),
        # Documents.
        "find": reading.find,
        "getMore": reading.get_more,
        "killCursors": reading.kill_cursors,
        "aggregate": reading.aggregate,
        "count": reading.count,
        "distinct": reading.distinct,
        **dict.fromkeys(("insert", "update", "delete"), batches.write),
        **dict.fromkeys(("findAndModify", "findandmodify"), modifying.find_and_modify),
        "explain": explaining.explain,
        # Definitions.
        "create": definitions.create,
        "createIndexes": definitions.create_indexes,
        "listIndexes": definitions.list_indexes,
        **dict.fromkeys(("dropIndexes", "deleteIndexes"), definitions.defining("_shardsvrDropIndexes")),
        "collMod": definitions.defining("_shardsvrCollMod"),
        "drop": definitions.defining("_shardsvrDropCollection", missing_is_done=True),
        "dropDatabase": definitions.defining("_shardsvrDropDatabase", missing_is_done=True),
        "renameCollection": definitions.rename_collection,
        "listCollections": definitions.list_collections,
        "listDatabases": definitions.list_databases,
        # Placement.
        "enableSharding": placement.enable_sharding,
        "shardCollection": placement.shard_collection,
        "addShard": placement.on_config("_configsvrAddShard"),
        "removeShard": placement.on_config("_configsvrRemoveShard"),
        "addShardToZone": placement.on_config("_configsvrAddShardToZone"),
        "removeShardFromZone": placement.on_config("_configsvrRemoveShardFromZone"),
        "updateZoneKeyRange": placement.on_config("_configsvrUpdateZoneKeyRange"),
        "balancerStart": placement.on_config("_configsvrBalancerStart", limited=True),
        "balancerStop": placement.on_config("_configsvrBalancerStop", limited=True),
        "balancerStatus": placement.on_config("_configsvrBalancerStatus"),
        "listShards": placement.list_shards,
        "getShardMap": placement.shard_map,
        **dict.fromkeys(("moveRange", "moveChunk"), placement.move_range),
        "split": placement.split,
        "movePrimary": placement.move_primary,
        "flushRouterConfig": placement.flush,
        # Measures.
        **dict.fromkeys(("collStats", "collstats"), statistics.collection_stats),
        **dict.fromkeys(("dbStats", "dbstats"), statistics.database_stats),
        "currentOp": statistics.current_operations,
        **dict.fromkeys(
            (
                *("buildInfo", "buildinfo", "connectionStatus", "getParameter", "hostInfo", "whatsmyuri"),
                *("getCmdLineOpts", "getLog", "serverStatus", "listCommands"),
            ),
            statistics.one_server,
        ),
    }
)

# Known to mongos, and left out on purpose.
REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "mapReduce": "every shard would answer for itself; use aggregate",
        "mapreduce": "every shard would answer for itself; use aggregate",
        "killSessions": "a session's operations are spread over the shards",
        "killAllSessions": "a session's operations are spread over the shards",
        "killOp": "an operation's number means nothing without its server",
        "reshardCollection": "it was never tried with this router",
    }
)
_TRANSACTIONS = frozenset({"commitTransaction", "abortTransaction"})


async def run(router: Router, request: Request) -> Fields:
    """The answer to a client's command; raises RouterError."""
    if "autocommit" in request.body or "startTransaction" in request.body or request.name in _TRANSACTIONS:
        raise RouterError(NO_TRANSACTIONS, "multi-document transactions are not supported")
    if (reason := REFUSED.get(request.name)) is not None:
        raise RouterError(COMMAND_NOT_SUPPORTED, f"{request.name} is not supported: {reason}")
    handler = COMMANDS.get(request.name)
    if handler is None:
        raise RouterError(COMMAND_NOT_FOUND, f"no such command: '{request.name}'")
    return await handler(router, request)
