"""Commands that define: databases, collections, indexes, validators; and those that list them."""

from collections.abc import Awaitable, Callable
from typing import Any

from bson import Int64

from listino.local.router.catalog import CONFIG_DATABASES, Place
from listino.local.router.direct import send
from listino.local.router.errors import (
    BAD_VALUE,
    COMMAND_NOT_SUPPORTED,
    NAMESPACE_NOT_FOUND,
    RouterError,
    code_of,
)
from listino.local.router.replicaset import Answer
from listino.local.router.requests import Request
from listino.local.router.routing import Router
from listino.local.router.scattering import at_all, at_config, at_home, at_owners
from listino.local.router.targeting import Route, route_to, unsharded_route
from listino.local.router.upstream import Fields

Handler = Callable[[Router, Request], Awaitable[Fields]]


async def create(router: Router, request: Request) -> Fields:
    """A collection or view, unsharded, at the home of its database, which is made if needed."""
    _in_shards(request)
    await router.catalog.ensure_database(request.database)
    answer = await at_home(router, request, request.stripped())
    router.catalog.forget(request.namespace)
    return answer.fields


async def create_indexes(router: Router, request: Request) -> Fields:
    """On every shard that has a part of the collection; a shard that gets its first chunk later gets them with it."""
    _in_shards(request)
    await router.catalog.ensure_database(request.database)
    answers = await at_owners(router, request, request.stripped())
    return _first_failure(answers) or next(iter(answers.values())).fields


async def list_indexes(router: Router, request: Request) -> Fields:
    """From one shard that has a part of the collection: all of them have the same indexes."""
    command = request.direct("txnNumber")
    if request.database in CONFIG_DATABASES:
        answer: Answer | None = await at_config(router, request, command)
    else:
        answer = await send(router, request, request.namespace, command, _route_of_first_chunk, resend=True)
    if answer is None:
        raise RouterError(NAMESPACE_NOT_FOUND, f"ns does not exist: {request.namespace}")
    router.cursors.opened(request, answer.fields, answer.host, routed=False)
    return answer.fields


def _route_of_first_chunk(place: Place) -> Route | None:
    if place.collection is not None:
        return route_to(place.collection, place.collection.chunks[0].shard)
    return unsharded_route(place)


def defining(command: str, *, missing_is_done: bool = False) -> Handler:
    """A handler for what the home of the database coordinates among the shards, under that name.

    `missing_is_done`: in a database that does not exist there is nothing to drop, and that is no error.
    """

    async def define(router: Router, request: Request) -> Fields:
        _in_shards(request)
        try:
            answer = await at_home(router, request, request.renamed(command, "$readPreference"))
        except RouterError as error:
            if missing_is_done and error.code == NAMESPACE_NOT_FOUND:
                return {"ok": 1.0}
            raise
        finally:
            router.catalog.forget_all()
        return answer.fields

    return define


async def rename_collection(router: Router, request: Request) -> Fields:
    """`renameCollection: "db.from", to: "db.to"`, which drivers send to `admin`."""
    database, _, collection = request.collection.partition(".")
    if not collection or "to" not in request.body:
        raise RouterError(BAD_VALUE, "renameCollection wants full names")
    command = {"_shardsvrRenameCollection": collection, **request.options("to", "dropTarget", "maxTimeMS", "comment")}
    try:
        answer = await at_home(router, request, command, database=database)
    finally:
        router.catalog.forget_all()
    return answer.fields


async def list_collections(router: Router, request: Request) -> Fields:
    """From the home of the database, which has a definition of every collection."""
    command = request.direct("txnNumber")
    if request.database in CONFIG_DATABASES:
        answer = await at_config(router, request, command)
    elif await router.catalog.database(request.database) is None:
        empty = {"id": Int64(0), "ns": f"{request.database}.$cmd.listCollections", "firstBatch": []}
        return {"cursor": empty, "ok": 1.0}
    else:
        answer = await at_home(router, request, command)
    router.cursors.opened(request, answer.fields, answer.host, routed=False)
    return answer.fields


async def list_databases(router: Router, request: Request) -> Fields:
    """The databases of all shards with their sizes added up, and those of the config servers."""
    if (only := request.body.get("filter")) is not None and set(only) - {"name"}:
        raise RouterError(COMMAND_NOT_SUPPORTED, "listDatabases can be filtered by name alone")
    command = request.stripped("$readPreference")
    answers = {**await at_all(router, request, command), "": await at_config(router, request, command)}
    if (failed := _first_failure(answers)) is not None:
        return failed
    merged: dict[str, dict[str, Any]] = {}
    for shard, answer in answers.items():
        for database in answer.fields["databases"]:
            name = database["name"]
            if name != "local" and (name in CONFIG_DATABASES) == (shard == ""):
                _add_up(merged.setdefault(name, {"name": name}), database)
    listed = [merged[name] for name in sorted(merged)]
    if request.body.get("nameOnly"):
        return {"databases": listed, "ok": 1.0}
    total = sum(database["sizeOnDisk"] for database in listed)
    return {"databases": listed, "totalSize": Int64(total), "totalSizeMb": Int64(total // 2**20), "ok": 1.0}


def _add_up(total: dict[str, Any], part: Any) -> None:
    if "sizeOnDisk" in part:
        total["sizeOnDisk"] = Int64(total.get("sizeOnDisk", 0) + part["sizeOnDisk"])
        total["empty"] = total.get("empty", True) and part["empty"]


def _first_failure(answers: dict[str, Answer]) -> Fields | None:
    return next((answer.fields for answer in answers.values() if code_of(answer.fields) is not None), None)


def _in_shards(request: Request) -> None:
    if request.database in CONFIG_DATABASES:
        raise RouterError(COMMAND_NOT_SUPPORTED, f"{request.name} in {request.database} is not supported")
