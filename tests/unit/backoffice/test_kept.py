import threading
from collections.abc import Callable

import pytest

from backoffice.kept import Kept, Reading, Trouble


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Away(Exception):
    pass


def kept(read: Callable[[], int], clock: Clock) -> Kept[int]:
    return Kept("figures", read, seconds=10, away=(Away,), clock=clock)


def settled(figures: Kept[int]) -> Reading[int]:
    """What is known once a look that is under way has ended."""
    figures.begin()
    under_way = figures._reading
    if under_way is not None:
        under_way.join(5)
    return figures.reading()


def test_figures_are_read_once_in_their_time() -> None:
    clock, looks = Clock(), iter(range(10))
    figures = kept(lambda: next(looks), clock)
    assert figures.reading(5).value == 0
    clock.now += 9
    assert settled(figures).value == 0
    clock.now += 1
    assert settled(figures).value == 1


def test_who_is_away_leaves_the_last_figures_and_a_word() -> None:
    clock, looks = Clock(), iter([7, None, 8])

    def read() -> int:
        seen = next(looks)
        if seen is None:
            raise Away
        return seen

    figures = kept(read, clock)
    first = settled(figures)
    clock.now += 10
    assert settled(figures) == Reading(7, first.at, Trouble.AWAY)
    clock.now += 10
    last = settled(figures)
    assert (last.value, last.trouble) == (8, None)


def test_nobody_waits_long_for_who_hangs_and_only_one_asks() -> None:
    end, begun, clock = threading.Event(), [], Clock()

    def read() -> int:
        begun.append(1)
        assert end.wait(5)
        return 1

    figures = kept(read, clock)
    assert [figures.reading(0.01) for _ in range(3)] == [Reading(trouble=Trouble.SILENT)] * 3
    assert len(begun) == 1
    end.set()
    assert settled(figures).value == 1


def test_young_figures_are_shown_while_new_ones_are_read_and_old_ones_with_a_word() -> None:
    hang, clock = threading.Event(), Clock()
    hang.set()

    def read() -> int:
        assert hang.wait(5)
        return 3

    figures = kept(read, clock)
    settled(figures)
    hang.clear()
    clock.now += 11
    assert (figures.reading(5).value, figures.reading(5).trouble) == (3, None), "not waited for"
    clock.now += 30
    old = figures.reading(0.01)
    assert (old.value, old.trouble) == (3, Trouble.SILENT)
    hang.set()


def test_a_mistake_of_ours_is_told_and_not_repeated_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    figures = kept(lambda: 1 // 0, Clock())
    assert settled(figures) == Reading(trouble=Trouble.FAILED)


def test_after_a_change_what_was_known_is_not_shown_again() -> None:
    looks = iter([1, 2])
    figures = kept(lambda: next(looks), Clock())
    assert settled(figures).value == 1
    figures.forget()
    assert figures.reading(5).value == 2


def test_what_was_being_read_when_all_was_forgotten_is_not_believed() -> None:
    answers, looks = [threading.Event(), threading.Event()], iter(range(2))

    def read() -> int:
        look = next(looks)
        answers[look].wait(5)
        return look

    figures = kept(read, Clock())
    figures.begin()
    before = figures._reading
    assert before is not None
    figures.forget()
    answers[1].set()
    assert figures.reading(5).value == 1
    answers[0].set()
    before.join(5)
    assert figures.reading(5).value == 1
