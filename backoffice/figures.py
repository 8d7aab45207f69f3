"""The figures of what shoppers did, as tables and charts with their words."""

from collections.abc import Sequence
from typing import Final

from flask_babel import gettext, lazy_gettext
from flask_babel.speaklater import LazyString
from markupsafe import Markup

from backoffice.charts.bars import Bar, bar_chart
from backoffice.formats import duration, number, percent
from backoffice.happenings import EVENTS
from backoffice.services.analytics import Course
from backoffice.table import Cell, Column, Kind, Table
from listino.domain.behaviour import Behaviour, Figures, PageFigures
from listino.domain.course import Step
from listino.domain.events import STEPS

PAGES_DRAWN = 10

_STEPS: Final[dict[Step, tuple[LazyString, Kind]]] = {
    Step.HOUR: (lazy_gettext("Hour"), Kind.HOUR),
    Step.DAY: (lazy_gettext("Day"), Kind.DAY),
    Step.WEEK: (lazy_gettext("Week from"), Kind.DAY),
    Step.MONTH: (lazy_gettext("Month"), Kind.MONTH),
}
_TIME_SPENT: Final = (
    Column(lazy_gettext("Time spent"), Kind.SECONDS),
    Column(lazy_gettext("Time each"), Kind.SECONDS),
)


def summary_table(found: Behaviour) -> Table:
    """Everything in one line; the page has it as tiles."""
    columns = (
        Column(lazy_gettext("Users")),
        Column(lazy_gettext("Sessions")),
        Column(lazy_gettext("Mean length of a session"), Kind.SECONDS),
        Column(lazy_gettext("Events")),
    )
    events = sum(one.count for one in found.types.values())
    row = (found.users, found.sessions, found.mean_session_seconds, events)
    return Table("summary", lazy_gettext("Users and sessions"), columns, [row])


def types_table(found: Behaviour) -> Table:
    """The types of events."""
    columns = (Column(lazy_gettext("Event"), Kind.TEXT), Column(lazy_gettext("Number")), *_TIME_SPENT)
    rows = [(str(name), *_figures(found.types[kind])) for kind, name in EVENTS.items()]
    return Table("events", lazy_gettext("Events by type"), columns, rows)


def conversion_table(found: Behaviour) -> Table:
    """The steps of a sale: sessions with events of the step and of all steps before it."""
    columns = (
        Column(lazy_gettext("Step"), Kind.TEXT),
        Column(lazy_gettext("Sessions")),
        Column(lazy_gettext("Of the step before"), Kind.SHARE),
        Column(lazy_gettext("Of all sessions"), Kind.SHARE),
    )
    rows = [
        (str(EVENTS[step]), found.reached[step], share, _share(found.reached[step], found.sessions))
        for step, share in found.conversion.items()
    ]
    return Table("conversion", lazy_gettext("From search to checkout"), columns, rows)


def pages_table(found: Sequence[PageFigures]) -> Table:
    """Pages, in the order in which they come."""
    columns = (Column(lazy_gettext("Page"), Kind.TEXT), Column(lazy_gettext("Views")), *_TIME_SPENT)
    rows = [(one.page, *_figures(one.figures)) for one in found]
    return Table("pages", lazy_gettext("Most viewed pages"), columns, rows)


def course_table(course: Course) -> Table:
    """Moment by moment, the earliest first."""
    columns = (
        Column(*_STEPS[course.step]),
        Column(lazy_gettext("Sessions")),
        Column(lazy_gettext("Events")),
        *(Column(name) for name in EVENTS.values()),
    )
    rows: list[Sequence[Cell]] = [
        (moment.at, moment.sessions, moment.events, *(moment.types.get(kind, 0) for kind in EVENTS))
        for moment in course.moments
    ]
    return Table("course", lazy_gettext("Over time"), columns, rows)


def types_chart(found: Behaviour) -> Markup | None:
    """How many events of each type."""
    bars = [Bar(str(name), found.types[kind].count, _counted(found.types[kind])) for kind, name in EVENTS.items()]
    return bar_chart(bars, told=gettext("Events by type; the table below has the same figures"))


def conversion_chart(found: Behaviour) -> Markup | None:
    """How many sessions came to each step."""
    bars = []
    for step in STEPS:
        share = _share(found.reached[step], found.sessions)
        said = number(found.reached[step]) + (f" \N{MIDDLE DOT} {percent(100 * share)}" if share is not None else "")
        bars.append(Bar(str(EVENTS[step]), found.reached[step], said))
    return bar_chart(bars, told=gettext("Sessions from search to checkout; the table below has the same figures"))


def pages_chart(found: Sequence[PageFigures]) -> Markup | None:
    """The first few pages by their views."""
    bars = [Bar(one.page, one.figures.count, _counted(one.figures)) for one in found[:PAGES_DRAWN]]
    return bar_chart(bars, told=gettext("The most viewed pages; the table has the same figures"))


def _counted(figures: Figures) -> str:
    count = number(figures.count)
    return f"{count} \N{MIDDLE DOT} {duration(figures.ms / 1000)}" if figures.timed else count


def _figures(figures: Figures) -> tuple[int, float | None, float | None]:
    """How many, the time spent on all of them, and on each of those that told it."""
    return figures.count, figures.ms / 1000 if figures.timed else None, figures.mean_seconds


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
