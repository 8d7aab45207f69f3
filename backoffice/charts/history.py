"""The price history of a product."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from flask_babel import gettext
from markupsafe import Markup

from backoffice.charts.drawing import curves, drawn
from backoffice.formats import money
from listino.domain.history import PricePoint
from listino.domain.money import Money
from listino.domain.offer import Availability

# The share of the width that the present price takes at least, however new it is.
_PRESENT_SHARE: Final = 0.08
# How a time is shaded in which the good was not in stock.
_SHADES: Final = {Availability.OUT_OF_STOCK: "stock-out", Availability.UNKNOWN: "stock-unknown"}
_CENTS: Final = -2  # the order of magnitude of the smallest step between two amounts

Step = tuple[datetime, float | None]


def history_chart(points: Sequence[PricePoint], *, until: datetime, since: datetime | None = None) -> Markup | None:
    """Price and cost from the first point, or from `since` where that is later, to `until`, as steps, since each holds until the
    next; behind them, as a shade, the times in which it was not in stock.

    The last ones are drawn on beyond `until` where they are too new to be seen otherwise.

    `points` are ordered by time and of one currency. None for fewer than two points: one price is no history.
    """
    if len(points) < 2:
        return None
    if since is not None and points[0].at < since:
        points = [replace(points[0], at=since), *points[1:]]
    amounts = [amount for point in points for amount in (point.price, point.cost) if amount]
    currency = amounts[0].currency if amounts else Money(0).currency
    end = max(until, points[-1].at)
    drawn_to = max(end, points[-1].at + (end - points[0].at) * _PRESENT_SHARE)
    chart = curves(
        [points[0].at + (end - points[0].at) * quarter / 4 for quarter in range(5)],
        show_dots=False,
        order_min=_CENTS,
        value_formatter=lambda value: money(Money.of(f"{value:.2f}", currency)),
    )
    chart.add(gettext("Price"), _steps(points, lambda point: point.price, drawn_to))
    chart.add(gettext("Cost"), _steps(points, lambda point: point.cost, drawn_to))
    return drawn(
        chart,
        told=gettext("Price and cost over time; the table below has the same figures"),
        shades=[
            (_SHADES[point.availability], point.at, left)
            for point, left in _lasting(points, drawn_to)
            if point.availability in _SHADES
        ],
    )


def _steps(points: Sequence[PricePoint], amount: Callable[[PricePoint], Money | None], end: datetime) -> list[Step]:
    """Two ends for every amount: when it came and when the next one took its place."""
    steps: list[Step] = []
    for point, until in _lasting(points, end):
        known = amount(point)
        value = float(known.major) if known else None
        steps += [(point.at, value), (until, value)]
    return steps


def _lasting(points: Sequence[PricePoint], end: datetime) -> Iterable[tuple[PricePoint, datetime]]:
    """Each point, and when the next one took its place."""
    return zip(points, [*(point.at for point in points[1:]), end], strict=True)
