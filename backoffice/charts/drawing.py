"""What all curves over time share: pygal draws them, the theme dresses them."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from xml.etree import ElementTree  # reads pygal's own drawing and nothing else

import pygal
from markupsafe import Markup

from backoffice.formats import clock, date, day_of_year

WIDTH, HEIGHT = 720, 250
_SVG = "{http://www.w3.org/2000/svg}"
# What pygal puts in besides the drawing; scripts and inline styles are refused by our Content-Security-Policy.
_NOT_WANTED: Final = (f"{_SVG}defs", f"{_SVG}script", f"{_SVG}style", f"{_SVG}title", f"{_SVG}desc")

# How a moment may be written, the shortest first.
_TIME_FORMATS: Final[tuple[Callable[[datetime], str], ...]] = (
    date,
    lambda at: f"{day_of_year(at)} {clock(at)}",
    lambda at: clock(at, seconds=True),
)


def curves(times: Sequence[datetime], **options: Any) -> pygal.DateTimeLine:
    """An empty chart with those times written below it, to add series of (time, value) to; `options` are pygal's."""
    marks, time_format = _time_axis(times)
    return pygal.DateTimeLine(
        css=[],
        js=[],
        width=WIDTH,
        height=HEIGHT,
        margin=4,
        margin_right=36,
        spacing=6,
        show_legend=False,
        show_x_guides=False,
        max_scale=5,
        truncate_label=-1,
        x_labels=marks,
        x_value_formatter=time_format,
        # pygal leaves room for labels by their font size; the theme draws them at this one.
        style=pygal.style.Style(label_font_size=12, major_label_font_size=12),
        **options,
    )


def drawn(
    chart: pygal.DateTimeLine, *, told: str, look: str = "chart", shades: Iterable[tuple[str, datetime, datetime]] = ()
) -> Markup:
    """The drawing alone, as HTML takes it: elements without namespace, dressed by classes, `told` to those who do not see it.

    `shades`: times that lie behind the curves in a shade, as its class, beginning and end.
    """
    scales: list[Callable[[float], float]] = []

    def note_scale(root: Any) -> Any:
        scales.append(chart.view.x)  # which is there only while it draws
        return root

    chart.add_xml_filter(note_scale)
    root = ElementTree.fromstring(chart.render())  # noqa: S314  # drawn by pygal just now
    plot = next(group for group in root.iter(f"{_SVG}g") if group.get("class", "").startswith("plot"))
    height = next(plot.iter(f"{_SVG}rect")).get("height", "0")
    for kind, since, until in shades:
        left, right = (scales[-1](at.timestamp()) for at in (since, until))
        shape = {"x": f"{left:.1f}", "y": "0", "width": f"{max(right - left, 1):.1f}", "height": height}
        plot.insert(1, ElementTree.Element(f"{_SVG}rect", {"class": kind, **shape}))
    for element in root.iter():
        for child in [child for child in element if child.tag in _NOT_WANTED]:
            element.remove(child)
        element.tag = element.tag.removeprefix(_SVG)
        element.attrib.pop("style", None)
        element.attrib.pop("id", None)
    root.set("class", look)
    root.set("role", "img")
    root.set("aria-label", told)
    return Markup(ElementTree.tostring(root, encoding="unicode"))  # noqa: S704  # numbers and dates, drawn by pygal


def _time_axis(times: Sequence[datetime]) -> tuple[Sequence[datetime], Callable[[datetime], str]]:
    """The shortest format in which no two of them read the same; where there is none, those that the finest tells apart."""
    marks = [at.astimezone(UTC) for at in times]
    for time_format in _TIME_FORMATS[:-1]:
        if len({time_format(mark) for mark in marks}) == len(marks):
            return marks, time_format
    finest = _TIME_FORMATS[-1]
    return list({finest(mark): mark for mark in marks}.values()), finest
