"""Which tiles an instant lies in, and what tiles leave of a time."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from listino.store.tiles import EARLIEST, SEAL_SECONDS, sealed_in, unsealing, without

NOON = datetime(2026, 3, 4, 12, 34, 56, tzinfo=UTC)
HOUR = timedelta(hours=1)


def tile(start: datetime, hours: int) -> dict:
    return {"start": start, "until": start + hours * HOUR}


def test_an_instant_lies_in_one_tile_of_each_length() -> None:
    writes = unsealing([NOON, NOON + timedelta(minutes=5)], at=NOON, mark="m")
    told = [write._doc["$setOnInsert"] for write in writes]
    assert sorted(one["hours"] for one in told) == sorted(SEAL_SECONDS)
    for one in told:
        assert one["start"] <= NOON < one["until"] == one["start"] + one["hours"] * HOUR
        assert (one["start"] - EARLIEST) % (one["hours"] * HOUR) == timedelta(0)


def test_longer_tiles_are_made_of_whole_shorter_ones() -> None:
    lengths = sorted(SEAL_SECONDS)
    assert [longer % shorter for shorter, longer in pairwise(lengths)] == [0] * (len(lengths) - 1)


def test_what_tiles_leave_of_a_time_is_what_lies_beside_them() -> None:
    day = NOON.replace(hour=0, minute=0, second=0)
    whole = [(day + 30 * timedelta(minutes=1), day + 9 * HOUR), (day + 20 * HOUR, day + 22 * HOUR)]
    tiles = [tile(day + 3 * HOUR, 1), tile(day + 1 * HOUR, 2), tile(day + 20 * HOUR, 2)]
    assert without(whole, tiles) == [(whole[0][0], day + 1 * HOUR), (day + 4 * HOUR, day + 9 * HOUR)]
    assert without(whole, []) == whole


def test_a_time_shorter_than_a_tile_asks_for_none() -> None:
    assert sealed_in(24, [(NOON, NOON + 23 * HOUR)]) is None
    wanted = sealed_in(24, [(NOON, NOON + 24 * HOUR), (NOON, NOON + HOUR)])
    assert wanted is not None
    assert wanted["$or"] == [{"start": {"$gte": NOON, "$lte": NOON}}]
