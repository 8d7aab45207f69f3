import threading

import pytest
from pymongo.errors import ExecutionTimeout

from backoffice import assortment as module
from backoffice.assortment import KEPT_SECONDS, Assortment, ShopSize


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def settled(assortment: Assortment) -> list[ShopSize] | None:
    """The sizes once a count that is under way has ended."""
    assortment.sizes()
    counting = assortment._counting
    if counting is not None:
        counting.join(5)
    return assortment.sizes()


def test_shops_are_counted_once_a_minute() -> None:
    clock, asked = Clock(), []

    def count() -> dict[str, int]:
        asked.append(clock.now)
        return {"it:bottega": len(asked), "de:kontor": 5}

    assortment = Assortment(count, clock)

    assert assortment.sizes() == [ShopSize("de", "kontor", 5), ShopSize("it", "bottega", 1)]
    clock.now += KEPT_SECONDS - 1
    assert settled(assortment) == [ShopSize("de", "kontor", 5), ShopSize("it", "bottega", 1)]
    clock.now += 1
    assert settled(assortment) == [ShopSize("de", "kontor", 5), ShopSize("it", "bottega", 2)]
    assert len(asked) == 2


def test_a_store_that_cannot_count_leaves_the_last_figures() -> None:
    clock, answers = Clock(), iter([{"it:bottega": 7}, None])

    def count() -> dict[str, int]:
        counted = next(answers)
        if counted is None:
            raise ExecutionTimeout("operation exceeded time limit")
        return counted

    assortment = Assortment(count, clock)
    settled(assortment)
    clock.now += KEPT_SECONDS

    assert settled(assortment) == [ShopSize("it", "bottega", 7)]


def test_never_counted_is_not_nothing() -> None:
    def count() -> dict[str, int]:
        raise ExecutionTimeout("operation exceeded time limit")

    assert settled(Assortment(count, Clock())) is None


def test_nobody_waits_for_a_long_count_and_only_one_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.01)
    end, begun = threading.Event(), []

    def count() -> dict[str, int]:
        begun.append(1)
        end.wait(5)
        return {"it:bottega": 1}

    assortment = Assortment(count, Clock())

    assert [assortment.sizes() for _ in range(3)] == [None] * 3
    assert len(begun) == 1
    end.set()
    assert settled(assortment) == [ShopSize("it", "bottega", 1)]
