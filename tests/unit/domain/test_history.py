from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from listino.domain.history import PricePoint, lowest_since, point_of, previous_price
from listino.domain.money import Money
from listino.domain.offer import Availability
from listino.domain.product import Product

NOW = datetime(2026, 3, 31, tzinfo=UTC)


def points(*days_and_prices: tuple[int, int | None]) -> list[PricePoint]:
    """Points so many days before NOW, each with a price in cents."""
    return [
        PricePoint(
            at=NOW - timedelta(days=days),
            price=None if price is None else Money(price),
            cost=None,
            availability=Availability.IN_STOCK,
        )
        for days, price in days_and_prices
    ]


@pytest.mark.parametrize(
    ("history", "lowest"),
    [
        ([], None),
        ([(5, 900)], 900),
        ([(20, 900), (10, 700), (1, 800)], 700),
        # In force when the window opens, although set before it.
        ([(40, 500), (10, 700)], 500),
        # No longer in force when the window opens.
        ([(60, 300), (40, 500), (10, 700)], 500),
        # On the day itself the window opens with the new price, but the old one was in force until then.
        ([(40, 500), (30, 700)], 500),
        ([(40, 500)], 500),
        ([(10, None), (5, 700)], 700),
        ([(10, None)], None),
        ([(40, None), (5, 700)], 700),
    ],
)
def test_the_lowest_price_of_thirty_days(history: list[tuple[int, int | None]], lowest: int | None) -> None:
    found = lowest_since(points(*history), NOW - timedelta(days=30))
    assert found == (None if lowest is None else Money(lowest))


@pytest.mark.parametrize(
    ("history", "previous"),
    [
        ([], None),
        ([(5, 900)], None),
        ([(5, 900), (4, 900)], None),
        ([(5, 800), (4, 900)], 800),
        ([(9, 700), (5, 800), (4, 900), (3, 900)], 800),
        ([(9, 900), (5, 800), (4, 900)], 800),
        ([(9, 800), (5, None), (4, 900)], 800),
        ([(9, 800), (5, 900), (4, None)], 800),
    ],
)
def test_the_previous_price(history: list[tuple[int, int | None]], previous: int | None) -> None:
    assert previous_price(points(*history)) == (None if previous is None else Money(previous))


def test_the_point_of_a_product(listed_shirt: Product, seen_at: datetime) -> None:
    point = point_of(listed_shirt)
    assert point is not None
    assert listed_shirt.price is not None
    assert point == PricePoint(
        at=seen_at, price=listed_shirt.price.amount, cost=Money(2400), availability=Availability.IN_STOCK
    )
    assert point_of(replace(listed_shirt, offer=None)) is None


def test_points_of_one_state_differ_only_in_time() -> None:
    early, late, cheaper = points((5, 900), (4, 900), (3, 800))
    assert early.same_state(late)
    assert not early.same_state(cheaper)
    assert not early.same_state(replace(late, availability=Availability.OUT_OF_STOCK))
