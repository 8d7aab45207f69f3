from datetime import UTC, datetime, timedelta

import pytest

from listino.domain.course import Moment, Step, without_gaps
from listino.domain.events import EventType

AT = datetime(2026, 5, 13, 15, 42, 7, 12000, tzinfo=UTC)  # a Wednesday


@pytest.mark.parametrize(
    ("step", "begin", "following"),
    [
        (Step.HOUR, datetime(2026, 5, 13, 15, tzinfo=UTC), datetime(2026, 5, 13, 16, tzinfo=UTC)),
        (Step.DAY, datetime(2026, 5, 13, tzinfo=UTC), datetime(2026, 5, 14, tzinfo=UTC)),
        (Step.WEEK, datetime(2026, 5, 11, tzinfo=UTC), datetime(2026, 5, 18, tzinfo=UTC)),
        (Step.MONTH, datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)),
    ],
)
def test_a_step_begins_where_it_should_and_the_next_one_follows(
    step: Step, begin: datetime, following: datetime
) -> None:
    assert step.begin(AT) == begin
    assert step.begin(begin) == begin
    assert step.following(begin) == following


def test_a_year_of_months_ends_with_the_year() -> None:
    months = [datetime(2026, 1, 1, tzinfo=UTC)]
    while len(months) < 13:
        months.append(Step.MONTH.following(months[-1]))
    assert [month.day for month in months] == [1] * 13
    assert months[-1] == datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("lasting", "step"),
    [
        (timedelta(days=-1), Step.HOUR),
        (timedelta(days=1), Step.HOUR),
        (timedelta(days=2, seconds=1), Step.DAY),
        (timedelta(days=31), Step.DAY),
        (timedelta(days=366), Step.WEEK),
        (timedelta(days=10_000), Step.MONTH),
    ],
    ids=str,
)
def test_however_long_the_time_it_has_few_steps(lasting: timedelta, step: Step) -> None:
    assert Step.fitting(AT, AT + lasting) is step
    assert len(without_gaps([], AT, AT + lasting, step)) <= 400


def test_steps_in_which_nothing_happened_are_there_too() -> None:
    busy = Moment(datetime(2026, 5, 12, tzinfo=UTC), sessions=2, types={EventType.SEARCH: 3, EventType.CHECKOUT: 1})
    found = without_gaps([busy], AT - timedelta(days=3), AT, Step.DAY)

    assert [(moment.at.day, moment.sessions, moment.events) for moment in found] == [
        (10, 0, 0),
        (11, 0, 0),
        (12, 2, 4),
        (13, 0, 0),
    ]
    assert without_gaps([busy], AT, AT, Step.HOUR) == [Moment(Step.HOUR.begin(AT))]
