"""The asynchronous store, for the storefront API and the Scrapy pipelines.

Motor is imported here and nowhere else: PyMongo's AsyncMongoClient has the same calls and takes its place by changing
the import and CLIENT below.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex
from typing import Any

from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError
from pymongo.read_preferences import PrimaryPreferred

from listino.domain.audit import Outcome, held_entry
from listino.domain.clock import utc_now
from listino.domain.errors import EngineUnavailable, ProductNotFound
from listino.domain.events import Event
from listino.domain.history import PricePoint
from listino.domain.listing import Terms
from listino.domain.product import Product, ProductId, Reading
from listino.settings import Settings
from listino.store.audit import audit_write
from listino.store.client import opened, unavailable
from listino.store.collections import (
    AUDIT,
    EVENTS,
    LIST_READS,
    PRICE_HISTORY,
    PRODUCTS,
    SESSIONS,
)
from listino.store.crawl_records import AsyncCrawls
from listino.store.documents import Document, points_from, product_from
from listino.store.erasing import AsyncErasures
from listino.store.event_writes import event_writes, refused, session_writes
from listino.store.familiar import Familiar
from listino.store.guard import Bounded, Guard, ReadOnly
from listino.store.intake import Question
from listino.store.marks import STRIDE, Marks, Place
from listino.store.outage import UNAVAILABLE, time_limit
from listino.store.query import AT_ONCE, CARD, PAGE, ProductQuery, gone, on_sale_of
from listino.store.recognition import Recognition
from listino.store.storing import Storing
from listino.store.summing import Summing, upserted
from listino.store.sums import KEEP_SECONDS
from listino.store.upsert import UpsertPlan, met_in

CLIENT = AsyncIOMotorClient

MARKING_SECONDS = 10.0  # for one batch of ids, in the background

_BY_SHOP = [("market", 1), ("shop", 1)]

_ID = {"_id": 1}

# What is on sale: only of that can a crawl say that it has not changed.
_OFFERED = {"gone_at": None, "offer": {"$ne": None}}

# What a crawl needs to know of a product before it asks for it again.
_READING = {"reading": 1, "gone_at": 1, "crawl_id": 1}


@dataclass(frozen=True, slots=True)
class KeptReading:
    """A product by how it was last read; `crawl_id`: the crawl that met it last."""

    product_id: ProductId
    reading: Reading
    gone: bool
    crawl_id: str | None


class AsyncProducts:
    """What `listino.store.products.Products` promises, awaited."""

    def __init__(self, database: AsyncIOMotorDatabase, guard: Guard) -> None:
        self._database = database
        self._guard = guard
        self._products = database[PRODUCTS.name]
        self._lists = database.get_collection(PRODUCTS.name, read_preference=LIST_READS)
        self._marked = database.get_collection(PRODUCTS.name, read_preference=PrimaryPreferred())
        self._history = database[PRICE_HISTORY.name]
        self._marks = Marks(self._ids)

    async def get(self, product_id: ProductId) -> Product:
        """The product, gone or not; raises ProductNotFound. One shard's read."""
        document = await self._products.find_one({"_id": product_id})
        if document is None:
            raise ProductNotFound(f"no product {product_id}")
        return product_from(document)

    async def among(self, product_ids: Sequence[ProductId], *, behind: bool = False) -> dict[ProductId, Document]:
        """The documents of those of the products that there are, gone or not, by their ids: the last word, as the
        primaries have it, without what no page shows (PAGE). For pages, of which the store's callers render thousands a
        second (see api.rendering).

        `behind`: a secondary may tell it too, which may not have heard of the last writes yet.
        """
        collection = self._lists if behind else self._products
        found = collection.find({"_id": {"$in": list(product_ids)}}, PAGE)
        return {document["_id"]: document for document in await found.to_list(None)}

    async def sought(self, query: ProductQuery, skip: int, *, since: float | None = None) -> Place | None:
        """From where on the list is read after its first `skip` products, so that a page costs about the same wherever it
        is (see listino.store.marks); None where the list is not that long.

        `since`: when the list last changed, by time.monotonic, if that is known. Raises ListBeingPrepared when it is not
        known yet where the page begins. In other orders than that of ids, and in a search, what is skipped is read through.
        """
        if skip > STRIDE and query.markable:
            return await self._marks.seek(query, skip, since)
        return Place(query, skip)

    async def page(self, query: ProductQuery, *, count: int, skip: int = 0, behind: bool = True) -> list[Product]:
        """At most `count` products of the list, after its first `skip`, with the fields a list shows; of secondaries, or
        the last word of the primaries where it may not be `behind`. What is skipped is sought first: see `sought`."""
        found = await self._read(query, CARD, count=count, skip=skip, behind=behind)
        return [product_from(document) for document in found]

    async def page_ids(self, query: ProductQuery, *, count: int, skip: int = 0, behind: bool = True) -> list[ProductId]:
        """The ids of that page."""
        found = await self._read(query, _ID, count=count, skip=skip, behind=behind)
        return [document["_id"] for document in found]

    async def _read(
        self, query: ProductQuery, projection: Mapping[str, int], *, count: int, skip: int, behind: bool
    ) -> list[Mapping[str, Any]]:
        place = await self.sought(query, skip)
        if place is None:
            return []
        query, skip = place.query, place.skip
        collection = self._lists if behind else self._products
        found: list[Mapping[str, Any]] = []
        for run in query.runs():
            wanted = count - len(found)
            cursor = collection.find(run.filter, projection).sort(run.sort).skip(skip).limit(wanted)
            found += await cursor.to_list(wanted)
            if len(found) >= count:
                break
        return found

    async def _ids(self, query: ProductQuery, count: int) -> list[ProductId]:
        """The ids as marks are made of them: many at a time."""
        (run,) = query.runs()
        with time_limit(MARKING_SECONDS):
            cursor = self._marked.find(run.filter, _ID, batch_size=count).sort(run.sort).limit(count)
            return [document["_id"] for document in await cursor.to_list(count)]

    def close(self) -> None:
        """Ends what goes on in the background."""
        self._marks.close()

    async def history(self, product_id: ProductId) -> list[PricePoint]:
        """As `listino.store.products.Products.history`."""
        return points_from(await self._history.find({"product_id": product_id}).to_list(None))

    async def histories(self, product_ids: Collection[ProductId]) -> dict[ProductId, list[PricePoint]]:
        """Those histories of the products that there are."""
        buckets = defaultdict(list)
        for bucket in await self._history.find({"product_id": {"$in": list(product_ids)}}).to_list(None):
            buckets[bucket["product_id"]].append(bucket)
        return {product_id: points_from(some) for product_id, some in buckets.items()}

    async def upsert(
        self, seen: Sequence[Product], *, terms: Terms | None = None, sound: Collection[str] = ()
    ) -> UpsertPlan:
        """Stores products as just seen; see Products.upsert for the promise."""
        storing = Storing(seen, terms=terms, sound=sound)
        for question in storing.planning():
            await self._answer(question)
        async with self._guard.writing_async(storing.ids, moved=storing.plan.moved, left=storing.left):
            for step in storing.writing():
                if isinstance(step, Question):
                    await self._answer(step)
                    continue
                try:
                    step.done(await self._database[step.collection].bulk_write(step.writes, ordered=False))
                except BulkWriteError as error:
                    step.refused(error)
        return storing.plan

    async def _answer(self, question: Question) -> None:
        found = self._database[question.collection].find(question.filter, question.projection)
        question.documents = await found.limit(question.most).to_list(None)

    async def readings(self, market: str, shop: str, keys: Sequence[int]) -> dict[int, KeptReading]:
        """What is known of the shop's answers with those keys; each costs one step in an index.

        One from which several products came is left out: nobody could say which of them it would mean.
        """
        found = self._products.find({"reading.key": {"$in": list(keys)}, "market": market, "shop": shop}, _READING)
        kept: dict[int, KeptReading] = {}
        twice: set[int] = set()
        for document in await found.to_list(None):
            reading = Reading(**document["reading"])
            twice |= {reading.key} & kept.keys()
            kept[reading.key] = KeptReading(
                document["_id"], reading, gone=document.get("gone_at") is not None, crawl_id=document.get("crawl_id")
            )
        return {key: known for key, known in kept.items() if key not in twice}

    async def mark_met(self, met: Mapping[ProductId, datetime], *, crawl_id: str, asked: bool) -> int:
        """Notes that a crawl met products which have not changed, and when: the shop was `asked` and answered so, or its
        sitemap says so. Returns how many of them are on sale.

        A shop that was asked shows what was last believed of it, for the answer to a reading of which the store shows
        anything else is not kept: a price that was held before it answered is held no more.
        """
        if asked:
            await self._release(met, by=f"crawl {crawl_id}")
        writes = []
        for product_id, at in met.items():
            change = met_in(crawl_id)
            change["$max"] = {"offer.seen_at": at}
            if asked:
                change["$max"] |= {"offer.checked_at": at}
                change["$set"] |= {"reading.read_at": at}
                change["$unset"] |= {"declined": ""}
            writes.append(UpdateOne({"_id": product_id, **_OFFERED}, change))
        if not writes:
            return 0
        async with self._guard.writing_async(list(met)):
            return (await self._products.bulk_write(writes, ordered=False)).matched_count

    async def _release(self, met: Mapping[ProductId, datetime], *, by: str) -> None:
        """Ends the holds of readings that are not later than the products were met, and notes what became of them."""
        entries, releases = [], []
        found = self._products.find({"_id": {"$in": list(met)}, "held.at": {"$exists": True}, **_OFFERED})
        for document in await found.to_list(None):
            product = product_from(document)
            at = met[product.id]
            if product.held is None or product.held.seen_at > at:
                continue
            entry = held_entry(product, product.held, action=Outcome.SUPERSEDED, by=by, at=at)
            entries.append(audit_write(entry))
            same = {"held.reading": product.held.reading, "held.seen_at": {"$lte": at}}
            releases.append(UpdateOne({"_id": product.id, **_OFFERED, **same}, {"$unset": {"held": ""}}))
        if releases:
            async with self._guard.writing_async(list(met)):
                await self._database[AUDIT.name].bulk_write(entries, ordered=False)
                await self._products.bulk_write(releases, ordered=False)

    async def mark_gone(self, product_ids: Sequence[ProductId], at: datetime) -> int:
        """Notes that the shop no longer has these; returns how many were not gone before."""
        these = {"_id": {"$in": list(product_ids)}, "gone_at": None}
        async with self._guard.writing_async(product_ids, moved=product_ids):
            return (await self._products.update_many(these, gone(at))).modified_count

    async def mark_unseen_gone(
        self,
        market: str,
        shop: str,
        *,
        crawl_id: str,
        started_at: datetime,
        at: datetime,
        gone_after: int = 1,
        unless_urls: Sequence[str] = (),
    ) -> int:
        """After a full crawl of the shop: what `gone_after` of them in a row did not meet is gone from now on.

        Returns how many that were; for the others a miss is counted, once a crawl however often this is repeated.
        Products at `unless_urls` are spared: they were met, and could not be read.
        """
        unseen = on_sale_of(market, shop) | {
            "crawl_id": {"$ne": crawl_id},
            # Goods whose first price is held have no offer yet.
            "offer.seen_at": {"$not": {"$gte": started_at}},
            "url": {"$nin": list(unless_urls)},
            "missed.in": {"$ne": crawl_id},
        }
        often = {"missed.count": {"$gte": gone_after - 1}} if gone_after > 1 else {}
        missed = {"$inc": {"missed.count": 1}, "$set": {"missed.in": crawl_id}}
        ended = 0
        async for ids in self._ids_of(unseen):
            these = {"_id": {"$in": ids}, **unseen}
            async with self._guard.writing_async(ids, moved=ids):
                ended += (await self._products.update_many(these | often, gone(at))).modified_count
                if gone_after > 1:
                    await self._products.update_many(these, missed)
        return ended

    async def shops(self, market: str) -> list[str]:
        """The shops of which the market has products, on sale or gone; each costs one step in an index."""
        found: list[str] = []
        beyond: dict[str, str] = {"$gte": ""}
        while document := await self._products.find_one({"market": market, "shop": beyond}, {"shop": 1}, sort=_BY_SHOP):
            found.append(document["shop"])
            beyond = {"$gt": document["shop"]}
        return found

    async def on_sale(self, market: str, shop: str) -> int:
        """How many products of the shop are on sale."""
        return int(await self._products.count_documents(on_sale_of(market, shop)))

    async def mark_shop_gone(self, market: str, shop: str, at: datetime) -> int:
        """Takes everything of a shop off sale; returns how many products that were."""
        filtered, ended = on_sale_of(market, shop), 0
        async for ids in self._ids_of(filtered):
            async with self._guard.writing_async(ids, moved=ids):
                these = {"_id": {"$in": ids}, **filtered}
                ended += (await self._products.update_many(these, gone(at))).modified_count
        return ended

    async def _ids_of(self, filtered: dict[str, Any]) -> AsyncIterator[list[ProductId]]:
        """The ids of what the filter finds, some at a time: whoever writes them says which they are."""
        found = self._products.find(filtered, {"_id": 1})
        while some := await found.to_list(AT_ONCE):
            yield [document["_id"] for document in some]


class AsyncEvents:
    """What happens in the storefront, as it comes in."""

    def __init__(self, database: AsyncIOMotorDatabase) -> None:
        self._events = database[EVENTS.name]
        self._sessions = database[SESSIONS.name]
        self._familiar = Familiar(database)
        self._recognition = Recognition(database)
        self._summing = Summing(database)

    async def keep(self, events: Sequence[Event]) -> None:
        """Returns when all of them are kept, for good; what was kept before is not kept twice. Raises one of UNAVAILABLE after
        KEEP_SECONDS: then some of them may be kept, and it does no harm to try again. Who was erased is not recognised."""
        at = utc_now()
        with time_limit(KEEP_SECONDS):
            events = await self._recognition.of(events)
            # Before the events, and acknowledged: from now on nobody believes the sums of their sessions.
            await asyncio.gather(
                upserted(self._sessions, session_writes(events, at=at, mark=token_hex(8))),
                self._familiar.keep_customers(events, at=at),
            )
            await self._familiar.keep_networks(events)
            await self._recognition.withdraw(events)
            try:
                await self._events.bulk_write(event_writes(events), ordered=False)
            except BulkWriteError as error:
                refused(error)

    async def sum_up(self) -> bool:
        """Makes the sums of sessions that have settled, and seals tiles of time; returns whether there may be more to do. To be
        called every few seconds."""
        self._familiar.forget()
        unsummed = await self._summing.sum_up()
        return await self._summing.seal_up() or unsummed


class AsyncStore:
    """Everything Listino keeps, for asynchronous callers. Build it inside the running event loop; without a guard it writes
    no products."""

    def __init__(self, settings: Settings, guard: Guard | None = None) -> None:
        self._settings = settings
        self._guard = Bounded(guard or ReadOnly())
        self._client: AsyncIOMotorClient = opened(CLIENT, settings)
        self._database = database = self._client[settings.mongo_database]
        self.products = AsyncProducts(database, self._guard)
        self.crawls = AsyncCrawls(database)
        self.events = AsyncEvents(database)
        self.erasures = AsyncErasures(database)

    async def ping(self) -> None:
        """Returns when the server answers; raises EngineUnavailable."""
        try:
            await self._client.admin.command("ping")
        except UNAVAILABLE as error:
            raise self.unavailable(error) from error

    async def ready(self) -> None:
        """Returns when every shard answers, which costs each one step in an index: a router alone would answer a ping."""
        await self._database[PRODUCTS.name].find_one({}, {"_id": 1}, sort=[("_id", 1)])

    def unavailable(self, error: BaseException) -> EngineUnavailable:
        """The error to show for one of UNAVAILABLE."""
        return unavailable(self._settings, error)

    def close(self) -> None:
        self.products.close()
        self._guard.close()
        self._client.close()
