"""Which shard owns what a statement names, and the version to say to it.

A route is given only where the statement names the full shard key by equality, or a read a few keys that all lie on one
shard; everything else is left to the shards' own routing.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from listino.local.router import elements
from listino.local.router.catalog import UNSHARDED, Collection, Place
from listino.local.router.elements import Element
from listino.local.router.hashing import Position, Unplaceable, hashed_position, position

_CONTAINERS = frozenset({elements.DOCUMENT, elements.ARRAY})
_NOT_EQUALITY = _CONTAINERS | {elements.REGEX, elements.UNDEFINED}
_MOST_KEYS = 200  # that are looked up for one read: each costs microseconds, and many lie on several shards anyway


@dataclass(frozen=True, slots=True)
class Route:
    """A shard, and the versions that make it refuse when it is not the owner any more."""

    shard: str
    shard_version: Mapping[str, Any]
    database_version: Any = None

    def versioned(self, command: dict[str, Any]) -> dict[str, Any]:
        """The command for that shard."""
        versions: dict[str, Any] = {"shardVersion": self.shard_version}
        if self.database_version is not None:
            versions["databaseVersion"] = self.database_version
        return {**command, **versions}


def route_to(collection: Collection, shard: str) -> Route:
    """To one shard of a sharded collection."""
    return Route(shard, collection.version(shard))


def unsharded_route(place: Place) -> Route | None:
    """To the home of an unsharded collection; None when it is sharded, or its database does not exist."""
    if place.collection is not None or place.database is None:
        return None
    return Route(place.database.primary, UNSHARDED, place.database.version)


def route_of_filter(place: Place, query: bytes, *, collated: bool) -> Route | None:
    """To the shard of the documents a filter can match, when the filter names the full shard key."""
    if place.collection is None:
        return unsharded_route(place)
    found = [[_equality(query, field)] for field, _ in place.collection.key]
    return _route(place.collection, found, collated=collated)


def route_of_read(place: Place, query: bytes, *, collated: bool) -> Route | None:
    """As `route_of_filter`; but the filter may name several keys, `{field: {$in: [...]}}`, if all lie on one shard."""
    if place.collection is None:
        return unsharded_route(place)
    found = [_choices(query, field) for field, _ in place.collection.key]
    return _route(place.collection, found, collated=collated)


def route_of_document(place: Place, document: bytes) -> Route | None:
    """To the shard that a new document belongs to."""
    if place.collection is None:
        return unsharded_route(place)
    found = [[_field(document, field)] for field, _ in place.collection.key]
    return _route(place.collection, found, collated=False)


def _route(collection: Collection, choices: list[list[Element | None]], *, collated: bool) -> Route | None:
    """`choices`: the values of each field of the key."""
    if collection.time_series or math.prod(map(len, choices)) > _MOST_KEYS:
        return None
    keys = itertools.product(*choices)
    try:
        shards = {collection.chunk_at(tuple(_placed(key, collection, collated=collated))).shard for key in keys}
    except Unplaceable:
        return None
    return route_to(collection, shards.pop()) if len(shards) == 1 else None


def _placed(key: Sequence[Element | None], collection: Collection, *, collated: bool) -> list[Position]:
    places = []
    for value, (field, is_hashed) in zip(key, collection.key, strict=True):
        if value is None or value.kind in _NOT_EQUALITY:
            raise Unplaceable(f"{field} is not named by equality")
        if value.kind == elements.STRING and (collated or collection.collated):
            raise Unplaceable(f"{field} compares by a collation")
        places.append(hashed_position(value) if is_hashed else position(value))
    return places


def _equality(query: bytes, field: str) -> Element | None:
    """The value a filter demands of a field: `{field: value}` or `{field: {$eq: value}}`."""
    value = elements.find(query, field)
    if value is not None and value.kind == elements.DOCUMENT:
        operator = elements.only(value.value)
        return operator[1] if operator is not None and operator[0] == "$eq" else None
    return value


def _choices(query: bytes, field: str) -> list[Element | None]:
    """The values a filter allows a field: what `_equality` finds, or those of `{field: {$in: [...]}}`."""
    value = elements.find(query, field)
    if value is not None and value.kind == elements.DOCUMENT:
        operator = elements.only(value.value)
        if operator is not None and operator[0] == "$in" and operator[1].kind == elements.ARRAY:
            return [*elements.values(operator[1].value)]
    return [_equality(query, field)]


def _field(document: bytes, field: str) -> Element | None:
    """A new document's value; a missing one counts as null, but a missing `_id` is made by whoever inserts."""
    if "." in field:
        return None
    value = elements.find(document, field)
    if value is None and field != "_id":
        return Element(elements.NULL, b"")
    return value
