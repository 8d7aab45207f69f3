"""What becomes of points that wait to be filed; on a real server: tests/integration/store/test_filing.py."""

import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from pymongo import UpdateOne
from pymongo.errors import AutoReconnect

from listino.domain.history import PricePoint
from listino.domain.money import Money
from listino.domain.offer import Availability
from listino.store import filing
from listino.store.filing import Filing

AT = datetime(2026, 3, 1, tzinfo=UTC)


def point(number: int) -> PricePoint:
    cents = Money(1000 + number)
    return PricePoint(at=AT + timedelta(seconds=number), price=cents, cost=cents, availability=Availability.IN_STOCK)


class History:
    """A collection that fails as often as it is told to."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.bulks: list[list[str]] = []
        self.written = threading.Event()

    def bulk_write(self, writes: Sequence[UpdateOne], *, ordered: bool) -> None:
        assert not ordered
        if self.errors:
            raise self.errors.pop(0)
        self.bulks.append(sorted(write._filter["product_id"] for write in writes))
        self.written.set()


@pytest.fixture
def history() -> History:
    return History()


@pytest.fixture
def filed(history: History, monkeypatch: pytest.MonkeyPatch) -> Iterator[Filing]:
    """It files what it gets only when it is closed, unless the test says otherwise."""
    monkeypatch.setattr(filing, "GATHER_SECONDS", 60.0)
    monkeypatch.setattr(filing, "RETRY_SECONDS", 0.0)
    made = Filing(history)  # type: ignore[arg-type]
    yield made
    made.close()


def test_all_that_waits_is_one_write_and_the_last_is_written_at_the_end(filed: Filing, history: History) -> None:
    for name in ("it:bottega:1", "it:bottega:2", "it:bottega:1"):
        filed.file(name, (point(1),))
    assert history.bulks == []
    filed.close()
    assert history.bulks == [["it:bottega:1", "it:bottega:2"]]
    filed.file("it:bottega:3", (point(1),))
    assert len(history.bulks) == 1, "what comes later is carried"


def test_what_is_filed_is_known_and_not_filed_again(
    filed: Filing, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filing, "GATHER_SECONDS", 0.0)
    monkeypatch.setattr(filing, "_MOST_KNOWN", 1)
    first, second, third = point(1), point(2), point(3)
    assert filed.rest("it:bottega:1", (first, second)) == (first, second)
    filed.file("it:bottega:1", (first, second))
    assert history.written.wait(10)
    filed.close()
    assert filed.rest("it:bottega:1", (first, second, third)) == (third,)
    assert filed.rest("it:bottega:1", (third,)) == (third,)
    filed._note([("it:bottega:2", first)])
    assert filed.rest("it:bottega:1", (first, second)) == (first, second), "nobody remembers everything"


def test_what_cannot_be_filed_yet_is_tried_again_and_a_mistake_is_not(
    filed: Filing, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filing, "GATHER_SECONDS", 0.0)
    history.errors = [AutoReconnect("away"), AutoReconnect("away")]
    filed.file("it:bottega:1", (point(1),))
    assert history.written.wait(10)
    assert (history.bulks, history.errors) == ([["it:bottega:1"]], [])
    history.errors = [TypeError("a mistake")]
    filed.file("it:bottega:2", (point(1),))
    filed.close()
    assert (history.bulks, history.errors) == ([["it:bottega:1"]], [])
    assert filed.rest("it:bottega:2", (point(1),)) == (point(1),)


def test_no_more_waits_than_there_is_room_for(filed: Filing, history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filing, "_MOST_WAITING", 1)
    for name in ("it:bottega:1", "it:bottega:2", "it:bottega:1"):
        filed.file(name, (point(1),))
    filed.close()
    assert history.bulks == [["it:bottega:1"]]
