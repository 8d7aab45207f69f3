"""A product's price over time, and what the law and the storefront ask of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from listino.domain.money import Money
from listino.domain.offer import Availability
from listino.domain.product import Product


@dataclass(frozen=True, slots=True, kw_only=True)
class PricePoint:
    """From `at` on the shopper paid `price` and the shop asked `cost`; either is None where it was not known."""

    at: datetime
    price: Money | None
    cost: Money | None
    availability: Availability

    def same_state(self, other: "PricePoint") -> bool:
        """Whether only the times differ."""
        return (self.price, self.cost, self.availability) == (other.price, other.cost, other.availability)


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


def lowest_since(points: Sequence[PricePoint], since: datetime) -> Money | None:
    """The lowest price in force at any moment from `since` on; the one in force when the window opens counts.

    `points` are ordered by time.
    """
    before = [point for point in points if point.at < since]
    inside = [point for point in points if point.at >= since]
    return min((point.price for point in (*before[-1:], *inside) if point.price), default=None)


def previous_price(points: Sequence[PricePoint]) -> Money | None:
    """The last price that differs from the present one; None if it never changed. `points` are ordered by time."""
    prices = [point.price for point in points if point.price]
    return next((price for price in reversed(prices) if price != prices[-1]), None)
