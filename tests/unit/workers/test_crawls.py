from datetime import UTC, datetime
from typing import Any

import pytest

from listino.domain.crawl import Crawl, CrawlStatus, ShopCounts
from listino.domain.errors import CrawlFailed, CrawlRunning, EngineUnavailable
from workers import crawls

AT = datetime(2026, 3, 1, tzinfo=UTC)
RUN = Crawl(
    id="it-1", market="it", status=CrawlStatus.FINISHED, trigger="schedule", started_at=AT, heartbeat_at=AT,
    shops={"bottega": ShopCounts(products=3)},
)  # fmt: skip


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crawls, "load_settings", lambda: "the settings")


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


def test_a_market_that_is_being_crawled_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crawls, "run_crawl", raising(CrawlRunning("market it is being crawled already")))
    assert crawls.crawl("it", None, "schedule") == "skipped: market it is being crawled already"


@pytest.mark.parametrize("error", [CrawlFailed("its log is x"), EngineUnavailable("MongoDB is away"), KeyError("ours")])
def test_a_crawl_that_failed_is_a_failed_job(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crawls, "run_crawl", raising(error))
    with pytest.raises(type(error)):
        crawls.crawl("it", None, "schedule")
