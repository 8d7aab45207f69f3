"""Inserts, updates and deletes: a batch is split by shard, sent, and the shards' replies become one.

A statement whose shard is known goes there with its number in the client's batch, so that it runs once however often
the batch is split anew and sent again. The others go to the shards' own routing, which takes no numbers.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from listino.local.router import cluster
from listino.local.router.catalog import CONFIG_DATABASES, Place
from listino.local.router.direct import late, pause_before_retry
from listino.local.router.elements import BOOLEAN, find, raw
from listino.local.router.errors import BAD_VALUE, RouterError
from listino.local.router.replicaset import Answer
from listino.local.router.requests import Request
from listino.local.router.routing import Router
from listino.local.router.tally import Tally
from listino.local.router.targeting import Route, route_of_document, route_of_filter
from listino.local.router.upstream import Fields

# Which field of the command holds the statements.
STATEMENTS = {"insert": "documents", "update": "updates", "delete": "deletes"}
# Less than the 48 MB of a message: versions and numbers come on top of the statements.
MESSAGE_BYTES = 44_000_000


@dataclass(frozen=True, slots=True)
class Group:
    """Statements that go to one place together, by their position in the client's batch; no route means all shards."""

    route: Route | None
    positions: tuple[int, ...]


async def write(router: Router, request: Request) -> Fields:
    """The reply to the whole batch, as if one server had carried it out."""
    statements = _statements(request)
    if request.database not in CONFIG_DATABASES:
        await router.catalog.ensure_database(request.database)
    ordered = bool(request.body.get("ordered", True))
    tally = Tally(request.name, ordered=ordered, size=len(statements))
    attempts = 0
    while tally.pending:
        place = await router.catalog.place(request.namespace)
        groups = split(place, request, statements, tally.pending, ordered=ordered)
        if ordered:
            groups = groups[:1]
        outcomes = await asyncio.gather(*(_send(router, request, group, statements) for group in groups))
        stale = False
        for group, outcome in zip(groups, outcomes, strict=True):
            stale |= tally.note(group.positions, outcome, final=late(request))
        if stale:
            router.catalog.forget(request.namespace)
            attempts += 1
            await pause_before_retry(attempts)
    return tally.reply(resendable=request.resendable)


def split(
    place: Place, request: Request, statements: Sequence[bytes], pending: Sequence[int], *, ordered: bool
) -> list[Group]:
    """The pending statements by shard: in order as runs of one shard each, else all of a shard together.

    No group is larger than a message may be.
    """
    groups: list[tuple[Route | None, list[int]]] = []
    open_groups: dict[str | None, int] = {}
    sizes: list[int] = []
    for position in pending:
        statement = statements[position]
        route = _route(place, request.name, statement)
        shard = route.shard if route is not None else None
        index = open_groups.get(shard)
        full = index is not None and sizes[index] + len(statement) > MESSAGE_BYTES
        if index is None or full or (ordered and index != len(groups) - 1):
            index = open_groups[shard] = len(groups)
            groups.append((route, []))
            sizes.append(0)
        groups[index][1].append(position)
        sizes[index] += len(statement)
    return [Group(route, tuple(positions)) for route, positions in groups]


def _route(place: Place, name: str, statement: bytes) -> Route | None:
    if name == "insert":
        return route_of_document(place, statement)
    if place.collection is not None and _touches_many(name, statement):
        return None
    query = find(statement, "q")
    if query is None:
        return None
    return route_of_filter(place, query.value, collated=find(statement, "collation") is not None)


def _touches_many(name: str, statement: bytes) -> bool:
    """Whether an update or delete is meant for every document that matches."""
    if name == "update":
        many = find(statement, "multi")
        return many is not None and (many.kind != BOOLEAN or many.value != b"\0")
    limit = find(statement, "limit")
    return limit is None or limit.decoded() != 1


async def _send(router: Router, request: Request, group: Group, statements: Sequence[bytes]) -> Fields | RouterError:
    """The reply for one group; an error instead of raising it, because other groups may have been carried out."""
    field = STATEMENTS[request.name]
    sequences = [(field, [statements[position] for position in group.positions])]
    try:
        if group.route is None:
            command = request.renamed(cluster.NAMES[request.name], field, "$readPreference")
            answer: Answer = await cluster.send(router, request, command, sequences)
        else:
            command = request.direct(field)
            if request.numbered and group.positions != tuple(range(len(statements))):
                command["stmtIds"] = list(group.positions)
            shard = await router.shard(group.route.shard)
            versioned = group.route.versioned(command)
            answer = await shard.call(request, request.database, versioned, sequences, resend=request.numbered)
    except RouterError as error:
        return error
    return answer.fields


def _statements(request: Request) -> Sequence[bytes]:
    field = STATEMENTS[request.name]
    for name, documents in request.sequences:
        if name == field:
            return documents
    if field not in request.body:
        raise RouterError(BAD_VALUE, f"{request.name} without {field}")
    return [raw(document) for document in request.body[field]]
