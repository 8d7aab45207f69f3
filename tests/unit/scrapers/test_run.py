import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from listino.domain.crawl import Crawl, CrawlStatus, Reject, ShopCounts
from listino.domain.drift import FIELDS, DriftRule
from listino.domain.product import Product
from listino.store.crawls import Lease
from listino.store.upsert import UpsertPlan
from scrapers.run import MOST_REJECTED_URLS, CrawlRun

AT = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)


def begun(crawl: Crawl, job_dir: Path | None = None) -> CrawlRun:
    return CrawlRun(crawl, Lease("it", "nobody", AT), job_dir)


def test_a_run_that_has_just_begun(run: CrawlRun) -> None:
    crawl = run.snapshot()
    assert (crawl.status, crawl.ended_at, crawl.coverage, crawl.rejected) == (CrawlStatus.RUNNING, None, {}, {})
    assert crawl.total("products") == 0


def test_what_batches_meant_is_counted(run: CrawlRun, listed_shirt: Product) -> None:
    run.count("bottega", UpsertPlan(new=["a"], changed=["b"], unchanged=["c", "d"]), [listed_shirt] * 4)
    run.count("bottega", UpsertPlan(returned=["e"], held=["f"]), [listed_shirt] * 2)
    counts = run.snapshot().shops["bottega"]
    assert (counts.products, counts.new, counts.changed, counts.unchanged, counts.returned) == (6, 1, 1, 2, 1)
    assert counts.held == 1


def test_coverage_is_the_share_of_products_with_a_field(run: CrawlRun, listed_shirt: Product) -> None:
    bare = Product(id="it:bottega:1", name="Moka")
    run.count("bottega", UpsertPlan(new=["a", "b", "c"]), [listed_shirt, bare, replace(bare, brand="Perché")])
    coverage = {
        "price": 0.3333, "list_price": 0.0, "availability": 0.3333, "brand": 0.6667, "gtin": 0.3333, "category": 0.3333,
        "description": 0.3333, "photos": 0.3333, "variants": 0.3333,
    }  # fmt: skip
    assert (run.snapshot().coverage, run.snapshot().shops["bottega"].coverage) == (coverage, coverage)
    assert run.snapshot().shops["bottega"].measured == 3


def as_usual(crawl: Crawl, **counts: object) -> Crawl:
    """A run of before that saw the whole shop, and a hundred products with everything."""
    shown = {"products": 100, "measured": 100, "complete": True, "coverage": dict.fromkeys(FIELDS, 1.0)} | counts
    return replace(crawl, id="it-0", status=CrawlStatus.FINISHED, shops={"bottega": ShopCounts(**shown)})  # type: ignore[arg-type]


def with_past(crawl: Crawl, *past: Crawl) -> CrawlRun:
    return CrawlRun(crawl, Lease("it", "nobody", AT), None, past=past, drift_rules={"bottega": DriftRule()})


def test_a_shop_of_which_little_was_read_has_drifted(crawl: Crawl, listed_shirt: Product) -> None:
    run = with_past(crawl, as_usual(crawl))
    run.count("bottega", UpsertPlan(new=["a"] * 100), [replace(listed_shirt, brand=None)] * 100)
    run.judge_drift()
    assert [fall.field for fall in run.snapshot().shops["bottega"].drift] == ["list_price", "brand"]
    assert not run.seen_whole("bottega")
    assert str(run.troubles()).startswith(
        "bottega: it drifted: list_price at 0% of products where 100% are usual, brand"
    )
    assert run.sound_crawls("bottega") == {"it-0"}


def test_few_products_are_no_drift_where_pages_failed_or_a_limit_was_set(crawl: Crawl, listed_shirt: Product) -> None:
    past = as_usual(crawl, coverage={})
    assert drifted(with_past(crawl, past), listed_shirt) == ["products"]
    failed = with_past(crawl, past)
    failed.fail("bottega", "it does not answer")
    assert drifted(failed, listed_shirt) == []
    assert drifted(with_past(replace(crawl, limit=10), past), listed_shirt) == []


def drifted(run: CrawlRun, product: Product) -> list[str]:
    run.count("bottega", UpsertPlan(unchanged=["a"] * 10), [product] * 10)
    run.judge_drift()
    return [fall.field for fall in run.snapshot().shops["bottega"].drift]


def test_a_shop_that_nobody_crawled_before_has_not_drifted(crawl: Crawl, listed_shirt: Product) -> None:
    assert drifted(with_past(crawl, as_usual(crawl, complete=False)), listed_shirt) == []


def test_rejects_are_counted_by_reason_and_kept(run: CrawlRun) -> None:
    run.reject("bottega", "name/missing", "https://bottega.example/1", "x" * 900)
    run.reject("bottega", "name/missing", "https://bottega.example/2", "d")
    run.reject("bottega", "page/unreadable", "https://bottega.example/3", "d")
    crawl = run.snapshot()
    assert crawl.rejected == {"name/missing": 2, "page/unreadable": 1}
    assert crawl.shops["bottega"].rejected == 3
    assert run.rejected_urls("bottega") == [f"https://bottega.example/{n}" for n in (1, 2, 3)]
    assert len(run.rejects) == 3
    assert (run.rejects[0].crawl_id, len(run.rejects[0].detail)) == ("it-1", 500)


def test_announced_products_add_up(run: CrawlRun) -> None:
    assert run.snapshot().shops["bottega"].expected is None
    run.expect("bottega", 250)
    run.expect("bottega", 7)
    assert run.snapshot().shops["bottega"].expected == 257


@pytest.mark.parametrize(
    ("products", "failed", "limit", "rejected", "whole"),
    [
        (5, 0, None, 0, True),
        (0, 0, None, 0, False),
        (5, 1, None, 0, False),
        (5, 0, 5, 0, False),
        (5, 0, None, MOST_REJECTED_URLS, True),
        (5, 0, None, MOST_REJECTED_URLS + 1, False),
        (5, 0, None, MOST_REJECTED_URLS + 50, False),
    ],
)
def test_only_a_shop_seen_whole_can_have_lost_products(
    products: int, failed: int, limit: int | None, rejected: int, whole: bool, crawl: Crawl
) -> None:
    run = begun(replace(crawl, limit=limit))
    run.count("bottega", UpsertPlan(new=[str(n) for n in range(products)]), [])
    for _ in range(failed):
        run.fail("bottega", "timed out")
    for n in range(rejected):
        run.reject("bottega", "page/unreadable", f"https://bottega.example/{n}", "")
    assert run.seen_whole("bottega") is whole


def test_a_completed_shop(run: CrawlRun) -> None:
    run.completed("bottega", gone=3)
    counts = run.snapshot().shops["bottega"]
    assert (counts.gone, counts.complete) == (3, True)


def test_a_resumed_run_goes_on_counting(crawl: Crawl, listed_shirt: Product) -> None:
    first = begun(crawl)
    first.count("bottega", UpsertPlan(new=["a"]), [listed_shirt])
    first.reject("bottega", "name/missing", "u", "")
    first.fail("bottega", "timed out")
    first.requests = 7
    second = begun(first.snapshot(CrawlStatus.STOPPED, AT))
    second.count("bottega", UpsertPlan(new=["b"]), [listed_shirt])
    again = second.snapshot(CrawlStatus.FINISHED, AT)
    assert (again.shops["bottega"].products, again.shops["bottega"].failed, again.requests) == (2, 1, 7)
    assert again.rejected == {"name/missing": 1}
    assert again.ended_at == AT
    assert not second.seen_whole("bottega")


@pytest.mark.parametrize("resumable", [True, False])
def test_the_mark_beside_the_queue(resumable: bool, crawl: Crawl, tmp_path: Path) -> None:
    begun(crawl, tmp_path / "it").mark(resumable=resumable)
    (marker,) = (tmp_path / "it").iterdir()
    assert json.loads(marker.read_text()) == {"crawl_id": "it-1", "resumable": resumable}


def test_a_resumed_run_knows_what_it_rejected_and_covered_before(crawl: Crawl, listed_shirt: Product) -> None:
    url = "https://bottega.example/unreadable"
    reject = Reject(crawl_id=crawl.id, shop="bottega", reason="page/unreadable", url=url, detail="", at=AT)
    counts = ShopCounts(products=3, new=3, rejected=1, measured=3, coverage={"brand": 0.6667})
    stopped = replace(crawl, shops={"bottega": counts})
    run = CrawlRun(stopped, Lease("it", "nobody", AT), None, [reject])
    assert run.rejected_urls("bottega") == [url]
    run.count("bottega", UpsertPlan(new=["d"]), [listed_shirt])
    resumed = run.snapshot()
    assert resumed.total("products") == 4
    assert resumed.coverage["brand"] == 0.75


def test_the_first_trouble_of_a_shop_is_kept(run: CrawlRun) -> None:
    run.fail("bottega", "timed out")
    run.fail("bottega", "answered 503")
    counts = run.snapshot().shops["bottega"]
    assert (counts.failed, counts.trouble) == (2, "timed out")
    assert run.troubles() == "bottega: timed out"


@pytest.mark.parametrize(
    ("products", "rejected", "limit", "words"),
    [
        (1, 0, None, None),
        (0, 0, None, "bottega: no goods were found there"),
        (0, 1, None, "bottega: none of its goods could be used"),
        (1, MOST_REJECTED_URLS + 1, None, f"bottega: more than {MOST_REJECTED_URLS} of its pages could not be read"),
        (0, 0, 5, "bottega: no goods were found there"),
        (1, 0, 5, None),
    ],
)
def test_what_keeps_a_shop_from_having_been_seen(
    products: int, rejected: int, limit: int | None, words: str | None, crawl: Crawl
) -> None:
    run = begun(replace(crawl, limit=limit))
    run.count("bottega", UpsertPlan(new=[str(n) for n in range(products)]), [])
    for n in range(rejected):
        run.reject("bottega", "page/unreadable", f"https://bottega.example/{n}", "")
    assert run.troubles() == words


def test_no_more_is_accepted_than_the_limit(crawl: Crawl) -> None:
    run = begun(replace(crawl, limit=2))
    assert [run.accept() for _ in range(4)] == [True, True, False, False]
    assert run.enough


def test_a_run_without_a_limit_never_has_enough(run: CrawlRun) -> None:
    assert all(run.accept() for _ in range(100))
    assert not run.enough


def test_a_shop_in_trouble_when_the_limit_is_reached_elsewhere_has_failed(crawl: Crawl) -> None:
    shops = {name: ShopCounts() for name in ("bottega", "calzoleria", "drogheria", "enoteca")}
    run = begun(replace(crawl, limit=1, shops=shops))
    run.attempted("calzoleria", "timed out")
    run.attempted("drogheria", "timed out")
    run.attempted("drogheria", None)
    assert run.accept()
    run.count("bottega", UpsertPlan(new=["a"]), [])
    assert run.troubles() == "calzoleria: timed out"
