"""The goods of many shops, written past crawls: a catalogue of which every filter of the product search finds a part.

Four markets of twenty-five shops each, forty categories, words and brands of which some are in a great part of all names. A tenth is
gone, a tenth is out of stock, and a few have a held price or a decision of staff.
"""

import random
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database

from listino.domain.clock import utc_now
from listino.domain.handling import Correction, Handling, Stop
from listino.domain.held import Doubt, DoubtKind, Held, ReferenceSource
from listino.domain.market import MARKETS
from listino.domain.money import Money
from listino.domain.offer import Availability, Photo, ShopOffer
from listino.domain.pricing import Price, PriceStep
from listino.domain.product import Offer, Product, Reading, Sku, Style
from listino.settings import Settings
from listino.store.client import Store
from listino.store.collections import PRODUCTS
from listino.store.documents import Document, handling_document, product_document
from listino.store.held_document import held_document
from listino.store.setup import index

SHOPS = tuple(f"{market}:negozio-{number}" for market in MARKETS for number in range(25))
NOUNS = ("shirt", "lamp", "chair", "table", "jacket", "shoe", "bag", "watch", "phone", "camera", "kettle", "sofa")
KINDS = ("classic", "red", "blue", "small", "large", "modern", "wooden", "leather", "cotton", "light")
BRANDS = tuple(f"Marca {number}" for number in range(400))
CATEGORIES = tuple(f"category {number}" for number in range(40))
STEM = 400  # products that are the same but for what tells them apart
AT_ONCE, WRITERS = 2000, 3


def fill(settings: Settings, products: int) -> None:
    """So many products of shops, beside those that there are; indexes are built at the end in a fraction of the time."""
    chance, now = random.Random(2), utc_now()
    client: MongoClient[Any]
    with MongoClient(settings.mongo_address, tz_aware=True, w=1) as client, Store(settings) as store:
        store.prepare()
        database: Database[Any] = client[settings.mongo_database]
        collection = database[PRODUCTS.name]
        for one_index in PRODUCTS.indexes:
            collection.drop_index(one_index.document["name"])
        made = _documents(chance, products, now)
        with ThreadPoolExecutor(WRITERS) as pool:
            under_way: list[Future[Any]] = []
            while some := list(islice(made, AT_ONCE)):
                under_way.append(pool.submit(collection.insert_many, some, ordered=False))
                if len(under_way) > 2 * WRITERS:
                    under_way.pop(0).result()
            for one in under_way:
                one.result()
        index(database, PRODUCTS, lambda *_: None)  # without the store's time limit


def _documents(chance: random.Random, products: int, now: datetime) -> Iterator[Document]:
    stem: Document = {}
    for number in range(products):
        if number % STEM == 0:
            stem = _stem(chance, number // STEM, now)
        yield _one(chance, stem, number, now)


def _stem(chance: random.Random, number: int, now: datetime) -> Document:
    market, shop = SHOPS[number % len(SHOPS)].split(":")
    # A tenth of all bears one brand, and so on downwards.
    brand = BRANDS[int(len(BRANDS) ** chance.random()) - 1]
    name = f"{chance.choice(KINDS)} {chance.choice(NOUNS)} {chance.choice(KINDS)}"
    cost, price = Money(chance.randrange(300, 60_000)), Money(0)
    seen = now - timedelta(hours=chance.randrange(200))
    photo = Photo(url="https://shop.example/p/1.jpg", thumbnail_url="https://shop.example/t/1.jpg")
    sizes = {f"{number}-{size}": Sku(size=size, quantity=3, cost=cost, price=cost) for size in ("S", "M", "L")}
    style = Style(
        style_id="1",
        name="red",
        cost=cost,
        original_price=cost,
        sale_price=None,
        default=True,
        photos=(photo,),
        skus=sizes,
    )
    offer = Offer(
        cost=cost,
        list_cost=None,
        shipping=price,
        availability=Availability.IN_STOCK,
        seen_at=seen,
        checked_at=seen,
    )
    product = Product(
        id=f"{market}:{shop}:0",
        name=name,
        market=market,
        shop=shop,
        slogan="Made to last",
        description="Solid and well made, with a guarantee of two years. " * 4,
        category=chance.choice(CATEGORIES),
        brand=brand,
        gtin="4006381333931",
        url="https://shop.example/p/1",
        features=(("Material", "cotton"), ("Weight", "250 g")),
        styles=(style,),
        offer=offer,
        price=Price(cost, (PriceStep("cost", cost),)),
        content_hash="0" * 32,
        first_seen_at=now - timedelta(days=365),
        reading=Reading(key=0, reader="1", read_at=seen, etag='"1"'),
    )
    return product_document(product)


def _one(chance: random.Random, stem: Document, number: int, now: datetime) -> Document:
    market, shop, sku = stem["market"], stem["shop"], f"{number:07}"
    found = dict(stem, _id=f"{market}:{shop}:{sku}", name=f"{stem['name']} {number % 97}", gtin=f"{number:013}")
    found["terms"] = [*stem["terms"], sku, found["gtin"]]
    found["price"] = dict(stem["price"], amount=chance.randrange(500, 90_000))
    found["changed_at"] = now - timedelta(seconds=chance.randrange(365 * 86_400))
    found["first_seen_at"] = found["changed_at"] - timedelta(days=3)
    found["reading"] = dict(stem["reading"], key=number)
    rare = chance.random()
    if rare < 0.1:
        found["gone_at"] = found["changed_at"]
    elif rare < 0.2:
        found["offer"] = dict(stem["offer"], availability=Availability.OUT_OF_STOCK.value)
    elif rare < 0.2005:
        found["held"] = held_document(_held(now))
        if rare < 0.2002:
            found["awaits_price"] = True
    elif rare < 0.201:
        found["handled"] = handling_document(_handling(now, stopped=rare < 0.2007))
        if rare < 0.2007:
            found["stopped_at"] = now
    return found


def _held(now: datetime) -> Held:
    doubt = Doubt(
        kind=DoubtKind.TIMES_10, sku=None, read=Money(49_900), reference=Money(4990), source=ReferenceSource.LAST
    )
    offer = ShopOffer(cost=Money(49_900), availability=Availability.IN_STOCK)
    return Held(offer=offer, doubts=(doubt,), reading="0" * 16, at=now, seen_at=now)


def _handling(now: datetime, *, stopped: bool) -> Handling:
    by, reason = "load@listino.test", "for a measurement"
    if stopped:
        return Handling(at=now, stop=Stop(by=by, at=now, reason=reason))
    return Handling(at=now, corrections={"brand": Correction(value="Marca", own=None, by=by, at=now, reason=reason)})
