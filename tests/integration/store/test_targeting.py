"""What carries an id is asked of one shard: the shards' own profilers say who was asked."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pymongo import MongoClient

from listino.domain.clock import utc_now
from listino.domain.crawl import Crawl, CrawlStatus, Reject
from listino.domain.listing import Terms, list_goods
from listino.domain.market import market_of
from listino.domain.money import Money
from listino.domain.offer import Availability, ShopOffer, ShopProduct, Variant
from listino.domain.pricing import PricingRule
from listino.domain.product import Product
from listino.domain.schedule import Times
from listino.settings import Settings
from listino.store.aio import AsyncStore
from listino.store.audit import AuditQuery
from listino.store.client import Store
from listino.store.guard import Unguarded
from listino.store.query import ProductQuery

TERMS = Terms(market=market_of("it"), shop="bottega", shipping=Money(490), rule=PricingRule())
NOW = utc_now()
IDS = [f"it:bottega:{number}" for number in range(8)]

# Collection, shard, and what the shard did, for the message of a test that fails.
Seen = dict[str, dict[str, list[str]]]
Asked = Callable[[Callable[[], object]], Seen]


def product(number: int, cost: int = 1000) -> Product:
    offer = ShopOffer.of([Variant(sku="a", cost=Money(cost), availability=Availability.IN_STOCK)])
    goods = ShopProduct(
        sku=str(number), url=f"http://shop.test/{number}", name="Moka", gtin="4006381333931", offer=offer
    )
    return list_goods(goods, TERMS, at=NOW, crawl_id="c1")


def crawl(number: int) -> Crawl:
    return Crawl(
        id=f"it-{number}", market="it", status=CrawlStatus.RUNNING, started_at=NOW, heartbeat_at=NOW, trigger="test"
    )


def keeps_the_cluster(entry: Mapping[str, Any]) -> bool:
    """Whether it is the config server's own question, which it asks every shard as any client would: every ten seconds
    how much lies there, to balance chunks, and every ten minutes whether all shards have the same indexes."""
    command = entry.get("originatingCommand") or entry.get("command") or {}
    return "_shardsvrGetStatsForBalancing" in command or any(
        "$indexStats" in stage for stage in command.get("pipeline", ())
    )


def described(entry: Mapping[str, Any]) -> str:
    return " ".join(str(entry.get(part, "")) for part in ("ts", "op", "client", "errName", "command"))[:400]


@pytest.fixture
def asked(settings: Settings, shards: dict[str, MongoClient]) -> Iterator[Asked]:
    """Runs something, and tells which shards were asked what about which collection."""
    profiled = [client[settings.mongo_database] for client in shards.values()]

    def run(work: Callable[[], object]) -> Seen:
        for database in profiled:
            database.command("profile", 0)
            database.drop_collection("system.profile")
            database.command("profile", 2)
        work()
        found: Seen = {}
        for name, database in zip(shards, profiled, strict=True):
            database.command("profile", 0)
            # What a server does by itself, like removing what has expired, has no client.
            asked_for = {"ns": {"$not": {"$regex": r"\.system\."}}, "client": {"$exists": True}}
            for entry in database["system.profile"].find(asked_for):
                if not keeps_the_cluster(entry):
                    by_shard = found.setdefault(entry["ns"].partition(".")[2], {})
                    by_shard.setdefault(name, []).append(described(entry))
        return found

    yield run
    for database in profiled:
        database.command("profile", 0)


def async_products(settings: Settings, work: Callable[[Any], Awaitable[object]]) -> None:
    async def run() -> None:
        opened = AsyncStore(settings, Unguarded())
        try:
            await work(opened)
        finally:
            opened.close()

    asyncio.run(run())


SYNCHRONOUS: dict[str, Callable[[Store, int], object]] = {
    "a product": lambda store, n: store.products.get(IDS[n]),
    "its history": lambda store, n: store.products.history(IDS[n]),
    "its new price": lambda store, n: store.products.upsert([product(n, 1500)]),
    "the same price": lambda store, n: store.products.upsert([product(n)]),
    "its end": lambda store, n: store.products.mark_gone([IDS[n]], NOW + timedelta(hours=1)),
    "a crawl run": lambda store, n: store.crawls.get(f"it-{n}"),
    "its counts": lambda store, n: store.crawls.save(replace(crawl(n), status=CrawlStatus.FINISHED)),
    "its rejects": lambda store, n: store.crawls.rejects(f"it-{n}"),
    "a reject": lambda store, n: store.crawls.keep_rejects(
        [Reject(crawl_id=f"it-{n}", shop="bottega", url="http://shop.test/1", reason="no_price", detail="", at=NOW)]
    ),
    "a staff account": lambda store, n: store.staff.get(f"anna{n}@listino.example"),
    "a staff session": lambda store, n: store.staff_sessions.get(
        f"anna{n}@listino.example", "key", idle=timedelta(hours=1)
    ),
    "somebody's sessions": lambda store, n: store.staff_sessions.end_all(f"anna{n}@listino.example"),
    "a token": lambda store, n: store.tokens.find(f"lst_{n:016x}_{'a' * 43}"),
    "what happened to something": lambda store, n: store.audit.of(IDS[n]),
    "a page of its rejects": lambda store, n: store.crawls.reject_page(f"it-{n}", reason="no_price", count=5),
    "a page of its log": lambda store, n: store.crawls.log_page(f"it-{n}", levels=["ERROR"], count=5),
    "its end that is wanted": lambda store, n: store.leases.ask_to_stop("it", by="anna@listino.example", at=NOW),
    "whether it is wanted": lambda store, n: store.leases.stop_request("it"),
    "times that were chosen": lambda store, n: store.crawl_times.get(f"it:shop-{n}"),
    "choosing them": lambda store, n: store.crawl_times.choose(
        f"it:shop-{n}", Times(6, 0), by="anna@listino.example", at=NOW
    ),
    "a lease": lambda store, n: store.leases.release(store.leases.acquire("it")),
}
OF_A_MARKET = ("a lease", "its end that is wanted", "whether it is wanted")  # of which there is one each
ASYNCHRONOUS: dict[str, Callable[[Any, int], Awaitable[object]]] = {
    "a product": lambda store, n: store.products.get(IDS[n]),
    "its history": lambda store, n: store.products.history(IDS[n]),
    "its new price": lambda store, n: store.products.upsert([product(n, 1500)]),
    "its counts": lambda store, n: store.crawls.save(replace(crawl(n), status=CrawlStatus.FINISHED)),
}
SCATTERED: dict[str, Callable[[Store], object]] = {
    "a list": lambda store: store.products.page(ProductQuery(market="it"), count=5),
    "a search": lambda store: store.products.page(ProductQuery(text="moka"), count=5),
    "the same good elsewhere": lambda store: store.products.with_gtin("4006381333931"),
    "goods by shop": lambda store: store.products.counts(),
    "the schedule": lambda store: store.crawl_times.all(),
    "held prices by shop": lambda store: store.holds.by_shop(most=5),
    "the last runs": lambda store: store.crawls.latest(count=5),
    "runs that died": lambda store: store.crawls.bury_dead("it", NOW),
    "the audit log": lambda store: store.audit.page(AuditQuery(by="anna@listino.example"), count=5),
    "all accounts": lambda store: store.staff.everybody(),
    "somebody's tokens": lambda store: store.tokens.of("anna@listino.example"),
    "suggestions": lambda store: store.products.names("brand", "torr", most=5),
    "a shop's end": lambda store: store.products.mark_shop_gone("it", "bottega", NOW),
}
SCATTERED_BY_A_CRAWL: dict[str, Callable[[Any], Awaitable[object]]] = {
    "what it did not meet": lambda store: store.products.mark_unseen_gone(
        "it", "bottega", crawl_id="c2", started_at=NOW, at=NOW
    ),
    "what it knows of addresses": lambda store: store.products.readings("it", "bottega", [1, 2, 3]),
    "the market's shops": lambda store: store.products.shops("it"),
    "what a shop has on sale": lambda store: store.products.on_sale("it", "bottega"),
    "a removed shop's end": lambda store: store.products.mark_shop_gone("it", "bottega", NOW),
}


@pytest.fixture
def stocked(store: Store) -> Store:
    store.products.upsert([product(number) for number in range(len(IDS))])
    for number in range(len(IDS)):
        store.crawls.save(crawl(number))
    return store


@pytest.mark.parametrize("what", SYNCHRONOUS)
def test_what_carries_an_id_asks_one_shard(
    stocked: Store, asked: Asked, shards: dict[str, MongoClient], what: str
) -> None:
    owners: Seen = {}
    for number in range(len(IDS)):
        found = asked(lambda number=number: SYNCHRONOUS[what](stocked, number))  # type: ignore[misc]
        assert found, "the profilers saw nothing"
        assert {collection: len(by) for collection, by in found.items()} == dict.fromkeys(found, 1), found
        for collection, by in found.items():
            for shard, entries in by.items():
                owners.setdefault(collection, {}).setdefault(shard, []).extend(entries)
    if what not in OF_A_MARKET:
        assert {collection: set(by) for collection, by in owners.items()} == {name: set(shards) for name in owners}, (
            owners
        )


@pytest.mark.parametrize("what", ASYNCHRONOUS)
def test_the_asynchronous_store_asks_one_shard_too(stocked: Store, settings: Settings, asked: Asked, what: str) -> None:
    for number in range(len(IDS)):
        found = asked(
            lambda number=number: async_products(settings, lambda opened: ASYNCHRONOUS[what](opened, number))  # type: ignore[misc]
        )
        assert found, "the profilers saw nothing"
        assert {collection: len(by) for collection, by in found.items()} == dict.fromkeys(found, 1), found


@pytest.mark.parametrize("what", SCATTERED)
def test_what_carries_none_asks_all(stocked: Store, asked: Asked, shards: dict[str, MongoClient], what: str) -> None:
    found = asked(lambda: SCATTERED[what](stocked))
    assert len(found) == 1, found
    assert set(next(iter(found.values()))) == set(shards), found


@pytest.mark.parametrize("what", SCATTERED_BY_A_CRAWL)
def test_what_a_crawl_asks_at_its_end_asks_all(
    stocked: Store, settings: Settings, asked: Asked, shards: dict[str, MongoClient], what: str
) -> None:
    found = asked(lambda: async_products(settings, SCATTERED_BY_A_CRAWL[what]))
    assert {collection: set(by) for collection, by in found.items()} == {"products": set(shards)}, found
