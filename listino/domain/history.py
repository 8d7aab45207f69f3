"""A product's price over time, and what the law and the storefront ask of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from listino.domain.money import Money
from listino.domain.offer import Availability

if TYPE_CHECKING:  # a product carries points itself
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


def point_of(product: "Product") -> PricePoint | None:
    """The point that a product's present state adds to its history; None for goods without an offer."""
    if product.offer is None:
        return None
    return PricePoint(
        at=product.offer.checked_at,
        price=product.price.amount if product.price else None,
        cost=product.offer.cost,
        availability=product.offer.availability,
    )


def in_force_since(points: Sequence[PricePoint], begins: datetime) -> list[PricePoint]:
    """Those that counted at that moment or came after it. `points` are ordered by time."""
    before = sum(point.at <= begins for point in points)
    return list(points[max(0, before - 1) :])


def with_unfiled(points: Sequence[PricePoint], unfiled: Sequence[PricePoint]) -> list[PricePoint]:
    """A history and the points that its product carries, of which it may have some, ordered by time."""
    return sorted(dict.fromkeys((*points, *unfiled)), key=lambda point: point.at)


def prior_price(points: Sequence[PricePoint]) -> Money | None:
    """The lowest of our own prices during PRIOR_PRICE_WINDOW before the present reduction began; None without one before.

    What a reduction is announced against; there is none to announce where the present price is not below it. A reduction
    is no part of that time, however long it lasts. It begins with the fall to the present price, or with the first of
    several falls where the price was lowered further before it had stood for a whole window, and never rose in between
    (art. 6a, par. 5: "progressively increased"). A rise ends it: after one, the lower price of before counts.

    A price that was in force already when the window opens counts; of goods that were not sold for that long, what there
    is. The present price is the last one known. `points` are ordered by time.
    """
    lasting = _lasting(points)
    began = _reduction_began(lasting)
    if began is None:
        return None
    opens = began - PRIOR_PRICE_WINDOW
    before = [point for point in lasting if point.at <= opens]
    inside = [point for point in lasting if opens < point.at < began]
    return min((point.price for point in (*before[-1:], *inside) if point.price is not None), default=None)


def _lasting(points: Sequence[PricePoint]) -> list[PricePoint]:
    """Those that were in force for any time: of several at one moment, the last."""
    return [point for point, following in pairwise(points) if point.at < following.at] + list(points[-1:])


def _reduction_began(points: Sequence[PricePoint]) -> datetime | None:
    """When the present reduction began, or the present price if it is none; None if there was no other before it."""
    changes: list[tuple[datetime, Money]] = []
    for point in points:
        if point.price is not None and (not changes or point.price != changes[-1][1]):
            changes.append((point.at, point.price))
    if len(changes) < 2:
        return None
    began = changes.pop()
    while (
        len(changes) > 1
        and began[1] < changes[-1][1] < changes[-2][1]
        and began[0] - changes[-1][0] < PRIOR_PRICE_WINDOW
    ):
        began = changes.pop()
    return began[0]


def previous_price(points: Sequence[PricePoint]) -> Money | None:
    """The last price that differs from the present one; None if it never changed. `points` are ordered by time."""
    prices = [point.price for point in points if point.price]
    return next((price for price in reversed(prices) if price != prices[-1]), None)
