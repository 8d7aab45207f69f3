"""The products repository, synchronous: for the back office, the workers and the command line."""

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any, Literal, NamedTuple

import pymongo
from pymongo.database import Database
from pymongo.errors import BulkWriteError, ExecutionTimeout

from listino.domain.errors import ProductNotFound, TooBroad
from listino.domain.history import PricePoint
from listino.domain.listing import Terms
from listino.domain.product import Product, ProductId
from listino.store.collections import LIST_READS, PRICE_HISTORY, PRODUCTS
from listino.store.documents import points_from, product_from
from listino.store.filing import Filing
from listino.store.guard import Guard
from listino.store.intake import Question
from listino.store.query import AT_ONCE, CARD, ON_SALE, ProductQuery, Run, gone, on_sale_of, spellings
from listino.store.stock import counted
from listino.store.storing import Storing
from listino.store.upsert import UpsertPlan

FEW = 300  # products that are looked through without regard to how few of them are wanted
SEARCH_SECONDS = 1.5  # a person waits no longer for a list without being told why

_LAST_CHARACTER = "\U0010ffff"


class Sought(NamedTuple):
    """A page of a list, and the list from behind it on; None at its end."""

    products: list[Product]
    further: ProductQuery | None


class Products:
    """Products and their price history. Without `filing` no product carries points: the history is written first."""

    def __init__(self, database: Database, guard: Guard, filing: Filing | None = None) -> None:
        self._database = database
        self._guard = guard
        self._filing = filing
        self._products = database[PRODUCTS.name]
        self._lists = database.get_collection(PRODUCTS.name, read_preference=LIST_READS)
        self._history = database[PRICE_HISTORY.name]

    def get(self, product_id: ProductId) -> Product:
        """The product, gone or not; raises ProductNotFound. One shard's read."""
        document = self._products.find_one({"_id": product_id})
        if document is None:
            raise ProductNotFound(f"no product {product_id}")
        return product_from(document)

    def among(self, product_ids: Sequence[ProductId]) -> dict[ProductId, Product]:
        """Those of the products that there are, gone or not, by their ids."""
        found = self._products.find({"_id": {"$in": list(product_ids)}})
        return {document["_id"]: product_from(document) for document in found}

    def page(self, query: ProductQuery, *, count: int) -> list[Product]:
        """At most `count` products of the list with the fields a list shows. Where a `ranked` one goes on, `sought` says."""
        return [product for product, _ in self._placed(query, count)]

    def _placed(self, query: ProductQuery, count: int) -> list[tuple[Product, ProductQuery]]:
        """At most `count` products of the list, and of each the list as it is asked for in its stretch."""
        found: list[tuple[Product, ProductQuery]] = []
        for stretch, run in self._runs(query):
            cursor = self._lists.find(run.filter, CARD).sort(run.sort).limit(count - len(found))
            found += [(product_from(document), stretch) for document in cursor]
            if len(found) >= count:
                break
        return found

    def _runs(self, query: ProductQuery) -> Iterator[tuple[ProductQuery, Run]]:
        """The questions whose answers are the list, each made when the ones before did not fill the page, and the list as it
        is asked for from the stretch on that a question is of."""
        if not query.ranked:
            yield from ((query, run) for run in query.runs())
            return
        if not query.cut:
            yield query, query.whole_run()
            query = replace(query, cut=True, after=None)
        longer = query.continued
        yield query, query.cut_run(rarely=bool(longer) and all(map(self._is_rare, longer)))

    def _is_rare(self, condition: dict[str, Any]) -> bool:
        found = self._lists.find(condition, {"_id": 1}).limit(FEW + 1)
        return len(list(found)) <= FEW

    def sought(self, query: ProductQuery, *, count: int) -> Sought:
        """A page of `count` products, one or more, of a list with any filters; raises TooBroad where they have MongoDB look
        through more than it can in SEARCH_SECONDS: each by itself is carried by an index, not every one together with every
        other."""
        try:
            with pymongo.timeout(SEARCH_SECONDS) if query.combined else nullcontext():
                placed = self._placed(query, count + 1)  # one more tells whether the list goes on
        except ExecutionTimeout as error:
            if not query.combined:
                raise
            raise TooBroad("these filters together leave too much to look through") from error
        products = [product for product, _ in placed[:count]]
        if len(placed) <= count:
            return Sought(products, None)
        last, stretch = placed[count - 1]
        return Sought(products, stretch.following(last))

    def with_gtin(self, gtin: str) -> list[Product]:
        """The same good wherever else it is offered, gone ones left out; at most 50."""
        cursor = self._lists.find({"gtin": gtin, **ON_SALE}, CARD).sort("_id", 1).limit(50)
        return [product_from(document) for document in cursor]

    def names(self, field: Literal["brand", "category"], beginning: str, *, most: int) -> list[str]:
        """At most `most` brands or categories that begin so, whichever way people set capitals, in order.

        Each costs one step in an index, however many products bear it.
        """
        found: set[str] = set()
        for start in spellings(beginning):
            bound = {"$gte": start}
            while len(found) < most:
                within = {field: {**bound, "$lt": start + _LAST_CHARACTER}}
                document = self._lists.find_one(within, {"_id": 0, field: 1}, sort=[(field, 1)])
                if document is None:
                    break
                found.add(document[field])
                bound = {"$gt": document[field]}
        return sorted(found)

    def history(self, product_id: ProductId) -> list[PricePoint]:
        """The product's price history, ordered by time, but for what the product itself carries (`with_unfiled`): read that
        before, so that nothing is missed that is filed in between. One shard's read."""
        return points_from(self._history.find({"product_id": product_id}))

    def upsert(
        self,
        seen: Sequence[Product],
        *,
        terms: Terms | None = None,
        sound: Collection[str] = (),
    ) -> UpsertPlan:
        """Stores products as just seen and returns what that meant for each; repeating it changes nothing more.

        With the `terms` of their shop, prices that are not plausible are held instead, and fields that only this crawl
        did not read are kept (`sound`: see intake). Its point is in the product or in the history first: a crash in between
        repeats a point, it never loses a price. Where somebody changes a product meanwhile, it is read and planned again. Raises
        Contended, one of UNAVAILABLE.
        """
        storing = Storing(seen, terms=terms, sound=sound)
        for question in storing.planning():
            self._answer(question)
        with self._guard.writing(storing.ids, moved=storing.plan.moved, left=storing.left):
            for step in storing.writing():
                if isinstance(step, Question):
                    self._answer(step)
                    continue
                try:
                    step.done(self._database[step.collection].bulk_write(step.writes, ordered=False))
                except BulkWriteError as error:
                    step.refused(error)
        return storing.plan

    async def refresh(
        self, seen: Sequence[Product], *, terms: Terms | None = None, known: Mapping[ProductId, Product]
    ) -> UpsertPlan:
        """As `upsert`, for live refreshes. All is done in the caller's event loop, but that threads wait for MongoDB
        (docs/decisions/0043-refreshes-stay-in-their-loop.md).

        `known`: the products as they were read before the shop was asked. They are not read again unless somebody changed
        them since, and they may carry their points themselves for a while: `unfiled`.
        """
        storing = Storing(seen, terms=terms, known=known, filing=self._filing)
        for question in storing.planning():
            await asyncio.to_thread(self._answer, question)
        async with self._guard.writing_async(storing.ids, moved=storing.plan.moved, left=storing.left):
            for step in storing.writing():
                if isinstance(step, Question):
                    await asyncio.to_thread(self._answer, step)
                    continue
                write = self._database[step.collection].bulk_write
                try:
                    step.done(await asyncio.to_thread(write, step.writes, ordered=False))
                except BulkWriteError as error:
                    step.refused(error)
        return storing.plan

    def _answer(self, question: Question) -> None:
        found = self._database[question.collection].find(question.filter, question.projection)
        question.documents = list(found.limit(question.most))

    def mark_gone(self, product_ids: Iterable[ProductId], at: datetime) -> int:
        """Notes that the shop no longer has these; returns how many were not gone before."""
        ids = list(product_ids)
        with self._guard.writing(ids, moved=ids):
            return self._products.update_many({"_id": {"$in": ids}, "gone_at": None}, gone(at)).modified_count

    def mark_shop_gone(self, market: str, shop: str, at: datetime) -> int:
        """Takes everything of a shop off sale; returns how many products that were."""
        filtered, ended = on_sale_of(market, shop), 0
        found = self._products.find(filtered, {"_id": 1})
        while ids := [document["_id"] for document in islice(found, AT_ONCE)]:
            with self._guard.writing(ids, moved=ids):
                these = {"_id": {"$in": ids}, **filtered}
                ended += self._products.update_many(these, gone(at)).modified_count
        return ended

    def counts(self) -> dict[str, int]:
        """Products on sale by `market:shop`."""
        return {shop: stock.on_sale for shop, stock in counted(self._lists) if stock.on_sale}
