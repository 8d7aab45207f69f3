import asyncio
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from pymongo.errors import BulkWriteError, OperationFailure

from listino.domain.crawl import Crawl, CrawlStatus, LogLine, Reject
from listino.store.upsert import UpsertPlan
from scrapers.extensions import crawl_record as module
from scrapers.extensions.crawl_log import CrawlLog
from scrapers.extensions.crawl_record import CrawlRecord


class Store:
    """An asynchronous store that is away for as many questions as it is told."""

    def __init__(self, away: int = 0) -> None:
        self.away = away
        self.saved: list[CrawlStatus] = []
        self.rejects: list[Reject] = []
        self.crawls = self.products = self

    def _answer(self) -> None:
        if self.away:
            self.away -= 1
            raise OperationFailure("shard-1 has no primary", 133)

    async def save(self, crawl: Crawl) -> None:
        self._answer()
        self.saved.append(crawl.status)

    async def keep_rejects(self, rejects: Sequence[Reject]) -> None:
        if self.away:
            self.away -= 1
            raise BulkWriteError({"writeErrors": [{"code": 133}]})
        self.rejects += rejects

    async def keep_log(self, lines: Sequence[LogLine]) -> None:
        assert not lines, "nobody listens to the log here"

    async def mark_unseen_gone(self, *_: object, **__: object) -> int:
        self._answer()
        return 3


@pytest.fixture
def record(crawler: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[Store], CrawlRecord]:
    def make(store: Store) -> CrawlRecord:
        nothing = SimpleNamespace(getbool=lambda name: False, connect=lambda *_, **__: None)
        made = CrawlRecord(SimpleNamespace(settings=nothing, signals=nothing))  # type: ignore[arg-type]
        made._store = store  # type: ignore[assignment]
        made._log = CrawlLog("a run")
        return made

    monkeypatch.setattr(module, "_EVERY", 0.0)
    return make


async def test_rejects_wait_while_the_store_is_away_and_are_kept_once(crawler: Any, record: Any) -> None:
    run, store = crawler.spider.run, Store(away=1)
    run.reject("bottega", "no_price", "http://shop.test/1", "")
    made = record(store)
    with pytest.raises(BulkWriteError):
        await made._keep_rejects(crawler.spider)
    assert len(run.rejects) == 1
    await made._keep_rejects(crawler.spider)
    assert (len(run.rejects), [reject.reason for reject in store.rejects]) == (0, ["no_price"])


async def test_the_end_of_a_crawl_waits_for_an_election(crawler: Any, record: Any) -> None:
    store = Store(away=4)
    run = crawler.spider.run
    run.count("bottega", UpsertPlan(new=["a"]), [])
    async with asyncio.timeout(10):
        await record(store)._close(crawler.spider, "finished")
    assert store.saved == [CrawlStatus.FINISHED]
    assert run.snapshot().total("gone") == 3


async def test_a_store_that_stays_away_leaves_a_run_that_says_so(
    crawler: Any, record: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(away=1)
    run = crawler.spider.run
    run.count("bottega", UpsertPlan(new=["a"]), [])
    monkeypatch.setattr(module, "_LAST_WORDS_SECONDS", -1.0)
    async with asyncio.timeout(10):
        await record(store)._close(crawler.spider, "finished")
    assert store.saved == [CrawlStatus.INCOMPLETE]
    assert "what is gone was not noted" in str(run.error)
