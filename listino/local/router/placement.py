"""Commands about shards and chunks: what lies where, and what is to lie elsewhere."""

from collections.abc import Awaitable, Callable
from typing import Any

from bson.raw_bson import RawBSONDocument

from listino.local.router import elements
from listino.local.router.catalog import Chunk, Collection, place_of
from listino.local.router.errors import (
    BAD_VALUE,
    COMMAND_NOT_SUPPORTED,
    NAMESPACE_NOT_SHARDED,
    RouterError,
    code_of,
)
from listino.local.router.hashing import Unplaceable, hashed_position, position
from listino.local.router.requests import Request
from listino.local.router.routing import Router
from listino.local.router.scattering import at_config, at_home
from listino.local.router.upstream import Fields

Handler = Callable[[Router, Request], Awaitable[Fields]]

# Stopping waits for the move under way.
_BALANCER_MILLISECONDS = 60_000
_SHARDING_OPTIONS = ("unique", "numInitialChunks", "presplitHashedZones", "collation", "timeseries")


def on_config(command: str, *, limited: bool = False) -> Handler:
    """A handler for what the config servers do under that name, with the same options."""

    async def place(router: Router, request: Request) -> Fields:
        renamed = request.renamed(command, "writeConcern", "$readPreference")
        if limited:
            renamed["maxTimeMS"] = _BALANCER_MILLISECONDS
        try:
            answer = await at_config(router, request, renamed, database="admin")
        finally:
            router.catalog.forget_all()
        await router.all_shards()
        return answer.fields

    return place


async def enable_sharding(router: Router, request: Request) -> Fields:
    """Makes the database, on a given shard if one is named."""
    command = {"_configsvrCreateDatabase": request.collection}
    if "primaryShard" in request.body:
        command["primaryShardId"] = request.body["primaryShard"]
    answer = await at_config(router, request, command, database="admin")
    router.catalog.forget_all()
    return answer.fields


async def shard_collection(router: Router, request: Request) -> Fields:
    """Distributes a collection over the shards; a database and an empty collection are made if needed."""
    namespace = request.collection
    database, _, collection = namespace.partition(".")
    if not collection:
        raise RouterError(BAD_VALUE, "shardCollection wants a full name")
    await router.catalog.ensure_database(database)
    command = {
        "_shardsvrCreateCollection": collection,
        "shardKey": request.body["key"],
        **request.options(*_SHARDING_OPTIONS),
    }
    try:
        answer = await at_home(router, request, command, database=database)
    finally:
        router.catalog.forget_all()
    return answer.fields if code_of(answer.fields) is not None else {"collectionsharded": namespace, "ok": 1.0}


async def list_shards(router: Router, request: Request) -> Fields:
    return {"shards": await router.catalog.shards(), "ok": 1.0}


async def shard_map(router: Router, request: Request) -> Fields:
    """Every replica set and its servers, the config servers under `config`; no shard is asked."""
    shards = {shard["_id"]: shard["host"] for shard in await router.catalog.shards()}
    return {"map": {**shards, "config": router.seeds}, "ok": 1.0}


async def move_range(router: Router, request: Request) -> Fields:
    """moveRange and moveChunk: the chunk that begins at `min`, lies between `bounds`, or holds what `find` names."""
    namespace = request.collection
    collection = await _sharded(router, namespace)
    shard = request.body.get("toShard", request.body.get("to"))
    if not isinstance(shard, str):
        raise RouterError(BAD_VALUE, f"{request.name} wants the shard to move to")
    command: dict[str, Any] = {"_configsvrMoveRange": namespace, "toShard": shard}
    if "bounds" in request.body:
        command["min"], command["max"] = request.body["bounds"]
    elif "find" in request.body:
        # Naming the end, too, would refuse a chunk that has grown too big to move in one piece.
        command["min"] = _chunk_of(collection, request.body["find"]).lowest
    else:
        command |= request.options("min", "max")
    answer = await at_config(router, request, command, database="admin")
    router.catalog.forget(namespace)
    return answer.fields


async def split(router: Router, request: Request) -> Fields:
    """Splits the chunk around `middle`."""
    namespace = request.collection
    collection = await _sharded(router, namespace)
    middle = request.body.get("middle")
    if middle is None:
        raise RouterError(COMMAND_NOT_SUPPORTED, "split needs the point to split at, as middle")
    chunk = _at_bound(collection, middle)
    command = {
        "splitChunk": namespace,
        "from": chunk.shard,
        "min": chunk.lowest,
        "max": chunk.highest,
        "keyPattern": collection.key_pattern,
        "epoch": collection.epoch,
        "timestamp": collection.timestamp,
        "splitKeys": [middle],
    }
    owner = await router.shard(chunk.shard)
    answer = await owner.call(request, "admin", command, resend=True)
    router.catalog.forget(namespace)
    return answer.fields


async def move_primary(router: Router, request: Request) -> Fields:
    """Moves the home of a database, and its unsharded collections with it."""
    database = request.collection
    command = {"_shardsvrMovePrimary": database, "to": request.body["to"]}
    home = await router.catalog.ensure_database(database)
    shard = await router.shard(home.primary)
    versioned = {**command, "databaseVersion": home.version}
    answer = await shard.call(request, "admin", versioned, resend=True)
    router.catalog.forget_all()
    return answer.fields


async def flush(router: Router, request: Request) -> Fields:
    """Forgets what the config servers said. It is never needed: versions tell what is old."""
    router.catalog.forget_all()
    return {"flushed": True, "ok": 1.0}


async def _sharded(router: Router, namespace: str) -> Collection:
    collection = await router.catalog.chunks(namespace)
    if collection is None:
        raise RouterError(NAMESPACE_NOT_SHARDED, f"{namespace} is not sharded")
    return collection


def _at_bound(collection: Collection, bound: RawBSONDocument) -> Chunk:
    """The chunk around a bound, in which hashed fields stand as their hashes."""
    try:
        return collection.chunk_at(place_of(elements.raw(bound)))
    except Unplaceable as error:
        raise RouterError(COMMAND_NOT_SUPPORTED, f"cannot tell the chunk: {error}") from None


def _chunk_of(collection: Collection, document: RawBSONDocument) -> Chunk:
    """The chunk of a document, of which the shard key is given."""
    places = []
    try:
        for field, hashed in collection.key:
            value = elements.find(elements.raw(document), field)
            if value is None:
                raise RouterError(BAD_VALUE, f"the shard key has a field {field}")
            places.append(hashed_position(value) if hashed else position(value))
        return collection.chunk_at(tuple(places))
    except Unplaceable as error:
        raise RouterError(COMMAND_NOT_SUPPORTED, f"cannot tell the chunk: {error}") from None
