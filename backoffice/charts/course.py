"""How events and sessions went over time."""

from collections.abc import Sequence
from math import ceil
from typing import Final

from flask_babel import gettext
from markupsafe import Markup

from backoffice.charts.drawing import curves, drawn
from backoffice.formats import number
from listino.domain.course import Moment

_MOST_DOTS: Final = 40  # more of them hide the line
_SPACES: Final = 4  # between the times that are written below it: each as wide as the next
_ONES: Final = 0  # the order of magnitude of the smallest step between two counts


def course_chart(moments: Sequence[Moment]) -> Markup | None:
    """Events and sessions from moment to moment. None for fewer than two: a single one is no course."""
    if len(moments) < 2:
        return None
    chart = curves(
        [moment.at for moment in moments[:: ceil((len(moments) - 1) / _SPACES)]],
        show_dots=len(moments) <= _MOST_DOTS,
        dots_size=2.5,
        include_x_axis=True,
        order_min=_ONES,
        value_formatter=lambda value: number(round(value)),
    )
    chart.add(gettext("Events"), [(moment.at, moment.events) for moment in moments])
    chart.add(gettext("Sessions"), [(moment.at, moment.sessions) for moment in moments])
    told = gettext("Events and sessions over time; the table below has the same figures")
    return drawn(chart, told=told, look="chart chart-wide")
