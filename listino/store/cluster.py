"""The sharded cluster as an operator looks at it: servers, routers, where the documents lie, what is not as declared."""

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pymongo
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import ConfigurationError, InvalidURI, OperationFailure, PyMongoError
from pymongo.uri_parser import split_hosts

from listino.domain.errors import EngineUnavailable, InvalidValue
from listino.store import members
from listino.store.collections import COLLECTIONS, Declaration
from listino.store.members import Member
from listino.store.setup import is_sharded, sharded_collections

_JOINING_SECONDS = 60.0
_CONFIG = "config"  # what routers call the config servers, whatever their replica set is called
_NAMESPACE_NOT_FOUND = 26
_ADVICE = "run `listino cluster init`"


@dataclass(frozen=True, slots=True)
class Router:
    """A router applications connect to; `program` is `mongos 8.0.4` or the development router, None if it is silent;
    `milliseconds` is how long it took to answer."""

    address: str
    program: str | None
    milliseconds: float | None


@dataclass(frozen=True, slots=True)
class Share:
    """What one shard holds of one collection. A document that is being moved may be counted on both sides."""

    collection: str
    shard: str
    chunks: int
    documents: int
    data_bytes: int
    index_bytes: int


@dataclass(frozen=True, slots=True)
class Disk:
    """What the database takes of a shard's disk, and how full that is, in bytes; 0 where the server does not say."""

    shard: str
    stored_bytes: int
    used_bytes: int
    total_bytes: int


@dataclass(frozen=True, slots=True)
class ClusterStatus:
    """The cluster at one moment; `problems` are sentences that say what is wrong and what to do, none if all is well.
    `shares` and `disks` are empty while a replica set has no primary."""

    routers: tuple[Router, ...]
    members: tuple[Member, ...]
    balancer: str
    shares: tuple[Share, ...]
    problems: tuple[str, ...]
    disks: tuple[Disk, ...] = ()


def examine(client: MongoClient, database: Database, tls: Mapping[str, Any]) -> ClusterStatus:
    """Looks at the whole cluster; raises EngineUnavailable when the driver speaks to no router.

    `tls` are the driver's options for connections to single servers.
    """
    if not is_sharded(client):
        raise EngineUnavailable(
            "the MongoDB at LISTINO_MONGO_URI is no sharded cluster: give it the address of a router"
        )
    placed: dict[str, str] = client.admin.command("getShardMap")["map"]
    shards = sorted(name for name in placed if name != _CONFIG)
    servers = tuple(members.examine(dict(members.addresses_of(placed[name]) for name in (_CONFIG, *shards)), tls))
    routers = tuple(_router(address, tls) for address in sorted(_seeds(client)))
    silence = tuple(_silence(routers, servers))
    if members.without_primary(servers):
        # Whoever asks a shard that has nobody to answer waits in vain; where documents lie is the lesser question then.
        return ClusterStatus(routers, servers, "unknown", (), silence)
    return ClusterStatus(
        routers=routers,
        members=servers,
        balancer=_balancer(client),
        shares=tuple(_shares(client, database, shards)),
        problems=(*silence, *_undeclared(client, database)),
        disks=tuple(_disks(database)),
    )


def add_shard(client: MongoClient, servers: str, tls: Mapping[str, Any]) -> str:
    """Makes the replica set a shard of that name; raises InvalidValue with what speaks against it."""
    name, _, hosts = servers.partition("/")
    try:
        addressed = bool(name and hosts and all(port for _, port in split_hosts(hosts, default_port=None)))
    except (ValueError, InvalidURI, ConfigurationError):
        addressed = False
    if not addressed:
        raise InvalidValue(f"{servers!r}: a shard is written name/host:port,host:port, like shard-3/mongo-7:27018")
    # The cluster would look for a server that does not answer for a long time, and then not say which one it is.
    for server in members.examine({name: members.addresses_of(servers)[1]}, tls):
        if server.state == members.UNREACHABLE:
            raise InvalidValue(f"{server.address} of {name} does not answer: start it first")
    try:
        with pymongo.timeout(_JOINING_SECONDS):
            return str(client.admin.command("addShard", servers, name=name)["shardAdded"])
    except OperationFailure as error:
        reason = (error.details or {}).get("errmsg", error)
        raise InvalidValue(f"{servers} cannot become a shard: {reason}") from None


def _seeds(client: MongoClient) -> Iterable[str]:
    return (f"{host}:{port}" for host, port in client.topology_description.server_descriptions())


def _router(address: str, tls: Mapping[str, Any]) -> Router:
    client: MongoClient = MongoClient(address, directConnection=True, timeoutMS=members.QUESTION_MILLISECONDS, **tls)
    try:
        with client:
            client.admin.command("hello")
            began = time.perf_counter()
            hello = client.admin.command("hello")
            return Router(address, str(hello.get("router", "mongos")), 1000 * (time.perf_counter() - began))
    except PyMongoError:
        return Router(address, None, None)


def _balancer(client: MongoClient) -> str:
    """`on` or `off`, and whether it moves something now."""
    try:
        answer = client.admin.command("balancerStatus")
    except OperationFailure:
        return "unknown"
    mode = "on" if answer["mode"] == "full" else "off"
    return f"{mode}, moving chunks" if answer.get("inBalancerRound") else mode


def _shares(client: MongoClient, database: Database, shards: Sequence[str]) -> Iterable[Share]:
    """A share for every shard, of nothing where it holds nothing of the collection."""
    chunks = _chunks(client, database)
    for declared in COLLECTIONS:
        try:
            found = list(database[declared.name].aggregate([{"$collStats": {"storageStats": {}}}]))
        except OperationFailure as error:
            if error.code != _NAMESPACE_NOT_FOUND:
                raise
            continue  # which is a problem, and told as one
        parts = {part["shard"]: part["storageStats"] for part in found if "shard" in part}
        for shard in shards:
            stats = parts.get(shard, {})
            yield Share(
                collection=declared.name,
                shard=shard,
                chunks=chunks[declared.name, shard],
                documents=stats.get("count", 0),
                data_bytes=stats.get("size", 0),
                index_bytes=stats.get("totalIndexSize", 0),
            )


def _disks(database: Database) -> Iterable[Disk]:
    for shard, stats in sorted(database.command("dbStats").get("raw", {}).items()):
        yield Disk(
            shard=shard.partition("/")[0],
            stored_bytes=int(stats.get("storageSize", 0) + stats.get("indexSize", 0)),
            used_bytes=int(stats.get("fsUsedSize", 0)),
            total_bytes=int(stats.get("fsTotalSize", 0)),
        )


def _chunks(client: MongoClient, database: Database) -> Mapping[tuple[str, str], int]:
    """How many chunks of a collection each shard owns."""
    names = {entry["uuid"]: name for name, entry in sharded_collections(client, database).items()}
    counted = client.config.chunks.aggregate(
        [
            {"$match": {"uuid": {"$in": list(names)}}},
            {"$group": {"_id": {"uuid": "$uuid", "shard": "$shard"}, "chunks": {"$sum": 1}}},
        ]
    )
    owned = {(names[group["_id"]["uuid"]], group["_id"]["shard"]): int(group["chunks"]) for group in counted}
    return defaultdict(int, owned)


def _silence(routers: Sequence[Router], servers: Sequence[Member]) -> Iterable[str]:
    for router in routers:
        if router.program is None:
            yield f"the router {router.address} does not answer: start it"
    for name in members.without_primary(servers):
        yield f"{name} has no primary: it takes no writes until most of its servers are back"
    for server in servers:
        if server.state == members.UNREACHABLE:
            yield f"{server.address} of {server.replica_set} does not answer: start it"


def _undeclared(client: MongoClient, database: Database) -> Iterable[str]:
    """Where the database is not what the store declares."""
    keys = {name: entry["key"] for name, entry in sharded_collections(client, database).items()}
    existing = set(database.list_collection_names())
    for declared in COLLECTIONS:
        if declared.name not in existing:
            yield f"the collection {declared.name} does not exist: {_ADVICE}"
        elif declared.name not in keys:
            yield f"{declared.name} is not sharded, all of it lies on one shard: {_ADVICE}"
        else:
            if dict(keys[declared.name]) != dict(declared.shard_key):
                yield f"{declared.name} is sharded by {dict(keys[declared.name])}, not by {dict(declared.shard_key)}"
            yield from _index_drift(database, declared)


def _index_drift(database: Database, declared: Declaration) -> Iterable[str]:
    """Indexes that some shard lacks or has in another form. Only shards that own chunks are asked."""
    definitions: dict[str, dict[str, Any]] = defaultdict(dict)
    for index in database[declared.name].aggregate([{"$indexStats": {}}]):
        shape = {name: value for name, value in index["spec"].items() if name not in {"v", "ns"}}
        definitions[index["name"]][index["shard"]] = shape
    shards = {shard for found in definitions.values() for shard in found}
    for index in declared.indexes:
        definitions.setdefault(index.document["name"], {})
    for name, found in sorted(definitions.items()):
        if missing := sorted(shards - set(found)):
            yield f"{declared.name}: the index {name} is missing on {', '.join(missing)}: {_ADVICE}"
        elif any(shape != next(iter(found.values())) for shape in found.values()):
            yield f"{declared.name}: the index {name} is not the same on all shards: drop it, then {_ADVICE}"
