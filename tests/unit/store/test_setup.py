"""Indexes of a collection that is full take longer than any write may."""

from types import SimpleNamespace
from typing import Any

from pymongo import _csot

from listino.store.collections import EVENTS
from listino.store.guard import WRITE_SECONDS
from listino.store.setup import BUILDS, index


def test_building_indexes_may_take_longer_than_a_write_and_is_told() -> None:
    limits: list[float] = []
    made: list[Any] = []

    def create_indexes(models: list[Any]) -> None:
        made.extend(models)
        limits.append(_csot.get_timeout() or 0.0)

    full = SimpleNamespace(
        index_information=lambda: {"_id_": {}},
        estimated_document_count=lambda: 10_000_000,
        create_indexes=create_indexes,
    )
    told: list[tuple[str, str]] = []
    index({EVENTS.name: full}, EVENTS, lambda name, what: told.append((name, what)))  # type: ignore[arg-type]
    assert len(made) == len(EVENTS.indexes)
    assert limits[0] > 100 * WRITE_SECONDS
    ((name, what),) = told
    assert name == EVENTS.name
    assert what.startswith(BUILDS)
    assert what.endswith("from 10,000,000 documents")
