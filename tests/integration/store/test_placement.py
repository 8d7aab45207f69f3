"""Where products come to lie: counted on the shards, past the routers."""

from datetime import UTC, datetime

from pymongo import MongoClient

from listino.domain.listing import Terms, list_goods
from listino.domain.market import MARKETS, market_of
from listino.domain.money import Money
from listino.domain.pricing import PricingRule
from listino.local.declarations import DEMO_SHOPS
from listino.local.shops.catalogue import Catalogue
from listino.settings import Settings
from listino.store.client import Store
from listino.store.collections import COLLECTIONS


def test_the_demo_shops_products_are_spread_evenly_and_each_lies_on_one_shard(
    store: Store, settings: Settings, shards: dict[str, MongoClient]
) -> None:
    expected: set[object] = set()
    for shop in DEMO_SHOPS:
        terms = Terms(market=market_of(shop.market), shop=shop.name, shipping=Money(490), rule=PricingRule())
        truth = Catalogue(shop.market, count=settings.demo_products).truth().values()
        products = [list_goods(goods, terms, at=datetime.now(UTC), crawl_id="c1") for goods in truth]
        store.products.upsert(products)
        expected |= {product.id for product in products}
    assert len(expected) == settings.demo_products * len(MARKETS)

    held = {
        name: [document["_id"] for document in shard[settings.mongo_database]["products"].find({}, {"_id": 1})]
        for name, shard in shards.items()
    }
    half = len(expected) / 2
    assert {name: abs(len(ids) - half) < 0.1 * half for name, ids in held.items()} == dict.fromkeys(shards, True)
    ids = [_id for found in held.values() for _id in found]
    assert len(ids) == len(expected), "one lies on two shards, or on none"
    assert set(ids) == expected


def test_every_shard_has_the_declared_indexes(store: Store, settings: Settings, shards: dict[str, MongoClient]) -> None:
    for declared in COLLECTIONS:
        names = {"_id_", *(index.document["name"] for index in declared.indexes)}
        names |= {f"{field}_{way}" for field, way in declared.shard_key.items()}
        names |= {declared.retention.INDEX} if declared.retention else set()
        found = [set(shard[settings.mongo_database][declared.name].index_information()) for shard in shards.values()]
        assert found == [names] * len(shards), declared.name
