from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest

from backoffice.charts.course import course_chart
from listino.domain.course import Moment, Step, without_gaps
from listino.domain.events import EventType

START = datetime(2026, 5, 1, tzinfo=UTC)


def moments(count: int, step: timedelta) -> list[Moment]:
    return [
        Moment(START + place * step, sessions=place % 3, types={EventType.SEARCH: place % 7, EventType.UPSELL: 1})
        for place in range(count)
    ]


def drawing(of: list[Moment]) -> ElementTree.Element:
    drawn = course_chart(of)
    assert drawn is not None
    return ElementTree.fromstring(drawn)  # noqa: S314  # our own drawing


def test_a_single_moment_is_no_course() -> None:
    assert course_chart(moments(1, timedelta(days=1))) is None
    assert course_chart([]) is None


def test_the_drawing_has_a_name_and_nothing_that_the_content_security_policy_refuses() -> None:
    root = drawing(moments(31, timedelta(days=1)))

    assert {element.tag for element in root.iter()} <= {"svg", "g", "path", "rect", "text", "circle"}
    assert not [element for element in root.iter() if {"style", "onclick"} & set(element.attrib)]
    assert root.get("role") == "img"
    assert root.get("aria-label")


@pytest.mark.parametrize(("count", "dots"), [(31, 62), (366, 0)])
def test_few_moments_are_dots_and_many_are_a_line_alone(count: int, dots: int) -> None:
    assert len(list(drawing(moments(count, timedelta(days=1))).iter("circle"))) == dots


@pytest.mark.parametrize(("days", "written"), [(7, (1, 3, 5, 7)), (31, (1, 9, 17, 25))])
def test_what_is_written_below_are_moments_as_far_from_one_another(days: int, written: tuple[int, ...]) -> None:
    texts = [text.text for text in drawing(moments(days, timedelta(days=1))).iter("text")]

    assert [text for text in texts if text and "May" in text] == [f"{day} May 2026" for day in written]


def test_the_scale_begins_at_nothing() -> None:
    texts = [text.text for text in drawing(moments(31, timedelta(days=1))).iter("text")]

    assert [text for text in texts if text and text.isdecimal()] == ["0", "2", "4", "6"]


def test_hours_and_times_in_which_nothing_happened_can_be_drawn() -> None:
    texts = [text.text for text in drawing(moments(24, timedelta(hours=1))).iter("text")]
    assert "1 May 06:00" in texts
    nothing = without_gaps([], START, START + timedelta(days=5), Step.DAY)
    assert len(list(drawing(nothing).iter("circle"))) == 10
