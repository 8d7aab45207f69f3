"""The asynchronous store, for the storefront API and the Scrapy pipelines.

Motor is imported here and nowhere else: PyMongo's AsyncMongoClient has the same calls and takes its place by changing
the import and CLIENT below.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime

from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase

from listino.domain.crawl import Crawl, Reject
from listino.domain.errors import EngineUnavailable, ProductNotFound
from listino.domain.history import PricePoint
from listino.domain.listing import Terms
from listino.domain.product import Product, ProductId
from listino.settings import Settings
from listino.store.client import opened, unavailable
from listino.store.collections import AUDIT, CRAWLS, LIST_READS, PRICE_HISTORY, PRODUCTS, REJECTS
from listino.store.documents import crawl_document, points_from, product_from
from listino.store.intake import intake
from listino.store.outage import UNAVAILABLE
from listino.store.query import CARD, ProductQuery, gone, on_sale_of
from listino.store.upsert import UpsertPlan

CLIENT = AsyncIOMotorClient

_BY_SHOP = [("market", 1), ("shop", 1)]


class AsyncProducts:
    """What `listino.store.products.Products` promises, awaited."""

    def __init__(self, database: AsyncIOMotorDatabase) -> None:
        self._database = database
        self._products = database[PRODUCTS.name]
        self._lists = database.get_collection(PRODUCTS.name, read_preference=LIST_READS)
        self._history = database[PRICE_HISTORY.name]

    async def get(self, product_id: ProductId) -> Product:
        """The product, gone or not; raises ProductNotFound. One shard's read."""
        document = await self._products.find_one({"_id": product_id})
        if document is None:
            raise ProductNotFound(f"no product {product_id}")
        return product_from(document)

    async def page(self, query: ProductQuery, *, count: int, skip: int = 0) -> list[Product]:
        """At most `count` products with the fields a list shows, in the order of their ids."""
        cursor = self._lists.find(query.filter(), CARD).sort("_id", 1).skip(skip).limit(count)
        return [product_from(document) for document in await cursor.to_list(count)]

    async def history(self, product_id: ProductId) -> list[PricePoint]:
        """All points of the product's price history, ordered by time. One shard's read."""
        return points_from(await self._history.find({"product_id": product_id}).to_list(None))

    async def upsert(
        self, seen: Sequence[Product], *, terms: Terms | None = None, sound: Collection[str] = ()
    ) -> UpsertPlan:
        """Stores products as just seen; see Products.upsert for the promise."""
        plan = UpsertPlan()
        for question in intake(plan, seen, terms=terms, sound=sound):
            found = self._database[question.collection].find(question.filter, question.projection)
            question.documents = await found.limit(question.most).to_list(None)
        for collection in (PRICE_HISTORY, PRODUCTS, AUDIT):
            if writes := plan.writes(collection.name):
                await self._database[collection.name].bulk_write(writes, ordered=False)
        return plan

    async def mark_unseen_gone(
        self,
        market: str,
        shop: str,
        *,
        crawl_id: str,
        started_at: datetime,
        at: datetime,
        unless_urls: Sequence[str] = (),
    ) -> int:
        """After a full crawl of the shop: what it did not meet is gone from now on. Returns how many that were.

        Products at `unless_urls` are spared: they were met, and could not be read.
        """
        unseen = on_sale_of(market, shop) | {
            "crawl_id": {"$ne": crawl_id},
            # Goods whose first price is held have no offer yet.
            "offer.seen_at": {"$not": {"$gte": started_at}},
            "url": {"$nin": list(unless_urls)},
        }
        result = await self._products.update_many(unseen, gone(at))
        return result.modified_count

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
        result = await self._products.update_many(on_sale_of(market, shop), gone(at))
        return result.modified_count


class AsyncCrawls:
    """Writing a crawl run while it happens."""

    def __init__(self, database: AsyncIOMotorDatabase) -> None:
        self._crawls = database[CRAWLS.name]
        self._rejects = database[REJECTS.name]

    async def save(self, crawl: Crawl) -> None:
        document = crawl_document(crawl)
        await self._crawls.replace_one({"_id": document["_id"]}, document, upsert=True)

    async def keep_rejects(self, rejects: Sequence[Reject]) -> None:
        if rejects:
            await self._rejects.insert_many([asdict(reject) for reject in rejects], ordered=False)


class AsyncStore:
    """Everything Listino keeps, for asynchronous callers. Build it inside the running event loop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: AsyncIOMotorClient = opened(CLIENT, settings)
        self._database = database = self._client[settings.mongo_database]
        self.products = AsyncProducts(database)
        self.crawls = AsyncCrawls(database)

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
        self._client.close()
