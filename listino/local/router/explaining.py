"""Explains: how the shards would carry out a command."""

from typing import Any

from listino.local.router import cluster, direct
from listino.local.router.errors import COMMAND_NOT_SUPPORTED, RouterError
from listino.local.router.outgoing import EXPLAINABLE, mentions_change_stream, name_of, writes
from listino.local.router.requests import Request
from listino.local.router.routing import Router
from listino.local.router.targeting import unsharded_route
from listino.local.router.upstream import Fields

PLAN_ONLY = "queryPlanner"
_NOT_EXPLAINED = frozenset({"lsid", "txnNumber", "writeConcern", "apiVersion", "apiStrict", "apiDeprecationErrors"})


async def explain(router: Router, request: Request) -> Fields:
    """Of find and aggregate for all shards; of other commands only where one shard has the whole collection.

    There the shards' own explain of a routed write never ends, so it is refused.
    """
    given = dict(request.body["explain"])
    explained = {name: value for name, value in given.items() if name not in _NOT_EXPLAINED}
    name = name_of(explained)
    verbosity = request.body.get("verbosity", "allPlansExecution")
    if name in ("find", "aggregate"):
        return await _explain_routed(router, request, explained, verbosity)
    if name not in EXPLAINABLE:
        raise RouterError(COMMAND_NOT_SUPPORTED, f"explain of {name} is not supported")
    namespace = f"{request.database}.{explained[name]}"
    command = {"explain": explained, "verbosity": verbosity}
    answer = await direct.send(router, request, namespace, command, unsharded_route, resend=True)
    if answer is None:
        raise RouterError(COMMAND_NOT_SUPPORTED, f"explain of {name} on a sharded collection is not supported")
    return answer.fields


async def explain_aggregate(router: Router, request: Request) -> Fields:
    """An aggregate with the option `explain`."""
    explained = request.stripped("explain", "writeConcern")
    explained.setdefault("cursor", {})
    return await _explain_routed(router, request, explained, PLAN_ONLY)


async def _explain_routed(router: Router, request: Request, explained: dict[str, Any], verbosity: str) -> Fields:
    name = name_of(explained)
    if explained.get("tailable") or mentions_change_stream(explained.get("pipeline", ())):
        raise RouterError(COMMAND_NOT_SUPPORTED, "explain of tailable cursors and change streams is not supported")
    if verbosity != PLAN_ONLY and writes(explained):
        raise RouterError(COMMAND_NOT_SUPPORTED, f"explain of $out and $merge is supported for {PLAN_ONLY} alone")
    routed = {cluster.NAMES[name]: explained.pop(name), **explained}
    answer = await cluster.send(router, request, {"explain": routed, "verbosity": verbosity})
    return answer.fields
