"""What storing one live price costs: with a write of the history before it, and with the point in the product's own write.

Each price moves, so that each has a point. The two ways take turns on the same throw-away cluster, at the same rate. Everything
shares this machine's cores, so the numbers are worth something next to each other and nothing alone.
"""

import argparse
import asyncio
import contextlib
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import psutil
import uvloop
from click import echo

from listino.domain.clock import utc_now
from listino.domain.listing import Terms, list_goods, reoffer
from listino.domain.market import market_of
from listino.domain.money import Money
from listino.domain.offer import Availability, ShopOffer, ShopProduct, Variant
from listino.domain.pricing import PricingRule
from listino.domain.product import Product, ProductId
from listino.local.throw_away_cluster import Cluster, running_cluster
from listino.settings import Settings
from listino.store.client import Store
from listino.store.guard import NOTHING_LEFT, Left, Unguarded
from listino.store.products import Products

TERMS = Terms(market=market_of("it"), shop="bottega", shipping=Money(490), rule=PricingRule())
# About as long as a product with a text and an offer.
TEXT = "a product's description, as long as shops write them. " * 15
BEFORE, CARRIED = "history first", "carried by the product"


@dataclass(slots=True)
class Cost:
    """Of one way, over all its turns: refreshes, the seconds each took, and processor seconds by kind of server."""

    refreshes: int = 0
    durations: list[float] = field(default_factory=list)
    spent: Counter[str] = field(default_factory=Counter)


def offer(cost: int) -> ShopOffer:
    return ShopOffer.of([Variant(sku="a", cost=Money(cost), availability=Availability.IN_STOCK)])


def goods(number: int) -> Product:
    made = ShopProduct(
        sku=str(number), url=f"https://b.example/{number}", name="Tazza", description=TEXT, offer=offer(1000)
    )
    return list_goods(made, TERMS, at=utc_now() - timedelta(minutes=1), crawl_id="it-1")


def spent(cluster: Cluster) -> Counter[str]:
    """The processor seconds used so far."""
    shards = [address for shard in cluster.shards for address in shard.addresses]
    pids = {"client": [psutil.Process().pid]}
    pids["routers"] = [cluster.pid(address) for address in cluster.routers]
    pids["MongoDB"] = [cluster.pid(address) for address in shards]
    return Counter({kind: sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in some) for kind, some in pids.items()})


class Witness(Unguarded):
    """Notes how writes have left their products, as whoever keeps pages does, so that nothing is read again."""

    def __init__(self) -> None:
        self.left: dict[ProductId, Product] = {}

    @contextlib.asynccontextmanager
    async def writing_async(
        self, product_ids: Collection[ProductId], *, moved: Collection[ProductId] = (), left: Left = NOTHING_LEFT
    ) -> AsyncIterator[None]:
        yield
        self.left.update(left)


async def refresh(products: Products, witness: Witness, before: Product) -> Product:
    """The product at another price, stored."""
    assert before.offer is not None
    fresh = reoffer(before, offer(1000 + (before.offer.cost.minor - 999) % 50), TERMS, at=utc_now())
    await products.refresh([fresh], terms=TERMS, known={before.id: before})
    return witness.left.pop(before.id, None) or products.get(before.id)


async def turn(
    products: Products, witness: Witness, shelf: Sequence[Product], rate: float, seconds: float, cost: Cost
) -> list[Product]:
    """Refreshes the shelf's products one after the other, up to eight at a time; returns them as they are then."""
    now = list(shelf)
    began, steps = time.monotonic(), iter(range(int(rate * seconds)))

    async def work() -> None:
        for number in steps:
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
            at = time.perf_counter()
            now[number % len(now)] = await refresh(products, witness, now[number % len(now)])
            cost.durations.append(time.perf_counter() - at)

    await asyncio.gather(*(work() for _ in range(8)))
    cost.refreshes += int(rate * seconds)
    return now


async def by_turns(
    ways: Mapping[str, Products],
    witness: Witness,
    shelf: Sequence[Product],
    given: argparse.Namespace,
    spent: Callable[[], Counter[str]],
    costs: Mapping[str, Cost],
) -> None:
    """Adds to the costs of each way."""
    for products in ways.values():  # connections, and code that runs for the first time
        shelf = await turn(products, witness, shelf, given.rate, 2.0, Cost())
    for _ in range(given.turns):
        for name, products in ways.items():
            start = spent()
            shelf = await turn(products, witness, shelf, given.rate, given.seconds, costs[name])
            used = spent()
            used.subtract(start)
            costs[name].spent.update(used)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Example: python tests/load/refreshes.py --rate 50 --seconds 5 --turns 4",
    )
    parser.add_argument("--products", type=int, default=500, help="(default: 500)")
    parser.add_argument("--rate", type=float, default=50.0, help="refreshes a second (default: 50)")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of each turn (default: 5)")
    parser.add_argument("--turns", type=int, default=4, help="of each way (default: 4)")
    given = parser.parse_args()

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="listino-load-")))
        cluster = stack.enter_context(running_cluster(folder))
        settings = Settings(
            _env_file=None, env="test", secret_key="a secret of no worth, for tests only", mongo_uri=cluster.uri
        )
        witness = Witness()
        store = stack.enter_context(Store(settings, witness))
        store.prepare()
        shelf = [goods(number) for number in range(given.products)]
        store.products.upsert(shelf)
        ways = {BEFORE: Products(store._database, witness), CARRIED: store.products}
        costs = {name: Cost() for name in ways}
        uvloop.run(by_turns(ways, witness, shelf, given, lambda: spent(cluster), costs))
        kinds = ("client", "routers", "MongoDB")
        echo(f"{'µs of a processor for a refresh':32} {'ms':>8} " + " ".join(f"{kind:>9}" for kind in (*kinds, "all")))
        for name, cost in costs.items():
            each = [1e6 * cost.spent[kind] / cost.refreshes for kind in kinds]
            told = " ".join(f"{value:>9.0f}" for value in (*each, sum(each)))
            echo(f"{name:32} {1000 * statistics.median(cost.durations):>8.2f} {told}")


if __name__ == "__main__":
    main()
