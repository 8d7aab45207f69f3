"""Sends a command of the router's own making to where it belongs: a database's home, a collection's owners, all shards."""

import asyncio
from typing import Any

from listino.local.router.direct import is_stale, late, pause_before_retry
from listino.local.router.errors import NAMESPACE_NOT_FOUND, RouterError
from listino.local.router.replicaset import Answer
from listino.local.router.requests import Request
from listino.local.router.routing import Router
from listino.local.router.targeting import route_to, unsharded_route

Command = dict[str, Any]


async def at_home(router: Router, request: Request, command: Command, *, database: str | None = None) -> Answer:
    """The answer of the database's primary shard, which keeps its definitions; raises RouterError when there is none."""
    name = database or request.database
    attempts = 0
    while True:
        home = await router.catalog.database(name)
        if home is None:
            raise RouterError(NAMESPACE_NOT_FOUND, f"database {name} not found")
        shard = await router.shard(home.primary)
        answer = await shard.call(request, name, {**command, "databaseVersion": home.version}, resend=True)
        if not is_stale(answer.fields) or late(request):
            return answer
        router.catalog.forget(name)
        attempts += 1
        await pause_before_retry(attempts)


async def at_owners(router: Router, request: Request, command: Command) -> dict[str, Answer]:
    """The answers of every shard that has a part of the collection, all of them at the same version; by shard.

    An unsharded collection has one owner. None at all answers when the database does not exist.
    """
    attempts = 0
    while True:
        place = await router.catalog.place(request.namespace)
        if place.collection is not None:
            routes = [route_to(place.collection, shard) for shard in place.collection.owners]
        else:
            routes = [route] if (route := unsharded_route(place)) is not None else []
        shards = await asyncio.gather(*(router.shard(route.shard) for route in routes))
        answers = await asyncio.gather(
            *(
                shard.call(request, request.database, route.versioned(command), resend=True)
                for shard, route in zip(shards, routes, strict=True)
            )
        )
        if not any(is_stale(answer.fields) for answer in answers) or late(request):
            return {route.shard: answer for route, answer in zip(routes, answers, strict=True)}
        router.catalog.forget(request.namespace)
        attempts += 1
        await pause_before_retry(attempts)


async def at_all(router: Router, request: Request, command: Command) -> dict[str, Answer]:
    """The answers of all shards the cluster has now; by shard."""
    shards = await router.all_shards()
    answers = await asyncio.gather(*(shard.call(request, request.database, command, resend=True) for shard in shards))
    return {shard.name: answer for shard, answer in zip(shards, answers, strict=True)}


async def at_config(router: Router, request: Request, command: Command, *, database: str | None = None) -> Answer:
    """The answer of the config servers' primary."""
    return await router.config.call(request, database or request.database, command, resend=True)
