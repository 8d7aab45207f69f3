"""A sharded cluster on this machine: command lines of its servers, the steps that make them one cluster, its routers.

The servers are real (`mongod --configsvr`, `mongod --shardsvr`). The routers are ours, for development and tests only
(see `listino.local.router`); production runs mongos.
"""

import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from listino.domain.errors import LocalPlatformError
from listino.local.engines import HOST, THROW_AWAY_CACHE_GB

CONFIG = "configsvr"
SHARD = "shardsvr"

# A dead primary is missed after two seconds instead of ten; one machine's network has no hiccups to sit out.
ELECTION_MILLISECONDS = 2_000
HEARTBEAT_MILLISECONDS = 500

# MongoDB balances by data size and moves only at a difference of three chunks: with its default of 128 MB a shard that
# is added to a demo database would stay empty.
CHUNK_MEGABYTES = 1

# https://github.com/mongodb/mongo/blob/v6.0/src/mongo/base/error_codes.yml
ALREADY_INITIALIZED = 23

# How often, in seconds, a condition is looked at while waiting for it.
PAUSE_SECONDS = 0.02

_MAJORITY = {"w": "majority", "wtimeout": 60_000}


@dataclass(frozen=True, slots=True)
class MemberSet:
    """A replica set of the cluster: its name, its part (CONFIG or SHARD), the ports of its members on this machine."""

    name: str
    role: str
    ports: tuple[int, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What its members are called as parts of the platform: `shard-1-1`, `shard-1-2`, …"""
        return tuple(f"{self.name}-{number + 1}" for number in range(len(self.ports)))

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(f"{HOST}:{port}" for port in self.ports)

    @property
    def seeds(self) -> str:
        """As the servers and the router write it: `configRS/127.0.0.1:27019,127.0.0.1:27020`."""
        return f"{self.name}/{','.join(self.addresses)}"


def member_argv(
    binary: Path,
    members: MemberSet,
    port: int,
    data: Path,
    cache_gb: float = THROW_AWAY_CACHE_GB,
    sockets: Path | None = None,
) -> tuple[str, ...]:
    """A config server or shard member, in the foreground, without the files a laptop does not need. In the folder of `sockets`, if
    there is one, it listens as well, for routers of ours, and replaces what a killed one left there.

    What a moved range leaves behind is removed after a second instead of fifteen minutes: until then it distorts
    estimated counts, and a move back of the same range fails. A secondary that copied from a frozen member turns to
    another one after a second instead of five: until then nothing new is on a majority.
    """
    return (
        str(binary),
        f"--{members.role}",
        *("--replSet", members.name),
        *("--bind_ip", HOST),
        *("--port", str(port)),
        *("--dbpath", str(data)),
        *(("--unixSocketPrefix", str(sockets)) if sockets else ("--nounixsocket",)),
        *("--oplogSize", "100"),
        *("--wiredTigerCacheSizeGB", str(cache_gb)),
        *("--setParameter", "diagnosticDataCollectionEnabled=false"),
        *("--setParameter", "orphanCleanupDelaySecs=1"),
        *("--setParameter", "oplogNetworkTimeoutBufferSeconds=1"),
    )


def router_argv(port: int, config: MemberSet, log_level: str = "info", sockets: Path | None = None) -> tuple[str, ...]:
    """A development router on that port, in front of the cluster of those config servers; `sockets` as of its members."""
    return (
        sys.executable,
        *("-m", "listino.local.router"),
        *("--listen", f"{HOST}:{port}"),
        *("--config", config.seeds),
        *("--log-level", log_level),
        *(("--sockets", str(sockets)) if sockets else ()),
    )


def mongos_argv(binary: Path, port: int, config: MemberSet) -> tuple[str, ...]:
    """MongoDB's own router on that port; it says goodbye to its clients for a moment instead of fifteen seconds."""
    return (
        str(binary),
        *("--configdb", config.seeds),
        *("--bind_ip", HOST),
        *("--port", str(port)),
        "--nounixsocket",
        *("--setParameter", "mongosShutdownTimeoutMillisForSignaledShutdown=500"),
    )


def initiate(sets: Sequence[MemberSet], seconds: float) -> None:
    """Gives each replica set its members and a primary, all at the same time; harmless on sets that have them.

    Raises LocalPlatformError when a set has no primary after `seconds`, and when its servers have other ports than they had.
    """
    deadline = time.monotonic() + seconds
    with ThreadPoolExecutor(max_workers=len(sets)) as pool:
        for done in [pool.submit(_initiate_one, members, deadline) for members in sets]:
            done.result()


def add_shards(config: MemberSet, shards: Sequence[MemberSet], seconds: float) -> None:
    """Makes the shards part of the cluster, under the names of their replica sets, and chunks small; can be repeated.

    Raises LocalPlatformError when the config servers do not agree within `seconds`, and when servers of an existing
    cluster have other ports than they had: each of them keeps the others' addresses in its data.
    """
    deadline = time.monotonic() + seconds
    with _connected(config, seconds) as client:
        until(deadline, f"{config.name} did not take its settings", partial(_set_chunk_size, client))
        for shard in shards:
            until(deadline, f"{shard.name} did not become a shard", partial(_add_shard, client, config, shard))


def known_shards(config: MemberSet) -> set[str]:
    """The names of the shards that the running config servers know; raises PyMongoError when they do not answer."""
    with _connected(config, 5.0) as client:
        return {shard["_id"] for shard in client.config.shards.find({}, {"_id": 1})}


def _connected(members: MemberSet, seconds: float) -> MongoClient:
    address = f"mongodb://{','.join(members.addresses)}/?replicaSet={members.name}"
    return MongoClient(address, serverSelectionTimeoutMS=int(seconds * 1000), w="majority")


def _set_chunk_size(client: MongoClient) -> bool:
    wanted = {"$set": {"value": CHUNK_MEGABYTES}}
    client.config.settings.update_one({"_id": "chunksize"}, wanted, upsert=True)
    return True


def _add_shard(client: MongoClient, config: MemberSet, shard: MemberSet) -> bool:
    known = client.config.shards.find_one({"_id": shard.name})
    if known is None:
        client.admin.command({"_configsvrAddShard": shard.seeds, "name": shard.name, "writeConcern": _MAJORITY})
        return True
    _demand_addresses(shard, known["host"])
    with _connected(shard, 2.0) as member:
        identity = member.admin["system.version"].find_one({"_id": "shardIdentity"})
    if identity is not None:
        _demand_addresses(config, identity["configsvrConnectionString"])
    return True


def _demand_addresses(members: MemberSet, known: str) -> None:
    if set(known.partition("/")[2].split(",")) != set(members.addresses):
        raise LocalPlatformError(
            f"{members.name} is known in this cluster as {known} and now runs as {members.seeds}: "
            "give its servers the ports they had, or start a new cluster in an empty folder"
        )


def _initiate_one(members: MemberSet, deadline: float) -> None:
    first: MongoClient = MongoClient(members.addresses[0], directConnection=True, serverSelectionTimeoutMS=500)
    with first:
        until(deadline, f"{members.name} got no primary", partial(_has_primary, first, members))


def _has_primary(first: MongoClient, members: MemberSet) -> bool:
    """Whether the set has a primary, and one step towards that if not; refused while its servers start."""
    hello = first.admin.command("hello")
    if hello.get("primary") in members.addresses:
        return True
    if "setName" not in hello:
        _configure(first, members)
    elif hello.get("secondary"):
        # Without this the set would sit out its election timeout first. Any member may be asked; the first is told,
        # and if it lags behind another one, the election that follows is an ordinary one.
        first.admin.command("replSetStepUp")
    return False


def _configure(first: MongoClient, members: MemberSet) -> None:
    """Refused while the server reads what its data says of its set; raises LocalPlatformError when that is another one."""
    try:
        first.admin.command("replSetInitiate", _configuration(members))
    except OperationFailure as refused:
        if refused.code != ALREADY_INITIALIZED:
            raise
        kept = first.admin.command("replSetGetConfig")["config"]
        _demand_addresses(members, f"{kept['_id']}/{','.join(member['host'] for member in kept['members'])}")


def _configuration(members: MemberSet) -> dict[str, Any]:
    """All members have the same priority: a higher one causes a second election to take over."""
    return {
        "_id": members.name,
        "configsvr": members.role == CONFIG,
        "members": [{"_id": number, "host": address} for number, address in enumerate(members.addresses)],
        "settings": {
            "electionTimeoutMillis": ELECTION_MILLISECONDS,
            "heartbeatIntervalMillis": HEARTBEAT_MILLISECONDS,
        },
    }


def until(deadline: float, complaint: str, step: Callable[[], bool]) -> None:
    """Repeats a step, which servers may refuse while they start or elect, until it is true.

    Raises LocalPlatformError, with the complaint, at the deadline on the monotonic clock.
    """
    reason = "not yet"
    while time.monotonic() < deadline:
        try:
            if step():
                return
        except PyMongoError as error:
            reason = str(error).partition(", full error")[0]
        time.sleep(PAUSE_SECONDS)
    raise LocalPlatformError(f"{complaint} in time ({reason})")
