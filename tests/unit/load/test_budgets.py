"""A shop that is asked more than it allows is found out by its own log."""

import random

import pytest
from budgets import EARLY_SECONDS, asked, complaint
from shops.server import Visit

RATE, AT_ONCE = 40.0, 16


def visits(came: list[float], seconds: float = 0.19) -> list[Visit]:
    return [Visit(at, ended=at + seconds) for at in came]


def every(pause: float, times: int = 400) -> list[float]:
    return [1000 + pause * number for number in range(times)]


def judged(log: list[Visit]) -> str | None:
    return complaint(asked(log, RATE), RATE, AT_ONCE)


def test_the_pace_that_is_allowed_is_kept() -> None:
    found = asked(visits(every(1 / RATE)), RATE)
    assert (found.requests, found.most_at_once, found.most_in_a_second) == (400, 8, 40)
    assert found.early == pytest.approx(0, abs=1e-6)
    assert judged(visits(every(1 / RATE))) is None


def test_turns_that_are_kept_late_are_no_offence() -> None:
    dice = random.Random(1)
    assert judged(visits([at + dice.random() * 0.1 for at in every(1 / RATE)])) is None


@pytest.mark.parametrize("faster", [1.1, 2, 4])
def test_a_quicker_pace_adds_up(faster: float) -> None:
    assert "40 are allowed" in (judged(visits(every(1 / RATE / faster), 0.05)) or "")


def test_a_burst_after_a_pause_is_found() -> None:
    burst = [1000.0 + 0.001 * number for number in range(AT_ONCE)]
    assert asked(visits(burst, 0.0001), RATE).early > EARLY_SECONDS
    assert judged(visits([900.0, *burst], 0.0001)) is not None


def test_too_many_at_once_are_found() -> None:
    assert judged(visits(every(1 / RATE), seconds=AT_ONCE / RATE - 0.001)) is None
    assert judged(visits(every(1 / RATE), seconds=0.49)) == "20 requests at once, 16 are allowed"


def test_the_log_may_be_in_any_order() -> None:
    log = visits(every(1 / RATE / 2))
    assert asked(log[::-1], RATE) == asked(log, RATE)
