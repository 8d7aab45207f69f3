"""Moments of several processes put on one clock, and the legs between them."""

import pytest

import listino.live.legs
from listino.live.legs import Legs, ServerClock, ShopTimes

WAY = Legs(requested=100, queued=300, started=1300, asked=2000, answered=90_000, stored=95_000, delivered=96_000)


def test_a_leg_ends_with_its_moment_and_begins_with_the_one_before() -> None:
    assert list(WAY.spans()) == [
        ("queued", 100, 300),
        ("started", 300, 1300),
        ("asked", 1300, 2000),
        ("answered", 2000, 90_000),
        ("stored", 90_000, 95_000),
        ("delivered", 95_000, 96_000),
    ]


def test_what_never_came_is_no_leg() -> None:
    assert list(Legs().spans()) == []
    assert list(Legs(queued=5, started=7, delivered=20).spans()) == [("started", 5, 7), ("delivered", 7, 20)]


def test_no_leg_is_shorter_than_nothing_and_none_is_counted_twice() -> None:
    spans = list(Legs(queued=100, started=90, asked=95, answered=150).spans())
    assert spans == [("started", 100, 100), ("asked", 100, 100), ("answered", 100, 150)]


@pytest.mark.parametrize(
    ("requested", "kept"),
    [(100, 100), (300, 300), (900, 300), (300 + 1000, 300), (300 + 1001, None), (50_000, None)],
)
def test_who_came_later_has_joined(requested: int, kept: int | None) -> None:
    met = WAY.met(requested=requested, delivered=97_000)
    assert (met.requested, met.delivered, met.queued) == (kept, 97_000, 300)


def test_moments_survive_their_way_and_others_are_left_out() -> None:
    assert Legs.of(WAY.moments()) == WAY
    assert Legs.of({"queued": 3, "packed": 4}) == Legs(queued=3)


@pytest.fixture
def mine(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What this process's own clock shows; put another time in."""
    shown = [1000.0]
    monkeypatch.setattr(listino.live.legs.time, "monotonic", lambda: shown[0])
    return shown


def test_the_servers_clock_is_told_by_ones_own(mine: list[float]) -> None:
    clock = ServerClock()
    assert clock.at(1000.0) is None
    clock.told(50_000_000, began=999.996)  # 4 ms there and back: the server said so 2 ms ago
    assert clock.at(1000.0) == 50_002_000
    assert clock.at(1001.5) == 51_502_000


def test_the_shortest_round_trip_is_believed_until_it_is_old(mine: list[float]) -> None:
    clock = ServerClock()
    clock.told(50_000_000, began=999.998)
    mine[0] = 1001.0
    clock.told(58_000_000, began=1000.5)  # the answer lay about for who knows how long
    assert clock.at(1001.0) == 51_001_000
    mine[0] = 1010.001
    clock.told(90_000_000, began=1009.001)  # another server, whose clock is another
    assert clock.at(1010.001) == 90_500_000


def test_times_of_a_request_become_moments(mine: list[float]) -> None:
    clock, times = ServerClock(), ShopTimes()
    clock.told(50_000_000, began=1000.0)
    times.note("asked")
    mine[0] = 1000.25
    times.note("answered")
    assert clock.legs(times) == Legs(asked=50_000_000, answered=50_250_000)
