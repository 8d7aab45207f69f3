"""Crawl runs and leases on a real server."""

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import psutil
import pytest

from listino.domain.clock import utc_now
from listino.domain.crawl import Crawl, CrawlStatus, Reject, ShopCounts
from listino.domain.errors import CrawlRunning
from listino.store import crawls
from listino.store.client import Store

NOW = utc_now()


def run(number: int, *, market: str = "it", status: CrawlStatus = CrawlStatus.FINISHED) -> Crawl:
    started_at = NOW + timedelta(minutes=number)
    return Crawl(
        id=f"{market}-{number}",
        market=market,
        status=status,
        trigger="test",
        started_at=started_at,
        heartbeat_at=started_at + timedelta(seconds=30),
        shops={"bottega": ShopCounts(products=number, expected=250)},
        coverage={"gtin": 0.5},
        rejected={"price/not_positive": 1},
    )


def test_runs_are_read_back_newest_first_and_in_pages(store: Store) -> None:
    runs = [run(number) for number in range(5)]
    for entry in [*runs, run(9, market="fr")]:
        store.crawls.save(entry)
    newest = store.crawls.latest(market="it", count=2)
    assert newest == [runs[4], runs[3]]
    assert store.crawls.latest(market="it", before=newest[-1].started_at) == [runs[2], runs[1], runs[0]]
    assert [entry.market for entry in store.crawls.latest(count=1)] == ["fr"]
    assert store.crawls.get("it-3") == runs[3]
    assert store.crawls.get("it-77") is None


def test_saving_again_replaces(store: Store) -> None:
    store.crawls.save(run(1, status=CrawlStatus.RUNNING))
    store.crawls.save(replace(run(1), requests=12))
    assert [entry.requests for entry in store.crawls.latest()] == [12]


def test_runs_left_running_are_buried_in_their_market_alone(store: Store) -> None:
    store.crawls.save(run(1, status=CrawlStatus.RUNNING))
    store.crawls.save(run(2, market="fr", status=CrawlStatus.RUNNING))
    assert store.crawls.bury_dead("it", utc_now()) == 1
    assert {entry.market: entry.status for entry in store.crawls.latest()} == {
        "it": CrawlStatus.DIED,
        "fr": CrawlStatus.RUNNING,
    }


def test_rejects_are_kept_with_their_run(store: Store) -> None:
    reject = Reject(crawl_id="it-1", shop="bottega", reason="name/missing", url="http://x/1", detail="no name", at=NOW)
    store.crawls.keep_rejects([reject, replace(reject, crawl_id="it-2")])
    assert store.crawls.rejects("it-1") == [reject]


def test_a_lease_is_held_once_renewed_and_released(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    lease = store.leases.acquire("it")
    assert store.leases.renew(lease)
    other = f"elsewhere/pid {psutil.Process().pid}/1.00"
    monkeypatch.setattr(crawls, "_this_process", lambda: other)
    with pytest.raises(CrawlRunning, match="market it is being crawled already"):
        store.leases.acquire("it")
    assert store.leases.acquire("fr").holder == other
    store.leases.release(lease)
    assert store.leases.acquire("it").holder == other
    assert not store.leases.renew(lease)


def test_a_dead_holder_on_this_machine_loses_its_lease_at_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    born = psutil.Process(child.pid).create_time()
    host = store.leases.acquire("it").holder.partition("/")[0]
    monkeypatch.setattr(crawls, "_this_process", lambda: f"{host}/pid {child.pid}/{born:.2f}")
    store.leases.acquire("de")
    monkeypatch.undo()
    with pytest.raises(CrawlRunning, match=f"pid {child.pid}"):
        store.leases.acquire("de")
    child.kill()
    child.wait(10)
    assert store.leases.acquire("de").market == "de"


def test_a_lease_that_was_not_renewed_runs_out(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crawls, "LEASE_SECONDS", 0)
    monkeypatch.setattr(crawls, "_this_process", lambda: "elsewhere/pid 1/1.00")
    store.leases.acquire("it")
    monkeypatch.undo()
    assert store.leases.acquire("it").market == "it"
