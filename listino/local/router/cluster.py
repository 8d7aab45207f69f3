"""Everything that concerns more than one shard: a shard's primary is asked to do the routing, by a cluster* command.

These commands take no sessions, so a write sent this way is sent once: whether a lost one was carried out is unknown,
and the driver must not be told to repeat it.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from listino.local.router.connection import ConnectionLost
from listino.local.router.direct import is_stale, late, pause_before_retry
from listino.local.router.errors import (
    HOST_UNREACHABLE,
    REFUSED_BY_SECONDARY,
    TRANSIENT,
    RouterError,
    code_of,
)
from listino.local.router.outgoing import writes
from listino.local.router.replicaset import RESEND_PAUSE_SECONDS, Answer
from listino.local.router.requests import Request
from listino.local.router.routing import Router
from listino.local.router.wire import DocumentSequence

NAMES = {
    "find": "clusterFind",
    "aggregate": "clusterAggregate",
    "insert": "clusterInsert",
    "update": "clusterUpdate",
    "delete": "clusterDelete",
}


async def send(
    router: Router,
    request: Request,
    command: dict[str, Any],
    sequences: Sequence[DocumentSequence] = (),
    database: str | None = None,
) -> Answer:
    """The whole cluster's answer. Reads are repeated through elections and moves until the request's deadline.

    Raises RouterError when the routing member was lost with a write under way.
    """
    resend = not writes(command)
    request.ran_unnumbered |= not resend
    database = database or request.database
    stale = 0
    while True:
        shard = await router.any_shard(request.deadline)
        host = await shard.wait_for_primary(request.deadline)
        try:
            reply = await router.upstream.call(host, database, command, sequences, repeatable=resend)
        except ConnectionLost as error:
            shard.lost(host)
            if not resend or late(request):
                raise RouterError(HOST_UNREACHABLE, f"lost the shard that routed: {error}") from None
        else:
            request.seen(reply)
            code = code_of(reply)
            if code is None or late(request):
                return Answer(reply, host)
            if is_stale(reply):
                stale += 1
                await _refresh(router, host)
                await pause_before_retry(stale)
                continue
            if code in REFUSED_BY_SECONDARY:
                shard.lost(host)  # it is primary no more, and routed nothing
            elif not (resend and code in TRANSIENT):
                return Answer(reply, host)
        await asyncio.sleep(RESEND_PAUSE_SECONDS)


async def open_cursor(router: Router, request: Request, command: dict[str, Any]) -> dict[str, Any]:
    """The reply to a find or aggregate, whose cursor can then be continued."""
    answer = await send(router, request, command)
    router.cursors.opened(request, answer.fields, answer.host, routed=True)
    return answer.fields


async def _refresh(router: Router, host: str) -> None:
    """An aggregate does not make the routing member look again where the chunks are; this does."""
    try:
        await router.upstream.call(host, "admin", {"flushRouterConfig": 1})
    except ConnectionLost:
        return  # the next attempt finds out which member to ask
