"""Made-up catalogues and requests for tests without servers."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import bson
import pytest
from bson import MaxKey, MinKey, ObjectId, Timestamp
from bson.raw_bson import RawBSONDocument

from listino.local.router import elements
from listino.local.router.catalog import Collection, Database, Place, sharded
from listino.local.router.requests import Request, request_of

MakePlace = Callable[..., Place]
MakeRequest = Callable[..., Request]


def raw(document: dict[str, Any]) -> RawBSONDocument:
    return RawBSONDocument(bson.encode(document), elements.RAW)


@pytest.fixture
def make_place() -> MakePlace:
    """A namespace sharded by `key`, with chunks that begin at MinKey and the given bounds and go to shards a, b, a, b…

    The bounds of a key of several fields are tuples."""

    def make(key: dict[str, Any] | None = None, bounds: Sequence[Any] = (), **entry: Any) -> Place:
        database = Database("d", "home", raw({"uuid": 1}))
        return Place(database, None if key is None else _collection(key, bounds, entry))

    return make


def _collection(key: dict[str, Any], bounds: Sequence[Any], entry: dict[str, Any]) -> Collection:
    edges = [
        dict(zip(key, edge if isinstance(edge, tuple) else itertools.repeat(edge), strict=False))
        for edge in (MinKey(), *bounds, MaxKey())
    ]
    chunks = [
        raw({"min": low, "max": high, "shard": "ab"[number % 2], "lastmod": Timestamp(1, number)})
        for number, (low, high) in enumerate(itertools.pairwise(edges))
    ]
    whole = {"_id": "d.c", "key": key, "lastmodEpoch": ObjectId(), "timestamp": Timestamp(9, 9), **entry}
    return sharded(raw(whole), chunks)


@pytest.fixture
def make_request() -> MakeRequest:
    """A client's command; to be used inside a running loop."""

    def make(command: dict[str, Any], sequences: tuple[tuple[str, Sequence[bytes]], ...] = ()) -> Request:
        assert asyncio.get_running_loop()
        return request_of(elements.fields(bson.encode({**command, "$db": "d"})), sequences)

    return make
