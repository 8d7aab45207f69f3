from collections.abc import Callable
from typing import Any

import bson
import pytest
from bson import Regex, Timestamp

from listino.local.router.catalog import UNSHARDED, Place
from listino.local.router.targeting import route_of_document, route_of_filter, route_of_read, unsharded_route

MakePlace = Callable[..., Place]


def shard_of_filter(place: Place, query: dict[str, Any], *, collated: bool = False) -> str | None:
    route = route_of_filter(place, bson.encode(query), collated=collated)
    return route.shard if route is not None else None


@pytest.mark.parametrize(
    ("value", "shard"),
    [(-5, "a"), (0, "b"), (9.99, "b"), (10, "a"), (10**6, "a"), ("text", "a"), (None, "a")],
)
def test_a_range_owns_from_its_lower_bound_up_to_the_next(make_place: MakePlace, value: Any, shard: str) -> None:
    place = make_place({"k": 1}, [0, 10])
    assert shard_of_filter(place, {"x": 1, "k": value}) == shard
    assert shard_of_filter(place, {"k": {"$eq": value}}) == shard


def test_a_hashed_key_is_looked_up_by_its_hash(make_place: MakePlace) -> None:
    place = make_place({"_id": "hashed"}, [0])
    shards = {shard_of_filter(place, {"_id": f"product {number}"}) for number in range(20)}
    assert shards == {"a", "b"}


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"x": 1},
        {"k": {"$gt": 1}},
        {"k": {"$eq": 1, "$gt": 0}},
        {"k": {"$in": [1]}},
        {"k": {"$eq": [1]}},
        {"k": {"$eq": {"a": 1}}},
        {"k": [1]},
        {"k": {"a": 1}},
        {"k": Regex("a")},
        {"$or": [{"k": 1}]},
        {"k": float("nan")},
    ],
    ids=repr,
)
def test_without_the_key_by_equality_there_is_no_single_shard(make_place: MakePlace, query: dict[str, Any]) -> None:
    assert shard_of_filter(make_place({"k": 1}, [0]), query) is None


@pytest.mark.parametrize(
    ("query", "shard"),
    [
        ({"k": 1}, "b"),
        ({"k": {"$in": [1]}}, "b"),
        ({"k": {"$in": [1, 9.5, 0]}}, "b"),
        ({"k": {"$in": [1, -1]}}, None),
        ({"k": {"$in": [-1, 10, "text", None]}}, "a"),
        ({"k": {"$in": []}}, None),
        ({"k": {"$in": [1, [2]]}}, None),
        ({"k": {"$in": [1, Regex("a")]}}, None),
        ({"k": {"$in": [1], "$gt": 0}}, None),
        ({"k": {"$nin": [1]}}, None),
        ({"k": {"$in": [1] * 201}}, None),
    ],
    ids=str,
)
def test_a_read_of_several_keys_has_a_shard_if_all_lie_there(
    make_place: MakePlace, query: dict[str, Any], shard: str | None
) -> None:
    route = route_of_read(make_place({"k": 1}, [0, 10]), bson.encode(query), collated=False)
    assert (route.shard if route is not None else None) == shard


def test_a_read_of_several_compound_keys_looks_at_each_of_them(make_place: MakePlace) -> None:
    place = make_place({"k": 1, "n": 1}, [(0, 0)])
    both = bson.encode({"k": {"$in": [-2, -1]}, "n": {"$in": [5, 6]}})
    across = bson.encode({"k": {"$in": [-1, 0]}, "n": {"$in": [-1, 1]}})
    route = route_of_read(place, both, collated=False)
    assert route is not None
    assert route.shard == "a"
    assert route_of_read(place, across, collated=False) is None


def test_texts_under_a_collation_have_no_single_shard(make_place: MakePlace) -> None:
    place = make_place({"k": 1}, ["m"])
    assert shard_of_filter(place, {"k": "a"}) == "a"
    assert shard_of_filter(place, {"k": "a"}, collated=True) is None
    assert shard_of_filter(place, {"k": 3}, collated=True) == "a"
    assert shard_of_filter(make_place({"k": 1}, ["m"], defaultCollation={"locale": "it"}), {"k": "a"}) is None


def test_time_series_are_never_sent_to_one_shard(make_place: MakePlace) -> None:
    place = make_place({"k": 1}, [0], timeseriesFields={"timeField": "t"})
    assert shard_of_filter(place, {"k": 1}) is None


def test_bounds_only_servers_can_order_have_no_single_shard(make_place: MakePlace) -> None:
    assert shard_of_filter(make_place({"k": 1}, [{"a": 1}]), {"k": 1}) is None


def test_a_new_document_without_its_key_lies_at_null(make_place: MakePlace) -> None:
    place = make_place({"k": 1}, [0])
    route = route_of_document(place, bson.encode({"_id": 1}))
    assert route is not None
    assert route.shard == "a"


@pytest.mark.parametrize(
    ("key", "document"), [("_id", {"x": 1}), ("a.b", {"a": {"b": 1}}), ("k", {"k": [1]}), ("k", {"k": {"x": 1}})]
)
def test_a_new_document_whose_key_is_not_plain_is_left_to_the_servers(
    make_place: MakePlace, key: str, document: dict[str, Any]
) -> None:
    assert route_of_document(make_place({key: 1}, [0]), bson.encode(document)) is None


def test_a_route_carries_the_version_of_the_shards_latest_chunk(make_place: MakePlace) -> None:
    place = make_place({"k": 1}, [0, 10, 20, 30])
    route = route_of_filter(place, bson.encode({"k": 0}), collated=False)
    assert route is not None
    assert place.collection is not None
    sent = route.versioned({"find": "c"})
    assert sent["shardVersion"] == {"e": place.collection.epoch, "t": Timestamp(9, 9), "v": Timestamp(1, 3)}
    assert "databaseVersion" not in sent


def test_an_unsharded_collection_is_at_home_whatever_is_asked(make_place: MakePlace) -> None:
    place = make_place()
    route = route_of_filter(place, bson.encode({}), collated=True)
    assert route is not None
    assert route == unsharded_route(place)
    sent = route.versioned({"find": "c"})
    assert route.shard == "home"
    assert sent["shardVersion"] == UNSHARDED
    assert dict(sent["databaseVersion"]) == {"uuid": 1}


def test_a_sharded_or_missing_one_has_no_home(make_place: MakePlace) -> None:
    assert unsharded_route(make_place({"k": 1})) is None
    assert unsharded_route(Place(None, None)) is None
