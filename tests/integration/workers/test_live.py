"""Live prices end to end: a viewer asks, a real worker asks a real shop, the answer is stored and handed on."""

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing.context import ForkServerProcess

import pytest
from livework import WAIT_MS, ask, ask_until_answered, end, in_stock, start_worker, stock, waiting_room
from redis import Redis
from shopkeeper import RunningShop, wait_until

import listino.live.prices
from listino.domain.clock import utc_now
from listino.domain.money import Money
from listino.domain.offer import Availability
from listino.domain.product import Product, key_parts
from listino.jobs import LIVE, Jobs
from listino.live.answer import LiveAnswer, Reason
from listino.live.page_scripts import page_key
from listino.live.prices import AsyncLivePrices
from listino.live.product_page import LAYOUT, rendered
from listino.live.quote import last_known, make_quote
from listino.live.scripts import CHANNEL
from listino.live.synchronous import LivePrices
from listino.live.waiting import DrainLost
from listino.settings import Settings
from listino.shops.declaration import Shops
from listino.shops.platform import Known
from listino.shops.platforms.woocommerce import WooCommerce
from listino.store.client import Store
from listino.store.documents import packed, paged_document

VIEWERS = 200


@pytest.fixture
def worker(settings: Settings) -> Iterator[ForkServerProcess]:
    """A live worker process that listens."""
    process = start_worker(settings)
    yield process
    end(process)


@pytest.fixture
def redis(settings: Settings) -> Iterator[Redis]:
    with Redis.from_url(settings.redis_address) as client:
        yield client


@pytest.mark.usefixtures("worker")
def test_a_moved_price_is_answered_stored_and_kept_in_history(
    any_shop: RunningShop, settings: Settings, store: Store, redis: Redis
) -> None:
    product = in_stock(stock(any_shop, settings, store))
    _, _, sku = key_parts(str(product.id))
    assert product.offer is not None
    cost = Money(product.offer.cost.minor * 4 // 5)
    redis.set(page_key(product.id), rendered(paged_document(product), packed).encoded(f"{LAYOUT}:run:"))
    any_shop.admin("price", sku=sku, price=str(cost))
    answer = ask_until_answered(settings, product)
    assert answer.reason is None
    assert answer.availability is Availability.IN_STOCK
    stored = store.products.get(product.id)
    assert stored.offer is not None
    assert stored.price is not None
    assert stored.offer.cost == cost
    assert stored.price.amount == answer.price
    assert product.price is not None
    assert stored.price.amount != product.price.amount
    both = [product.price.amount, answer.price]
    assert [point.price for point in stored.unfiled] == both[1:], "the product carries its new point at once"
    wait_until(lambda: [point.price for point in store.products.history(product.id)] == both, "it is in the history")
    assert redis.get(page_key(product.id)) == rendered(paged_document(stored), packed).encoded(f"{LAYOUT}:run:"), (
        "whoever opens it next need not read it"
    )
    asked = any_shop.requests()
    assert asked["by_product"] == {sku: asked["total"] - asked["by_path"]["/robots.txt"]}


# Which files nothing until it is told to stop.
SLOW_TO_FILE = """
from listino.settings import load_settings
from listino.store import filing
from workers.live_worker import work
filing.GATHER_SECONDS = 3600
work(load_settings())
"""


def test_a_worker_that_is_told_to_stop_files_what_it_has_in_hand(
    german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    product = in_stock(stock(german_shop, settings, store))
    assert product.offer is not None
    cost = Money(product.offer.cost.minor * 4 // 5)
    german_shop.admin("price", sku=key_parts(str(product.id))[2], price=str(cost))
    worker = subprocess.Popen([sys.executable, "-c", SLOW_TO_FILE], env=os.environ | settings.environment())
    try:
        assert ask_until_answered(settings, product).fresh
        assert len(store.products.history(product.id)) == 1
        worker.terminate()
        assert worker.wait(60) == 0
    finally:
        worker.kill()
    assert [point.cost for point in store.products.history(product.id)] == [product.offer.cost, cost]


@pytest.mark.usefixtures("worker")
async def test_two_hundred_viewers_at_once_cost_the_shop_one_request(
    german_shop: RunningShop, settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a busy machine two hundred questions take longer than one may, and Redis is there all the same.
    monkeypatch.setattr(listino.live.prices, "ASK_SECONDS", 5.0)
    products = stock(german_shop, settings, store)
    await asyncio.to_thread(ask_until_answered, settings, products[1])  # every connection is warm after this
    product = products[0]
    german_shop.admin("reset")
    german_shop.admin("behaviour", latency={"median_ms": 200, "p99_ms": 250})
    async with AsyncLivePrices(settings) as live:
        answers = await asyncio.gather(*(live.get(product.id, wait_ms=60_000) for _ in range(VIEWERS)))
    assert len(answers) == VIEWERS
    assert {answer.reason for answer in answers} == {None}
    assert len({answer.price for answer in answers}) == 1
    assert german_shop.requests()["total"] == 1


@pytest.mark.parametrize("_any_shop", ["it"], indirect=True)
def test_many_waiting_products_cost_few_requests(any_shop: RunningShop, settings: Settings, store: Store) -> None:
    simple = [product for product in stock(any_shop, settings, store) if _variants(product) == 1]
    assert len(simple) > 5
    skus = [key_parts(str(product.id))[2] for product in simple]
    asked_before = simple[0].offer.cost.minor if simple[0].offer else 0
    lowered = Money(asked_before - asked_before // 10)
    any_shop.admin("price", sku=skus[0], price=str(lowered))
    any_shop.admin("vanish", skus=[skus[1]])
    with contextlib.closing(LivePrices(settings)) as live:
        assert {live.get(product.id, wait_ms=10).reason for product in simple} == {Reason.DEADLINE}
    any_shop.admin("reset")
    process = start_worker(settings)
    try:
        checked = [product for product in simple if product.id != simple[1].id]
        wait_until(lambda: all(_checked(store, product) for product in checked), "all were asked for")
        wait_until(lambda: store.products.get(simple[1].id).gone_at, "the vanished one is gone")
    finally:
        end(process)
    known = [Known(sku=sku, url="", variants=1) for sku in skus]
    together = WooCommerce().refresh_many(Shops.load(settings.shops_path)[any_shop.key], known)
    requests = any_shop.requests()
    asked = requests["total"] - requests["by_path"]["/robots.txt"]
    assert asked == len(together) + 1, "the one that was missing from its list is asked for alone"
    assert len(together) < len(simple)
    first = store.products.get(simple[0].id).offer
    assert first is not None
    assert first.cost == lowered
    for product in checked[1:]:
        stored = store.products.get(product.id)
        assert stored.price == product.price


def _variants(product: Product) -> int:
    return sum(len(style.skus) for style in product.styles)


def _checked(store: Store, product: Product) -> bool:
    stored = store.products.get(product.id)
    return bool(stored.offer and product.offer and stored.offer.checked_at > product.offer.checked_at)


@pytest.mark.usefixtures("worker")
def test_a_hanging_shop_costs_no_viewer_more_than_the_deadline(
    german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    products = stock(german_shop, settings, store)
    ask_until_answered(settings, products[1])
    german_shop.admin("behaviour", fault="hang")
    began = time.perf_counter()
    answer = ask(settings, products[0], wait_ms=300)
    assert 0.3 <= time.perf_counter() - began < 1.3
    assert answer.reason is Reason.DEADLINE
    german_shop.admin("reset")
    assert ask_until_answered(settings, products[2]).reason is None


@pytest.mark.usefixtures("worker")
def test_a_hanging_shop_does_not_keep_the_only_worker_from_the_others(
    german_shop: RunningShop, french_shop: RunningShop, settings: Settings, store: Store
) -> None:
    german, french = stock(german_shop, settings, store), stock(french_shop, settings, store)
    ask_until_answered(settings, french[0])
    german_shop.admin("behaviour", fault="hang")
    for product in german:
        assert ask(settings, product, wait_ms=0).reason is Reason.DEADLINE
    wait_until(lambda: german_shop.requests()["total"] > 0, "the German shop is being asked")
    began = time.perf_counter()
    assert ask_until_answered(settings, french[1]).reason is None
    # One time-out of the hanging shop at the most, not one for each of its products.
    assert time.perf_counter() - began < 2 * settings.live_timeout_ms / 1000 + 2


@pytest.mark.usefixtures("worker")
def test_another_product_in_its_place_is_not_sold_as_it(
    german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    wanted, other = stock(german_shop, settings, store)[:2]
    store.products.upsert([replace(wanted, url=other.url, content_hash="moved")])
    assert ask_until_answered(settings, wanted).reason is Reason.GONE
    assert store.products.get(wanted.id).price == wanted.price


async def test_a_message_nobody_understands_does_not_end_the_listening(
    german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    product = stock(german_shop, settings, store)[0]
    redis = Redis.from_url(settings.redis_address)
    async with AsyncLivePrices(settings) as live, waiting_room(settings, german_shop.key) as room:
        asking = asyncio.create_task(live.get(product.id, wait_ms=5000))
        taken: list[str] = []
        while not taken:
            taken = await room.take(1)
        redis.publish(CHANNEL, b"{not ours")
        redis.publish(CHANNEL, b'{"product_id": 1, "reason": "of tomorrow"}')
        await room.deliver(LiveAnswer(product_id=taken[0], as_of=utc_now(), reason=Reason.SHOP_SILENT))
        assert (await asking).reason is Reason.SHOP_SILENT


async def test_who_does_not_wait_is_told_of_a_fresh_answer_all_the_same(
    german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    kept = settings.model_copy(update={"live_fresh_ms": 60_000})
    product = stock(german_shop, kept, store)[0]
    async with AsyncLivePrices(kept) as live, waiting_room(kept, german_shop.key) as room:
        assert (await live.get(product.id, wait_ms=0)).reason is Reason.DEADLINE
        assert await room.take(1) == [product.id]
        assert await room.deliver(
            LiveAnswer(product_id=product.id, as_of=utc_now(), price=Money(990), availability=Availability.IN_STOCK)
        )
        assert (await live.get(product.id, wait_ms=1000)).price == Money(990)
        assert (await live.get(product.id, wait_ms=0)).price == Money(990)


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("503", Reason.SHOP_REFUSED),
        ("429", Reason.SHOP_REFUSED),
        ("html", Reason.UNREADABLE),
        ("truncated", Reason.SHOP_SILENT),
    ],
)
def test_a_failing_shop_is_a_reason_and_changes_nothing(
    fault: str, reason: Reason, german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    product = stock(german_shop, settings, store)[0]
    german_shop.admin("behaviour", fault=fault)
    answer = ask_until_answered(settings, product)
    assert (answer.reason, answer.price) == (reason, None)
    assert store.products.get(product.id) == product


@pytest.mark.usefixtures("worker")
def test_a_product_that_the_shop_no_longer_has_is_gone(any_shop: RunningShop, settings: Settings, store: Store) -> None:
    product = stock(any_shop, settings, store)[0]
    _, _, sku = key_parts(str(product.id))
    any_shop.admin("vanish", skus=[sku])
    assert ask_until_answered(settings, product).reason is Reason.GONE
    assert store.products.get(product.id).gone_at is not None


@pytest.mark.usefixtures("worker")
def test_goods_of_a_shop_that_is_no_longer_declared_are_turned_away(
    german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    product = stock(german_shop, settings, store)[0]
    for declaration in settings.shops_path.glob("*.toml"):
        declaration.unlink()
    assert ask_until_answered(settings, product).reason is Reason.NO_SHOP


@pytest.mark.usefixtures("worker")
def test_no_request_goes_to_a_host_that_the_shop_does_not_declare(
    german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    product = stock(german_shop, settings, store)[0]
    path = next(settings.shops_path.glob("*.toml"))
    # The products' addresses stay on the German shop's port; a generic shop asks for the page at that very address.
    text = (
        path.read_text()
        .replace('platform = "shopify"', 'platform = "generic"')
        .replace(german_shop.url, "http://127.0.0.1:9")
    )
    path.write_text(text)
    assert ask_until_answered(settings, product).reason is Reason.UNREADABLE
    assert german_shop.requests()["total"] == 0


def test_without_a_worker_the_deadline_answers_and_one_job_waits(
    german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    products = stock(german_shop, settings, store)
    assert [ask(settings, product, wait_ms=50).reason for product in products[:3]] == [Reason.DEADLINE] * 3
    queue = Jobs(Redis.from_url(settings.redis_address)).queue(LIVE)
    assert len(queue) == 1
    assert Redis.from_url(settings.redis_address).hget(f"rq:job:{queue.job_ids[0]}", "data") is not None
    # A worker that comes later serves all that waited, with the one job.
    worker = start_worker(settings)
    try:
        wait_until(
            lambda: all(store.products.get(p.id).offer.checked_at > p.offer.checked_at for p in products[:3]),
            "all three were refreshed",
        )
    finally:
        end(worker)


def test_a_killed_worker_leaves_nobody_waiting_for_ever(
    german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    quick = settings.model_copy(update={"live_timeout_ms": 800})
    product = stock(german_shop, quick, store)[0]
    german_shop.admin("behaviour", fault="hang")
    doomed = start_worker(quick)
    assert ask(quick, product, wait_ms=50).reason is Reason.DEADLINE
    wait_until(lambda: german_shop.requests()["total"] > 0, "the shop was asked")
    end(doomed)
    german_shop.admin("reset")
    heir = start_worker(quick)
    try:
        assert ask_until_answered(quick, product).reason is None
    finally:
        end(heir)


async def test_what_a_drain_leaves_waits_before_all_others(settings: Settings) -> None:
    first, second, third = (f"de:kontor:{number}" for number in (1, 2, 3))
    async with (
        AsyncLivePrices(settings) as live,
        waiting_room(settings, "de:kontor") as room,
        waiting_room(settings, "de:kontor") as next_room,
    ):
        for product_id in (first, second):
            await live.request(product_id, wait_ms=0)
        assert sorted(await room.take(10)) == [first, second]
        with pytest.raises(DrainLost):
            await next_room.take(10)
        assert await room.deliver(silent(first)) == {first}
        await live.request(third, wait_ms=0)
        assert not await room.rest()
        assert room.wanted, "there is something to do"
        assert await room.rest(leave=True)
        await live.request(second, wait_ms=0)  # it is on its way: nobody queues it a second time
        assert sorted(await next_room.take(10)) == [second, third]
        assert not await room.deliver(silent(second)), "not its own"
        assert await next_room.deliver(silent(second), silent(third)) == {second, third}
        assert await next_room.rest()


def silent(product_id: str) -> LiveAnswer:
    return LiveAnswer(product_id=product_id, as_of=utc_now(), reason=Reason.SHOP_SILENT)


def test_redis_away_is_a_reason(settings: Settings) -> None:
    away = settings.model_copy(update={"redis_url": "redis://127.0.0.1:9/0"})
    live = LivePrices(away)
    assert live.get("de:kontor:1", wait_ms=100).reason is Reason.NO_QUEUE
    live.close()


async def test_redis_away_is_a_reason_for_asynchronous_callers_too(settings: Settings) -> None:
    away = settings.model_copy(update={"redis_url": "redis://127.0.0.1:9/0"})
    async with AsyncLivePrices(away) as live:
        assert (await live.get("de:kontor:1", wait_ms=100)).reason is Reason.NO_QUEUE


def test_a_catalogue_number_has_no_shop_to_ask(settings: Settings) -> None:
    live = LivePrices(settings)
    assert live.get(500, wait_ms=100).reason is Reason.NO_SHOP
    live.close()


@pytest.mark.usefixtures("worker")
def test_who_comes_while_the_shop_is_slow_is_served_beside_the_others(
    german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    products = stock(german_shop, settings, store)
    ask_until_answered(settings, products[0])
    german_shop.admin("reset")
    german_shop.admin("behaviour", latency={"median_ms": 700, "p99_ms": 750})
    assert ask(settings, products[1], wait_ms=0).reason is Reason.DEADLINE
    wait_until(lambda: german_shop.requests()["total"] > 0, "the first one is being asked")
    for product in products[2:6]:
        assert ask(settings, product, wait_ms=0).reason is Reason.DEADLINE
    wait_until(lambda: len(german_shop.requests()["by_product"]) == 5, "all five were asked for")
    assert german_shop.requests()["peak_in_flight"] >= 3


@pytest.mark.usefixtures("worker")
async def test_connections_from_before_a_restart_of_redis_cost_no_answer(
    german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    products = stock(german_shop, settings, store)
    await asyncio.to_thread(ask_until_answered, settings, products[0])
    synchronous, administrator = LivePrices(settings), Redis.from_url(settings.redis_address)
    async with AsyncLivePrices(settings) as live:
        warm = await asyncio.gather(*(live.get(product.id, wait_ms=WAIT_MS) for product in products[1:6]))
        assert [answer.reason for answer in warm] == [None] * 5
        synchronous.get(products[6].id, wait_ms=WAIT_MS)
        administrator.client_kill_filter(_type="normal", skipme=True)
        answers = await asyncio.gather(*(live.get(product.id, wait_ms=WAIT_MS) for product in products[7:12]))
        assert Reason.NO_QUEUE not in {answer.reason for answer in answers}
        assert (
            await asyncio.to_thread(synchronous.get, products[12].id, wait_ms=WAIT_MS)
        ).reason is not Reason.NO_QUEUE
    synchronous.close()


@pytest.mark.usefixtures("worker")
def test_a_price_that_is_not_plausible_is_held_and_never_sold_at(
    german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    hundredfold, free = stock(german_shop, settings, store)[:2]
    for product, factor in ((hundredfold, 100), (free, 0)):
        assert product.price is not None
        german_shop.admin("misprice", factor=factor, skus=[key_parts(str(product.id))[2]])
        answer = ask_until_answered(settings, product)
        assert (answer.reason, answer.price) == (Reason.HELD, None)
        quote = make_quote(last_known(product), answer, [])
        assert (quote.price, quote.fields()["fresh"], quote.fields()["reason"]) == (product.price.amount, False, "held")
        kept = store.products.get(product.id)
        assert kept.held is not None
        assert (kept.price, kept.held.crawl_id) == (product.price, None)
        assert {doubt.kind.value for doubt in kept.held.doubts} == ({"times_100"} if factor else {"not_positive"})
        assert len(store.products.history(product.id)) == 1
        german_shop.admin("misprice", factor=1, skus=[key_parts(str(product.id))[2]])
        wait_until(lambda product=product: ask(settings, product).fresh, "the shop asks a plausible price again")
        assert store.products.get(product.id).held is None
