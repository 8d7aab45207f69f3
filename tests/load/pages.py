"""How long page 1, page 10,000 and the last page of a list take beside one another, and a search and sorted lists.

The times are worth something as ratios: everything shares this machine's cores.
"""

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from click import echo
from pymongo import MongoClient

from listino.domain.errors import ListBeingPrepared
from listino.local.throw_away_cluster import running_cluster
from listino.settings import Settings
from listino.store.aio import AsyncStore
from listino.store.client import Store
from listino.store.query import Order, ProductQuery
from listino.store.search import terms

COUNT = 5
BATCH = 5_000
WORDS = [
    "lamp",
    "table",
    "chair",
    "moka",
    "cup",
    "shirt",
    "linen",
    "camera",
    "bag",
    "shoe",
    "blue",
    "red",
    "green",
    "steel",
    "glass",
]
# About as long as a product's page, of which a list shows a part.
STYLES = [{"style_id": number, "name": "a style", "photos": [], "skus": {}, "text": "x" * 300} for number in range(4)]


def good(number: int, chance: random.Random) -> dict[str, Any]:
    """A product of a catalogue: what lists read, and about as much again that they do not."""
    name = f"{chance.choice(WORDS)} {chance.choice(WORDS)} {chance.randrange(5000)}"
    return {
        "_id": number,
        "name": name,
        "slogan": "as good as it looks",
        "description": "what there is to say about it, at some length. " * 5,
        "category": f"category {chance.randrange(40)}",
        "brand": f"brand {chance.randrange(400)}",
        "price": {"amount": chance.randrange(100, 50_000), "currency": "EUR"},
        "styles": STYLES,
        "terms": terms(name, None, language="en", codes=[str(number)]),
    }


def fill(uri: str, database: str, products: int) -> None:
    chance = random.Random(1)
    with MongoClient(uri) as client:
        for first in range(1, products + 1, BATCH):
            batch = [good(number, chance) for number in range(first, min(first + BATCH, products + 1))]
            client[database]["products"].insert_many(batch, ordered=False)


async def times(store: AsyncStore, asked: dict[str, tuple[ProductQuery, int]], rounds: int) -> dict[str, float]:
    """The median milliseconds of each, asked in turns."""
    spent: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(rounds):
        for name, (query, skip) in asked.items():
            began = time.perf_counter()
            page = await store.products.page(query, count=COUNT + 1, skip=skip)
            spent[name].append(1000 * (time.perf_counter() - began))
            assert page, name
    return {name: statistics.median(of_one) for name, of_one in spent.items()}


async def measure(settings: Settings, products: int, rounds: int) -> None:
    store = AsyncStore(settings)
    try:
        began = time.perf_counter()
        refused = 0
        while True:
            try:
                await store.products.page(ProductQuery(), count=COUNT + 1, skip=products - COUNT)
                break
            except ListBeingPrepared:
                refused += 1
        echo(
            f"the marks of the whole list took {time.perf_counter() - began:.2f} s ({refused} times asked to come again)"
        )
        deep = min(9_999 * COUNT, products // 2)
        everything = ProductQuery()
        asked = {
            "page 1": (everything, 0),
            f"page {deep // COUNT + 1}": (everything, deep),
            "the last page": (everything, products - COUNT),
            "by cursor": (ProductQuery(after=products // 2), 0),
            "of a category": (ProductQuery(category="category 7"), 0),
            "by price": (ProductQuery(order=Order.PRICE), 0),
            "by price, of a category": (ProductQuery(order=Order.PRICE, category="category 7"), 0),
            "a search for one word": (ProductQuery(text="lamps"), 0),
            "a search for two": (ProductQuery(text="blue lamps"), 0),
        }
        await times(store, asked, 5)  # plans are found, connections opened
        found = await times(store, asked, rounds)
        chance, spent = random.Random(2), []
        for _ in range(rounds):
            skip = chance.randrange(products // COUNT) * COUNT
            began = time.perf_counter()
            await store.products.page(everything, count=COUNT + 1, skip=skip)
            spent.append(1000 * (time.perf_counter() - began))
        found["a random page"] = statistics.median(spent)
        for name, milliseconds in found.items():
            echo(f"{name:<26} {milliseconds:7.2f} ms {milliseconds / found['page 1']:6.2f} times page 1")
    finally:
        store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=200)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running_cluster(Path(folder)) as cluster:
        settings = Settings(_env_file=None, env="test", mongo_uri=cluster.uri, mongo_database="pages")
        with Store(settings) as store:
            store.prepare()
        began = time.perf_counter()
        fill(cluster.uri, "pages", arguments.products)
        echo(f"{arguments.products} products stored in {time.perf_counter() - began:.1f} s")
        asyncio.run(measure(settings, arguments.products, arguments.rounds))


if __name__ == "__main__":
    main()
