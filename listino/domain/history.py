"""A product's price over time, and what the law and the storefront ask of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from listino.domain.money import Money
from listino.domain.offer import Availability
from listino.domain.product import Product

# Directive 98/6/EC, art. 6a, par. 2: the prior price is the lowest of no less than 30 days before the reduction.
PRIOR_PRICE_WINDOW: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class PricePoint:
    """From `at` on the shopper paid `price` and the shop asked `cost`; either is None where it was not known."""

    at: datetime
    price: Money | None
    cost: Money | None
    availability: Availability


def point_of(product: Product) -> PricePoint | None:
    """The point that a product's present state adds to its history; None for goods without an offer."""
    if product.offer is None:
        return None
    return PricePoint(
        at=product.offer.checked_at,
        price=product.price.amount if product.price else None,
        cost=product.offer.cost,
        availability=product.offer.availability,
    )


def prior_price(points: Sequence[PricePoint]) -> Money | None:
    """The lowest price in force during PRIOR_PRICE_WINDOW before the present price; None if it never changed.

    What a reduction is announced against: the present price itself, reduced or not, is no part of it. A price that was
    in force already when the window opens counts. The present price is the last one known, in force since it last
    differed. `points` are ordered by time.
    """
    since = _present_since(points)
    if since is None:
        return None
    opens = since - PRIOR_PRICE_WINDOW
    before = [point for point in points if point.at <= opens]
    inside = [point for point in points if opens < point.at < since]
    return min((point.price for point in (*before[-1:], *inside) if point.price is not None), default=None)


def _present_since(points: Sequence[PricePoint]) -> datetime | None:
    """When the present price came into force; None if there was no other before it."""
    known = [point for point in points if point.price is not None]
    since = None
    for point in reversed(known):
        if point.price != known[-1].price:
            return since
        since = point.at
    return None


def previous_price(points: Sequence[PricePoint]) -> Money | None:
    """The last price that differs from the present one; None if it never changed. `points` are ordered by time."""
    prices = [point.price for point in points if point.price]
    return next((price for price in reversed(prices) if price != prices[-1]), None)
