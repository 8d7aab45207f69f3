"""Commands that read: find and its cursors, aggregate, count, distinct."""

from typing import Any

import bson
from bson import Int64
from bson.raw_bson import RawBSONDocument

from listino.local.router import cluster, direct, elements
from listino.local.router.cursors import cursor_number
from listino.local.router.errors import (
    COMMAND_NOT_SUPPORTED,
    UNKNOWN_FIELD,
    VIEW_ON_SHARDED,
    RouterError,
    code_of,
    raise_failed,
)
from listino.local.router.explaining import explain_aggregate
from listino.local.router.outgoing import mentions_change_stream, writes
from listino.local.router.requests import Request
from listino.local.router.routing import Router
from listino.local.router.targeting import route_of_read, unsharded_route
from listino.local.router.upstream import Fields

_EMPTY = bson.encode({})
_READ_OPTIONS = ("$readPreference", "readConcern", "collation", "hint", "maxTimeMS", "comment", "let")
# The answer to a distinct is one document.
_LONGEST_ANSWER_BYTES = 16 * 1024 * 1024


async def find(router: Router, request: Request) -> Fields:
    """From the owning shard when the filter names keys of one shard or the collection is unsharded, else from all shards."""
    if request.body.get("tailable") or request.body.get("awaitData"):
        return await _tail(router, request)
    if request.reads_primary:
        query = filter_of(request, "filter")
        collated = "collation" in request.body
        answer = await direct.send(
            router,
            request,
            request.namespace,
            request.direct("txnNumber"),
            lambda place: route_of_read(place, query, collated=collated),
            resend=True,
        )
        # A view on a sharded collection is not known as such beforehand: its home says so.
        if answer is not None and code_of(answer.fields) != VIEW_ON_SHARDED:
            router.cursors.opened(request, answer.fields, answer.host, routed=False)
            return answer.fields
    return await cluster.open_cursor(router, request, request.renamed("clusterFind"))


async def _tail(router: Router, request: Request) -> Fields:
    """Tailable cursors live on capped collections, which cannot be sharded."""
    place = await router.catalog.place(request.namespace)
    if place.collection is None and place.database is None:
        return {"cursor": {"id": Int64(0), "ns": request.namespace, "firstBatch": []}, "ok": 1.0}
    command = request.direct("txnNumber")
    answer = await direct.send(router, request, request.namespace, command, unsharded_route, resend=True)
    if answer is None:
        raise RouterError(COMMAND_NOT_SUPPORTED, "tailable cursors on sharded collections are not supported")
    router.cursors.opened(request, answer.fields, answer.host, routed=False)
    return answer.fields


async def get_more(router: Router, request: Request) -> Fields:
    return await router.cursors.more(request)


async def kill_cursors(router: Router, request: Request) -> Fields:
    killed = await router.cursors.kill([int(number) for number in request.body["cursors"]])
    return {**killed, "cursorsAlive": [], "cursorsUnknown": [], "ok": 1.0}


async def aggregate(router: Router, request: Request) -> Fields:
    """Always by the shards' own routing, which knows how to split and merge a pipeline."""
    pipeline = request.body.get("pipeline", [])
    if mentions_change_stream(pipeline):
        raise RouterError(COMMAND_NOT_SUPPORTED, "change streams are not supported")
    if request.body.get("explain"):
        return await explain_aggregate(router, request)
    command = request.renamed("clusterAggregate")
    if writes(command):
        await router.catalog.ensure_database(_output_database(pipeline[-1], request.database))
    return await cluster.open_cursor(router, request, command)


def _output_database(stage: Any, database: str) -> str:
    """Where $out or $merge writes to: the servers do not make that database."""
    target = stage.get("$merge", stage.get("$out"))
    if hasattr(target, "get") and not isinstance(target.get("into"), str):
        target = target.get("into", target)
    return str(target.get("db", database)) if hasattr(target, "get") else database


async def count(router: Router, request: Request) -> Fields:
    """Unsharded collections count themselves; of sharded ones every document is counted once, also during moves."""
    if request.reads_primary:
        command = request.direct("txnNumber")
        answer = await direct.send(router, request, request.namespace, command, unsharded_route, resend=True)
        if answer is not None and code_of(answer.fields) != VIEW_ON_SHARDED:
            return answer.fields
    if unknown := request.unknown("query", "limit", "skip", *_READ_OPTIONS):
        raise RouterError(UNKNOWN_FIELD, f"count on a sharded collection takes no {', '.join(unknown)}")
    pipeline: list[dict[str, Any]] = [{"$match": request.body.get("query") or {}}]
    if skip := request.body.get("skip"):
        pipeline.append({"$skip": skip})
    if limit := request.body.get("limit"):
        pipeline.append({"$limit": abs(limit)})
    pipeline.append({"$count": "n"})
    counted = await _all(router, request, pipeline)
    return {"n": counted[0]["n"] if counted else 0, "ok": 1.0}


async def distinct(router: Router, request: Request) -> Fields:
    """Unsharded collections answer themselves; the values of sharded ones are collected from all shards."""
    if request.reads_primary:
        command = request.direct("txnNumber")
        answer = await direct.send(router, request, request.namespace, command, unsharded_route, resend=True)
        if answer is not None and code_of(answer.fields) != VIEW_ON_SHARDED:
            return answer.fields
    if unknown := request.unknown("key", "query", *_READ_OPTIONS):
        raise RouterError(UNKNOWN_FIELD, f"distinct on a sharded collection takes no {', '.join(unknown)}")
    key = request.body["key"]
    if any(part.isdigit() for part in key.split(".")):
        raise RouterError(COMMAND_NOT_SUPPORTED, "distinct by an array's position on a sharded collection")
    groups = await _all(router, request, distinct_pipeline(key, request.body.get("query") or {}))
    if sum(len(elements.raw(group)) for group in groups) > _LONGEST_ANSWER_BYTES:
        raise RouterError(COMMAND_NOT_SUPPORTED, "the distinct values are more than 16 MB")
    return {"values": [group["_id"] for group in groups], "ok": 1.0}


def distinct_pipeline(key: str, query: Any) -> list[dict[str, Any]]:
    """The values of a field as `distinct` takes them: arrays on the way and at its end stand for their elements, null
    is a value, a missing field and an empty array are none; an array inside an array is a value and no way."""
    parts = key.split(".")
    pipeline: list[dict[str, Any]] = [{"$match": query}]
    for length in range(1, len(parts) + 1):
        path = ".".join(parts[:length])
        pipeline.append({"$unwind": {"path": f"${path}", "preserveNullAndEmptyArrays": True}})
        if length < len(parts):
            pipeline.append({"$match": {"$expr": {"$not": [{"$isArray": f"${path}"}]}}})
    return [*pipeline, {"$match": {key: {"$exists": True}}}, {"$group": {"_id": f"${key}"}}]


async def _all(router: Router, request: Request, pipeline: list[dict[str, Any]]) -> list[RawBSONDocument]:
    """Everything an aggregate of our own gives, across all shards."""
    command = {
        "aggregate": request.collection,
        "pipeline": pipeline,
        "cursor": {},
        **request.options(*_READ_OPTIONS),
    }
    own = Request("aggregate", request.database, command, (), request.deadline)
    reply = await cluster.open_cursor(router, own, own.renamed("clusterAggregate"))
    raise_failed(reply)
    found = list(reply["cursor"]["firstBatch"])
    while number := cursor_number(reply):
        more = {"getMore": Int64(number), "collection": request.collection}
        reply = await router.cursors.more(Request("getMore", request.database, more, (), request.deadline))
        raise_failed(reply)
        found += reply["cursor"]["nextBatch"]
    request.operation_time = own.operation_time
    return found


def filter_of(request: Request, field: str) -> bytes:
    """The bytes of a filter, which may be left out."""
    given = request.body.get(field)
    return _EMPTY if given is None else elements.raw(given)
