"""Taking in what shops showed: what is believed is stored, what is not is held, what was not read stays as it was.

Written once for the synchronous and the asynchronous store: a generator of questions that the caller answers before it
goes on, so that nothing here knows a driver.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from pymongo import UpdateOne

from listino.domain.drift import keeping, lost_fields
from listino.domain.held import DoubtKind
from listino.domain.history import with_unfiled
from listino.domain.listing import Terms
from listino.domain.money import Money
from listino.domain.plausibility import Background, doubts_of, hold
from listino.domain.product import Product, ProductId
from listino.store.collections import PRICE_HISTORY, PRODUCTS
from listino.store.documents import points_from, product_from
from listino.store.filing import Filing
from listino.store.holding import declined_writes, holding_writes, release_writes
from listino.store.upsert import NEEDED, UpsertPlan, needed_of, plan_upsert

Document = Mapping[str, Any]

# Of which other shops' prices for a GTIN the median is made, at most, a batch of products.
_MOST_OFFERS = 2000
_RECENT = timedelta(days=92)


@dataclass(slots=True)
class Question:
    """Documents that are wanted of a collection, each whole where there is no projection; whoever asked finds them in
    `documents`."""

    collection: str
    filter: dict[str, Any]
    projection: dict[str, int] | None = None
    most: int = 0  # 0: all of them
    documents: Sequence[Document] = ()

    def by_id(self) -> dict[ProductId, Document]:
        return {document["_id"]: document for document in self.documents}


@dataclass(slots=True)
class _Examined:
    """One product whose reading differs from what is stored, on its way through the gate."""

    read: Product
    known: Product | None
    background: Background = field(default_factory=Background)


def intake(
    plan: UpsertPlan,
    seen: Sequence[Product],
    *,
    terms: Terms | None = None,
    sound: Collection[str] = (),
    known: Mapping[ProductId, Product] = MappingProxyType({}),
    filing: Filing | None = None,
) -> Iterator[Question]:
    """Plans what to write for products of one shop as just seen, once each question has been answered.

    Without the shop's terms every price is believed and nothing is kept.

    `sound`: the ids of past crawls that read the shop as usual. A field that one of them missed, too, is gone; what
    only the present crawl misses is kept. Unchanged products are asked about once, in one question for all.

    `known`: products as they were read whole a moment ago, about which nothing is asked; for live refreshes alone, for
    they do not tell which fields crawls missed. `filing`: see plan_upsert.
    """
    stored: dict[ProductId, Document] = {product.id: needed_of(product) for product in known.values()}
    if unknown := [product.id for product in seen if product.id not in known]:
        yield (asked := Question(PRODUCTS.name, these(unknown), NEEDED))
        stored |= asked.by_id()
    if terms is None:
        plan_upsert(seen, stored, plan, filing)
        return
    believed = [product for product in seen if not _differs(product, stored.get(product.id))]
    differing = [product for product in seen if _differs(product, stored.get(product.id))]
    whole: dict[ProductId, Document] = {}
    if unread_yet := [product.id for product in differing if product.id in stored and product.id not in known]:
        yield (asked := Question(PRODUCTS.name, these(unread_yet)))
        whole = asked.by_id()
        stored |= whole  # what is judged is what the writes go by
    examined: list[_Examined] = []
    unread: dict[ProductId, dict[str, str]] = {}
    for product in differing:
        before = product_from(whole[product.id]) if product.id in whole else known.get(product.id)
        shown = before.own if before is not None else None
        kept, unread[product.id] = _kept(product, shown, whole.get(product.id, {}), terms, sound)
        examined.append(_Examined(kept, before))
    yield from _backgrounds(examined, terms)

    for entry in examined:
        doubts = doubts_of(entry.read, entry.known, terms.plausibility, entry.background)
        if not doubts:
            believed.append(entry.read)
        elif entry.known is None and any(doubt.kind is DoubtKind.NOT_POSITIVE for doubt in doubts):
            plan.worthless[entry.read.id] = "; ".join(doubt.words for doubt in doubts)
        else:
            held = hold(entry.read, doubts, entry.background, crawled=entry.read.crawled)
            if entry.known is not None and entry.known.declined == held.reading:
                declined_writes(plan, entry.read, entry.known)
            else:
                holding_writes(plan, entry.read, entry.known, held)
    plan_upsert(believed, stored, plan, filing)
    for product in believed:
        release_writes(plan, product, stored.get(product.id, {}))
        if product.crawled:
            _note_unread(plan, product, stored.get(product.id, {}), unread.get(product.id, {}))


def _backgrounds(examined: Sequence[_Examined], terms: Terms) -> Iterator[Question]:
    """Asks for more about the doubtful and the new; nothing at all where there are none."""
    doubtful = [entry for entry in examined if doubts_of(entry.read, entry.known, terms.plausibility)]
    fresh = [entry for entry in examined if entry.known is None or entry.known.offer is None]
    histories: dict[ProductId, list[Document]] = defaultdict(list)
    if ids := [entry.read.id for entry in doubtful if entry.known is not None and entry.read.offer]:
        since = min(entry.read.offer.checked_at for entry in doubtful if entry.read.offer) - _RECENT
        recent = {"product_id": {"$in": ids}, "month": {"$gte": f"{since:%Y-%m}"}}
        yield (asked := Question(PRICE_HISTORY.name, recent))
        for bucket in asked.documents:
            histories[bucket["product_id"]].append(bucket)
    market: dict[str, list[Document]] = defaultdict(list)
    if gtins := sorted({entry.read.gtin for entry in (*doubtful, *fresh) if entry.read.gtin}):
        offers = {"gtin": {"$in": gtins}, "gone_at": None, "offer.cost": {"$gt": 0}}
        shown = {"gtin": 1, "market": 1, "shop": 1, "offer.cost": 1, "offer.currency": 1}
        yield (asked := Question(PRODUCTS.name, offers, shown, _MOST_OFFERS))
        for document in asked.documents:
            market[document["gtin"]].append(document)
    for entry in (*doubtful, *fresh):
        filed = points_from(histories.get(entry.read.id, ()))
        history = with_unfiled(filed, entry.known.unfiled if entry.known else ())
        entry.background = Background(history=history, market=_elsewhere(entry.read, market))


def _elsewhere(read: Product, market: Mapping[str, Sequence[Document]]) -> list[Money]:
    return [
        Money(found["offer"]["cost"], found["offer"]["currency"])
        for found in market.get(read.gtin or "", ())
        if (found["market"], found["shop"]) != (read.market, read.shop)
    ]


def _kept(
    read: Product, known: Product | None, stored: Document, terms: Terms, sound: Collection[str]
) -> tuple[Product, dict[str, str]]:
    """The product with the fields that no sound crawl missed before, and which crawl missed each of them first."""
    if known is None or read.crawl_id is None or not read.crawled:
        return read, dict(stored.get("unread", {}))
    before: Mapping[str, str] = stored.get("unread", {})
    kept = {
        name
        for name in lost_fields(read, known)
        if before.get(name) in (None, read.crawl_id) or before[name] not in sound
    }
    unread = {name: before[name] if before.get(name) == read.crawl_id else read.crawl_id for name in sorted(kept)}
    product = keeping(read, known, kept, terms)
    # What was not read whole is read whole again, for only a second crawl that misses a field clears it.
    return (replace(product, reading=None) if unread else product), unread


def _note_unread(plan: UpsertPlan, product: Product, stored: Document, unread: Mapping[str, str]) -> None:
    if dict(stored.get("unread", {})) != dict(unread):
        change = {"$set": {"unread": dict(unread)}} if unread else {"$unset": {"unread": ""}}
        plan.products.append(UpdateOne({"_id": product.id}, change))


def _differs(product: Product, stored: Document | None) -> bool:
    return stored is None or stored.get("gone_at") is not None or stored.get("content_hash") != product.content_hash


def these(ids: Iterable[ProductId]) -> dict[str, Any]:
    """The filter for the products of those ids."""
    return {"_id": {"$in": list(ids)}}
