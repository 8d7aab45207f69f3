"""How the servers of a cluster are, each asked by itself; `hello` needs no user, so no server must know ours."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

QUESTION_MILLISECONDS = 1_500

PRIMARY = "primary"
SECONDARY = "secondary"
UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Member:
    """A server of a replica set. `state`: primary, secondary, unreachable, or another word of the server; `lag` is how
    many seconds its newest write is older than its primary's, None where one of the two is not known."""

    replica_set: str
    address: str
    state: str
    lag: float | None


def examine(sets: Mapping[str, Sequence[str]], options: Mapping[str, Any]) -> list[Member]:
    """All members of those replica sets (name to addresses); `options` are the driver's TLS options."""
    asked = [(name, address) for name, addresses in sets.items() for address in addresses]
    with ThreadPoolExecutor(max_workers=16) as pool:
        answers = list(pool.map(lambda pair: _hello(pair[1], options), asked))
    newest = {
        name: _last_write(hello) for (name, _), hello in zip(asked, answers, strict=True) if _state(hello) == PRIMARY
    }
    return [
        Member(name, address, _state(hello), _lag(newest.get(name), _last_write(hello)))
        for (name, address), hello in zip(asked, answers, strict=True)
    ]


def addresses_of(connection_string: str) -> tuple[str, tuple[str, ...]]:
    """The replica set and its servers in `name/host:port,host:port`, as the config servers keep it."""
    name, _, hosts = connection_string.partition("/")
    return name, tuple(sorted(hosts.split(",")))


def _hello(address: str, options: Mapping[str, Any]) -> Mapping[str, Any] | None:
    client: MongoClient = MongoClient(
        address, directConnection=True, tz_aware=True, timeoutMS=QUESTION_MILLISECONDS, **options
    )
    try:
        with client:
            return client.admin.command("hello")
    except PyMongoError:
        return None


def _state(hello: Mapping[str, Any] | None) -> str:
    if hello is None:
        return UNREACHABLE
    if hello.get("isWritablePrimary"):
        return PRIMARY
    if hello.get("secondary"):
        return SECONDARY
    return "arbiter" if hello.get("arbiterOnly") else "recovering"


def _last_write(hello: Mapping[str, Any] | None) -> datetime | None:
    return hello.get("lastWrite", {}).get("lastWriteDate") if hello else None


def _lag(primary: datetime | None, member: datetime | None) -> float | None:
    if primary is None or member is None:
        return None
    return max(0.0, (primary - member).total_seconds())


def without_primary(members: Iterable[Member]) -> list[str]:
    """The replica sets that take no writes at the moment."""
    sets = dict.fromkeys(member.replica_set for member in members)
    served = {member.replica_set for member in members if member.state == PRIMARY}
    return [name for name in sets if name not in served]
