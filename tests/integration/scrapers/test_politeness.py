"""How shops are asked, by their own logs: no faster than they want it, by all of us together."""

import itertools
import statistics
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from livework import end, start_worker
from shopkeeper import PRODUCTS, RunningShop, wait_until

from listino.crawling import run_crawl
from listino.domain.clock import utc_now
from listino.domain.crawl import CrawlStatus
from listino.domain.listing import list_goods
from listino.domain.product import Product
from listino.live.answer import LiveAnswer, Reason
from listino.live.synchronous import LivePrices
from listino.settings import Settings
from listino.shops.declaration import Shops
from listino.store.client import Store

pytestmark = pytest.mark.timeout(240)

DELAY = 0.1  # seconds
JITTER = 0.03  # by which a request may come later than it was sent, and the next one not


@pytest.fixture
def worker(settings: Settings) -> Iterator[None]:
    process = start_worker(settings)
    yield
    end(process)


def stock(shop: RunningShop, settings: Settings, store: Store) -> list[Product]:
    """The shop's goods in the store, as an earlier crawl would have put them there."""
    terms = Shops.load(settings.shops_path)[shop.key].terms
    products = [list_goods(goods, terms, at=utc_now(), crawl_id="old") for goods in shop.truth().values()]
    assert len(store.products.upsert(products).new) == PRODUCTS
    return products


def starts(log: list[dict[str, Any]]) -> list[float]:
    return sorted(visit["began"] for visit in log)


def gaps(moments: list[float]) -> list[float]:
    return [later - earlier for earlier, later in itertools.pairwise(moments)]


def assert_apart(moments: list[float], seconds: float) -> None:
    """A request may come late on a busy machine, and the next one in time; so it is looked at six in a row."""
    assert len(moments) > PRODUCTS
    assert min(later - earlier for earlier, later in zip(moments, moments[5:], strict=False)) >= 5 * seconds - 0.2
    assert moments[-1] - moments[0] >= (len(moments) - 1) * seconds - 0.2


def most_at_a_time(log: list[dict[str, Any]]) -> int:
    changes = [(visit["began"], 1) for visit in log] + [(visit["ended"], -1) for visit in log if visit["ended"]]
    under_way = itertools.accumulate(change for _, change in sorted(changes))
    return max(under_way)


def test_a_shop_that_refuses_is_left_alone_and_then_asked_more_slowly_until_it_has_recovered(
    german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    german_shop.admin("behaviour", fault="429", retry_after=2, times=1, path=r"\.js$")
    run = run_crawl(settings, "de", trigger="test")
    assert (run.status, run.total("products"), run.total("failed")) == (CrawlStatus.FINISHED, PRODUCTS, 0)
    log = german_shop.log()
    (refused,) = [visit["began"] for visit in log if visit["status"] == 429]
    after = [moment for moment in starts(log) if moment > refused + JITTER]
    assert len(after) > PRODUCTS // 2
    pace = gaps(after)
    # What was under way at that moment is answered; then there is silence for as long as the shop asked for.
    silence = max(gaps([refused, *after]))
    assert silence >= 2 - DELAY - JITTER
    resumed = after[pace.index(max(pace)) + 1 :] if max(pace) > 1 else after
    assert len(resumed) > 15
    assert min(gaps(resumed)[:3]) > 0.3, "at first slowly"
    assert statistics.median(gaps(resumed)[-5:]) < 0.2, "and in the end as before"


@pytest.mark.usefixtures("worker")
def test_crawl_and_live_prices_together_keep_to_the_shops_budget(
    german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    german_shop.declare(settings, concurrency=2, delay=DELAY)
    path = next(settings.shops_path.glob("de-*.toml"))
    path.write_text(path.read_text().replace("[live]\nconcurrency = 8", "[live]\nconcurrency = 3"))
    products = stock(german_shop, settings, store)
    german_shop.admin("behaviour", latency={"median_ms": 350, "p99_ms": 500})
    answers: list[LiveAnswer] = []

    def shop_around() -> None:
        live = LivePrices(settings)
        answers.extend(live.get(product.id, wait_ms=2500) for product in products[:8])
        live.close()

    with ThreadPoolExecutor() as threads:
        crawling = threads.submit(run_crawl, settings, "de", trigger="test")
        wait_until(lambda: any(visit["path"].endswith(".js") for visit in german_shop.log()), "the crawl is under way")
        threads.submit(shop_around).result(60)
        run = crawling.result(60)
    assert (run.status, run.total("products")) == (CrawlStatus.FINISHED, PRODUCTS)
    assert len(answers) == 8
    assert [answer.reason for answer in answers].count(None) >= 6, "a shopper goes before the crawl"
    log = german_shop.log()
    assert len(log) > PRODUCTS + 8
    assert most_at_a_time(log) <= 3
    assert_apart(starts(log), DELAY)


@pytest.mark.usefixtures("worker")
def test_a_shop_that_has_told_a_crawl_to_wait_is_busy_for_shoppers_too(
    german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    products = stock(german_shop, settings, store)
    german_shop.admin("behaviour", fault="429", retry_after=3600, path=r"products\.json")
    run = run_crawl(settings, "de", trigger="test")
    assert run.status is CrawlStatus.INCOMPLETE
    asked = german_shop.requests()["total"]
    live = LivePrices(settings)
    answer = wait_until(
        lambda: (found := live.get(products[0].id, wait_ms=2000)).reason is not Reason.DEADLINE and found,
        "the worker has answered",
    )
    live.close()
    assert answer.reason is Reason.SHOP_BUSY
    assert german_shop.requests()["total"] == asked


def test_a_shop_whose_rules_cannot_be_read_is_not_crawled_and_keeps_its_goods(
    german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    stock(german_shop, settings, store)
    german_shop.admin("behaviour", fault="503", retry_after=1, path=r"^/robots\.txt$")
    run = run_crawl(settings, "de", trigger="test")
    assert run.status is CrawlStatus.INCOMPLETE
    assert run.error == (
        f"{german_shop.name}: its robots.txt answered 503, and nothing is asked until its rules are known"
    )
    assert set(german_shop.requests()["by_path"]) == {"/robots.txt"}
    assert store.products.counts() == {german_shop.key: PRODUCTS}


def test_a_crawl_without_redis_paces_itself_and_says_so_once(
    german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    german_shop.declare(settings, delay=DELAY)
    away = settings.model_copy(update={"redis_url": "redis://127.0.0.1:9/0"})
    run = run_crawl(away, "de", trigger="test")
    assert (run.status, run.total("products")) == (CrawlStatus.FINISHED, PRODUCTS)
    log = (settings.state_dir / "logs" / "crawl-de.log").read_text()
    assert log.count("WARNING: Redis at redis://127.0.0.1:9/0 is away") == 1
    assert_apart(starts(german_shop.log()), DELAY)
