"""What shoppers did, in figures, charts and files: of all customers or one, of some days or all."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext

from backoffice.access import requires
from backoffice.charts.course import course_chart
from backoffice.errors import PAGES, show
from backoffice.figures import (
    conversion_chart,
    conversion_table,
    course_table,
    pages_chart,
    pages_table,
    summary_table,
    types_chart,
    types_table,
)
from backoffice.sentences import said
from backoffice.services import analytics, customers
from backoffice.services.analytics import WHOLE_SECONDS, Days, Period
from backoffice.spreadsheet import MEDIA_TYPE, as_csv
from backoffice.table import Table
from listino.domain.behaviour import Behaviour
from listino.domain.clock import utc_now
from listino.domain.customers import KnownCustomer
from listino.domain.errors import InvalidValue
from listino.store.span import Span

blueprint = Blueprint("analytics", __name__, url_prefix="/analytics")

LONGEST_TEXT = 200
CUSTOMERS_FOUND = 10
PAGES_SHOWN = (
    25,
    100,
    400,
)  # of the most viewed: first, then when more are asked for; those of the last fit the page's budget
PERIODS: Mapping[Period, Any] = {
    Period.TODAY: lazy_gettext("Today"),
    Period.YESTERDAY: lazy_gettext("Yesterday"),
    Period.LAST_7_DAYS: lazy_gettext("Last 7 days"),
    Period.LAST_MONTH: lazy_gettext("Last month"),
    Period.THIS_YEAR: lazy_gettext("This year"),
    Period.ALL_TIME: lazy_gettext("All time"),
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address asks for. `since` and `until` as they are typed, or as the period has them; both empty: all time."""

    since: str
    until: str
    customer: str  # an id, or what is looked for
    shown: int  # pages

    @classmethod
    def of_address(cls) -> "Filters":
        """Where no days are named, those of the period; where there is none either, the last seven."""
        since, until = (request.args.get(name) for name in ("since", "until"))
        if since is None and until is None:
            try:
                period = Period(request.args.get("period", Period.LAST_7_DAYS))
            except ValueError:
                abort(400)
            days = Days.of(period, utc_now().date())
            since, until = (day.isoformat() if day else "" for day in (days.since, days.until))
        wanted = request.args.get("pages", "")
        return cls(
            since=(since or "").strip()[:LONGEST_TEXT],
            until=(until or "").strip()[:LONGEST_TEXT],
            customer=request.args.get("customer", "").strip()[:LONGEST_TEXT],
            shown=int(wanted) if wanted in map(str, PAGES_SHOWN) else PAGES_SHOWN[0],
        )

    @property
    def days(self) -> Days:
        """Raises InvalidValue."""
        return Days.typed(self.since, self.until)

    @property
    def named(self) -> dict[str, Any]:
        """What an address needs to say all of it."""
        found: dict[str, Any] = {"since": self.since, "until": self.until}
        if self.customer:
            found["customer"] = self.customer
        return found if self.shown == PAGES_SHOWN[0] else found | {"pages": self.shown}


@blueprint.get("")
@requires("agent")
def page() -> ResponseReturnValue:
    asked = Filters.of_address()
    try:
        days, wrong = asked.days, None
    except InvalidValue as error:
        if "HX-Request" in request.headers:
            raise  # the form stays as it is, and the notice comes above it
        days, wrong = Days(), said(error)
    customer = analytics.customer(asked.customer) if asked.customer and not wrong else None
    looking = bool(asked.customer) and customer is None
    context: dict[str, Any] = {
        "asked": asked,
        "wrong": wrong,
        "customer": customer,
        "looking": looking,
        "found": _customers(asked.customer) if looking and not wrong else [],
        "periods": _periods(asked),
        "chosen": None if wrong else _chosen(days),
    }
    if not wrong and not looking:
        context |= _parts(days.span(customer.id if customer else None), asked)
    return render_template("analytics/page.html", **context), 400 if wrong else 200


@blueprint.get("/<any(summary, events, conversion, pages, course):table>.csv")
@requires("agent")
def file(table: str) -> ResponseReturnValue:
    """One of the tables as the page with the same filters shows it."""
    asked = Filters.of_address()
    customer = analytics.customer(asked.customer) if asked.customer else None
    if asked.customer and customer is None:
        abort(404)
    found = _table(table, asked.days.span(customer.id if customer else None), asked)
    if found is None:
        return show(PAGES[503])
    days = "-".join(each for each in (asked.since, asked.until) if each) or Period.ALL_TIME.value
    response = Response(as_csv(found), content_type=MEDIA_TYPE)
    response.headers.set("Content-Disposition", "attachment", filename=f"analytics-{table}-{days}.csv")
    return response


def _customers(typed: str) -> Sequence[KnownCustomer]:
    """Some whom it may mean; nobody for a single letter."""
    try:
        return customers.search(typed, count=CUSTOMERS_FOUND).items
    except InvalidValue:
        return []


def _parts(span: Span, asked: Filters) -> dict[str, Any]:
    """All that is shown; None for what could not be counted in time."""
    ground = analytics.ground(span)
    figures = analytics.figures(ground)
    pages = analytics.pages(ground, count=asked.shown + 1)
    course = analytics.course(ground)
    shown = None if pages is None else pages[: asked.shown]
    more = next((count for count in PAGES_SHOWN if count > asked.shown), None)
    late = span.customer is None and None in (figures, pages, course)
    return {
        "figures": figures,
        "backlog": analytics.backlog() if late else None,
        "summary": figures and summary_table(figures),
        "charts": {
            "events": figures and types_chart(figures),
            "conversion": figures and conversion_chart(figures),
            "course": course and course_chart(course.moments),
            "pages": shown and pages_chart(shown),
        },
        "tables": {
            "events": figures and types_table(figures),
            "conversion": figures and conversion_table(figures),
            "course": course and course_table(course),
            "pages": None if shown is None else pages_table(shown),
        },
        "files": {name: url_for("analytics.file", table=name, **asked.named) for name in _FILES},
        "more": url_for("analytics.page", **asked.named | {"pages": more})
        if more and pages is not None and len(pages) > asked.shown
        else None,
    }


def _table(name: str, span: Span, asked: Filters) -> Table | None:
    if name == "pages":
        pages = analytics.pages(span, count=asked.shown, seconds=WHOLE_SECONDS)
        return None if pages is None else pages_table(pages)
    if name == "course":
        course = analytics.course(span, seconds=WHOLE_SECONDS)
        return None if course is None else course_table(course)
    figures = analytics.figures(span, seconds=WHOLE_SECONDS)
    return None if figures is None else _OF_FIGURES[name](figures)


_OF_FIGURES: Mapping[str, Callable[[Behaviour], Table]] = {
    "summary": summary_table,
    "events": types_table,
    "conversion": conversion_table,
}
_FILES = (*_OF_FIGURES, "pages", "course")


def _periods(asked: Filters) -> list[tuple[Period, str, str]]:
    """The quick choices: which, its name, and where it leads."""
    whose = asked.customer or None
    return [
        (each, str(name), url_for("analytics.page", period=each.value, customer=whose))
        for each, name in PERIODS.items()
    ]


def _chosen(days: Days) -> Period | None:
    """The quick choice that has these days."""
    today = utc_now().date()
    return next((period for period in Period if Days.of(period, today) == days), None)
