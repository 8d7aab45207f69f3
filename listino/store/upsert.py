"""The plan of a bulk upsert: which writes bring the store to what was seen, decided without a server.

At least once is all a crawl promises, so every write here can be repeated: products by `_id`, history points as a set.
A product that did not change costs no write but its `seen` mark.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from listino.domain.history import PricePoint, point_of
from listino.domain.product import Offer, Product, ProductId
from listino.store.collections import AUDIT, PRICE_HISTORY, PRODUCTS
from listino.store.documents import point_document, product_document, product_from, reading_document

DUPLICATE_KEY = 11000  # MongoDB's code

# What must be known of the stored product to plan its upsert.
NEEDED = {
    "content_hash": 1,
    "gone_at": 1,
    "price.amount": 1,
    "offer.cost": 1,
    "offer.availability": 1,
    "held": 1,
    "declined": 1,
    "unread": 1,
    "name": 1,
    "category": 1,
    "brand": 1,
    "gtin": 1,
    "awaits_price": 1,
}

# What decides on which lists a product is, besides that it is on sale.
_LISTED_BY = ("name", "category", "brand", "gtin", "awaits_price")


@dataclass(slots=True)
class UpsertPlan:
    """The writes, and the ids by what happens to them: each is in one of the lists.

    `moved`: those among them that lists gain or lose, or show in another place.
    `declined`: those among them whose price somebody rejected before. `worthless`: new goods that ask no price, with the
    reason in words; they are not stored. `points`: what is written into the history of products that were known.
    """

    products: list[UpdateOne] = field(default_factory=list)
    history: list[UpdateOne] = field(default_factory=list)
    audit: list[UpdateOne] = field(default_factory=list)
    new: list[ProductId] = field(default_factory=list)
    changed: list[ProductId] = field(default_factory=list)
    unchanged: list[ProductId] = field(default_factory=list)
    returned: list[ProductId] = field(default_factory=list)
    held: list[ProductId] = field(default_factory=list)
    declined: list[ProductId] = field(default_factory=list)
    moved: list[ProductId] = field(default_factory=list)
    worthless: dict[ProductId, str] = field(default_factory=dict)
    points: dict[ProductId, PricePoint] = field(default_factory=dict)

    def writes(self, collection: str) -> list[UpdateOne]:
        """What is to be written to the collection of that name."""
        return {PRODUCTS.name: self.products, PRICE_HISTORY.name: self.history, AUDIT.name: self.audit}[collection]


def plan_upsert(
    seen: Iterable[Product], stored: Mapping[ProductId, Mapping[str, Any]], plan: UpsertPlan | None = None
) -> UpsertPlan:
    """What to write for products as just seen, given what the store holds of them (the fields of NEEDED).

    Added to `plan` where there is one.
    """
    plan = UpsertPlan() if plan is None else plan
    for product in seen:
        known = stored.get(product.id)
        if known is None:
            plan.new.append(product.id)
            plan.moved.append(product.id)
            plan.products.append(_insertion(product))
        elif known.get("gone_at") is not None:
            plan.returned.append(product.id)
            plan.moved.append(product.id)
            plan.products += _replacement(product)
        elif known.get("content_hash") != product.content_hash:
            plan.changed.append(product.id)
            if any((getattr(product, name) or None) != known.get(name) for name in _LISTED_BY):
                plan.moved.append(product.id)
            plan.products += _replacement(product)
        else:
            plan.unchanged.append(product.id)
            plan.products += seen_mark(product, reading=True)
        if known is None or offer_moved(product, known):
            point = point_of(product)
            if point is not None:
                plan.history.append(history_write(product.id, point))
                if known is not None:
                    plan.points[product.id] = point
    return plan


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


def after(plan: UpsertPlan) -> tuple[dict[str, Any], dict[str, int]]:
    """Filter and projection of what `overtaken` wants to know of the products, once all is written."""
    return {"_id": {"$in": list(plan.points)}}, {"name": 1, "offer": 1, "price": 1}


def overtaken(plan: UpsertPlan, stored: Iterable[Mapping[str, Any]]) -> list[UpdateOne]:
    """The points that histories lack where somebody who looked at the shop later was done before us.

    They found the price of before, so for them it had not changed; it has: to ours, which is in the history, and back.
    """
    points = {document["_id"]: point_of(product_from(document)) for document in stored}
    return [
        history_write(product_id, now)
        for product_id, ours in plan.points.items()
        if (now := points.get(product_id)) and now.at > ours.at and replace(now, at=ours.at) != ours
    ]


def history_write(product_id: ProductId, point: PricePoint) -> UpdateOne:
    """Adds a point to the bucket of its month."""
    month = f"{point.at:%Y-%m}"
    return UpdateOne(
        {"_id": f"{product_id}:{month}", "product_id": product_id},
        {"$addToSet": {"points": point_document(point)}, "$setOnInsert": {"month": month}},
        upsert=True,
    )


def _insertion(product: Product) -> UpdateOne:
    document = product_document(product)
    return UpdateOne({"_id": document.pop("_id")}, {"$setOnInsert": document}, upsert=True)


def _replacement(product: Product) -> list[UpdateOne]:
    """The new state, unless somebody looked at the shop later than we did; and the seen mark in any case.

    What only a crawl may say (its id, when it saw the product) is left to the seen mark: a live refresh that read the
    product before the crawl came by must not undo the crawl's word.
    """
    checked_at = product.offer.checked_at if product.offer else None
    not_newer = {"_id": product.id, "offer.checked_at": {"$not": {"$gt": checked_at}}}
    change = replacing(product)
    if product.offer is not None:
        # With the state and not after it, or an older one could come in between and pass for this one.
        change["$max"] = _looked_at(product.offer)
    return [UpdateOne(not_newer, change), *seen_mark(product)]


def replacing(product: Product) -> dict[str, Any]:
    """The update that makes a stored product this one, but for what only a crawl may say and when its shop was looked at."""
    fields = product_document(product)
    for kept in ("_id", "first_seen_at", "crawl_id"):
        fields.pop(kept, None)
    for name, value in fields.pop("offer", {}).items():
        if name not in ("seen_at", "checked_at"):
            fields[f"offer.{name}"] = value
    absent = [name for name in _OPTIONAL if name not in fields]
    return {"$set": fields, "$unset": dict.fromkeys(absent, "")}


# Fields that a product may lose again.
_OPTIONAL = (
    "slogan",
    "description",
    "category",
    "brand",
    "gtin",
    "gone_at",
    "awaits_price",
    "held",
    "declined",
    "reading",
)


def seen_mark(product: Product, *, reading: bool = False) -> list[UpdateOne]:
    """When a shop showed it, and in which crawl; nothing for imported goods, which no shop shows.

    With `reading`, how it was read, too: what it says is what the store holds.
    """
    offer = product.offer
    if offer is None:
        return []
    change: dict[str, Any] = {"$max": _looked_at(offer)}
    if product.crawl_id is not None and product.crawled:
        change |= met_in(product.crawl_id)
        if reading and product.reading is not None:
            change["$set"] |= {"reading": reading_document(product.reading)}
    return [UpdateOne({"_id": product.id}, change)]


def _looked_at(offer: Offer) -> dict[str, Any]:
    return {"offer.seen_at": offer.seen_at, "offer.checked_at": offer.checked_at}


def met_in(crawl_id: str) -> dict[str, Any]:
    """The update that notes the crawl which met a product, and forgets those that missed it."""
    return {"$set": {"crawl_id": crawl_id}, "$unset": {"missed": ""}}


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
