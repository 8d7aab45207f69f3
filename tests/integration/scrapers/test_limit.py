"""Limited crawls: at most so many products, not one request more than that takes, and nothing marked as gone."""

import pytest
from shopkeeper import PRODUCTS, RunningShop

from listino.crawling import run_crawl
from listino.domain.crawl import CrawlStatus
from listino.settings import Settings
from listino.store.client import Store

pytestmark = pytest.mark.timeout(240)


def on_sale(store: Store, shop: RunningShop) -> int:
    return store.products.counts().get(shop.key, 0)


@pytest.mark.parametrize("limit", [1, 3])
def test_a_limit_is_kept_to_the_product(limit: int, german_shop: RunningShop, settings: Settings, store: Store) -> None:
    assert_kept(limit, german_shop, settings, store)


def test_a_limit_is_kept_whatever_the_platform(any_shop: RunningShop, settings: Settings, store: Store) -> None:
    assert_kept(20, any_shop, settings, store)


def assert_kept(limit: int, shop: RunningShop, settings: Settings, store: Store) -> None:
    run = run_crawl(settings, shop.market, limit=limit, trigger="test")
    assert (run.status, run.total("products"), run.total("rejected")) == (CrawlStatus.FINISHED, limit, 0)
    assert on_sale(store, shop) == limit


def test_a_limit_is_the_runs_over_all_of_its_shops_and_one_in_trouble_is_told(
    german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    kontor = next(settings.shops_path.glob("de-*.toml")).read_text()
    (settings.shops_path / "de-second.toml").write_text(kontor.replace(german_shop.name, "second"))
    (settings.shops_path / "de-away.toml").write_text(
        kontor.replace(german_shop.name, "away").replace(german_shop.url, "http://away.invalid")
    )
    run = run_crawl(settings, "de", limit=7, trigger="test")
    assert (run.status, run.total("products")) == (CrawlStatus.INCOMPLETE, 7)
    assert sum(store.products.counts().values()) == 7
    assert run.error == "away: its address away.invalid could not be found"


def test_nothing_is_asked_of_the_shop_once_the_limit_is_reached(
    german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    german_shop.admin("behaviour", latency={"median_ms": 150, "p99_ms": 160}, path=r"\.js$")
    german_shop.admin("reset")
    text = (path := next(settings.shops_path.glob("de-*.toml"))).read_text()
    path.write_text(text.replace("concurrency = 4", "concurrency = 1", 1))
    run = run_crawl(settings, "de", limit=2, trigger="test")
    assert run.total("products") == 2
    # One at a time: what waited behind the second product was not sent any more.
    assert sum(german_shop.requests()["by_product"].values()) <= 3


def test_a_limited_run_marks_nothing_as_gone(german_shop: RunningShop, settings: Settings, store: Store) -> None:
    run_crawl(settings, "de", trigger="test")
    vanished = german_shop.admin("vanish", share=0.2)["vanished"]
    assert 0 < len(vanished) < PRODUCTS
    for limit in (3, PRODUCTS):
        run = run_crawl(settings, "de", limit=limit, trigger="test")
        assert (run.total("products"), run.total("gone")) == (min(limit, PRODUCTS - len(vanished)), 0)
        assert run.status is CrawlStatus.FINISHED
        assert on_sale(store, german_shop) == PRODUCTS
