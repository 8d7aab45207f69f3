"""Which addresses are asked for again, and how; whole crawls are integration tests."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from pymongo.errors import ConnectionFailure

from listino.domain.clock import utc_now
from listino.domain.product import Reading, reading_key
from listino.shops.platform import Fetch
from listino.shops.reader import reader_of
from listino.shops.shop import CrawlManner, Shop
from listino.store.aio import KeptReading
from scrapers.revisits import Revisits, Visit, reading_of
from scrapers.run import CrawlRun

PAGE = Fetch(url="https://bottega.example/p/1", purpose="product", optional=True, alone=True)
ID = "it:bottega:1"
CONDITION = {"If-None-Match": '"a"'}
HOUR = timedelta(hours=1)


class Store:
    """What the store knows of PAGE, and what it is told."""

    def __init__(self, known: KeptReading | None) -> None:
        self.products = self
        self.known = known
        self.away = False
        self.met: list[tuple[list[str], bool]] = []
        self.met_at: dict[str, datetime] = {}
        self.gone: list[str] = []

    async def readings(self, market: str, shop: str, keys: Sequence[int]) -> dict[int, KeptReading]:
        if self.away:
            raise ConnectionFailure("away")
        return {key: self.known for key in keys if self.known and key == self.known.reading.key}

    async def mark_met(self, met: Mapping[str, datetime], *, crawl_id: str, asked: bool) -> int:
        if self.away:
            raise ConnectionFailure("away")
        self.met.append((list(met), asked))
        self.met_at.update(met)
        return len(met)

    async def mark_gone(self, product_ids: Sequence[str], at: datetime) -> int:
        if self.away:
            raise ConnectionFailure("away")
        self.gone += product_ids
        return len(product_ids)


def kept(shop: Shop, read_ago: timedelta = HOUR, **changes: Any) -> KeptReading:
    at = utc_now()
    reading = Reading(
        key=reading_key("it", "bottega", PAGE.url), reader=reader_of(shop, at.date()), read_at=at - read_ago, etag='"a"'
    )
    known = KeptReading(ID, reading, gone=False, crawl_id="before")
    return replace(known, **changes)


def revisits(run: CrawlRun, store: Store, *, full: bool = False) -> Revisits:
    made = Revisits(run, full=full)
    made.open(store)  # type: ignore[arg-type]
    return made


async def planned(
    run: CrawlRun, shop: Shop, known: KeptReading | None, fetch: Fetch = PAGE, **how: bool
) -> list[Visit]:
    plan = await revisits(run, Store(known), **how).plan(shop, [fetch])
    assert [entry for entry, _ in plan] in ([], [fetch])
    return [visit for _, visit in plan]


def unchanged_since(ago: timedelta) -> Fetch:
    return replace(PAGE, lastmod=utc_now() - ago)


async def test_what_was_never_read_is_read(run: CrawlRun, bottega: Shop) -> None:
    assert await planned(run, bottega, None) == [Visit()]
    assert await planned(run, bottega, None, unchanged_since(9 * HOUR)) == [Visit()]


async def test_what_was_read_is_asked_for_on_condition(run: CrawlRun, bottega: Shop) -> None:
    assert await planned(run, bottega, kept(bottega)) == [Visit(ID, CONDITION)]
    known = kept(bottega)
    dated = replace(known, reading=replace(known.reading, etag=None, modified="Sun, 01 Mar 2026 09:30:00 GMT"))
    (visit,) = await planned(run, bottega, dated)
    assert visit.conditions == {"If-Modified-Since": "Sun, 01 Mar 2026 09:30:00 GMT"}


async def test_what_the_sitemap_calls_unchanged_is_met_and_not_fetched(run: CrawlRun, bottega: Shop) -> None:
    store = Store(kept(bottega))
    plan = revisits(run, store)
    assert await plan.plan(bottega, [unchanged_since(2 * HOUR), unchanged_since(2 * HOUR)]) == []
    await plan.flush()
    await plan.flush()
    assert store.met == [([ID], False)]
    counts = run.snapshot().shops["bottega"]
    assert (counts.products, counts.unchanged, counts.skipped, counts.unmodified) == (1, 1, 1, 0)


@pytest.mark.parametrize("since", [timedelta(minutes=30), HOUR + timedelta(minutes=4)])
async def test_what_changed_since_or_may_have_is_asked_for(since: timedelta, run: CrawlRun, bottega: Shop) -> None:
    assert await planned(run, bottega, kept(bottega), unchanged_since(since)) == [Visit(ID, CONDITION)]


async def test_no_sitemap_is_trusted_for_ever(run: CrawlRun, bottega: Shop) -> None:
    daily = replace(bottega, crawl=CrawlManner(revisit_hours=24))
    old = unchanged_since(1000 * HOUR)
    assert await planned(run, daily, kept(daily, 23 * HOUR), old) == []
    assert await planned(run, daily, kept(daily, 25 * HOUR), old) == [Visit(ID, CONDITION)]
    never = replace(bottega, crawl=CrawlManner(revisit_hours=0))
    assert await planned(run, never, kept(never), old) == [Visit(ID, CONDITION)]


async def test_what_is_to_be_read_anew_is_asked_for_without_condition(run: CrawlRun, bottega: Shop) -> None:
    other = kept(bottega)
    other = replace(other, reading=replace(other.reading, reader="another"))
    old = unchanged_since(1000 * HOUR)
    assert await planned(run, bottega, other, old) == [Visit(ID)]
    assert await planned(run, bottega, kept(bottega, gone=True), old) == [Visit(ID)]
    assert await planned(run, bottega, kept(bottega), old, full=True) == [Visit(ID)]


async def test_what_this_very_run_has_met_is_not_asked_for_again(run: CrawlRun, bottega: Shop) -> None:
    assert await planned(run, bottega, kept(bottega, crawl_id=run.id)) == []
    assert run.snapshot().total("products") == 0


async def test_while_the_store_is_away_everything_is_read_and_nothing_noted_is_lost(
    run: CrawlRun, bottega: Shop
) -> None:
    store = Store(kept(bottega))
    plan = revisits(run, store)
    plan.met(bottega, ID, asked=True)
    store.away = True
    assert await plan.plan(bottega, [PAGE]) == [(PAGE, Visit())]
    with pytest.raises(ConnectionFailure):
        await plan.flush()
    store.away = False
    await plan.flush()
    assert store.met == [([ID], True)]


async def test_it_was_met_when_the_shop_answered_however_late_that_is_stored(
    run: CrawlRun, bottega: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, answered_at = Store(kept(bottega)), utc_now() - HOUR
    plan = revisits(run, store)
    with monkeypatch.context() as then:
        then.setattr("scrapers.revisits.utc_now", lambda: answered_at)
        plan.met(bottega, ID, asked=True)
    await plan.flush()
    assert store.met_at == {ID: answered_at}


async def test_what_the_shop_calls_gone_is_gone(run: CrawlRun, bottega: Shop) -> None:
    store = Store(None)
    noted = revisits(run, store)
    noted.gone(bottega, ID)
    await noted.flush()
    await noted.flush()
    assert (store.gone, run.snapshot().total("gone")) == ([ID], 1)


async def test_what_is_gone_while_the_store_is_away_is_stored_when_it_is_back(run: CrawlRun, bottega: Shop) -> None:
    store = Store(None)
    noted = revisits(run, store)
    store.away = True
    noted.gone(bottega, ID)
    with pytest.raises(ConnectionFailure):
        await noted.flush()
    store.away = False
    await noted.flush()
    assert (store.gone, run.snapshot().total("gone"), run.snapshot().total("failed")) == ([ID], 1, 0)


@pytest.mark.parametrize(
    ("headers", "marks"),
    [
        ({}, (None, None)),
        ({"etag": 'W/"a"', "last-modified": "Sun, 01 Mar 2026 09:30:00 GMT"}, ('W/"a"', None)),
        ({"last-modified": "Sun, 01 Mar 2026 09:30:00 GMT"}, (None, "Sun, 01 Mar 2026 09:30:00 GMT")),
        ({"etag": '"' + "a" * 300 + '"'}, (None, None)),
    ],
)
def test_what_is_kept_of_an_answer(headers: Mapping[str, str], marks: tuple[str | None, ...], bottega: Shop) -> None:
    at = utc_now()
    reading = reading_of(bottega, PAGE, headers, at)
    assert reading is not None
    assert (reading.key, reading.read_at) == (reading_key("it", "bottega", PAGE.url), at)
    assert (reading.etag, reading.modified) == marks


def test_an_answer_that_is_only_a_part_is_not_kept(bottega: Shop) -> None:
    assert reading_of(bottega, replace(PAGE, alone=False), {"etag": '"a"'}, utc_now()) is None
