import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest

from backoffice.charts.history import history_chart
from listino.domain.history import PricePoint
from listino.domain.money import Money
from listino.domain.offer import Availability

START = datetime(2026, 5, 1, tzinfo=UTC)


def points(*prices: int | None) -> list[PricePoint]:
    return [
        PricePoint(
            at=START + timedelta(days=day),
            price=None if price is None else Money(price),
            cost=Money(700),
            availability=Availability.IN_STOCK,
        )
        for day, price in enumerate(prices)
    ]


def test_one_price_is_no_history() -> None:
    assert history_chart(points(1000), until=START) is None
    assert history_chart([], until=START) is None


def test_the_drawing_has_nothing_that_the_content_security_policy_refuses() -> None:
    drawn = history_chart(points(1000, 1200, 900), until=START + timedelta(days=5))

    assert drawn is not None
    root = ElementTree.fromstring(drawn)  # noqa: S314  # our own drawing
    assert {element.tag for element in root.iter()} <= {"svg", "g", "path", "rect", "text"}
    assert not [element for element in root.iter() if "style" in element.attrib]
    assert root.get("role") == "img"
    assert root.get("aria-label")


def test_a_price_holds_until_the_next_one() -> None:
    drawn = history_chart(points(1000, 1200), until=START + timedelta(days=2))

    assert drawn is not None
    line = next(path for path in ElementTree.fromstring(drawn).iter("path") if "reactive" in path.get("class", ""))  # noqa: S314
    numbers = [float(number) for number in re.findall(r"[\d.]+", line.get("d", ""))]
    xs, ys = numbers[::2], numbers[1::2]
    assert len(xs) == 4
    assert xs[1] == xs[2]
    assert ys[0] == ys[1]
    assert ys[2] == ys[3] < ys[0]


def test_times_without_a_price_and_histories_of_an_hour_can_be_drawn() -> None:
    assert history_chart(points(1000, None, 900), until=START) is not None
    short = [
        points(1000)[0],
        PricePoint(at=START + timedelta(minutes=9), price=None, cost=None, availability=Availability.UNKNOWN),
    ]
    drawn = history_chart(short, until=START + timedelta(hours=1))
    assert drawn is not None
    assert "1 May 00:15" in drawn


def drawn_texts(history: list[PricePoint], until: datetime) -> list[str]:
    drawn = history_chart(history, until=until)
    assert drawn is not None
    return [text.text or "" for text in ElementTree.fromstring(drawn).iter("text")]  # noqa: S314


@pytest.mark.parametrize(
    "lasting",
    [timedelta(seconds=1), timedelta(seconds=40), timedelta(hours=1), timedelta(days=2), timedelta(days=3)],
    ids=str,
)
def test_no_two_marks_of_the_time_read_the_same(lasting: timedelta) -> None:
    history = [points(1000)[0], replace(points(1200)[0], at=START + lasting / 2)]
    texts = [text for text in drawn_texts(history, START + lasting) if "€" not in text]

    assert len(texts) >= 2
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("price", [1000, 1001, 1003])
def test_no_two_marks_of_the_price_read_the_same(price: int) -> None:
    history = [replace(point, cost=None) for point in points(1000, price)]
    texts = [text for text in drawn_texts(history, START + timedelta(days=9)) if "€" in text]

    assert texts
    assert len(set(texts)) == len(texts)


def test_a_price_of_a_moment_ago_can_be_seen() -> None:
    history = [points(1000)[0], replace(points(1200)[0], at=START + timedelta(days=40))]
    drawn = history_chart(history, until=history[-1].at + timedelta(seconds=2))

    assert drawn is not None
    line = next(path for path in ElementTree.fromstring(drawn).iter("path") if "reactive" in path.get("class", ""))  # noqa: S314
    xs = [float(number) for number in re.findall(r"[\d.]+", line.get("d", ""))][::2]
    assert len(xs) == 4
    assert xs[3] - xs[2] > 30
    assert xs[2] - xs[0] > 10 * (xs[3] - xs[2])


def test_a_history_begins_where_it_is_asked_for_and_shades_times_without_stock() -> None:
    told = points(1000, 1200, 900, 950)
    told[1] = replace(told[1], availability=Availability.OUT_OF_STOCK)
    drawn = history_chart(told, since=START + timedelta(hours=12), until=START + timedelta(days=4))

    assert drawn is not None
    shapes = [one for one in ElementTree.fromstring(drawn).iter("rect") if one.get("class") == "stock-out"]  # noqa: S314
    (shade,) = shapes
    ground = next(one for one in ElementTree.fromstring(drawn).iter("rect") if one.get("class") == "background")  # noqa: S314
    assert 0 < float(shade.get("x", 0)) < float(ground.get("width", 0)) / 2
    assert float(shade.get("width", 0)) > 50
    assert float(shade.get("height", 0)) > 100
    assert history_chart(told[:1], since=START, until=START) is None
