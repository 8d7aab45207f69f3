"""Servers are killed under a crawl and fifty shoppers a second: nothing that was said to be stored is lost."""

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from shopkeeper import wait_until
from storefront import EACH_SECOND, Storefront

from listino.crawling import run_crawl
from listino.domain.crawl import CrawlStatus
from listino.domain.history import with_unfiled
from listino.local.platform import Platform
from listino.local.shops.catalogue import Catalogue
from listino.store.client import Store
from listino.store.guard import Unguarded
from listino.store.members import PRIMARY, SECONDARY
from listino.store.query import ProductQuery

# An election takes two to three seconds here, and the last request that meets it another two and a half.
LONGEST_OUTAGE_SECONDS = 12.0

Record = Callable[[str, object], None]


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("platform", "victims"),
    [
        pytest.param(300, ("router", "shard"), id="short"),
        pytest.param(1000, ("router", "shard", "config", "secondary"), id="long", marks=pytest.mark.long),
    ],
    indirect=["platform"],
)
def test_nothing_acknowledged_is_lost_when_servers_are_killed(
    platform: Platform, record_property: Record, victims: tuple[str, ...]
) -> None:
    settings = platform.settings
    shop = f"http://127.0.0.1:{settings.port('shop-it')}"
    skus = sorted(Catalogue("it", count=settings.demo_products).truth())
    products = [f"it:bottega:{sku}" for sku in skus]
    outages: dict[str, float] = {}
    with (
        Storefront(f"http://127.0.0.1:{settings.port('nginx')}", products) as storefront,
        moving_prices(shop, skus),
        ThreadPoolExecutor(1) as pool,
    ):
        crawling = pool.submit(run_crawl, settings, "it", trigger="chaos")
        seen = storefront.seen
        wait_until(lambda: len(seen.known) > 10, "the crawl has brought home the first products", 60)
        for kind in victims:
            name = victim(platform, kind)
            assert not crawling.done(), "the crawl was over before everything was killed"
            began = time.monotonic()
            kill(platform, name)
            wait_until(lambda: whole(platform), f"{name} is back and the cluster whole", 60)
            outages[f"{kind} ({name})"] = round(seen.outage(began), 2)
        run = crawling.result()
    record_property("outages", outages)
    print(f"\noutages in seconds {outages}; slowest answers {seen.slowest}; {dict(seen.asked)}")  # noqa: T201 - the figures are what one runs it for
    assert run.status is CrawlStatus.FINISHED
    assert (run.total("products"), run.total("rejected")) == (len(products), 0)
    assert seen.vanished == []
    assert {how.partition(" {")[0] for _, _, how in seen.failures} <= {"page 503", "price 503"}
    assert max(outages.values()) < LONGEST_OUTAGE_SECONDS
    assert sum(seen.asked.values()) > 10 * EACH_SECOND
    assert sum(map(len, seen.fresh.values())) > 20
    with Store(settings, Unguarded()) as store:
        stored = store.products.page(ProductQuery(market="it", shop="bottega"), count=10 * len(products))
        assert sorted(card.id for card in stored) == products
        for product, prices in seen.fresh.items():
            carried = store.products.get(product).unfiled
            points = with_unfiled(store.products.history(product), carried)
            history = {f"{point.price.minor / 100:.2f}" for point in points if point.price}
            assert prices <= history, f"a price of {product} was shown and is not in its history"
    assert_true_after_another_crawl(platform, shop, len(products))


def victim(platform: Platform, kind: str) -> str:
    """The part to kill: a router, the primary of a shard or of the config servers, or a shard's secondary."""
    if kind == "router":
        return "router-1"
    wanted = {"shard": ("shard-1", PRIMARY), "config": ("config", PRIMARY), "secondary": ("shard-2", SECONDARY)}[kind]
    with Store(platform.settings, Unguarded()) as store:
        found = next(
            member for member in store.cluster_status().members if (member.replica_set, member.state) == wanted
        )
    port = int(found.address.rpartition(":")[2])
    return next(part.name for part in platform.status() if part.port == port)


def kill(platform: Platform, name: str) -> None:
    """SIGKILL to a part that this test started."""
    pid = next(part.pid for part in platform.status() if part.name == name)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: next(part for part in platform.status() if part.name == name).restarts, f"{name} is restarted")


def whole(platform: Platform) -> bool:
    with Store(platform.settings, Unguarded()) as store:
        found = store.cluster_status()
    return not found.problems and all(member.state in {PRIMARY, SECONDARY} for member in found.members)


class moving_prices:
    """The shop asks another price for some product, five times a second."""

    def __init__(self, shop: str, skus: Iterable[str]) -> None:
        self._shop = shop
        goods = httpx2.get(f"{shop}/_shop/truth", timeout=10).json()["products"]
        self._costs = [(sku, goods[sku]["offer"]["cost"]["minor"]) for sku in skus]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._move)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _move(self) -> None:
        chance = random.Random(2)
        while not self._stop.wait(0.2):
            sku, cost = chance.choice(self._costs)
            # A little up or down: a jump would be held.
            price = f"{cost * chance.uniform(0.85, 1.2) / 100:.2f}"
            moved = httpx2.post(f"{self._shop}/_shop/price", json={"sku": sku, "price": price})
            assert moved.status_code == httpx2.codes.OK, moved.text


def assert_true_after_another_crawl(platform: Platform, shop: str, count: int) -> None:
    run = run_crawl(platform.settings, "it", trigger="chaos")
    assert (run.total("products"), run.total("rejected"), run.total("gone")) == (count, 0, 0)
    truth = httpx2.get(f"{shop}/_shop/truth", timeout=10).json()["products"]
    assert len(truth) == count
    with Store(platform.settings, Unguarded()) as store:
        for sku, goods in truth.items():
            product = store.products.get(f"it:bottega:{sku}")
            assert product.offer is not None
            assert product.offer.cost.minor == goods["offer"]["cost"]["minor"]
