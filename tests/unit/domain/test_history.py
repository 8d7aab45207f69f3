from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listino.domain.history import PricePoint, point_of, previous_price, prior_price
from listino.domain.money import Money
from listino.domain.offer import Availability
from listino.domain.product import Product

NOW = datetime(2026, 3, 31, tzinfo=UTC)


def points(*days_and_prices: tuple[float, int | None]) -> list[PricePoint]:
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
        ([(5, None)], None),
        # A price that never changed has none before it, whatever else was noted meanwhile.
        ([(5, 900)], None),
        ([(40, 900), (5, 900)], None),
        ([(40, None), (5, 700)], None),
        ([(9, 900), (5, None)], None),
        ([(9, 900), (5, None), (1, 900)], None),
        # A reduction is no part of what it is announced against, however long it lasts.
        ([(20, 900), (1, 700)], 900),
        ([(90, 900), (60, 700)], 900),
        ([(90, 900), (60, 700), (30, 700), (1, 700)], 900),
        # Nor is a price that rose.
        ([(20, 700), (1, 900)], 700),
        ([(20, 900), (10, 700), (1, 800)], 700),
        # The same price as before, in between another.
        ([(20, 700), (10, 900), (1, 700)], 700),
        ([(50, 700), (40, 900), (1, 700)], 900),
        # In force when the window opens, 31 days ago, although set before it.
        ([(40, 500), (10, 700), (1, 800)], 500),
        # No longer in force when the window opens.
        ([(60, 300), (40, 500), (10, 700), (1, 800)], 500),
        ([(60, 300), (40, None), (10, 700), (1, 800)], 700),
        ([(60, 300), (40, None), (1, 800)], None),
        # It gave way at the very moment the window opens, and a moment later.
        ([(60, 300), (31, 500), (1, 800)], 500),
        ([(60, 300), (30.999, 500), (1, 800)], 300),
        # A price that is not known now: the last one known is the present one.
        ([(20, 900), (10, 700), (1, None)], 900),
        ([(20, 900), (10, 700), (5, None), (1, 700)], 900),
        # A good that cost nothing for a while did so in earnest.
        ([(20, 900), (10, 0), (1, 700)], 0),
        # Two changes at one moment: the first was never in force.
        ([(20, 900), (1, 100), (1, 700)], 900),
        ([(20, 900), (10, 100), (10, 800), (1, 700)], 900),
        # On sale for the first time, with less history than thirty days: what there is.
        ([(12, 1000), (3, 800)], 1000),
        ([(12, 1000), (8, 950), (5, 1000), (3, 800)], 950),
        # Lowered step by step: all of it is one reduction, announced against what was asked before its first step.
        ([(60, 1000), (20, 900), (10, 800), (1, 700)], 1000),
        ([(60, 1000), (45, 950), (40, 1000), (20, 900), (10, 800), (1, 700)], 950),
        ([(60, 1000), (55, 1100), (20, 900), (1, 800)], 1100),
        ([(20, 1000), (10, 900), (5, 900), (1, 800)], 1000),
        # A step that stood for a whole window is the price of the goods by now.
        ([(90, 1000), (40, 900), (1, 800)], 900),
        ([(90, 1000), (31, 900), (1, 800)], 900),
        ([(90, 1000), (30.999, 900), (1, 800)], 1000),
        ([(90, 1000), (50, 900), (10, 800), (1, 700)], 900),
        # A rise inside a sale ends it, and the sale's own price is the lowest of what was before.
        ([(60, 1000), (20, 700), (10, 800)], 700),
        ([(60, 1000), (20, 700), (10, 900), (1, 800)], 700),
        ([(60, 1000), (20, 700), (10, 1000), (1, 800)], 700),
        ([(60, 1000), (20, 700), (10, 1000), (1, 600)], 700),
        # Long enough after it, the sale no longer counts.
        ([(90, 1000), (60, 700), (40, 1000), (1, 800)], 1000),
        # Raised before it is lowered: the high price is no prior price.
        ([(90, 800), (5, 1200), (1, 900)], 800),
    ],
)
def test_the_prior_price_is_the_lowest_of_thirty_days_before_the_present_one(
    history: list[tuple[float, int | None]], lowest: int | None
) -> None:
    assert prior_price(points(*history)) == (None if lowest is None else Money(lowest))


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(1, 5)), max_size=12))
def test_a_prior_price_is_one_that_was_asked_before(changes: list[tuple[int, int]]) -> None:
    history = points(*sorted(changes, key=lambda change: -change[0]))
    found = prior_price(history)

    assert found is None or found in {point.price for point in history[:-1]}
    assert prior_price([*history, *history[-1:]]) == found


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
