"""How something went over some time: step by step, in steps that leave few enough of them to be read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from listino.domain.events import EventType


class Step(StrEnum):
    """From one moment to the next, in UTC. A week begins on Monday."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    @classmethod
    def fitting(cls, since: datetime, until: datetime) -> "Step":
        """The shortest step of which about a hundred are enough for that time."""
        return next((step for step, longest in _LONGEST if until - since <= longest), cls.MONTH)

    def begin(self, at: datetime) -> datetime:
        """When the step began in which that moment is."""
        hour = at.replace(minute=0, second=0, microsecond=0)
        if self is Step.HOUR:
            return hour
        day = hour.replace(hour=0)
        if self is Step.WEEK:
            return day - timedelta(days=day.weekday())
        return day.replace(day=1) if self is Step.MONTH else day

    def following(self, begin: datetime) -> datetime:
        """When the step after the one begins that began then."""
        if self is Step.MONTH:
            return (begin + timedelta(days=31)).replace(day=1)
        return begin + _LENGTHS[self]


_LENGTHS = {Step.HOUR: timedelta(hours=1), Step.DAY: timedelta(days=1), Step.WEEK: timedelta(weeks=1)}
# A month is drawn by its days, a year by its weeks; two days and no more by their hours.
_LONGEST = ((Step.HOUR, timedelta(days=2)), (Step.DAY, timedelta(days=100)), (Step.WEEK, timedelta(days=800)))


@dataclass(frozen=True, slots=True)
class Moment:
    """What the visits that began from `at` until the next step came to: they themselves, and their events by type however
    long they went on, of the time and of whom was asked for. So all moments together are the figures of that."""

    at: datetime
    sessions: int = 0
    types: Mapping[EventType, int] = field(default_factory=dict)

    @property
    def events(self) -> int:
        return sum(self.types.values())


def without_gaps(moments: Iterable[Moment], since: datetime, until: datetime, step: Step) -> list[Moment]:
    """A moment for each step from that of `since` on that begins before `until`, in their order; in those that were not given
    nothing happened."""
    known = {moment.at: moment for moment in moments}
    found, at = [], step.begin(since)
    while at < until:
        found.append(known.get(at) or Moment(at))
        at = step.following(at)
    return found
