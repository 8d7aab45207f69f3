"""Commands that measure: sizes added up over the shards, operations under way, and one server's word about itself."""

from typing import Any

from listino.local.router import cluster
from listino.local.router.catalog import CONFIG_DATABASES
from listino.local.router.errors import code_of, raise_failed
from listino.local.router.replicaset import Answer
from listino.local.router.requests import Request
from listino.local.router.routing import Router
from listino.local.router.scattering import at_all, at_config, at_owners
from listino.local.router.upstream import Fields

# Every shard has its part of these.
_SUMS = (
    *("count", "size", "storageSize", "totalIndexSize", "totalSize", "freeStorageSize"),
    *("objects", "dataSize", "indexSize", "fsUsedSize", "fsTotalSize"),
)
# Every shard has the same definitions, as far as it has any; their number does not grow with the shards.
_GREATEST = ("nindexes", "collections", "views", "indexes", "scaleFactor")
_OLD_NAMES = {"buildinfo": "buildInfo"}
_GIVEN = ("readConcern", "comment", "maxTimeMS")
_GOSSIP = ("$clusterTime", "operationTime", "$configTime", "$topologyTime", "lastCommittedOpTime", "$gleStats")


async def collection_stats(router: Router, request: Request) -> Fields:
    """collStats of every shard that has a part of the collection: added up, and one by one under `shards`."""
    command = {"collStats": request.collection, **request.stripped(request.name, "$readPreference")}
    if request.database in CONFIG_DATABASES:
        return (await at_config(router, request, command)).fields
    answers = await at_owners(router, request, command)
    collection = await router.catalog.collection(request.namespace)
    total = _total(answers)
    if code_of(total) is not None:
        return total
    return {"ns": request.namespace, "sharded": collection is not None, **total, "shards": _parts(answers)}


async def database_stats(router: Router, request: Request) -> Fields:
    """dbStats of every shard: added up, and one by one under `raw`."""
    command = {"dbStats": 1, **request.stripped(request.name, "$readPreference")}
    if request.database in CONFIG_DATABASES:
        return (await at_config(router, request, command)).fields
    answers = await at_all(router, request, command)
    total = _total(answers)
    return total if code_of(total) is not None else {"db": request.database, **total, "raw": _parts(answers)}


def _total(answers: dict[str, Answer]) -> Fields:
    replies = [answer.fields for answer in answers.values()]
    if (failed := next((reply for reply in replies if code_of(reply) is not None), None)) is not None:
        return failed
    total: Fields = {}
    for names, combine in ((_SUMS, sum), (_GREATEST, max)):
        for name in names:
            if found := [reply[name] for reply in replies if name in reply]:
                total[name] = combine(found)
    documents = total.get("count", total.get("objects", 0))
    total["avgObjSize"] = total.get("size", total.get("dataSize", 0)) / documents if documents else 0.0
    return {**total, "ok": 1.0}


def _parts(answers: dict[str, Answer]) -> dict[str, Fields]:
    return {
        shard: {name: value for name, value in answer.fields.items() if name not in _GOSSIP}
        for shard, answer in answers.items()
    }


async def current_operations(router: Router, request: Request) -> Fields:
    """The operations of all shards; other fields than the command's own are taken as a filter, as by mongos."""
    options = {"allUsers": not request.body.get("$ownOps"), "idleConnections": bool(request.body.get("$all"))}
    own = {request.name, "$ownOps", "$all", "$readPreference", *_GIVEN}
    wanted = {name: value for name, value in request.stripped().items() if name not in own}
    pipeline: list[dict[str, Any]] = [{"$currentOp": options}, {"$match": wanted}]
    command = {"clusterAggregate": 1, "pipeline": pipeline, "cursor": {"batchSize": 100_000}}
    answer = await cluster.send(router, request, {**command, **request.options("maxTimeMS")}, database="admin")
    raise_failed(answer.fields)
    return {"inprog": answer.fields["cursor"]["firstBatch"], "ok": 1.0}


async def one_server(router: Router, request: Request) -> Fields:
    """One shard's primary about itself: fit for what is the same everywhere; `answeredBy` says which one it was."""
    command = request.renamed(_OLD_NAMES.get(request.name, request.name), "$readPreference")
    shard = await router.any_shard(request.deadline)
    answer = await shard.call(request, request.database, command, resend=True)
    return {**answer.fields, "answeredBy": answer.host}
