"""Crawls of a shop that was crawled before: what did not change is not read again, and is not gone either."""

import pytest
from shopkeeper import PRODUCTS, RunningShop

from listino.crawling import run_crawl
from listino.domain.crawl import Crawl, CrawlStatus
from listino.settings import Settings
from listino.store.client import Store
from listino.store.query import ProductQuery

pytestmark = pytest.mark.timeout(120)


def crawl(settings: Settings, shop: RunningShop, **how: bool) -> tuple[Crawl, list[str]]:
    """A whole crawl, and the product pages that it asked for."""
    shop.admin("reset")
    run = run_crawl(settings, shop.market, trigger="test", **how)
    assert run.status is CrawlStatus.FINISHED, run.error
    return run, list(shop.requests()["by_product"])


def counts(run: Crawl) -> dict[str, int]:
    names = ("products", "new", "changed", "unchanged", "unmodified", "skipped", "gone")
    return {name: run.total(name) for name in names if run.total(name)}


def test_a_sitemap_tells_what_is_worth_a_visit(french_shop: RunningShop, settings: Settings, store: Store) -> None:
    first, pages = crawl(settings, french_shop)
    assert counts(first) == {"products": PRODUCTS, "new": PRODUCTS}
    assert len(pages) == PRODUCTS

    second, pages = crawl(settings, french_shop)
    assert counts(second) == {"products": PRODUCTS, "unchanged": PRODUCTS, "skipped": PRODUCTS}
    assert pages == []
    assert french_shop.requests()["total"] < 10
    assert store.products.counts() == {french_shop.key: PRODUCTS}

    drifted = french_shop.admin("drift", share=0.2, seed=5)["changed"]
    assert 0 < len(drifted) < PRODUCTS
    third, pages = crawl(settings, french_shop)
    assert sorted(pages) == sorted(drifted)
    assert counts(third) == {
        "products": PRODUCTS, "changed": len(drifted), "unchanged": PRODUCTS - len(drifted),
        "skipped": PRODUCTS - len(drifted),
    }  # fmt: skip

    last, pages = crawl(settings, french_shop, full=True)
    assert len(pages) == PRODUCTS
    assert counts(last) == {"products": PRODUCTS, "unchanged": PRODUCTS}


def test_a_sitemap_is_not_trusted_for_ever_nor_for_other_terms(
    french_shop: RunningShop, settings: Settings, store: Store
) -> None:
    crawl(settings, french_shop)
    french_shop.declare(settings, revisit_hours=0)
    again, pages = crawl(settings, french_shop)
    assert counts(again) == {"products": PRODUCTS, "unchanged": PRODUCTS, "unmodified": PRODUCTS}
    assert len(pages) == PRODUCTS
    assert {visit["status"] for visit in french_shop.log() if visit["path"].endswith(".html")} == {304, 410}

    path = next(settings.shops_path.glob("fr-*.toml"))
    path.write_text(path.read_text().replace("markup_percent = 28", "markup_percent = 55"))
    dearer, _ = crawl(settings, french_shop)
    assert dearer.total("unmodified") == 0
    assert dearer.total("changed") > PRODUCTS // 2


def test_what_was_not_modified_is_met_and_what_vanished_is_gone_at_once(
    german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    crawl(settings, german_shop)
    vanished = german_shop.admin("vanish", share=0.1)["vanished"]
    assert len(vanished) > 0
    second, _ = crawl(settings, german_shop)
    left = PRODUCTS - len(vanished)
    assert counts(second) == {"products": left, "unchanged": left, "unmodified": left, "gone": len(vanished)}
    assert store.products.counts() == {german_shop.key: left}


def test_a_product_is_gone_after_as_many_misses_as_are_declared(
    german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    german_shop.declare(settings, gone_after=2)
    crawl(settings, german_shop)
    (lost,) = german_shop.admin("vanish", skus=[next(iter(german_shop.truth()))])["vanished"]
    once, _ = crawl(settings, german_shop)
    assert (once.total("products"), once.total("gone")) == (PRODUCTS - 1, 0)
    assert store.products.counts() == {german_shop.key: PRODUCTS}
    twice, _ = crawl(settings, german_shop)
    assert (twice.total("products"), twice.total("gone")) == (PRODUCTS - 1, 1)
    assert store.products.get(f"{german_shop.key}:{lost}").gone_at is not None


def test_a_product_page_that_says_gone_needs_no_second_crawl(
    french_shop: RunningShop, settings: Settings, store: Store
) -> None:
    french_shop.declare(settings, gone_after=2)
    crawl(settings, french_shop)
    vanished = french_shop.admin("vanish", share=0.1)["vanished"]  # its sitemap names them still, as real ones do
    assert len(vanished) > 0
    run, _ = crawl(settings, french_shop)
    assert run.total("gone") == len(vanished)
    query = ProductQuery(market="fr", shop=french_shop.name, gone=True)
    stored = store.products.page(query, count=10 * PRODUCTS)
    assert len(stored) == PRODUCTS
    assert {str(card.id).rpartition(":")[2] for card in stored if card.gone_at} == set(vanished)
