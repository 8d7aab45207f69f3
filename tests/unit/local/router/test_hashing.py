import datetime
from typing import Any

import bson
import pytest
from bson import Binary, Decimal128, Int64, MaxKey, MinKey, ObjectId, Timestamp

from listino.local.router.elements import Element, find
from listino.local.router.hashing import Unplaceable, hashed, position


def element(value: Any) -> Element:
    found = find(bson.encode({"v": value}), "v")
    assert found is not None
    return found


# As `$toHashedIndexKey` (mongosh's convertShardKeyToHashed) of mongod 6.0.5 answered; the integration tests ask it again.
KNOWN: list[tuple[Any, int]] = [
    (0, 4854801880128277513),
    ("a", 2780795045148116090),
    ("product ä", -1483715797392827753),
    ("", 2049396243249673340),
    (42, -944302157085130861),
    (-1, 1140205862565771219),
    (Int64(2**40), -7760001454274422498),
    (3.7, -1529429926180645992),
    (True, 6405873908747105701),
    (None, 2338878944348059895),
    (ObjectId("64b7f1c2a1b2c3d4e5f60718"), 3961671506979799797),
    (datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.UTC), -8031517597860020146),
    (Binary(b"abc", 5), 5646896599097355253),
    (Timestamp(5, 6), -6832991088748649283),
]


@pytest.mark.parametrize(("value", "expected"), KNOWN, ids=lambda value: repr(value)[:30])
def test_hashes_are_those_of_the_server(value: Any, expected: int) -> None:
    assert hashed(element(value)) == expected


def test_a_number_hashes_the_same_however_it_is_stored() -> None:
    assert hashed(element(7)) == hashed(element(Int64(7))) == hashed(element(7.0)) == hashed(element(7.9))


@pytest.mark.parametrize(
    "value",
    [{"a": 1}, [1], Decimal128("1"), float("nan"), float("inf"), 2.0**63, bson.Regex("a"), MinKey()],
    ids=repr,
)
def test_what_only_the_server_can_hash_is_not_guessed(value: Any) -> None:
    with pytest.raises(Unplaceable):
        hashed(element(value))


def test_values_lie_in_the_order_of_the_server() -> None:
    in_order = [
        MinKey(),
        None,
        -(2**62),
        -1.5,
        0,
        Int64(1),
        1.5,
        2**53 + 1,
        "",
        "Z",
        "a",
        "ab",
        "é",
        Binary(b""),
        Binary(b"b"),
        Binary(b"aa"),
        Binary(b"aa", 5),
        ObjectId("0" * 24),
        ObjectId("f" * 24),
        False,
        True,
        datetime.datetime(1950, 1, 1, tzinfo=datetime.UTC),
        datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC),
        Timestamp(1, 2),
        Timestamp(2, 1),
        MaxKey(),
    ]
    places = [position(element(value)) for value in in_order]
    assert places == sorted(places)
    assert len(set(places)) == len(places)


@pytest.mark.parametrize("value", [{"a": 1}, [1], Decimal128("1"), float("nan"), bson.Regex("a")], ids=repr)
def test_what_only_the_server_can_order_is_not_guessed(value: Any) -> None:
    with pytest.raises(Unplaceable):
        position(element(value))
