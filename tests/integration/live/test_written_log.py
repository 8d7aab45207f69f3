"""What writers have dropped, as caches elsewhere hear of it: nothing is missing, or it may have been anything."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest
from redis import Redis

from listino.domain.errors import EngineUnavailable
from listino.live import page_guard
from listino.live.page_guard import PageGuard
from listino.live.page_scripts import DROPPED, DROPPED_MS, GENERATION
from listino.live.written_log import MOST_BYTES, Cursor, WrittenLog
from listino.settings import Settings


@pytest.fixture
async def log(settings: Settings) -> AsyncIterator[WrittenLog]:
    opened = WrittenLog(settings)
    yield opened
    await opened.close()


@pytest.fixture
def guard(settings: Settings) -> Iterator[PageGuard]:
    made = PageGuard(settings)
    yield made
    made.close()


@pytest.fixture
def redis(settings: Settings) -> Iterator[Redis]:
    with Redis.from_url(settings.redis_address) as client:
        yield client


@pytest.fixture
async def cursor(log: WrittenLog, guard: PageGuard) -> Cursor:
    """Of somebody who has read everything so far, which is something."""
    with guard.writing([1]):
        pass
    return (await log.after("")).cursor


async def since(log: WrittenLog, cursor: Cursor) -> list[str] | None:
    ids = (await log.after(str(cursor))).ids
    return None if ids is None else sorted(ids)


async def test_every_write_is_told_once_before_it_is_made(log: WrittenLog, guard: PageGuard, cursor: Cursor) -> None:
    assert await since(log, cursor) == []
    with guard.writing([500, "it:bottega:8411"]):
        news = await log.after(str(cursor))  # a writer that dies now has told it
    assert sorted(news.ids or ()) == ["500", "it:bottega:8411"]
    assert await since(log, news.cursor) == []
    for number in (2, 3, 2):
        with guard.writing([number]):
            pass
    assert await since(log, news.cursor) == ["2", "3"]


async def test_who_waits_is_told_at_once(log: WrittenLog, guard: PageGuard, cursor: Cursor) -> None:
    for number in range(20):  # most of them while it waits
        waiting = asyncio.create_task(log.after(str(cursor)))
        async with guard.writing_async([number]):
            pass
        news = await waiting
        if not news.ids:  # it had given up waiting
            news = await log.after(str(news.cursor))
        assert news.ids == [str(number)]
        cursor = news.cursor


async def test_any_process_goes_on_where_another_ended(settings: Settings, guard: PageGuard, cursor: Cursor) -> None:
    other = WrittenLog(settings)
    with guard.writing([7]):
        pass
    assert await since(other, cursor) == ["7"]
    await other.close()


async def test_where_something_may_be_missing_it_may_have_been_anything(
    log: WrittenLog, guard: PageGuard, cursor: Cursor, redis: Redis
) -> None:
    assert (await log.after("")).ids is None
    for nonsense in ("x", "::::", "a" * 5000, "\x00", str(cursor) + "\n"):
        assert (await log.after(nonsense)).ids is None
    assert await since(log, replace(cursor, run="0" * 40)) is None
    for off in (-DROPPED_MS, DROPPED_MS):
        assert await since(log, replace(cursor, at=cursor.at + off)) is None

    redis.incr(GENERATION)  # somebody wrote and could not say so
    assert await since(log, cursor) is None
    cursor = (await log.after("")).cursor
    assert await since(log, cursor) == []

    redis.delete(DROPPED)
    with guard.writing([7]):
        pass
    assert await since(log, cursor) is None

    cursor = (await log.after("")).cursor
    with guard.writing([f"it:bottega:{'x' * 190}{number:06}" for number in range(MOST_BYTES // 200)]):
        pass
    assert await since(log, cursor) is None


async def test_the_stream_ends_where_nobody_reads_any_more(guard: PageGuard, redis: Redis) -> None:
    redis.xadd(DROPPED, {"ids": "1"}, id="1-1")
    for number in range(250):
        redis.xadd(DROPPED, {"ids": str(number)}, id=f"1000-{number}")
    with guard.writing([7]):
        pass
    assert redis.xlen(DROPPED) < 110  # it is cut at the ends of its nodes


async def test_a_redis_that_is_away_is_said_to_be(settings: Settings) -> None:
    away = WrittenLog(settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"}))
    with pytest.raises(EngineUnavailable):
        await away.after("")
    await away.close()


async def test_entries_of_a_clock_that_was_ahead_are_bounded_and_what_was_cut_off_is_missed(
    log: WrittenLog, guard: PageGuard, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_guard, "DROPPED_MOST", 100)
    ahead = int(redis.time()[0]) * 1000 + 3_600_000  # type: ignore[index]
    redis.delete(DROPPED)
    redis.xadd(DROPPED, {"ids": "1"}, id=f"{ahead}-0")
    cursor = (await log.after("")).cursor
    for number in range(1, 350):
        redis.xadd(DROPPED, {"ids": str(number)}, id=f"{ahead}-{number}")
    assert len(await since(log, cursor) or ()) == 349
    with guard.writing([7]):
        pass
    assert redis.xlen(DROPPED) < 210  # it is cut at the ends of its nodes
    assert await since(log, cursor) is None
    assert await since(log, (await log.after("")).cursor) == []
