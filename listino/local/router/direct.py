"""Statements whose shard is known: sent to its primary with the version they rely on, and with the client's session.

This is the short way (one hop instead of a member that asks other members), and the one on which the shards recognise a
repeated write by its number, so that every retry runs it once.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from listino.local.router.catalog import Place
from listino.local.router.errors import STALE, Reply, code_of
from listino.local.router.replicaset import Answer
from listino.local.router.requests import Request
from listino.local.router.routing import Router
from listino.local.router.targeting import Route
from listino.local.router.wire import DocumentSequence

# The pause before a stale version is asked for again grows with each time, up to the longest.
STALE_PAUSE_SECONDS = 0.02
LONGEST_STALE_PAUSE_SECONDS = 0.5

Routing = Callable[[Place], Route | None]


async def send(
    router: Router,
    request: Request,
    namespace: str,
    command: dict[str, Any],
    routing: Routing,
    *,
    resend: bool,
    sequences: Sequence[DocumentSequence] = (),
) -> Answer | None:
    """The owner's answer, however often it moves until the request's deadline.

    None when no single shard owns what is asked (any more): nothing was done then, and the shards' own routing is to
    be asked instead. A `resend` does no harm when the first sending was carried out.
    """
    attempts = 0
    while True:
        route = routing(await router.catalog.place(namespace))
        if route is None:
            return None
        shard = await router.shard(route.shard)
        answer = await shard.call(request, request.database, route.versioned(command), sequences, resend=resend)
        if not is_stale(answer.fields) or late(request):
            return answer
        router.catalog.forget(namespace)
        attempts += 1
        await pause_before_retry(attempts)


def is_stale(reply: Reply) -> bool:
    """Whether the shard refused the version, for the whole command."""
    return code_of(reply) in STALE


async def pause_before_retry(attempts: int) -> None:
    """At once the first time, then longer and longer: a chunk's move takes a moment to commit."""
    await asyncio.sleep(min(LONGEST_STALE_PAUSE_SECONDS, STALE_PAUSE_SECONDS * (attempts - 1)))


def late(request: Request) -> bool:
    return asyncio.get_running_loop().time() >= request.deadline
