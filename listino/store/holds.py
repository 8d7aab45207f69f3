"""The held prices: finding them, and deciding on them."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pymongo.database import Database

from listino.domain.audit import AuditEntry, Outcome, held_entry
from listino.domain.errors import AlreadyDecided, InvalidValue, ProductNotFound, UnknownShop
from listino.domain.held import DoubtKind, Held
from listino.domain.history import point_of
from listino.domain.listing import Terms, reoffer
from listino.domain.product import Product, ProductId
from listino.store.audit import Audit, AuditQuery, audit_write
from listino.store.collections import AUDIT, PRICE_HISTORY, PRODUCTS
from listino.store.documents import point_document, product_from
from listino.store.guard import Guard
from listino.store.history import history_writes, write_history
from listino.store.query import CARD
from listino.store.upsert import replacing

_SHOWN = {**CARD, "url": 1, "held": 1}
_BATCH = 100
_WORDS = {Outcome.ACCEPTED: "accepted", Outcome.REJECTED: "rejected", Outcome.SUPERSEDED: "superseded"}

TermsOf = Callable[[Product], Terms]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldQuery:
    """Which held prices, those that were held last first. `after`: when the last of the page before was held, and its id;
    `until`: none that was read for the first time, or anew, after that moment."""

    market: str | None = None
    shop: str | None = None
    crawl_id: str | None = None
    kind: DoubtKind | None = None
    after: tuple[datetime, ProductId] | None = None
    until: datetime | None = None

    def filter(self) -> dict[str, Any]:
        """The MongoDB filter; the index of held prices serves it, because it asks that there is one."""
        wanted = {
            "market": self.market,
            "shop": self.shop,
            "held.crawl_id": self.crawl_id,
            "held.kind": self.kind.value if self.kind else None,
        }
        conditions: list[dict[str, Any]] = [{"held.at": {"$exists": True}}]
        conditions += [{name: value} for name, value in wanted.items() if value is not None]
        if self.until is not None:
            conditions.append({"held.seen_at": {"$lte": self.until}})
        if self.after is not None:
            at, last = self.after
            conditions.append({"$or": [{"held.at": {"$lt": at}}, {"held.at": at, "_id": {"$gt": last}}]})
        return {"$and": conditions}


@dataclass(frozen=True, slots=True)
class Decided:
    """How many held prices were decided; `left` where the time did not suffice, `skipped` that cannot be accepted or that
    somebody else decided meanwhile, `undeclared` whose shop nobody knows any more."""

    done: int
    skipped: int
    undeclared: int
    left: bool


class Holds:
    """Held prices. Every decision names the reading it is about, and is made once, whoever else decides.

    It is noted in the audit log once it is made: a crash in between loses the entry, but none tells of what did not happen.
    """

    def __init__(self, database: Database, guard: Guard) -> None:
        self._guard = guard
        # Lists of them are read from the primary: what was just decided must be off the list.
        self._products = database[PRODUCTS.name]
        self._history = database[PRICE_HISTORY.name]
        self._writes_of_audit = database[AUDIT.name]
        self._audit = Audit(database)

    def page(self, query: HeldQuery, *, count: int) -> list[Product]:
        """At most `count` products with a held price and what a list shows of them."""
        cursor = self._products.find(query.filter(), _SHOWN).sort([("held.at", -1), ("_id", 1)]).limit(count)
        return [product_from(document) for document in cursor]

    def count(self, query: HeldQuery, *, most: int) -> int:
        """How many there are; `most` stands for that many and more."""
        return int(self._products.count_documents(query.filter(), limit=most))

    def by_shop(self, *, most: int) -> dict[str, int]:
        """How many prices of each shop (`it:bottega`) are held, among the `most` that were held last."""
        groups = self._products.aggregate(
            [
                {"$match": HeldQuery().filter()},
                {"$sort": {"held.at": -1}},
                {"$limit": most},
                {"$group": {"_id": {"market": "$market", "shop": "$shop"}, "count": {"$sum": 1}}},
            ]
        )
        return {f"{group['_id']['market']}:{group['_id']['shop']}": int(group["count"]) for group in groups}

    def kinds(self, query: HeldQuery) -> dict[DoubtKind, int]:
        """How many there are of each kind, the worst kind first."""
        groups = self._products.aggregate(
            [{"$match": query.filter()}, {"$group": {"_id": "$held.kind", "count": {"$sum": 1}}}]
        )
        found = {DoubtKind(group["_id"]): int(group["count"]) for group in groups}
        return {kind: found[kind] for kind in DoubtKind if kind in found}

    def accept(self, product_id: ProductId, reading: str, *, terms_of: TermsOf, by: str, at: datetime) -> Product:
        """The held offer becomes the offer, is priced and put in the history; returns the product as it is then.

        Raises AlreadyDecided; ProductNotFound; InvalidValue for what nobody could sell at; and what `terms_of` raises.
        """
        product, held = self._held(product_id, reading)
        offered = _accepted(product, held, terms_of)
        point = point_of(offered)
        # Shoppers pay it from the decision on, however long ago the shop showed it. The product carries that, lest a crash lose it.
        carried = (replace(point, at=at),) if point is not None else ()
        # The answer that was believed before is no measure any more: the next crawl reads the shop whole.
        fresh = replace(offered, changed_at=at, reading=None, unfiled=carried)
        change = replacing(fresh)
        if fresh.offer is not None:
            change["$max"] = {"offer.seen_at": fresh.offer.seen_at, "offer.checked_at": fresh.offer.checked_at}
        if product.unfiled:
            write_history(self._history, history_writes(product_id, product.unfiled))
        self._change(product, reading, change)
        if carried:
            write_history(self._history, history_writes(product_id, carried))
        self._note(held_entry(product, held, action=Outcome.ACCEPTED, by=by, at=at))
        return fresh

    def preview(self, product_id: ProductId, reading: str, *, terms_of: TermsOf) -> tuple[Product, Product]:
        """The product as it is and as accepting that reading would make it; changes nothing, raises what `accept` raises."""
        product, held = self._held(product_id, reading)
        return product, _accepted(product, held, terms_of)

    def reject(self, product_id: ProductId, reading: str, *, by: str, at: datetime) -> Product:
        """Closes the hold; the product stays as it is, and the same reading is not held again until the shop shows another.

        Raises AlreadyDecided and ProductNotFound.
        """
        product, held = self._held(product_id, reading)
        self._change(product, reading, {"$set": {"declined": reading}, "$unset": {"held": ""}})
        self._note(held_entry(product, held, action=Outcome.REJECTED, by=by, at=at))
        return product

    def decide_all(self, query: HeldQuery, decide: Callable[[Product, Held], object], *, seconds: float) -> Decided:
        """Has each price of the query decided, for so long; what cannot be is skipped."""
        deadline, done, skipped, undeclared = time.monotonic() + seconds, 0, 0, 0
        while batch := self.page(query, count=_BATCH):
            for product in batch:
                if time.monotonic() > deadline:
                    return Decided(done, skipped, undeclared, left=True)
                if product.held is None:
                    continue
                try:
                    decide(product, product.held)
                    done += 1
                except (AlreadyDecided, InvalidValue, ProductNotFound):
                    skipped += 1
                except UnknownShop:
                    undeclared += 1
                query = replace(query, after=(product.held.at, product.id))
        return Decided(done, skipped, undeclared, left=False)

    def _held(self, product_id: ProductId, reading: str) -> tuple[Product, Held]:
        document = self._products.find_one({"_id": product_id})
        if document is None:
            raise ProductNotFound(f"no product {product_id}")
        product = product_from(document)
        if product.held is None or product.held.reading != reading:
            raise AlreadyDecided(self._what_became(product))
        return product, product.held

    def _change(self, product: Product, reading: str, change: dict[str, Any]) -> None:
        """Changes the product if it is as it was when it was read, with that price held."""
        carried = [point_document(point) for point in product.unfiled] or None
        unchanged = {
            "_id": product.id,
            "held.reading": reading,
            "content_hash": product.content_hash,
            "handled.at": product.handling.at if product.handling else None,
            "unfiled": carried,
        }
        # A first price that is accepted puts the product on the lists.
        with self._guard.writing([product.id], moved=[product.id]):
            matched = self._products.update_one(unchanged, change).matched_count
        if not matched:
            self._held(product.id, reading)
            raise AlreadyDecided(f"{product.id} was changed at this moment: look at it again")

    def _what_became(self, product: Product) -> str:
        if product.held is not None:
            return f"{product.id}: the shop has shown another price since, which is held now: look at that one"
        if product.gone_at is not None:
            return f"{product.id}: the shop no longer has it"
        for found in self._audit.page(AuditQuery(subject=product.id, action="held"), count=1):
            return f"{product.id}: the price was {_WORDS[Outcome(found.entry.action)]} already, by {found.entry.by}"
        return f"{product.id}: no price is held"

    def _note(self, entry: AuditEntry) -> None:
        self._writes_of_audit.bulk_write([audit_write(entry)])


def _accepted(product: Product, held: Held, terms_of: TermsOf) -> Product:
    if not held.acceptable:
        raise InvalidValue(f"{held.doubts[0].words}: nothing can be sold at that, so it can only be rejected")
    return reoffer(product, held.offer, terms_of(product), at=held.seen_at, crawled=held.crawl_id is not None)
