"""The price history as a drawing made on the server: no script in it, no style in it, colours from the theme."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final
from xml.etree import ElementTree  # reads pygal's own drawing and nothing else

import pygal
from markupsafe import Markup

from backoffice.formats import money
from listino.domain.history import PricePoint
from listino.domain.money import Money

WIDTH, HEIGHT = 720, 250
_SVG = "{http://www.w3.org/2000/svg}"
# What pygal puts in besides the drawing; scripts and inline styles are refused by our Content-Security-Policy.
_NOT_WANTED: Final = (f"{_SVG}defs", f"{_SVG}script", f"{_SVG}style", f"{_SVG}title", f"{_SVG}desc")

# The share of the width that the present price takes at least, however new it is.
_PRESENT_SHARE: Final = 0.08
_TIME_FORMATS: Final = ("%-d %b %Y", "%-d %b %H:%M", "%H:%M:%S")
_CENTS: Final = -2  # the order of magnitude of the smallest step between two amounts

Step = tuple[datetime, float | None]


def history_chart(points: Sequence[PricePoint], *, until: datetime) -> Markup | None:
    """Price and cost from the first point to `until`, as steps, since each holds until the next.

    The last ones are drawn on beyond `until` where they are too new to be seen otherwise.

    `points` are ordered by time and of one currency. None for fewer than two points: one price is no history.
    """
    if len(points) < 2:
        return None
    amounts = [amount for point in points for amount in (point.price, point.cost) if amount]
    currency = amounts[0].currency if amounts else Money(0).currency
    end = max(until, points[-1].at)
    marks, time_format = _time_axis(points[0].at, end)
    drawn_to = max(end, points[-1].at + (end - points[0].at) * _PRESENT_SHARE)
    chart = pygal.DateTimeLine(
        css=[],
        js=[],
        width=WIDTH,
        height=HEIGHT,
        margin=4,
        margin_right=36,
        spacing=6,
        show_dots=False,
        show_legend=False,
        show_x_guides=False,
        max_scale=5,
        order_min=_CENTS,
        truncate_label=-1,
        x_labels=marks,
        x_value_formatter=lambda at: at.strftime(time_format),
        value_formatter=lambda value: money(Money.of(f"{value:.2f}", currency)),
        # pygal leaves room for labels by their font size; the theme draws them at this one.
        style=pygal.style.Style(label_font_size=12, major_label_font_size=12),
    )
    chart.add("Price", _steps(points, lambda point: point.price, drawn_to))
    chart.add("Cost", _steps(points, lambda point: point.cost, drawn_to))
    return _bare(ElementTree.fromstring(chart.render()))  # noqa: S314  # drawn by pygal just now


def _steps(points: Sequence[PricePoint], amount: Callable[[PricePoint], Money | None], end: datetime) -> list[Step]:
    """Two ends for every amount: when it came and when the next one took its place."""
    ends = [*(point.at for point in points[1:]), end]
    steps: list[Step] = []
    for point, until in zip(points, ends, strict=True):
        known = amount(point)
        value = float(known.major) if known else None
        steps += [(point.at, value), (until, value)]
    return steps


def _time_axis(start: datetime, end: datetime) -> tuple[list[datetime], str]:
    """At most five moments, evenly apart, and the shortest format in which no two of them read the same."""
    marks = [(start + (end - start) * step / 4).astimezone(UTC) for step in range(5)]
    for time_format in _TIME_FORMATS[:-1]:
        if len({mark.strftime(time_format) for mark in marks}) == len(marks):
            return marks, time_format
    finest = _TIME_FORMATS[-1]
    return list({mark.strftime(finest): mark for mark in marks}.values()), finest


def _bare(root: ElementTree.Element) -> Markup:
    """The drawing alone, as HTML takes it: elements without namespace, dressed by classes."""
    for element in root.iter():
        for child in [child for child in element if child.tag in _NOT_WANTED]:
            element.remove(child)
        element.tag = element.tag.removeprefix(_SVG)
        element.attrib.pop("style", None)
        element.attrib.pop("id", None)
    root.set("class", "chart")
    root.set("role", "img")
    root.set("aria-label", "Price and cost over time; the table below has the same figures")
    return Markup(ElementTree.tostring(root, encoding="unicode"))  # noqa: S704  # numbers and dates, drawn by pygal
