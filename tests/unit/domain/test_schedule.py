from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from croniter import croniter

from listino.domain.errors import InvalidValue
from listino.domain.market import MARKETS
from listino.domain.schedule import DECLARED, EVERY_HOURS, Planned, Times, in_force

MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)


def test_each_market_is_crawled_every_six_hours_and_no_two_start_at_once() -> None:
    assert list(DECLARED) == list(MARKETS)
    starts = sorted(start for planned in DECLARED.values() for start in planned.times.starts)
    assert len(starts) == 16
    assert {later - earlier for earlier, later in pairwise(starts)} == {15, 315}
    assert [planned.times.every_hours for planned in DECLARED.values()] == [6] * 4


@pytest.mark.parametrize("every_hours", EVERY_HOURS)
@pytest.mark.parametrize("minute", [0, 75, 1439])
def test_the_next_time_is_the_one_of_the_cron_expression(every_hours: int, minute: int) -> None:
    times, at = Times(every_hours, minute), MIDNIGHT + timedelta(minutes=7)
    by_cron = croniter(times.cron, at)
    for _ in range(30):
        expected = by_cron.get_next(datetime)
        assert times.next_after(at) == expected
        at = expected
    assert len(times.starts) == 24 // every_hours


def test_what_is_switched_off_never_comes() -> None:
    assert Times(6, 0, active=False).next_after(MIDNIGHT) is None


@pytest.mark.parametrize(("every_hours", "minute"), [(5, 0), (0, 0), (6, -1), (6, 1440)])
def test_times_that_are_not_the_same_every_day_are_refused(every_hours: int, minute: int) -> None:
    with pytest.raises(InvalidValue):
        Times(every_hours, minute)


def test_what_somebody_chose_takes_the_place_of_what_is_declared() -> None:
    chosen = Planned(key="it", times=Times(24, 180), by="mara@listino.test", at=MIDNIGHT)
    alone = Planned(key="it:bottega", times=Times(1, 0), by="mara@listino.test", at=MIDNIGHT)
    plan = in_force({"it:bottega": alone, "it": chosen})
    assert list(plan) == [*MARKETS, "it:bottega"]
    assert (plan["it"], plan["fr"]) == (chosen, DECLARED["fr"])
    assert (alone.market, alone.shop, chosen.shop) == ("it", "bottega", None)
