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
from listino.domain.product import Product, ProductId
from listino.settings import Settings
from listino.store.client import opened, unavailable
from listino.store.collections import CRAWLS, PRICE_HISTORY, PRODUCTS, REJECTS
from listino.store.documents import crawl_document, points_from, product_from
from listino.store.outage import UNAVAILABLE
from listino.store.query import CARD, ProductQuery, gone, on_sale_of
from listino.store.upsert import NEEDED, UpsertPlan, plan_upsert

CLIENT = AsyncIOMotorClient


class AsyncProducts:
    """What `listino.store.products.Products` promises, awaited."""

    def __init__(self, database: AsyncIOMotorDatabase) -> None:
        self._products = database[PRODUCTS.name]
        self._history = database[PRICE_HISTORY.name]

    async def get(self, product_id: ProductId) -> Product:
        """The product, gone or not; raises ProductNotFound. One shard's read."""
        document = await self._products.find_one({"_id": product_id})
        if document is None:
            raise ProductNotFound(f"no product {product_id}")
        return product_from(document)

    async def page(self, query: ProductQuery, *, count: int, skip: int = 0) -> list[Product]:
        """At most `count` products with the fields a list shows, in the order of their ids."""
        cursor = self._products.find(query.filter(), CARD).sort("_id", 1).skip(skip).limit(count)
        return [product_from(document) for document in await cursor.to_list(count)]

    async def history(self, product_id: ProductId) -> list[PricePoint]:
        """All points of the product's price history, ordered by time. One shard's read."""
        return points_from(await self._history.find({"product_id": product_id}).to_list(None))

    async def upsert(self, seen: Sequence[Product]) -> UpsertPlan:
        """Stores products as just seen; see Products.upsert for the promise."""
        ids = [product.id for product in seen]
        stored = await self._products.find({"_id": {"$in": ids}}, NEEDED).to_list(len(ids))
        plan = plan_upsert(seen, {document["_id"]: document for document in stored})
        if plan.history:
            await self._history.bulk_write(plan.history, ordered=False)
        if plan.products:
            await self._products.bulk_write(plan.products, ordered=False)
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
            "offer.seen_at": {"$lt": started_at},
            "url": {"$nin": list(unless_urls)},
        }
        result = await self._products.update_many(unseen, gone(at))
        return result.modified_count

    async def mark_undeclared_gone(self, market: str, declared: Collection[str], at: datetime) -> dict[str, int]:
        """Takes off sale what the market has of shops other than the declared ones; returns how many products of which."""
        found: dict[str, int] = {}
        for shop in await self._products.distinct("shop", {"market": market}):
            if shop not in declared:
                result = await self._products.update_many(on_sale_of(market, shop), gone(at))
                found[shop] = result.modified_count
        return {shop: products for shop, products in found.items() if products}


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
        database = self._client[settings.mongo_database]
        self.products = AsyncProducts(database)
        self.crawls = AsyncCrawls(database)

    async def ping(self) -> None:
        """Returns when the server answers; raises EngineUnavailable."""
        try:
            await self._client.admin.command("ping")
        except UNAVAILABLE as error:
            raise self.unavailable(error) from error

    def unavailable(self, error: BaseException) -> EngineUnavailable:
        """The error to show for one of UNAVAILABLE."""
        return unavailable(self._settings, error)

    def close(self) -> None:
        self._client.close()
