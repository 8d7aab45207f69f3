"""The plan of a bulk upsert: which writes bring the store to what was seen, decided without a server.

At least once is all a crawl promises, so every write here can be repeated: products by `_id`, history points as a set.
A product that did not change costs no write but its `seen` mark. What replaces a product names the state that it goes by (see
`as_planned`): where somebody was faster it finds nothing to change, and is planned again (listino.store.storing).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pymongo import UpdateOne

from listino.domain.history import PricePoint, point_of
from listino.domain.product import Offer, Product, ProductId
from listino.store.documents import (
    carrying,
    handling_document,
    handling_from,
    point_document,
    product_document,
    reading_document,
)
from listino.store.filing import MOST_UNFILED, Filing
from listino.store.held_document import held_document
from listino.store.history import history_writes, is_late, offer_moved, unfiled_in, way_back

# What must be known of the stored product to plan its upsert.
NEEDED = {
    "content_hash": 1,
    "gone_at": 1,
    "price.amount": 1,
    "price.currency": 1,
    "offer.cost": 1,
    "offer.currency": 1,
    "offer.availability": 1,
    "offer.checked_at": 1,
    "held": 1,
    "declined": 1,
    "unread": 1,
    "name": 1,
    "category": 1,
    "brand": 1,
    "gtin": 1,
    "awaits_price": 1,
    "handled": 1,
    "unfiled": 1,
}

# What decides on which lists a product is, besides that it is on sale.
_LISTED_BY = ("name", "category", "brand", "gtin", "awaits_price")


@dataclass(slots=True)
class UpsertPlan:
    """The writes, and the ids by what happens to them: each is in one of the lists.

    `moved`: those among them that lists gain or lose, or show in another place.
    `declined`: those among them whose price somebody rejected before. `worthless`: new goods that ask no price, with the
    reason in words; they are not stored. `believed`: the products whose state the store is to have. `points`: what is written
    into the history of those that were known. `audit`: at most one entry a product.
    """

    products: list[UpdateOne] = field(default_factory=list)
    history: list[UpdateOne] = field(default_factory=list)
    audit: dict[ProductId, UpdateOne] = field(default_factory=dict)
    new: list[ProductId] = field(default_factory=list)
    changed: list[ProductId] = field(default_factory=list)
    unchanged: list[ProductId] = field(default_factory=list)
    returned: list[ProductId] = field(default_factory=list)
    held: list[ProductId] = field(default_factory=list)
    declined: list[ProductId] = field(default_factory=list)
    moved: list[ProductId] = field(default_factory=list)
    worthless: dict[ProductId, str] = field(default_factory=dict)
    believed: dict[ProductId, Product] = field(default_factory=dict)
    points: dict[ProductId, PricePoint] = field(default_factory=dict)

    def amend(self, again: "UpsertPlan") -> None:
        """Takes over what becomes of products that had to be planned again. `moved` gains in place, for a guard looks at it."""
        told = {*again.new, *again.changed, *again.unchanged, *again.returned, *again.held, *again.declined}
        for name in ("new", "changed", "unchanged", "returned", "held", "declined"):
            mine: list[ProductId] = getattr(self, name)
            mine[:] = [product_id for product_id in mine if product_id not in told] + getattr(again, name)
        self.moved += again.moved
        self.worthless |= again.worthless


def plan_upsert(
    seen: Iterable[Product],
    stored: Mapping[ProductId, Mapping[str, Any]],
    plan: UpsertPlan | None = None,
    filing: Filing | None = None,
) -> UpsertPlan:
    """What to write for products as just seen, given what the store holds of them (the fields of NEEDED).

    Added to `plan` where there is one. With `filing` a product that a live refresh saw carries its new point itself where it
    can; without, and where it cannot, the point and those it carried so far are in `history`, which is written first.
    """
    plan = UpsertPlan() if plan is None else plan
    for product in seen:
        known = stored.get(product.id)
        if known is not None and (product.handling is not None or "handled" in known):
            product = product.under(handling_from(known["handled"]) if "handled" in known else None)
        if known is None:
            _plan_new(plan, product)
        else:
            _plan_known(plan, product, known, filing)
    return plan


def _plan_new(plan: UpsertPlan, product: Product) -> None:
    plan.believed[product.id] = product = carrying(product)
    plan.new.append(product.id)
    plan.moved.append(product.id)
    plan.products.append(_insertion(product))
    if (point := point_of(product)) is not None:
        plan.history += history_writes(product.id, [point])


def _plan_known(plan: UpsertPlan, product: Product, known: Mapping[str, Any], filing: Filing | None) -> None:
    unfiled = unfiled_in(known)
    point = point_of(product) if offer_moved(product, known) else None
    is_gone, is_same = known.get("gone_at") is not None, known.get("content_hash") == product.content_hash
    is_unchanged = is_same and not is_gone
    if is_unchanged:
        # Its mark leaves them as they are.
        carried = unfiled if filing is not None and point is None else None
        product = carrying(product, unfiled)
    else:
        carried = _carried(product, known, point, filing)
        product = carrying(product, carried or ())
    plan.believed[product.id] = product
    if carried is None:
        points = list(unfiled)
        if point is not None:
            plan.points[product.id] = point
            points += [point, *way_back(product, known)]
        plan.history += history_writes(product.id, points)

    if is_unchanged:
        plan.unchanged.append(product.id)
        plan.products += seen_mark(product, _same(product, known), reading=True)
        if unfiled and product.crawled:
            filed = {"_id": product.id, "unfiled": known["unfiled"]}
            plan.products.append(UpdateOne(filed, {"$unset": {"unfiled": ""}}))
        return
    if is_gone and is_late(product, known):
        plan.unchanged.append(product.id)
    elif is_gone:
        plan.returned.append(product.id)
        plan.moved.append(product.id)
    else:
        plan.changed.append(product.id)
        if any((getattr(product, name) or None) != known.get(name) for name in _LISTED_BY):
            plan.moved.append(product.id)
    plan.products += _replacement(product, known)


def _carried(
    product: Product, known: Mapping[str, Any], point: PricePoint | None, filing: Filing | None
) -> tuple[PricePoint, ...] | None:
    """The points that a product carries from now on; None where they are to be in the history before it is written."""
    if filing is None or product.crawled or is_late(product, known):
        return None
    if any(known.get(name) is not None for name in ("gone_at", "held", "declined")):
        return None
    points = filing.rest(product.id, unfiled_in(known))
    points += (point,) if point is not None else ()
    return points if len(points) <= MOST_UNFILED else None


def needed_of(product: Product) -> dict[str, Any]:
    """The fields of NEEDED, as a stored product has them, but for `unread`, of which it says nothing."""
    offer, price = product.offer, product.price
    fields: dict[str, Any] = {
        "_id": product.id,
        "content_hash": product.content_hash,
        "gone_at": product.gone_at,
        "held": held_document(product.held) if product.held else None,
        "declined": product.declined,
        "name": product.name,
        "category": product.category,
        "brand": product.brand,
        "gtin": product.gtin,
        "awaits_price": product.awaits_price or None,
        "handled": handling_document(product.handling) if product.handling else None,
        "unfiled": [point_document(point) for point in product.unfiled] or None,
    }
    if offer is not None:
        fields["offer"] = {
            "cost": offer.cost.minor,
            "currency": offer.cost.currency,
            "availability": offer.availability.value,
            "checked_at": offer.checked_at,
        }
    if price is not None:
        fields["price"] = {"amount": price.amount.minor, "currency": price.amount.currency}
    return {name: value for name, value in fields.items() if value is not None}


def as_planned(product_id: ProductId, known: Mapping[str, Any]) -> dict[str, Any]:
    """The filter for the product as it was when its write was planned: what was seen, what was decided of it, and the points it carried."""
    return {
        "_id": product_id,
        "content_hash": known.get("content_hash"),
        "gone_at": known.get("gone_at"),
        "held.reading": (known.get("held") or {}).get("reading"),
        "declined": known.get("declined"),
        "handled.at": (known.get("handled") or {}).get("at"),
        "unfiled": known.get("unfiled"),
    }


def _same(product: Product, known: Mapping[str, Any]) -> dict[str, Any]:
    """The filter for the mark of an unchanged product: what harms none that was changed meanwhile needs no more than its id."""
    if not product.crawled:
        return as_planned(product.id, known)
    return {"_id": product.id} | ({"content_hash": product.content_hash} if product.reading is not None else {})


def _insertion(product: Product) -> UpdateOne:
    document = product_document(product)
    return UpdateOne({"_id": document.pop("_id")}, {"$setOnInsert": document}, upsert=True)


def _replacement(product: Product, known: Mapping[str, Any]) -> list[UpdateOne]:
    """The new state, unless somebody looked at the shop later than we did: then what a crawl notes is left, if it was one.

    What only a crawl may say (its id, when it saw the product) a live refresh leaves alone: one that read the product
    before the crawl came by must not undo the crawl's word.
    """
    if is_late(product, known):
        return seen_mark(product) if product.crawled else []
    change = replacing(product)
    same = as_planned(product.id, known)
    if product.offer is not None:
        same["offer.checked_at"] = {"$not": {"$gt": product.offer.checked_at}}
        # With the state and not after it, or an older one could come in between and pass for this one.
        change["$max"] = _looked_at(product.offer)
    if product.crawled and product.crawl_id is not None:
        met = met_in(product.crawl_id)
        change = change | {"$set": change["$set"] | met["$set"], "$unset": change["$unset"] | met["$unset"]}
    return [UpdateOne(same, change)]


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
    "unfiled",
)


def seen_mark(product: Product, same: Mapping[str, Any] | None = None, *, reading: bool = False) -> list[UpdateOne]:
    """When a shop showed it, and in which crawl; nothing for imported goods, which no shop shows.

    Where there is a filter `same`, on the product as it was alone. With `reading`, how it was read, too: what it says is what the store holds.
    """
    offer = product.offer
    if offer is None:
        return []
    change: dict[str, Any] = {"$max": _looked_at(offer)}
    if product.crawl_id is not None and product.crawled:
        change |= met_in(product.crawl_id)
        if reading and product.reading is not None:
            change["$set"] |= {"reading": reading_document(product.reading)}
    return [UpdateOne(same or {"_id": product.id}, change)]


def _looked_at(offer: Offer) -> dict[str, Any]:
    return {"offer.seen_at": offer.seen_at, "offer.checked_at": offer.checked_at}


def met_in(crawl_id: str) -> dict[str, Any]:
    """The update that notes the crawl which met a product, and forgets those that missed it."""
    return {"$set": {"crawl_id": crawl_id}, "$unset": {"missed": ""}}
