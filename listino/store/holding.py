"""The writes that hold a price, leave one held or declined, and release it.

Each of them names what it builds on (the reading that was held, the state that was accepted): where somebody decided
meanwhile, or a later reading came first, it finds nothing to change, and what was read is judged again.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from pymongo import UpdateOne

from listino.domain.audit import AuditEntry, Outcome, held_entry
from listino.domain.held import Held
from listino.domain.history import point_of
from listino.domain.plausibility import unpriced, withheld
from listino.domain.product import Product
from listino.store.audit import audit_write
from listino.store.documents import product_document
from listino.store.held_document import held_document, held_from
from listino.store.history import history_writes
from listino.store.upsert import UpsertPlan, as_planned, met_in, needed_of, seen_mark


def holding_writes(plan: UpsertPlan, read: Product, known: Product | None, held: Held) -> None:
    """Holds the price of a product: what was accepted stays, and the same reading as before counts once more."""
    plan.held.append(read.id)
    if known is None:
        document = product_document(replace(unpriced(read), held=held))
        plan.products.append(UpdateOne({"_id": document.pop("_id")}, {"$setOnInsert": document}, upsert=True))
        return
    before = known.held
    looked_later = known.offer is not None and known.offer.checked_at > held.seen_at
    if looked_later or (before is not None and before.seen_at >= held.seen_at):
        # Somebody looked later than we did, or it is held already: what they saw stays.
        if read.crawled and known.gone_at is None:
            plan.products += seen_mark(withheld(read, known))
        return
    if before is not None and before.reading != held.reading:
        plan.audit[read.id] = audit_write(_superseded(read, before, held.seen_at))
    elif before is not None:
        crawls = 1 if held.crawl_id is not None else 0
        held = replace(held, at=before.at, times=before.times + crawls, crawl_id=held.crawl_id or before.crawl_id)
    change, forgotten = _shown(plan, read, known)
    update = {"$set": change | {"held": held_document(held)}, "$unset": forgotten | {"declined": ""}}
    later = {"held.seen_at": {"$not": {"$gte": held.seen_at}}}
    plan.products.append(UpdateOne(as_planned(known.id, needed_of(known)) | later, update))


def declined_writes(plan: UpsertPlan, read: Product, known: Product) -> None:
    """Leaves a price that somebody rejected as it is; the stock that was read counts."""
    plan.declined.append(read.id)
    change, forgotten = _shown(plan, read, known)
    (plan.changed if change.get("content_hash") != known.content_hash and change else plan.unchanged).append(read.id)
    if change:
        update = {"$set": change} | ({"$unset": forgotten} if forgotten else {})
        plan.products.append(UpdateOne(as_planned(known.id, needed_of(known)), update))


def release_writes(plan: UpsertPlan, believed: Product, stored: Mapping[str, Any]) -> None:
    """A price that is believed closes the hold there was, and what was rejected before may be held again."""
    if believed.offer is None or not ("held" in stored or "declined" in stored):
        return
    at = believed.offer.checked_at
    if "held" in stored:
        if stored["held"]["seen_at"] > at:
            return  # whoever held it looked later than we did
        plan.audit[believed.id] = audit_write(_superseded(believed, held_from(stored["held"]), at))
    not_later = {"_id": believed.id, "held.seen_at": {"$not": {"$gt": at}}}
    plan.products.append(UpdateOne(not_later, {"$unset": {"held": "", "declined": ""}}))


def _shown(plan: UpsertPlan, read: Product, known: Product) -> tuple[dict[str, Any], dict[str, str]]:
    """What a crawl or a live refresh may say of a product whose price is not believed: its stock, and that it is there.

    As the fields to set and those to unset.
    """
    if known.offer is None:
        fields = product_document(unpriced(read.under(known.handling)))
        for kept in ("_id", "first_seen_at", "crawl_id", "offer"):
            fields.pop(kept, None)
        if not read.crawled or read.crawl_id is None:
            return fields, {}
        met = met_in(read.crawl_id)
        return fields | met["$set"], met["$unset"]
    if known.gone_at is not None:
        return {}, {}  # it is not sold again at a price of long ago
    kept_product = withheld(read, known)
    if read.crawled:
        plan.products += seen_mark(kept_product)
    if kept_product.content_hash == known.content_hash or kept_product.offer is None or read.offer is None:
        return {}, {}
    if kept_product.offer.availability is not known.offer.availability:
        point = point_of(kept_product)
        if point is not None:
            plan.history += history_writes(read.id, [replace(point, at=read.offer.checked_at)])
    fields = product_document(kept_product)
    change = {name: fields[name] for name in ("styles", "content_hash", "changed_at")}
    change["offer.availability"] = kept_product.offer.availability.value
    # The answer that was believed last had another stock: that the shop gives it again must not count as unchanged.
    return change, {"reading": ""}


def _superseded(read: Product, held: Held, at: datetime) -> AuditEntry:
    """By the crawl or the live refresh whose reading takes the held one's place."""
    by = f"crawl {read.crawl_id}" if read.crawled and read.crawl_id else "live refresh"
    return held_entry(read, held, action=Outcome.SUPERSEDED, by=by, at=at)
