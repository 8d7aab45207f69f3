from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from listino.domain.clock import utc_now
from listino.domain.crawl import Crawl, CrawlStatus, ShopCounts
from listino.domain.errors import CrawlFailed, CrawlRunning, EngineUnavailable, InvalidShop, UnknownShop
from workers import crawls

AT = datetime(2026, 3, 1, tzinfo=UTC)
RUN = Crawl(
    id="it-1", market="it", status=CrawlStatus.FINISHED, trigger="schedule", started_at=AT, heartbeat_at=AT,
    shops={"bottega": ShopCounts(products=3)},
)  # fmt: skip


class Store:
    """A store that holds these runs."""

    runs: list[Crawl]

    def __init__(self, settings: str) -> None:
        assert settings == "the settings"
        self.crawls = self

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def latest(self, *, market: str, count: int) -> list[Crawl]:
        return [run for run in Store.runs if run.market == market][:count]

    def save(self, run: Crawl) -> None:
        Store.runs.append(run)


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> list[Crawl]:
    """The runs in the store: an older one in the beginning."""
    Store.runs = [RUN]
    monkeypatch.setattr(crawls, "load_settings", lambda: "the settings")
    monkeypatch.setattr(crawls, "Store", Store)
    return Store.runs


def raising(error: Exception) -> Any:
    def run_crawl(*_: Any, **__: Any) -> Crawl:
        raise error

    return run_crawl


def test_a_crawl_tells_what_became_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def run_crawl(*arguments: Any, **how: Any) -> Crawl:
        asked.append((arguments, how))
        return RUN

    monkeypatch.setattr(crawls, "run_crawl", run_crawl)
    assert crawls.crawl("it", "bottega", "schedule") == "finished: it-1"
    assert asked == [(("the settings", "it"), {"shop": "bottega", "trigger": "schedule"})]


def test_a_market_that_is_being_crawled_is_skipped(kept: list[Crawl], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crawls, "run_crawl", raising(CrawlRunning("market it is being crawled already")))
    assert crawls.crawl("it", None, "schedule") == "skipped: market it is being crawled already"
    assert kept == [RUN]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (CrawlFailed("its log is x"), "its log is x"),
        (InvalidShop("it-bad.toml: no"), "it-bad.toml: no"),
        (KeyError("ours"), "a mistake of Listino's own (KeyError: 'ours'); the crawl worker's log has more"),
    ],
)
def test_a_crawl_that_failed_is_a_failed_job_and_a_failed_run(
    error: Exception, words: str, kept: list[Crawl], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crawls, "run_crawl", raising(error))
    with pytest.raises(type(error)):
        crawls.crawl("it", "bottega", "schedule")
    assert len(kept) == 2
    run = kept[1]
    assert (run.market, run.status, run.trigger, run.error) == ("it", CrawlStatus.FAILED, "schedule", words)
    assert list(run.shops) == ["bottega"]


def test_a_run_that_had_begun_is_kept_by_its_spider_alone(kept: list[Crawl], monkeypatch: pytest.MonkeyPatch) -> None:
    def begun_and_failed(*_: Any, **__: Any) -> Crawl:
        kept.append(replace(RUN, id="it-2", status=CrawlStatus.FAILED, heartbeat_at=utc_now()))
        raise CrawlFailed("lease lost")

    monkeypatch.setattr(crawls, "run_crawl", begun_and_failed)
    with pytest.raises(CrawlFailed):
        crawls.crawl("it", None, "schedule")
    assert [run.id for run in kept] == ["it-1", "it-2"]


def test_without_a_store_the_first_error_is_still_the_one_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any, **__: Any) -> list[Crawl]:
        raise AutoReconnect("no primary")

    monkeypatch.setattr(Store, "latest", away)
    monkeypatch.setattr(crawls, "run_crawl", raising(EngineUnavailable("MongoDB is away")))
    with pytest.raises(EngineUnavailable, match="MongoDB is away"):
        crawls.crawl("it", None, "schedule")


def test_the_schedule_leaves_a_market_without_shops_alone(kept: list[Crawl], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crawls, "run_crawl", raising(UnknownShop("no shop in market it")))
    assert crawls.crawl("it", None, "schedule") == "skipped: no shop in market it"
    assert len(kept) == 1
    with pytest.raises(UnknownShop):
        crawls.crawl("it", None, "staff:mara@listino.test")
    assert len(kept) == 2
