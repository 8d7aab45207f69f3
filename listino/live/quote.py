"""The price to quote: the shop's own of this moment where it answered in time, else the last one known, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from listino.domain.history import PricePoint, previous_price, prior_price, with_unfiled
from listino.domain.money import Money
from listino.domain.offer import Availability
from listino.domain.product import Product, ProductId
from listino.live.answer import LiveAnswer, Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A price as of a moment. It is fresh when `reason` is None. `previous`: what it was before it last changed;
    `lowest_30d`: the prior price, the lowest of the 30 days before the present reduction."""

    product_id: ProductId
    price: Money | None
    availability: Availability
    as_of: datetime | None
    reason: Reason | None
    previous: Money | None
    lowest_30d: Money | None

    def fields(self) -> dict[str, Any]:
        """The quote as `GET /products/{id}/price` and `listino price --json` tell it: amounts as text, the time in UTC."""
        return {
            "product_id": self.product_id,
            "price": amount(self.price),
            "currency": self.price.currency if self.price else None,
            "availability": self.availability.value,
            "as_of": moment(self.as_of),
            "fresh": self.reason is None,
            "reason": self.reason.value if self.reason else None,
            "previous": amount(self.previous),
            "lowest_30d": amount(self.lowest_30d),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LastKnown:
    """What the store knows of a product's price: since `as_of` it costs that, and there is so much of it."""

    product_id: ProductId
    price: Money | None
    availability: Availability | None
    as_of: datetime | None
    gone: bool = False
    unfiled: tuple[PricePoint, ...] = ()  # what the product carries of its price history


def last_known(product: Product) -> LastKnown:
    """What a product says of its price."""
    offer, price = product.offer, product.price
    return LastKnown(
        product_id=product.id,
        price=price.amount if price else None,
        availability=offer.availability if offer else None,
        as_of=offer.checked_at if offer else product.changed_at,
        gone=product.gone_at is not None,
        unfiled=product.unfiled,
    )


def make_quote(known: LastKnown, answer: LiveAnswer, points: Sequence[PricePoint] | None) -> Quote:
    """The quote made of what the store and the shop know.

    `points` are the price history; None where it could not be read, and then nothing is said of it. What the product carries is
    part of it, and the quoted price is from its moment on, whether or not it has been stored yet.
    """
    as_of: datetime | None
    if answer.fresh:
        price, seen, as_of = answer.price, answer.availability, answer.as_of
    else:
        price, seen, as_of = known.price, known.availability, known.as_of
        if answer.availability is not None and not known.gone:
            seen = answer.availability
    availability = Availability.OUT_OF_STOCK if answer.reason is Reason.GONE else seen or Availability.UNKNOWN
    previous = lowest = None
    if points is not None:
        past = with_unfiled(points, known.unfiled)
        if price is not None and as_of is not None:
            past.append(PricePoint(at=as_of, price=price, cost=None, availability=availability))
            past.sort(key=lambda point: point.at)
        previous, lowest = previous_price(past), prior_price(past)
    return Quote(
        product_id=known.product_id,
        price=price,
        availability=availability,
        as_of=as_of,
        reason=answer.reason,
        previous=previous,
        lowest_30d=lowest,
    )


def amount(money: Money | None) -> str | None:
    return None if money is None else str(money)


def moment(at: datetime | None) -> str | None:
    """ISO 8601 in UTC, to the millisecond: `2026-03-01T09:30:00.000Z`."""
    return None if at is None else at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
