"""What is written of a product's price history, and when: a point for each change of price, cost or availability."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pymongo import UpdateOne
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError

from listino.domain.history import PricePoint
from listino.domain.money import Money
from listino.domain.offer import Availability
from listino.domain.product import Product, ProductId
from listino.store.documents import Document, point_document, points_in

DUPLICATE_KEY = 11000  # MongoDB's code


def offer_moved(product: Product, known: Mapping[str, Any]) -> bool:
    """Whether the product's history gains a point."""
    offer, price = known.get("offer") or {}, known.get("price") or {}
    if product.offer is None:
        return False
    return (offer.get("cost"), offer.get("availability"), price.get("amount")) != (
        product.offer.cost.minor,
        product.offer.availability.value,
        product.price.amount.minor if product.price else None,
    )


def unfiled_in(known: Mapping[str, Any]) -> tuple[PricePoint, ...]:
    """The points that a stored product carries, in the order in which they were written."""
    return points_in(known.get("unfiled", ()))


def _last_look(known: Mapping[str, Any]) -> datetime | None:
    """When somebody last looked at the shop: found the product as it is stored, at a price that is held, or gone."""
    offer, held = known.get("offer") or {}, known.get("held") or {}
    looks = (offer.get("checked_at"), held.get("seen_at"), known.get("gone_at"))
    return max((at for at in looks if at is not None), default=None)


def is_late(product: Product, known: Mapping[str, Any]) -> bool:
    """Whether somebody looked at the shop later and was done before us: then what they saw stays."""
    looked = _last_look(known)
    return bool(product.offer and looked and looked > product.offer.checked_at)


def way_back(product: Product, known: Mapping[str, Any]) -> list[PricePoint]:
    """The point that a history lacks to which we add one of before.

    Whoever looked later found the price of before us, so for them it had not changed; it has: to ours, and back.
    """
    looked, offer, price = _last_look(known), known.get("offer"), known.get("price")
    if looked is None or offer is None or not is_late(product, known):
        return []
    return [
        PricePoint(
            at=looked,
            price=Money(price["amount"], price["currency"]) if price else None,
            cost=Money(offer["cost"], offer["currency"]),
            availability=Availability(offer["availability"]),
        )
    ]


def history_writes(product_id: ProductId, points: Iterable[PricePoint]) -> list[UpdateOne]:
    """Adds points to the buckets of their months; those that are there already it leaves as they are."""
    months: dict[str, list[Document]] = {}
    for point in points:
        months.setdefault(f"{point.at:%Y-%m}", []).append(point_document(point))
    return [
        UpdateOne(
            {"_id": f"{product_id}:{month}", "product_id": product_id},
            {"$addToSet": {"points": {"$each": added}}, "$setOnInsert": {"month": month}},
            upsert=True,
        )
        for month, added in months.items()
    ]


def history_removal(product_id: ProductId, point: PricePoint) -> UpdateOne:
    """Takes a point out of the bucket of its month."""
    key = {"_id": f"{product_id}:{point.at:%Y-%m}", "product_id": product_id}
    return UpdateOne(key, {"$pull": {"points": point_document(point)}})


def write_history(history: Collection[Any], writes: Sequence[UpdateOne]) -> None:
    """Sends what `history_writes` made."""
    try:
        history.bulk_write(writes, ordered=False)
    except BulkWriteError as error:
        history.bulk_write(collided(error, writes), ordered=False)


def collided(error: BulkWriteError, writes: Sequence[UpdateOne]) -> list[UpdateOne]:
    """Those of the unordered writes that must be sent once more; raises the error where something else went wrong.

    Two writers who both find no document, say the first of a month's history, both insert it: MongoDB refuses the second,
    and repeats it by itself only where the filter has the unique key and nothing else. Ours has the shard key, too.
    """
    said = error.details or {}
    failed = said.get("writeErrors", [])
    if said.get("writeConcernErrors") or any(one["code"] != DUPLICATE_KEY for one in failed):
        raise error
    return [writes[one["index"]] for one in failed]
