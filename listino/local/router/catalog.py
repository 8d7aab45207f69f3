"""What the config servers say: databases, sharded collections, which shard owns which range, and at what version.

Nothing here expires by time. Every use carries the version it relied on; a shard that knows better refuses, and what it
refused is then read again.
"""

import asyncio
import bisect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bson import Int64, ObjectId, Timestamp
from bson.raw_bson import RawBSONDocument

from listino.local.router import elements
from listino.local.router.errors import NAMESPACE_NOT_FOUND, RouterError, raise_failed
from listino.local.router.hashing import Position, Unplaceable, position
from listino.local.router.outgoing import Command
from listino.local.router.replicaset import Answer, ReplicaSet
from listino.local.router.requests import own_request
from listino.local.router.upstream import Fields

# These belong to the config servers; they have no entry in the catalogue they hold.
CONFIG_DATABASES = frozenset({"admin", "config"})

_NO_VERSION = Timestamp(0, 0)
# What a statement says to a shard when it takes the collection for unsharded.
UNSHARDED: dict[str, Any] = {"e": ObjectId("0" * 24), "t": _NO_VERSION, "v": _NO_VERSION}

_MAJORITY = {"level": "majority"}
_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Database:
    """A database, its primary shard (home of its unsharded collections), and its version as the shards want it."""

    name: str
    primary: str
    version: RawBSONDocument


@dataclass(frozen=True, slots=True)
class Chunk:
    """A range of the shard key, from `lowest` up to but without `highest`, and its owner."""

    lowest: RawBSONDocument
    highest: RawBSONDocument
    shard: str


@dataclass(frozen=True, slots=True)
class Collection:
    """A sharded collection. `starts` are the chunks' lower bounds in order, or None when only the servers can order them."""

    namespace: str
    key: tuple[tuple[str, bool], ...]  # the fields, and whether each is hashed
    key_pattern: RawBSONDocument
    epoch: ObjectId
    timestamp: Timestamp
    collated: bool  # has a collation of its own, by which its texts compare
    time_series: bool
    chunks: tuple[Chunk, ...]
    starts: tuple[tuple[Position, ...], ...] | None
    latest: Mapping[str, Timestamp]  # of each shard that has a chunk: the version of its latest one

    @property
    def owners(self) -> tuple[str, ...]:
        """The shards that have at least one chunk."""
        return tuple(self.latest)

    def version(self, shard: str) -> dict[str, Any]:
        """The version a shard's part of the collection is known at, as the shard wants to hear it."""
        return {"e": self.epoch, "t": self.timestamp, "v": self.latest.get(shard, _NO_VERSION)}

    def chunk_at(self, place: tuple[Position, ...]) -> Chunk:
        """The chunk a shard key lies in; raises Unplaceable."""
        if self.starts is None:
            raise Unplaceable("bounds that only the servers can order")
        return self.chunks[bisect.bisect_right(self.starts, place) - 1]


@dataclass(frozen=True, slots=True)
class Place:
    """What is known of a namespace: its database if there is one, and its sharding if it is sharded."""

    database: Database | None
    collection: Collection | None


class Catalog:
    """Reads the config servers' catalogue and remembers what it read until told to forget it."""

    def __init__(self, config: ReplicaSet) -> None:
        self._config = config
        self._databases: dict[str, Database] = {}
        self._collections: dict[str, Collection | None] = {}
        self._loading: dict[str, asyncio.Task[Any]] = {}

    async def place(self, namespace: str) -> Place:
        return Place(await self.database(namespace.partition(".")[0]), await self.collection(namespace))

    async def database(self, name: str) -> Database | None:
        """The database's entry; one that does not exist is asked for anew each time."""
        if (known := self._databases.get(name)) is not None:
            return known
        return await self._once(f"database {name}", lambda: self._load_database(name))

    async def ensure_database(self, name: str) -> Database:
        """The database's entry, which is made first where there is none."""
        if (known := await self.database(name)) is not None:
            return known
        await self.run({"_configsvrCreateDatabase": name})
        if (made := await self.database(name)) is None:
            raise RouterError(NAMESPACE_NOT_FOUND, f"database {name} was dropped at this moment")
        return made

    async def collection(self, namespace: str) -> Collection | None:
        """The collection's sharding, or None when it is unsharded (or does not exist)."""
        if namespace in self._collections:
            return self._collections[namespace]
        return await self._once(f"collection {namespace}", lambda: self._load_collection(namespace))

    async def chunks(self, namespace: str) -> Collection | None:
        """The same, read anew: for commands about placement, which no shard's version check stands behind."""
        self._collections.pop(namespace, None)
        return await self.collection(namespace)

    def forget(self, namespace: str) -> None:
        """What was read about a collection and its database turned out to be old."""
        self._collections.pop(namespace, None)
        self._databases.pop(namespace.partition(".")[0], None)

    def forget_all(self) -> None:
        """After a change of definitions or placement, whatever it was."""
        self._collections.clear()
        self._databases.clear()

    async def shards(self) -> list[Fields]:
        """The shards as they are now."""
        return [dict(found) for found in await self.find("shards", {}, sort={"_id": 1})]

    async def run(self, command: Command) -> Fields:
        """A command on the config servers' primary; raises RouterError when it fails."""
        request = own_request("admin")
        answer = await self._config.call(request, "admin", command, resend=True)
        raise_failed(answer.fields)
        return answer.fields

    async def find(self, collection: str, query: Any, sort: Command | None = None) -> list[RawBSONDocument]:
        """Everything in a collection of `config` that a majority of its servers has; raises RouterError."""
        command = {"find": collection, "filter": query, "batchSize": _BATCH, "readConcern": _MAJORITY}
        if sort:
            command["sort"] = sort
        request = own_request("config")
        answer = await self._config.call(request, "config", command, resend=True)
        cursor = _cursor(answer)
        found: list[RawBSONDocument] = list(cursor["firstBatch"])
        while cursor["id"]:
            more = {"getMore": Int64(cursor["id"]), "collection": collection, "batchSize": _BATCH}
            answer = await self._config.call(request, "config", more, resend=False)
            cursor = _cursor(answer)
            found += cursor["nextBatch"]
        return found

    async def _load_database(self, name: str) -> Database | None:
        if name in CONFIG_DATABASES:
            return None
        found = await self.find("databases", {"_id": name})
        if not found:
            return None
        database = Database(name, found[0]["primary"], found[0]["version"])
        self._databases[name] = database
        return database

    async def _load_collection(self, namespace: str) -> Collection | None:
        name, _, collection = namespace.partition(".")
        # A sharded time-series collection is entered under the name of the collection that holds its buckets.
        buckets = f"{name}.system.buckets.{collection}"
        found = await self.find("collections", {"_id": {"$in": [namespace, buckets]}})
        loaded = None
        if found:
            chunks = await self.find("chunks", {"uuid": found[0]["uuid"]}, sort={"min": 1})
            loaded = sharded(found[0], chunks)
        self._collections[namespace] = loaded
        return loaded

    async def _once(self, what: str, load: Callable[[], Awaitable[Any]]) -> Any:
        """Many requests at a time may want the same entry: it is read once, and a client that leaves stops nothing."""
        task = self._loading.get(what)
        if task is None:
            task = asyncio.create_task(_awaited(load), name=f"load {what}")
            self._loading[what] = task
            task.add_done_callback(lambda done: self._loading.pop(what, None))
        return await asyncio.shield(task)


async def _awaited(load: Callable[[], Awaitable[Any]]) -> Any:
    return await load()


def _cursor(answer: Answer) -> Any:
    raise_failed(answer.fields)
    return answer.fields["cursor"]


def sharded(entry: RawBSONDocument, chunks: Sequence[RawBSONDocument]) -> Collection:
    """A collection from its documents in `config.collections` and `config.chunks`, the latter sorted by `min`."""
    return Collection(
        namespace=entry["_id"],
        key=tuple((field, kind == "hashed") for field, kind in entry["key"].items()),
        key_pattern=entry["key"],
        epoch=entry["lastmodEpoch"],
        timestamp=entry["timestamp"],
        collated="defaultCollation" in entry,
        time_series="timeseriesFields" in entry,
        chunks=tuple(Chunk(chunk["min"], chunk["max"], chunk["shard"]) for chunk in chunks),
        starts=_starts(chunks),
        latest=_latest(chunks),
    )


def _starts(chunks: Sequence[RawBSONDocument]) -> tuple[tuple[Position, ...], ...] | None:
    try:
        return tuple(place_of(elements.raw(chunk["min"])) for chunk in chunks)
    except Unplaceable:
        return None


def _latest(chunks: Sequence[RawBSONDocument]) -> dict[str, Timestamp]:
    latest: dict[str, Timestamp] = {}
    for chunk in chunks:
        shard, version = chunk["shard"], chunk["lastmod"]
        latest[shard] = max(version, latest.get(shard, version))
    return latest


def place_of(bound: bytes) -> tuple[Position, ...]:
    """Where a chunk's bound lies: hashed fields stand in bounds as their hashes."""
    return tuple(position(element) for element in elements.values(bound))
