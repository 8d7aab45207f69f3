"""Visits are made of their parts, and found by when they were under way."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import mongomock

from listino.store import sums
from listino.store.tally import Tally
from listino.store.visits import begun_in, under_way_at, visit_of

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)


def part(owner: str, session: str, first: datetime, last: datetime, **numbers: Any) -> dict[str, Any]:
    return {"owner": owner, "session": session, "sums": {"first": first, "last": last, "pages": [], **numbers}}


def some_visits(chance: random.Random, number: int) -> list[dict[str, Any]]:
    made = []
    for n in range(number):
        first = BEGIN + timedelta(seconds=chance.randrange(40 * 86_400))
        last = first + timedelta(
            seconds=chance.choice([0, 3600, chance.randrange(7200), chance.randrange(20 * 86_400)])
        )
        visit = visit_of([part(f"c:{n % 40}", f"v{n}", first, last, search_count=1)], "version")
        assert visit is not None
        made.append(visit)
    return made


def test_those_under_way_at_an_instant_are_all_found() -> None:
    chance = random.Random(3)
    visits = some_visits(chance, 300)
    kept = mongomock.MongoClient(tz_aware=True).db.visits
    kept.insert_many(visits)
    instants = [BEGIN + timedelta(seconds=chance.randrange(40 * 86_400)) for _ in range(15)]
    instants += [visits[0]["sums"]["last"], visits[1]["sums"]["first"]]
    for instant in instants:
        expected = {one["_id"] for one in visits if one["sums"]["first"] < instant <= one["sums"]["last"]}
        assert {one["_id"] for one in kept.find(under_way_at(instant))} == expected
        day = (instant, instant + timedelta(days=1))
        begun = {one["_id"] for one in visits if day[0] <= one["sums"]["first"] < day[1]}
        assert {one["_id"] for one in kept.find(begun_in([day], apart=["v7"]))} == begun - {"v7"}


def test_a_visit_is_the_first_owners_from_the_first_event_to_the_last() -> None:
    hour = timedelta(hours=1)
    parts = [
        part("s:v", "v", BEGIN, BEGIN + hour, search_count=2, search_timed=1, search_ms=5),
        part("c:1", "v", BEGIN + hour, BEGIN + 3 * hour, search_count=1, search_timed=0, search_ms=0),
        {"owner": "c:0", "session": "v"},  # announced, and nothing came
    ]
    visit = visit_of(parts, "version")
    assert visit is not None
    assert (visit["owner"], visit["length"]) == ("c:1", 2)
    assert (visit["sums"]["first"], visit["sums"]["last"]) == (BEGIN, BEGIN + 3 * hour)
    assert [visit["sums"][f"search_{name}"] for name in sums.NUMBERS] == [3, 1, 5]
    assert visit_of(parts[2:], "version") is None


def test_what_is_taken_away_from_a_tally_was_never_there() -> None:
    visits = some_visits(random.Random(4), 200)
    kept, both = Tally(), Tally()
    for visit in visits[:120]:
        kept.add_visit(visit["owner"], visit["_id"], visit["sums"])
    for visit in visits:
        both.add_visit(visit["owner"], visit["_id"], visit["sums"])
    tile = Tally()
    tile.add_tile(both.document())
    for visit in visits[120:]:
        tile.add_visit(visit["owner"], visit["_id"], visit["sums"], sign=-1)
    assert tile.behaviour() == kept.behaviour()
    assert tile.behaviour().users == 40
    for visit in visits[:120]:
        if visit["owner"] == "c:1":
            tile.add_visit("c:1", visit["_id"], visit["sums"], sign=-1)
    assert tile.behaviour().users == 39
    assert Tally().behaviour().users == 0
