"""The real nginx before two real nodes: pages are kept until they are written, and nobody reads an old price after a second."""

import http.client
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from nodes import balancer
from ports import free_base
from redis import Redis
from servers import hung_redis
from serving import served

from api.app import create_app
from listino.domain.money import Money
from listino.domain.pricing import Price
from listino.domain.product import Product
from listino.live.page_scripts import GENERATION, product_keys
from listino.local.nginx import API_NODES, can_hear
from listino.settings import Settings
from listino.store.client import Store
from listino.store.guard import Unguarded

STALE_SECONDS = 1.0
KEPT_SECONDS = 1.1  # longer than any page is where nginx hears of nothing
SECONDS = 15.0

pytestmark = pytest.mark.skipif(not can_hear(), reason="the nginx of this machine has no njs")


@dataclass(frozen=True, slots=True)
class Shown:
    """What a shopper who asked at that time (monotonic) was shown, and what became of it in the micro-cache."""

    price: str
    cache: str
    asked_at: float


class Storefront:
    """One product through nginx; its price rises with each write."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", settings.port("nginx"), timeout=10)
        self._store = store
        self.written = 0

    def write(self, store: Store | None = None) -> float:
        """When the next price was acknowledged (monotonic)."""
        self.written += 1
        goods = Product(id=7, name="Moka", price=Price(self._money), content_hash=str(self.written))
        (store or self._store).products.upsert([goods])
        return time.monotonic()

    def ask(self) -> Shown:
        asked_at = time.monotonic()
        self._connection.request("GET", "/products/7")
        response = self._connection.getresponse()
        body = response.read()
        assert response.status == 200, body
        return Shown(json.loads(body)["default_price"], response.headers["X-Cache"], asked_at)

    def ask_until(self, wanted: Callable[[Shown], bool]) -> Shown:
        deadline = time.monotonic() + SECONDS
        while not wanted(shown := self.ask()):
            assert time.monotonic() < deadline, shown
        return shown

    def kept(self) -> None:
        """Returns when the last price was kept for KEPT_SECONDS without a node being asked."""
        begun: list[float] = []

        def is_kept(shown: Shown) -> bool:
            assert shown.price == self.price, "an old price was shown again"
            if shown.cache != "HIT":
                begun.clear()
                return False
            begun.append(shown.asked_at)
            return shown.asked_at - begun[0] > KEPT_SECONDS

        self.ask_until(is_kept)

    def new_in_time(self, acknowledged: float) -> None:
        """Returns when the last price is shown; no other one was, to anybody who asked a second after the write."""

        def is_new(shown: Shown) -> bool:
            assert shown.price == self.price or shown.asked_at < acknowledged + STALE_SECONDS, "a stale price"
            return shown.price == self.price

        self.ask_until(is_new)

    @property
    def price(self) -> str:
        return f"{self._money.minor / 100:.2f}"

    @property
    def _money(self) -> Money:
        return Money(1000 + self.written)


@pytest.fixture
def placed(settings: Settings) -> Settings:
    """Settings with ports that nobody holds."""
    return settings.model_copy(update={"port_base": free_base()})


@pytest.fixture
def nodes(placed: Settings, store: Store) -> Iterator[dict[str, ExitStack]]:
    """Both, which end with their stacks; nginx is before them."""
    with ExitStack() as stack:
        running = {name: stack.enter_context(ExitStack()) for name in API_NODES}
        for name, one in running.items():
            one.enter_context(served(create_app(placed), lifespan="on", port=placed.port(name)))
        stack.enter_context(balancer(placed, hears=True))
        yield running


@pytest.fixture
def storefront(placed: Settings, nodes: dict[str, ExitStack], store: Store) -> Storefront:
    """With a page that is kept."""
    made = Storefront(placed, store)
    made.write()
    made.kept()
    return made


def test_a_page_is_kept_until_it_is_written(storefront: Storefront) -> None:
    for _ in range(4):
        storefront.new_in_time(storefront.write())
    storefront.kept()


def test_without_word_of_writes_a_page_is_kept_for_a_second_at_most(storefront: Storefront, settings: Settings) -> None:
    with hung_redis(settings.redis_address):
        storefront.new_in_time(storefront.write())
    with Redis.from_url(settings.redis_address) as redis:
        # What the writer had begun to tell, and Redis came to read only now, would have nobody keep the page for half a minute.
        redis.delete(*product_keys([7]))
    storefront.kept()


def test_what_nobody_was_told_of_voids_all_that_is_kept(storefront: Storefront, settings: Settings) -> None:
    """As after an outage in which somebody wrote."""
    with Store(settings, Unguarded()) as unguarded:
        acknowledged = storefront.write(unguarded)
    with Redis.from_url(settings.redis_address) as redis:
        redis.incr(GENERATION)
    storefront.new_in_time(acknowledged)
    storefront.kept()


def test_the_end_of_a_node_voids_nothing_and_the_other_one_is_asked(
    storefront: Storefront, nodes: dict[str, ExitStack]
) -> None:
    first, _ = nodes.values()
    first.close()
    assert storefront.ask().cache == "HIT"
    storefront.new_in_time(storefront.write())
    storefront.kept()
