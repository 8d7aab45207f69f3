"""Lists of products on a real cluster: every order, every page, and what is searched for."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from listino.domain.product import ProductId
from listino.settings import Settings
from listino.store import marks
from listino.store.aio import AsyncStore
from listino.store.client import Store
from listino.store.outage import time_limit
from listino.store.query import FILTERS_OF, Order, ProductQuery
from listino.store.search import terms

AT = datetime(2026, 3, 1, tzinfo=UTC)
Document = dict[str, Any]


@pytest.fixture
def database(settings: Settings, mongo_uri: str) -> Iterator[Database]:
    with MongoClient(mongo_uri, tz_aware=True) as client:
        yield client[settings.mongo_database]


@pytest.fixture
async def aio(settings: Settings) -> AsyncIterator[AsyncStore]:
    opened = AsyncStore(settings)
    yield opened
    opened.close()


def good(number: int) -> Document:
    """One of three is of a catalogue, one of five has no price, one of seven is gone, one of eleven waits for its price;
    prices and times are equal for many."""
    market, shop = random.Random(number).choice([("it", "bottega"), ("it", "bar"), ("de", "bottega")])
    made: Document = {"_id": number, "name": f"Good {number}", "category": f"c{number % 2}", "brand": f"b{number % 3}"}
    if number % 3:
        made |= {"_id": f"{market}:{shop}:{number}", "market": market, "shop": shop}
        made["first_seen_at"] = AT + timedelta(seconds=number % 4)
    if number % 5:
        made["price"] = {"amount": 1000 + number % 6, "currency": "EUR"}
    if number % 7 == 0:
        made["gone_at"] = AT
    if number % 11 == 0:
        made["awaits_price"] = True
    return made


def on_sale(goods: list[Document]) -> list[Document]:
    kept = [one for one in goods if "gone_at" not in one and "awaits_price" not in one]
    return sorted(kept, key=lambda one: (isinstance(one["_id"], str), one["_id"]))


def ids(goods: list[Document]) -> list[ProductId]:
    return [one["_id"] for one in goods]


def sorted_by(order: Order, goods: list[Document]) -> list[Document]:
    """What the list of that order is: of a plain sort, which keeps equals as they were."""
    found = on_sale(goods)
    if order is Order.NEWEST:
        dated = [one for one in found if "first_seen_at" in one]
        return sorted(dated, key=lambda one: one["first_seen_at"], reverse=True)
    priced = [one for one in found if "price" in one]
    rising = sorted(priced, key=lambda one: one["price"]["amount"])
    if order is Order.PRICE:
        return rising
    return rising[::-1]


@pytest.fixture
def goods(database: Database) -> list[Document]:
    made = [good(number) for number in range(1, 400)]
    database.products.insert_many(made, ordered=False)
    return made


async def walk(aio: AsyncStore, query: ProductQuery, count: int) -> list[ProductId]:
    met: list[ProductId] = []
    while page := await aio.products.page(query, count=count):
        met += [one.id for one in page]
        query = query.following(page[-1])
    return met


@pytest.mark.parametrize("order", [Order.PRICE, Order.PRICE_DOWN, Order.NEWEST])
async def test_sorted_lists_are_walked_without_gap_or_repetition(
    goods: list[Document], aio: AsyncStore, order: Order
) -> None:
    wanted = sorted_by(order, goods)
    assert len(wanted) > 100
    assert await walk(aio, ProductQuery(order=order), 7) == ids(wanted)
    assert await walk(aio, ProductQuery(order=order, market="it"), 50) == ids(
        [one for one in wanted if one.get("market") == "it"]
    )
    if "category" in FILTERS_OF[order]:
        both = ProductQuery(order=order, market="de", category="c1")
        assert await walk(aio, both, 3) == ids(
            [one for one in wanted if one.get("market") == "de" and one["category"] == "c1"]
        )


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"market": "it"},
        {"shop": "bottega"},
        {"market": "it", "shop": "bottega"},
        {"category": "c1"},
        {"brand": "b2", "market": "de"},
        {"category": "c0", "brand": "b1"},
    ],
)
async def test_every_numbered_page_is_its_slice_of_what_is_on_sale(
    goods: list[Document], aio: AsyncStore, asked: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("listino.store.aio.STRIDE", 10)
    monkeypatch.setattr(marks, "STRIDE", 10)
    monkeypatch.setattr(marks, "BATCH", 35)
    wanted = ids([one for one in on_sale(goods) if all(one.get(name) == value for name, value in asked.items())])
    assert len(wanted) > 20
    query = ProductQuery(**asked)  # type: ignore[arg-type]
    skips = [*range(0, len(wanted) + 20, 13), len(wanted) - 1, len(wanted)]
    for skip in sorted(skips, reverse=True):
        page = await aio.products.page(query, count=5, skip=skip)
        assert [one.id for one in page] == wanted[skip : skip + 5], skip
        assert await aio.products.page_ids(query, count=5, skip=skip) == wanted[skip : skip + 5]


async def test_a_walk_meets_every_product_once_while_others_come_go_and_change(
    goods: list[Document], aio: AsyncStore, database: Database
) -> None:
    stays = {one["_id"] for one in on_sale(goods)}
    chance, ended = random.Random(7), asyncio.Event()
    numbers = iter(range(1000, 10**6))

    def write() -> None:
        database.products.update_one(
            {"_id": chance.choice(sorted(stays, key=str))}, {"$set": {"price.amount": chance.randrange(5000)}}
        )
        new = good(next(numbers))
        database.products.insert_one(new)
        database.products.update_one({"_id": new["_id"]}, {"$set": {"gone_at": AT}})

    async def keep_writing() -> None:
        while not ended.is_set():
            await asyncio.to_thread(write)

    writing = asyncio.create_task(keep_writing())
    met = await walk(aio, ProductQuery(), 5)
    ended.set()
    await writing
    assert next(numbers) > 1010, "writes went on meanwhile"
    assert len(met) == len(set(met))
    assert stays <= set(met)


# What is asked, and how many documents a shard may read for each one it gives.
PLANS: list[tuple[ProductQuery, bool, float]] = [
    (ProductQuery(), True, 0),
    (ProductQuery(after=5), True, 0),
    (ProductQuery(market="it", after="it:bar:1"), True, 0),
    (ProductQuery(category="c1"), True, 0),
    (ProductQuery(brand="b1", market="it"), True, 0),
    *((ProductQuery(order=order), False, 1.3) for order in (Order.PRICE, Order.PRICE_DOWN, Order.NEWEST)),
    *((ProductQuery(order=order, category="c1"), False, 1.3) for order in (Order.PRICE, Order.PRICE_DOWN)),
    (ProductQuery(order=Order.NEWEST, market="it", after="it:bar:1", after_key=AT + timedelta(seconds=2)), False, 2),
    (ProductQuery(order=Order.PRICE, after=3, after_key=1003), False, 2),
    (ProductQuery(text="good"), False, 1.5),
]


@pytest.mark.parametrize(("query", "by_index_alone", "most"), PLANS)
def test_an_index_gives_every_list_in_its_order(
    goods: list[Document], database: Database, query: ProductQuery, by_index_alone: bool, most: float
) -> None:
    if query.text:
        database.products.update_many({}, {"$set": {"terms": terms("Good", None, language="en", codes=())}})
    for run in query.runs():
        command = {"find": "products", "filter": run.filter, "sort": dict(run.sort), "limit": 10}
        command["projection"] = {"_id": 1} if by_index_alone else {"name": 1}
        found = database.command("explain", command, verbosity="executionStats")["executionStats"]
        assert found["nReturned"] > 0
        assert '"SORT"' not in str(found).replace("'", '"'), "sorted in memory"
        assert found["totalDocsExamined"] <= most * found["nReturned"]


@pytest.mark.parametrize("asked", [{}, {"text": "good"}, {"order": Order.PRICE}])
async def test_no_shard_works_on_a_list_for_longer_than_its_reader_waits(
    goods: list[Document],
    aio: AsyncStore,
    settings: Settings,
    shards: dict[str, MongoClient],
    asked: dict[str, Any],
) -> None:
    profiled = [client[settings.mongo_database] for client in shards.values()]
    for database in profiled:
        database.command("profile", 0)
        database.drop_collection("system.profile")
        database.command("profile", 2)
    try:
        with time_limit(2.5):
            await aio.products.page(ProductQuery(**asked), count=5)
    finally:
        for database in profiled:
            database.command("profile", 0)
    found = [one for database in profiled for one in database["system.profile"].find({"command.find": "products"})]
    assert len(found) >= len(shards)
    assert all(0 < one["command"]["maxTimeMS"] <= 2500 for one in found)


SHELF: list[Document] = [
    {"_id": "it:bottega:r1", "market": "it", "name": "Lampade da tavolo Perla", "brand": "Lumiè", "sku": "AB-12"},
    {"_id": "fr:atelier:r2", "market": "fr", "name": "Chemise en lin", "brand": "Perla", "sku": "CH-7"},
    {"_id": "de:kontor:r3", "market": "de", "name": "Kaffeemühlen, groß", "brand": "Mühle & Söhne", "sku": "KM-9"},
    {"_id": "es:casa:r4", "market": "es", "name": "Cafeteras de aluminio", "brand": "Lumiè", "sku": "CA-1"},
    {"_id": 12, "name": "Table lamps", "brand": "Perla", "gtin": "4006381333931", "sku": "120"},
]  # fmt: skip


@pytest.fixture
def shelf(database: Database) -> None:
    for one in SHELF:
        market = one.get("market")
        codes = [one["sku"], str(one["_id"]).rsplit(":", 1)[-1], *([one["gtin"]] if "gtin" in one else [])]
        found = terms(one["name"], one["brand"], language=market or "en", codes=codes)
        database.products.insert_one({**one, "terms": found})


@pytest.mark.parametrize(
    ("text", "market", "found"),
    [
        ("lampada", "it", ["it:bottega:r1"]),
        ("lampada", None, ["it:bottega:r1"]),
        ("lamps", None, [12]),
        ("LAMPADA perla", None, ["it:bottega:r1"]),
        ("lampada chemise", None, []),
        ("chemises", "fr", ["fr:atelier:r2"]),
        ("chemises", None, ["fr:atelier:r2"]),
        ("kaffeemühle", None, ["de:kontor:r3"]),
        ("kaffeemuhle gross", "de", ["de:kontor:r3"]),
        ("cafetera", None, ["es:casa:r4"]),
        ("lamp table", None, [12]),
        ("lumie", None, ["es:casa:r4", "it:bottega:r1"]),
        ("perla", None, [12, "fr:atelier:r2", "it:bottega:r1"]),
        ("lampa", "it", []),
        ("ab-12", None, ["it:bottega:r1"]),
        ("AB-1", None, ["it:bottega:r1"]),
        ("AB-1", "fr", []),
        ("4006381", None, [12]),
        ("12", None, [12]),
        ("120", None, [12]),
        ("it:bottega:r1", None, ["it:bottega:r1"]),
        ("$ne", None, []),
        ('"lampada" -perla', "it", ["it:bottega:r1"]),
        (".*", None, []),
    ],
)
async def test_a_search_finds_words_in_their_inflections_and_beginnings_of_codes(
    shelf: None, aio: AsyncStore, text: str, market: str | None, found: list[ProductId]
) -> None:
    page = await aio.products.page(ProductQuery(text=text, market=market), count=10)
    assert [one.id for one in page] == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("30051207", [1]),
        ("3005120", [1]),  # the beginning of one
        ("30051208", []),  # between those of a product, and none of its
        ("30051211", [1]),
        ("300512", [1, 2]),
        ("30051999", [3]),  # stored when each size was a term of its own
        ("305", [2]),
        ("305-M", [2]),
    ],
)
async def test_sizes_are_found_by_their_numbers_and_the_beginnings_of_them(
    database: Database, aio: AsyncStore, text: str, found: list[ProductId]
) -> None:
    shelf = {1: ["30051207", "30051209", "30051211"], 2: ["30051270", "305-M"]}
    for number, sizes in shelf.items():
        style = {"style_id": number, "name": "Sand", "photos": [], "skus": {size: {"size": "M"} for size in sizes}}
        searched = terms("Shirt", None, language="en", codes=[str(number)], sizes=sizes)
        database.products.insert_one({"_id": number, "name": "Shirt", "styles": [style], "terms": searched})
    database.products.insert_one({"_id": 3, "name": "Shirt", "terms": ["shirt:en", "30051999"]})
    page = await aio.products.page(ProductQuery(text=text), count=10)
    assert [one.id for one in page] == found


async def test_a_search_goes_with_filters_and_pages(shelf: None, aio: AsyncStore) -> None:
    assert await walk(aio, ProductQuery(text="perla", market="it"), 1) == ["it:bottega:r1"]
    assert await walk(aio, ProductQuery(text="perla", brand="Perla"), 1) == [12, "fr:atelier:r2"]
    assert await walk(aio, ProductQuery(text="lumie", shop="casa"), 1) == ["es:casa:r4"]
    assert await walk(aio, ProductQuery(text="perla"), 2) == [12, "fr:atelier:r2", "it:bottega:r1"]
    assert await walk(aio, ProductQuery(gtin="4006381333931"), 2) == [12]


def test_a_database_of_before_is_searched_after_it_was_prepared(
    database: Database, store: Store, settings: Settings
) -> None:
    told: list[tuple[str, str]] = []
    database.products.create_index([("words", 1), ("_id", 1)], name="by_word")
    database.products.create_index([("category", 1), ("_id", 1)], name="by_category")
    on_sale = {"price.amount": {"$gte": 0}, "gone_at": None}
    database.products.create_index(
        [("market", 1), ("price.amount", 1), ("_id", 1)], name="by_price", partialFilterExpression=on_sale
    )
    half_done = {"_id": 3, "name": "Lampada", "market": "it", "terms": ["lampad:it"]}
    old = [{"_id": f"it:bottega:{n}", "name": f"Lampade {n}", "market": "it", "words": ["lampade"]} for n in range(9)]
    database.products.insert_many([half_done, *old])

    store.prepare(lambda name, what: told.append((name, what)))

    assert ("products", "9 products made ready for search") in told
    assert len(store.products.page(ProductQuery(text="lampada", market="it", beginnings=True), count=20)) == 9
    assert database.products.count_documents({"terms": {"$exists": True}}) == 10
    assert database.products.count_documents({"words": {"$exists": True}}) == 0
    priced = {"price": {"amount": 500, "currency": "EUR", "steps": []}, "gone_at": AT}
    database.products.update_one({"_id": "it:bottega:5"}, {"$set": priced})
    assert [one.id for one in store.products.page(ProductQuery(least=1, order=Order.PRICE, gone=True), count=5)] == [
        "it:bottega:5"
    ]
    assert not {"by_word", "by_category", "by_price"} & set(database.products.index_information())
    told.clear()
    store.prepare(lambda name, what: told.append((name, what)))
    assert ("products", "ready") in told
    assert not [what for _, what in told if "search" in what or "dropped" in what]


def test_the_synchronous_store_gives_the_same_lists(store: Store, goods: list[Document]) -> None:
    met: list[ProductId] = []
    query = ProductQuery(order=Order.PRICE)
    while page := store.products.page(query, count=50):
        met += [one.id for one in page]
        query = query.following(page[-1])
    assert met == ids(sorted_by(Order.PRICE, goods))
