"""A catalogue with the proportions of the reference set, straight into MongoDB: for what reads it, not for imports.

A product has 2 styles on average, a style 3 photos and 6 sizes; 2 features and 4 to 5 related goods.
"""

import random
from collections.abc import Iterator
from typing import Any

from pymongo import MongoClient

from listino.domain.money import Money
from listino.domain.offer import Photo
from listino.domain.pricing import Price
from listino.domain.product import Product, Sku, Style
from listino.settings import Settings
from listino.store.client import Store, client_options
from listino.store.collections import PRODUCTS
from listino.store.documents import product_document

_SIZES = ("XS", "S", "M", "L", "XL", "XXL")
_WORDS = ("bright", "forest", "cotton", "daily", "light", "winter", "classic", "travel", "soft", "urban")
_BATCH = 2_000


def fill(settings: Settings, count: int) -> None:
    """Makes the database and puts products 1 to `count` into it."""
    with Store(settings) as store:
        store.prepare()
    with MongoClient(settings.mongo_address, **client_options(settings)) as client:
        products = client[settings.mongo_database][PRODUCTS.name]
        batch: list[dict[str, Any]] = []
        for product in _products(count):
            batch.append(product_document(product))
            if len(batch) == _BATCH:
                products.insert_many(batch, ordered=False)
                batch = []
        if batch:
            products.insert_many(batch, ordered=False)


def _products(count: int) -> Iterator[Product]:
    chance = random.Random(1)
    for number in range(1, count + 1):
        yield Product(
            id=number,
            name=" ".join(chance.choices(_WORDS, k=3)).title(),
            slogan=" ".join(chance.choices(_WORDS, k=8)),
            description=" ".join(chance.choices(_WORDS, k=40)),
            category=chance.choice(_WORDS),
            price=Price(Money(chance.randrange(500, 90_000))),
            features=tuple((word, "yes") for word in chance.sample(_WORDS, chance.randrange(5))),
            related=tuple(chance.randrange(1, count + 1) for _ in range(chance.randrange(3, 7))),
            styles=tuple(_style(chance, 10 * number + at) for at in range(chance.randrange(1, 4))),
        )


def _style(chance: random.Random, style_id: int) -> Style:
    photo = f"https://images.example/photo-{style_id:x}-{chance.getrandbits(64):x}"
    return Style(
        style_id=style_id,
        name=" & ".join(chance.sample(_WORDS, 2)).title(),
        cost=None,
        original_price=Money(chance.randrange(500, 90_000)),
        sale_price=None,
        default=style_id % 10 == 0,
        photos=tuple(
            Photo(url=f"{photo}-{at}?w=800&q=80&fit=crop", thumbnail_url=f"{photo}-{at}?w=300&q=80&fit=crop")
            for at in range(chance.randrange(1, 6))
        ),
        skus={str(10 * style_id + at): Sku(size=size, quantity=chance.randrange(60)) for at, size in enumerate(_SIZES)},
    )
