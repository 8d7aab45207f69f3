"""Endpoints for machines: alive, ready, metrics."""

import asyncio

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

from api.answers import json_answer
from api.problems import RETRY_SECONDS
from api.services import reading, services_of
from listino.domain.errors import EngineUnavailable
from listino.live.client import UNAVAILABLE as REDIS_UNAVAILABLE

PING_SECONDS = 1.0
_NO_STORE = {"Cache-Control": "no-store"}


async def alive(_: Request) -> Response:
    """The process takes requests; says nothing of the engines."""
    return json_answer({"status": "alive"}, headers=_NO_STORE)


async def ready(request: Request) -> Response:
    """Whether to send shoppers here: not without MongoDB. Without Redis, prices are the last known ones."""
    mongo, redis = await asyncio.gather(_mongo(request), _redis(request))
    state = {"status": _status(mongo, redis), "mongo": mongo, "redis": redis}
    if mongo == "away":
        return json_answer(state, status=503, headers={**_NO_STORE, "Retry-After": str(RETRY_SECONDS)})
    return json_answer(state, headers=_NO_STORE)


async def metrics(request: Request) -> Response:
    """In Prometheus' text format."""
    body = services_of(request).metrics.exposition()
    return Response(body, headers={**_NO_STORE, "Content-Type": CONTENT_TYPE_LATEST})


def _status(mongo: str, redis: str) -> str:
    if mongo == "away":
        return "away"
    return "degraded" if redis == "away" else "ready"


async def _mongo(request: Request) -> str:
    try:
        async with reading(PING_SECONDS):
            await services_of(request).store.ready()
    except EngineUnavailable:
        return "away"
    return "ready"


async def _redis(request: Request) -> str:
    try:
        async with asyncio.timeout(PING_SECONDS):
            await services_of(request).live.ping()
    except (TimeoutError, *REDIS_UNAVAILABLE):
        return "away"
    return "ready"
