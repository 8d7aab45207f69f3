"""Whole crawls: a real spider process, a real shop over HTTP, a real store."""

import os
import signal
import subprocess
import sys

import pytest
from shopkeeper import PRODUCTS, RunningShop, wait_until

from listino.crawling import run_crawl
from listino.domain.crawl import Crawl, CrawlStatus
from listino.domain.errors import CrawlRunning
from listino.domain.offer import ShopProduct
from listino.domain.product import Product
from listino.settings import Settings
from listino.store.client import Store
from listino.store.query import ProductQuery

pytestmark = pytest.mark.timeout(180)


def crawl(settings: Settings, shop: RunningShop) -> Crawl:
    return run_crawl(settings, shop.market, trigger="test")


def sold(store: Store, shop: RunningShop, *, gone: bool = False) -> dict[str, Product]:
    """The stored goods of the shop, whole, by the shop's key."""
    query = ProductQuery(market=shop.market, shop=shop.name, gone=gone)
    cards = store.products.page(query, count=10 * PRODUCTS)
    return {str(card.id).rsplit(":", 1)[-1]: store.products.get(card.id) for card in cards}


def variants(product: Product) -> dict[str, tuple[object, ...]]:
    return {
        key: (style.name, sku.size, sku.cost, sku.list_cost, sku.availability, sku.quantity, sku.gtin)
        for style in product.styles
        for key, sku in style.skus.items()
    }


def true_variants(goods: ShopProduct) -> dict[str, tuple[object, ...]]:
    return {
        variant.sku: (
            variant.style,
            variant.size,
            variant.cost,
            variant.list_cost,
            variant.availability,
            variant.quantity,
            variant.gtin,
        )
        for variant in goods.offer.variants
    }


def assert_true(product: Product, goods: ShopProduct) -> None:
    assert product.offer is not None
    assert product.price is not None
    assert (product.name, product.brand, product.gtin, product.url) == (goods.name, goods.brand, goods.gtin, goods.url)
    assert (product.category, product.description) == (goods.category, goods.description)
    assert (product.offer.cost, product.offer.list_cost) == (goods.offer.cost, goods.offer.list_cost)
    assert product.offer.availability == goods.offer.availability
    assert variants(product) == true_variants(goods)
    assert {photo for style in product.styles for photo in style.photos} == set(goods.photos)
    assert (product.slogan, product.features) == (goods.slogan, goods.features)
    assert product.price.amount.minor > goods.offer.cost.minor


def test_crawls_bring_home_the_truth_then_nothing_and_then_exactly_what_drifted(
    any_shop: RunningShop, settings: Settings, store: Store
) -> None:
    first = crawl(settings, any_shop)
    truth = any_shop.truth()
    assert (first.total("products"), first.total("new"), first.total("rejected")) == (PRODUCTS, PRODUCTS, 0)
    assert first.shops[any_shop.name].complete
    products = sold(store, any_shop)
    assert products.keys() == truth.keys()
    for key, goods in truth.items():
        assert_true(products[key], goods)
        assert len(store.products.history(products[key].id)) == 1

    second = crawl(settings, any_shop)
    assert (second.total("products"), second.total("unchanged"), second.total("gone")) == (PRODUCTS, PRODUCTS, 0)
    again = sold(store, any_shop)
    assert len(again) == PRODUCTS
    for key, product in products.items():
        assert (again[key].changed_at, again[key].content_hash) == (product.changed_at, product.content_hash)
        assert len(store.products.history(product.id)) == 1

    asked = any_shop.requests()["by_path"]
    assert len(asked) > PRODUCTS
    forbidden = ("/carrello/", "/panier/", "/warenkorb/", "/carrito/", "reserv", "riservate", "geheime")
    assert [path for path in asked if any(word in path for word in forbidden)] == []

    drifted = set(any_shop.admin("drift", share=0.2, seed=5)["changed"])
    assert 0 < len(drifted) < PRODUCTS
    third = crawl(settings, any_shop)
    after = sold(store, any_shop)
    assert {key for key in after if after[key].content_hash != products[key].content_hash} == drifted
    assert (third.total("changed"), third.total("unchanged")) == (len(drifted), PRODUCTS - len(drifted))
    for key, product in after.items():
        points = store.products.history(product.id)
        assert len(points) == (2 if key in drifted else 1)
        assert product.offer is not None
        assert points[-1].cost == product.offer.cost


def test_what_vanished_is_gone_not_deleted_and_may_come_back(
    german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    crawl(settings, german_shop)
    vanished = set(german_shop.admin("vanish", share=0.2)["vanished"])
    assert 0 < len(vanished) < PRODUCTS
    run = crawl(settings, german_shop)
    assert run.total("gone") == len(vanished)
    assert sold(store, german_shop).keys() == german_shop.truth().keys() - vanished
    assert {key for key, product in sold(store, german_shop, gone=True).items() if product.gone_at} == vanished

    german_shop.admin("restore")
    back = crawl(settings, german_shop)
    assert (back.total("returned"), back.total("new")) == (len(vanished), 0)
    assert len(sold(store, german_shop)) == PRODUCTS


def test_a_command_that_is_told_to_stop_has_its_spider_stop_in_order(
    german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    german_shop.admin("behaviour", latency={"median_ms": 800, "p99_ms": 900}, path=r"\.js$")
    with subprocess.Popen(
        [sys.executable, "-m", "listino", "crawl", "de"],
        env=os.environ | settings.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as command:
        wait_until(lambda: any(run.total("products") for run in store.crawls.latest(count=1)), "goods are stored")
        command.send_signal(signal.SIGTERM)
        _, err = command.communicate(timeout=60)
    assert command.returncode == 130, err
    (run,) = store.crawls.latest(count=5)
    assert (run.status, run.total("products") < PRODUCTS) == (CrawlStatus.STOPPED, True)
    german_shop.admin("reset")
    again = crawl(settings, german_shop)
    assert (again.status, again.id, again.total("products")) == (CrawlStatus.FINISHED, run.id, PRODUCTS)


def test_a_killed_spider_starts_again_to_the_full_truth(
    german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    spider = start_slowly(german_shop, settings, store)
    spider.kill()
    spider.wait(10)
    halfway = len(sold(store, german_shop))
    assert 0 < halfway < PRODUCTS
    german_shop.admin("reset")
    run = crawl(settings, german_shop)
    assert run.total("products") == PRODUCTS
    assert run.total("new") == PRODUCTS - halfway
    products = sold(store, german_shop)
    assert products.keys() == german_shop.truth().keys()
    for key, goods in german_shop.truth().items():
        assert_true(products[key], goods)
    statuses = [entry.status for entry in store.crawls.latest(market="de")]
    assert statuses == [CrawlStatus.FINISHED, CrawlStatus.DIED]


def test_a_stopped_spider_goes_on_where_it_was(german_shop: RunningShop, settings: Settings, store: Store) -> None:
    spider = start_slowly(german_shop, settings, store)
    spider.send_signal(signal.SIGTERM)
    assert spider.wait(30) == 0
    stopped = store.crawls.latest(market="de")[0]
    assert stopped.status is CrawlStatus.STOPPED
    assert 0 < stopped.total("products") < PRODUCTS
    german_shop.admin("reset")
    run = crawl(settings, german_shop)
    assert (run.id, run.status) == (stopped.id, CrawlStatus.FINISHED)
    assert run.total("products") == PRODUCTS
    asked = german_shop.requests()["by_product"]
    assert 0 < len(asked) < PRODUCTS
    assert sold(store, german_shop).keys() == german_shop.truth().keys()


def test_two_crawls_of_one_market_never_overlap(german_shop: RunningShop, settings: Settings, store: Store) -> None:
    spider = start_slowly(german_shop, settings, store)
    try:
        with pytest.raises(CrawlRunning, match=f"pid {spider.pid}"):
            crawl(settings, german_shop)
    finally:
        spider.kill()
        spider.wait(10)


@pytest.mark.parametrize("fault", ["503", "truncated", "html"])
def test_a_passing_fault_costs_no_product(
    fault: str, german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    german_shop.admin("behaviour", fault=fault, times=2, retry_after=1)
    run = crawl(settings, german_shop)
    assert (run.total("products"), run.total("failed"), run.total("rejected")) == (PRODUCTS, 0, 0)
    assert sold(store, german_shop).keys() == german_shop.truth().keys()


def test_pages_that_stay_unreadable_are_rejected_with_their_reason_and_are_not_gone(
    german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    crawl(settings, german_shop)
    german_shop.admin("behaviour", fault="html", path=r"/products/[^/]*10[0-9]\.js$")
    run = crawl(settings, german_shop)
    rejected = run.total("rejected")
    assert 0 < rejected < PRODUCTS
    assert run.shops[german_shop.name].complete
    assert run.rejected == {"page/unreadable": rejected}
    assert (run.total("products"), run.total("gone")) == (PRODUCTS - rejected, 0)
    kept = store.crawls.rejects(run.id)
    assert len(kept) == rejected
    assert {reject.reason for reject in kept} == {"page/unreadable"}
    assert all(reject.url.startswith(german_shop.url) for reject in kept)
    assert len(sold(store, german_shop)) == PRODUCTS


def test_a_shop_that_fails_throughout_takes_no_product_off_sale(
    german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    crawl(settings, german_shop)
    german_shop.admin("behaviour", fault="truncated")
    run = crawl(settings, german_shop)
    assert run.status is CrawlStatus.INCOMPLETE
    assert run.total("products") == 0
    assert run.total("failed") > 0
    assert not run.shops[german_shop.name].complete
    assert len(sold(store, german_shop)) == PRODUCTS


def test_scrapy_crawl_works_too(german_shop: RunningShop, settings: Settings, store: Store) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scrapy", "crawl", "de", "-a", "limit=5"],
        env=os.environ | settings.environment(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    run = store.crawls.latest(market="de")[0]
    assert (run.status, run.limit, run.trigger) == (CrawlStatus.FINISHED, 5, "scrapy")
    assert len(sold(store, german_shop)) == 5


def start_slowly(shop: RunningShop, settings: Settings, store: Store) -> "subprocess.Popen[bytes]":
    """A spider somewhere in the middle of a shop that takes its time."""
    shop.admin("behaviour", latency={"median_ms": 800, "p99_ms": 900}, path=r"\.js$")
    spider = subprocess.Popen(
        [sys.executable, "-m", "scrapers", shop.market],
        env=os.environ | settings.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: sold(store, shop), "the spider has stored something")
    return spider
