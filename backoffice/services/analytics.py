"""What shoppers did, in figures: of which days and of whom. Each part is counted by itself, and what cannot be counted in time
is left out rather than all of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import TypeVar

import structlog

from backoffice import trail
from backoffice.config import STORE_SECONDS
from backoffice.engines import engines
from backoffice.services.customers import subject_of
from listino.domain.audit import StaffAction
from listino.domain.behaviour import Behaviour, PageFigures
from listino.domain.clock import utc_now
from listino.domain.course import Moment, Step, without_gaps
from listino.domain.customers import KnownCustomer
from listino.domain.errors import InvalidValue
from listino.store.behaviour import Asked
from listino.store.ground import MOST_APART, Ground
from listino.store.outage import UNAVAILABLE, time_limit
from listino.store.span import Span

log = structlog.get_logger("backoffice.analytics")

# A page asks for figures, pages and course one after the other, and none may use up the time of the next.
PART_SECONDS = 0.3 * STORE_SECONDS
WHOLE_SECONDS = 0.9 * STORE_SECONDS  # what a part may take that is asked for alone
MANY_UNSUMMED = 1000  # sessions: to read the events of so many takes a good part of PART_SECONDS

Answer = TypeVar("Answer")


class Period(StrEnum):
    """Days that are asked for by name; those of a month or year are those of the calendar, in UTC."""

    TODAY = "today"
    YESTERDAY = "yesterday"
    LAST_7_DAYS = "last_7_days"  # today is the last of them
    LAST_MONTH = "last_month"
    THIS_YEAR = "this_year"
    ALL_TIME = "all_time"


@dataclass(frozen=True, slots=True)
class Days:
    """From the first to the last day in UTC, both included; None is without an end."""

    since: date | None = None
    until: date | None = None

    @classmethod
    def of(cls, period: Period, today: date) -> "Days":
        """Those that the period has today."""
        month = today.replace(day=1)
        match period:
            case Period.TODAY:
                return cls(today, today)
            case Period.YESTERDAY:
                return cls(today - timedelta(days=1), today - timedelta(days=1))
            case Period.LAST_7_DAYS:
                return cls(today - timedelta(days=6), today)
            case Period.LAST_MONTH:
                last = month - timedelta(days=1)
                return cls(last.replace(day=1), last)
            case Period.THIS_YEAR:
                return cls(today.replace(month=1, day=1), today)
        return cls()

    @classmethod
    def asked(cls, period: Period | None, since: str, until: str) -> "Days":
        """The days that are typed, or those of the period; where neither is named, the last seven. Raises InvalidValue."""
        if since or until:
            return cls.typed(since, until)
        return cls.of(period or Period.LAST_7_DAYS, utc_now().date())

    @classmethod
    def typed(cls, since: str, until: str) -> "Days":
        """From two dates such as 2026-05-01, or empty texts; raises InvalidValue."""
        days = cls(_day(since), _day(until))
        if days.since and days.until and days.since > days.until:
            raise InvalidValue("the first day is after the last")
        return days

    def span(self, customer: str | None = None) -> Span:
        """The time of those days."""
        until = None if self.until is None or self.until == date.max else self.until + timedelta(days=1)
        return Span(since=_midnight(self.since), until=_midnight(until), customer=customer)


@dataclass(frozen=True, slots=True)
class Course:
    """Without gaps: from the beginning of the time asked for, but not before there was anything, to its end or now."""

    step: Step
    moments: Sequence[Moment]


def ground(span: Span) -> Ground:
    """What all figures of that span are put together from: for who wants several of them."""
    return engines().store.behaviour.ground(span)


def figures(span: Asked, *, seconds: float = PART_SECONDS) -> Behaviour | None:
    """Users, sessions, events by type and the steps of a sale; None where they cannot be had in time."""
    return _in_time("figures", seconds, lambda: engines().store.behaviour.figures(span))


def pages(span: Asked, *, count: int, seconds: float = PART_SECONDS) -> Sequence[PageFigures] | None:
    """The pages that were viewed most, most first; None where they cannot be had in time."""
    return _in_time("pages", seconds, lambda: engines().store.behaviour.pages(span, count=count))


def course(span: Asked, *, seconds: float = PART_SECONDS) -> Course | None:
    """How it went over the time, by the visits that began in each step; None where it cannot be had in time."""
    return _in_time("course", seconds, lambda: _course(span))


def backlog() -> int | None:
    """How many sessions are not summed up yet, counted to MOST_APART; None where they are too few for figures to be late for
    them, or nobody can say."""
    count = _in_time("backlog", PART_SECONDS / 3, lambda: engines().store.behaviour.unsummed(most=MOST_APART))
    return count if count and count >= MANY_UNSUMMED else None


def customer(customer_id: str) -> KnownCustomer | None:
    """The customer with that id; it is noted who looked."""
    found = engines().store.customers.get(customer_id)
    if found is not None:
        trail.record(StaffAction.PERSONAL_DATA_VIEWED, subject_of(found.id), detail={"page": "analytics"})
    return found


def _course(asked: Asked) -> Course:
    store, now = engines().store.behaviour, utc_now()
    span = asked.span if isinstance(asked, Ground) else asked
    # What is older is not kept: however early somebody begins, so many steps there are.
    oldest = now - timedelta(days=engines().settings.events_days)
    since = max(span.since or store.first_event(span) or now, oldest)
    until = min(span.until or now, now)
    step = Step.fitting(since, until)
    return Course(step, without_gaps(store.course(asked, step=step), since, until, step))


def _in_time(what: str, seconds: float, ask: Callable[[], Answer]) -> Answer | None:
    try:
        with time_limit(seconds):
            return ask()
    except UNAVAILABLE as error:
        log.warning("analytics.not_in_time", what=what, error=str(error)[:300])
        return None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidValue(f"{text[:40]!r} is not a time such as 2026-05-01") from None


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), UTC)
