"""Shapes of what shoppers did, in figures; of everybody or of one."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Self

from flask import abort
from pydantic import Field, model_validator

from backoffice.api.shapes import Absent, Moment, Sent, SentDay, Told
from backoffice.services import analytics
from backoffice.services.analytics import WHOLE_SECONDS, Days, Period
from listino.domain import behaviour
from listino.domain.course import Step
from listino.domain.events import EventType


class DaysQuery(Sent):
    """Of which days, both included: those of a period, or from `since` to `until`, of which one may be left out. The last seven
    where nothing is said."""

    period: Period | Absent = None
    since: SentDay | Absent = None
    until: SentDay | Absent = None

    @model_validator(mode="after")
    def _either(self) -> Self:
        if self.period and (self.since or self.until):
            raise ValueError("a period, or days: not both")
        return self

    @property
    def days(self) -> Days:
        """Raises InvalidValue."""
        return Days.asked(self.period, self.since or "", self.until or "")


class PagesQuery(DaysQuery):
    """Of which days, and how many pages."""

    count: Annotated[int, Field(ge=1, le=400, description="How many at most.")] = 25


class Figures(Told):
    """`mean_seconds`: of those that told the time spent; null where none did."""

    count: int
    seconds: Annotated[float, Field(description="Spent on all of them.")]
    mean_seconds: float | None

    @classmethod
    def of(cls, found: behaviour.Figures) -> Self:
        return cls(count=found.count, seconds=found.ms / 1000, mean_seconds=found.mean_seconds)


class OfDays(Told):
    """The days that were counted; null is without an end."""

    since: date | None
    until: date | None


class Behaviour(OfDays):
    """Users, sessions and events of those days. A user is a customer, or a session in which none is known."""

    users: int
    sessions: int
    mean_session_seconds: float | None
    events: dict[EventType, Figures]


class SaleStep(Told):
    """Sessions with events of this step and of all steps before it. Shares are from 0 to 1."""

    step: EventType
    sessions: int
    of_step_before: float | None
    of_sessions: float | None


class Conversion(OfDays):
    """The steps of a sale, in their order."""

    sessions: int
    steps: list[SaleStep]


class ViewedPage(Told):
    """How often a page was viewed."""

    page: str
    views: Figures


class ViewedPages(OfDays):
    """The pages that were viewed most, most first."""

    items: list[ViewedPage]


class Moments(Told):
    """What happened from `at` on, until the next moment begins."""

    at: Moment
    sessions: Annotated[int, Field(description="Those that began then.")]
    events: dict[EventType, int]


class Course(OfDays):
    """How it went over those days, without gaps."""

    step: Step
    items: list[Moments]


def behaviour_of(days: Days, customer: str | None = None) -> Behaviour:
    """Aborts with 503, as the others below, where it cannot be counted in time."""
    found = _counted(days, customer)
    return Behaviour(
        since=days.since,
        until=days.until,
        users=found.users,
        sessions=found.sessions,
        mean_session_seconds=found.mean_session_seconds,
        events={kind: Figures.of(figures) for kind, figures in found.types.items()},
    )


def conversion_of(days: Days, customer: str | None = None) -> Conversion:
    found = _counted(days, customer)
    steps = [
        SaleStep(
            step=step,
            sessions=found.reached[step],
            of_step_before=share,
            of_sessions=found.reached[step] / found.sessions if found.sessions else None,
        )
        for step, share in found.conversion.items()
    ]
    return Conversion(since=days.since, until=days.until, sessions=found.sessions, steps=steps)


def pages_of(days: Days, count: int, customer: str | None = None) -> ViewedPages:
    found: Sequence[behaviour.PageFigures] | None = analytics.pages(
        days.span(customer), count=count, seconds=WHOLE_SECONDS
    )
    if found is None:
        abort(503)
    items = [ViewedPage(page=one.page, views=Figures.of(one.figures)) for one in found]
    return ViewedPages(since=days.since, until=days.until, items=items)


def course_of(days: Days, customer: str | None = None) -> Course:
    found = analytics.course(days.span(customer), seconds=WHOLE_SECONDS)
    if found is None:
        abort(503)
    items = [
        Moments(
            at=moment.at,
            sessions=moment.sessions,
            events={kind: moment.types.get(kind, 0) for kind in EventType},
        )
        for moment in found.moments
    ]
    return Course(since=days.since, until=days.until, step=found.step, items=items)


def _counted(days: Days, customer: str | None) -> behaviour.Behaviour:
    found = analytics.figures(days.span(customer), seconds=WHOLE_SECONDS)
    if found is None:
        abort(503)
    return found
