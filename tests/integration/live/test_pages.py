"""Rendered pages in a real Redis: nobody fills in what was loaded before a write, whoever dies or goes away meanwhile."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

import pytest
from guarding import Guarded
from redis import Redis
from redis.exceptions import RedisError
from servers import hung_redis

from listino.domain.product import ProductId
from listino.live import exchange as exchange_module
from listino.live import page_server
from listino.live.client import connect_async
from listino.live.exchange import Exchange
from listino.live.heads import Head, Heads
from listino.live.held_pages import HELD_SECONDS
from listino.live.page import Page
from listino.live.page_guard import PageGuard
from listino.live.page_scripts import (
    GENERATION,
    SETTLING_MS,
    head_key,
    members_key,
    moving_key,
    page_key,
    product_keys,
)
from listino.live.page_server import PageServer
from listino.live.pages import Loaded, Pages
from listino.settings import Settings

Wait = Callable[[Callable[[], bool]], None]


class Shelf:
    """Stands for the store: one version of each product, and how often each was loaded. Loads wait for `open`."""

    def __init__(self) -> None:
        self.version: Counter[ProductId] = Counter()
        self.questions: list[list[ProductId]] = []
        self.settled = True
        self.error: Exception | None = None
        self.silent: set[ProductId] = set()
        self.open = asyncio.Event()
        self.open.set()

    async def load(self, product_ids: Sequence[ProductId]) -> Loaded:
        self.questions.append(list(product_ids))
        read = {one: Page("shown", (b"%d" % self.version[one],)) for one in product_ids if self.version[one]}
        await self.open.wait()
        if self.error is not None:
            raise self.error
        return Loaded(read, self.settled, {one: RuntimeError("hangs") for one in product_ids if one in self.silent})


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is, Redis counts as away only where a test has it hang."""
    monkeypatch.setattr(page_server, "STEP_SECONDS", 10.0)


@pytest.fixture
def shelf() -> Shelf:
    made = Shelf()
    made.version[1] = 1
    return made


@pytest.fixture
async def pages(settings: Settings, shelf: Shelf) -> AsyncIterator[Pages]:
    async with Pages(settings, shelf.load, layout=1) as opened:
        yield opened


@pytest.fixture
async def others(settings: Settings, shelf: Shelf) -> AsyncIterator[Pages]:
    """Another process's, which waits for what others load as long as it takes."""
    async with Pages(settings, shelf.load, layout=1, foreign_seconds=60) as opened:
        yield opened


@pytest.fixture
def guard(settings: Settings) -> Iterator[PageGuard]:
    made = PageGuard(settings)
    yield made
    made.close()


async def until(condition: Callable[[], object], seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - another server makes it true, and tells nobody
            await asyncio.sleep(0.005)


async def shown(pages: Pages) -> bytes | None:
    page = (await pages.get(1)).page
    return page.parts[0] if page is not None else None


async def test_a_page_is_loaded_once_for_all_processes(pages: Pages, others: Pages, shelf: Shelf, redis: Redis) -> None:
    assert await shown(pages) == b"1"
    await until(lambda: redis.exists(page_key(1)))
    assert await shown(others) == b"1"
    assert shelf.questions == [[1]]


async def heads_of(pages: Pages, *product_ids: ProductId) -> list[tuple[str | None, bytes]]:
    return [(state, part) for state, part, _ in await Heads(pages).get_many(product_ids)]


async def test_heads_are_the_first_parts_of_pages_and_read_by_themselves(
    pages: Pages, others: Pages, shelf: Shelf, guard: PageGuard, redis: Redis
) -> None:
    shelf.version[2] = 1
    assert await heads_of(pages, 2, 1, 3) == [("shown", b"1"), ("shown", b"1"), (None, b"")]
    await until(lambda: redis.exists(head_key(1), head_key(2)) == 2)
    redis.delete(page_key(1))
    assert await heads_of(others, 1, 2, 1) == [("shown", b"1")] * 3
    assert len(shelf.questions) == 1

    with guard.writing([1]):
        shelf.version[1] = 2
    assert await heads_of(others, 1, 2) == [("shown", b"2"), ("shown", b"1")]
    redis.incr(GENERATION)
    assert await heads_of(others, 2) == [("shown", b"1")]
    assert shelf.questions == [[2, 1, 3], [1], [2]]


async def test_heads_of_one_moment_were_the_truth_then(others: Pages, pages: Pages, redis: Redis) -> None:
    await pages.get(1)
    await until(lambda: redis.exists(head_key(1)))
    began = time.time()
    ((state, part, read_at),) = await Heads(others).get_many([1])
    assert Head(state, part, 0.0) == ("shown", b"1", 0.0)
    assert began <= read_at <= time.time()


async def test_without_redis_heads_come_from_the_store(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*command: object) -> list[bytes | None]:
        raise RedisError(f"away, with {len(command)} words")

    monkeypatch.setattr(pages.server._exchange, "ask", away)
    assert await heads_of(pages, 1, 2) == [("shown", b"1"), (None, b"")]


async def test_a_burst_on_cold_products_is_one_question(
    pages: Pages, others: Pages, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_server, "LOAD_MS", 600_000)
    shelf.version.update(range(2, 6))
    shelf.open.clear()
    burst = [asyncio.create_task(pages.get(1 + number % 5)) for number in range(200)]
    await until(lambda: shelf.questions)
    met: list[int] = []
    take = others.server.take

    async def noted(*args: Any) -> Any:
        told = await take(*args)
        met.append(1)
        return told

    monkeypatch.setattr(others.server, "take", noted)
    foreign = [asyncio.create_task(others.get(1)) for _ in range(50)]
    await until(lambda: met)  # the others have met the lease
    shelf.open.set()

    assert {reading.page.parts for reading in await asyncio.gather(*burst, *foreign) if reading.page} == {(b"1",)}
    assert sorted(shelf.questions[0]) == [1, 2, 3, 4, 5]
    assert len(shelf.questions) == 1


async def test_nobody_waits_for_ever(pages: Pages, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("listino.live.pages.WAIT_SECONDS", 0.1)
    shelf.version.update([1, 2, 3])
    assert (await pages.get(1)).page is not None
    shelf.open.clear()
    for late in (2, 3):
        with pytest.raises(TimeoutError, match="not loaded"):
            await asyncio.wait_for(pages.get(late), 5)
    shelf.open.set()


async def test_an_unknown_product_is_nowhere_kept(pages: Pages, redis: Redis) -> None:
    assert (await pages.get(404)).page is None
    assert not redis.exists(page_key(404))


@pytest.mark.parametrize("outcome", ["unknown", "failed", "unsettled", "full"])
async def test_who_keeps_nothing_holds_nobody_up(
    settings: Settings, shelf: Shelf, redis: Redis, monkeypatch: pytest.MonkeyPatch, outcome: str
) -> None:
    monkeypatch.setattr(page_server, "LOAD_MS", 600_000)
    shelf.version[1] = 0 if outcome == "unknown" else 1
    shelf.settled = outcome != "unsettled"
    shelf.error = RuntimeError("no") if outcome == "failed" else None
    small = settings.model_copy(update={"pages_mb": 0} if outcome == "full" else {})
    for number in (1, 2):
        async with Pages(small, shelf.load, layout=1, foreign_seconds=60) as pages:
            await asyncio.gather(pages.get(1), return_exceptions=True)
            await until(lambda: not redis.exists(*product_keys([1])))
        assert len(shelf.questions) == number


async def test_a_lease_is_its_process_s_own_and_serves_the_last_question_only(pages: Pages, redis: Redis) -> None:
    server, keys = pages.server, product_keys([1])
    assert (await server.take(keys, "one", ":1"))[1] == [1]
    assert (await server.take(keys, "other", ":1"))[1] == [0]
    assert (await server.take(keys, "one", ":2"))[1] == [1]
    await server.fill([GENERATION, *keys[:3]], ["one:1", b"", 60_000, 2, b"old"])
    assert not redis.exists(page_key(1))
    await server.fill([GENERATION, *keys[:3]], ["one:2", b"", 60_000, 2, b"new"])
    assert (redis.get(page_key(1)), redis.get(head_key(1))) == (b"new", b"ne")


@pytest.mark.parametrize("break_it", [lambda text: text[:-1], lambda text: text.replace(b" 1\n", b" one\n")])
async def test_what_cannot_be_read_is_a_miss(
    pages: Pages, others: Pages, shelf: Shelf, redis: Redis, break_it: Callable[[bytes], bytes]
) -> None:
    assert await shown(pages) == b"1"
    await until(lambda: redis.exists(page_key(1)))
    kept: bytes = redis.get(page_key(1))  # type: ignore[assignment]  # typed for every mode of the client at once
    assert break_it(kept) != kept
    redis.set(page_key(1), break_it(kept))
    assert await asyncio.wait_for(shown(others), 2) == b"1"
    assert shelf.questions == [[1], [1]]


async def test_a_mistake_is_told_to_those_who_wait_and_to_nobody_after(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def mistaken(*command: object) -> list[bytes | None]:
        raise ZeroDivisionError(len(command))

    with monkeypatch.context() as broken:
        broken.setattr(pages.server._exchange, "ask", mistaken)
        told = await asyncio.wait_for(
            asyncio.gather(pages.get_many([1, 2]), pages.server.read_together(["a"]), return_exceptions=True), 2
        )
    assert [type(error) for error in told] == [ZeroDivisionError] * 2
    assert await asyncio.wait_for(shown(pages), 2) == b"1"
    assert await asyncio.wait_for(pages.server.read_together(["a"]), 2) == [None]


async def test_what_was_loaded_before_a_write_is_not_put_back_after_it(
    pages: Pages, others: Pages, shelf: Shelf, guard: PageGuard, redis: Redis
) -> None:
    shelf.open.clear()
    slow = asyncio.create_task(shown(pages))
    await until(lambda: shelf.questions)
    with guard.writing([1]):
        shelf.version[1] = 2
    shelf.open.set()

    assert await slow == b"1"  # asked for before the write
    assert await shown(others) == b"2"
    await until(lambda: redis.exists(page_key(1)))
    assert b"2" in redis.get(page_key(1))  # type: ignore[operator]  # typed for every mode of the client at once


async def test_during_a_write_pages_are_read_and_not_kept(
    pages: Pages, guard: PageGuard, redis: Redis, shelf: Shelf
) -> None:
    with guard.writing([1]), guard.writing([1]):
        assert await shown(pages) == b"1"
    assert not redis.exists(*product_keys([1]))


async def test_after_the_first_of_two_writers_pages_are_not_kept_yet(
    pages: Pages, guard: PageGuard, redis: Redis
) -> None:
    with guard.writing([1]):
        with guard.writing([1]):
            pass
        assert await shown(pages) == b"1"
        assert not redis.exists(page_key(1))


async def test_a_writer_that_dies_leaves_reads_that_are_not_kept(
    pages: Pages, others: Pages, shelf: Shelf, guarded: Guarded, redis: Redis
) -> None:
    with pytest.raises(GeneratorExit):
        async with guarded().writing([1]):
            raise GeneratorExit
    assert await shown(pages) == b"1"
    shelf.version[1] = 2  # what was sent before may happen any time
    assert await shown(others) == b"2"
    mark = product_keys([1])[3]
    assert 0 < redis.pttl(mark) <= 30_000  # type: ignore[operator]
    assert redis.exists(*product_keys([1])) == 1


async def test_a_write_that_failed_may_have_moved_something_and_may_yet(guarded: Guarded, redis: Redis) -> None:
    guard = guarded()
    for failure in (ValueError, asyncio.CancelledError):
        with pytest.raises(failure):
            async with guard.writing(["it:b:1"], moved=["it:b:1"]):
                raise failure
    async with guard.writing(["it:b:1"], moved=["it:b:1"]):
        pass
    assert redis.get(members_key("it")) == b"3"
    assert redis.pttl(moving_key("it")) > SETTLING_MS  # type: ignore[operator]
    assert redis.zcard(product_keys(["it:b:1"])[3]) == 2


async def test_a_write_is_seen_within_a_second_by_everybody(
    pages: Pages, others: Pages, shelf: Shelf, guard: PageGuard
) -> None:
    """Readers hammer one product that is written over and over: what they see is never older than a second."""
    acknowledged: list[tuple[float, int]] = [(time.monotonic(), 1)]
    stale: list[tuple[int, int]] = []
    over = asyncio.Event()

    async def read(mine: Pages) -> None:
        while not over.is_set():
            least = max(version for at, version in acknowledged if at < time.monotonic() - HELD_SECONDS or version == 1)
            seen = int(await shown(mine) or 0)
            if seen < least:
                stale.append((seen, least))
            await asyncio.sleep(0)

    readers = [asyncio.create_task(read(mine)) for mine in (pages, others) for _ in range(4)]
    for version in range(2, 60):
        async with guard.writing_async([1]):
            shelf.version[1] = version
            await asyncio.sleep(0.005)
        acknowledged.append((time.monotonic(), version))
        await asyncio.sleep(0.01)
    last = time.monotonic()
    await until(lambda: time.monotonic() > last + HELD_SECONDS)
    assert await shown(pages) == await shown(others) == b"59"
    over.set()
    await asyncio.gather(*readers)
    assert stale == []


async def test_what_a_secondary_told_is_kept_for_nobody(pages: Pages, shelf: Shelf, redis: Redis) -> None:
    shelf.settled = False
    reading = await pages.get(1)
    assert (reading.page, reading.read_at) == (Page("shown", (b"1",)), 0)
    assert pages.at_hand(1) is None
    await until(lambda: not redis.exists(*product_keys([1])))


async def test_processes_of_another_layout_share_no_pages(
    pages: Pages, settings: Settings, shelf: Shelf, redis: Redis
) -> None:
    assert await shown(pages) == b"1"
    await until(lambda: redis.exists(page_key(1)))
    async with Pages(settings, shelf.load, layout=2) as newer:
        await shown(newer)
    assert len(shelf.questions) == 2


async def test_a_write_that_redis_did_not_hear_of_voids_all_pages(
    pages: Pages,
    others: Pages,
    shelf: Shelf,
    guarded: Guarded,
    redis: Redis,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    guard = guarded()
    assert await shown(pages) == b"1"
    await until(lambda: redis.exists(page_key(1)))
    monkeypatch.setattr(page_server, "STEP_SECONDS", 0.2)
    with hung_redis(settings.redis_address):
        began = time.monotonic()
        async with guard.writing([1]):
            shelf.version[1] = 2
        async with guard.writing([1]):
            shelf.version[1] = 3
        assert time.monotonic() - began < 1.5
        assert await shown(others) == b"3"  # from the store, for Redis does not answer

    await until(lambda: redis.get(GENERATION))
    last = time.monotonic()
    await until(lambda: time.monotonic() > last + HELD_SECONDS)
    assert await shown(pages) == b"3"


async def test_a_write_whose_end_redis_did_not_hear_of_voids_all_pages(
    guarded: Guarded, redis: Redis, settings: Settings
) -> None:
    """Nobody may be waiting for it any more."""
    guard = guarded()
    with contextlib.ExitStack() as hanging:
        async with guard.writing([1]):
            hanging.enter_context(hung_redis(settings.redis_address))
    await until(lambda: redis.get(GENERATION) == b"1")


async def test_the_end_of_a_write_leaves_with_what_is_asked_next(
    settings: Settings, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange_module, "_ALONG_SECONDS", 60)
    mark = product_keys([1])[3]
    async with connect_async(settings) as client:
        exchange = Exchange(client)
        guard = PageGuard(settings, exchange=exchange)
        async with guard.writing_async([1]):
            told = asyncio.create_task(guard.settled())
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert redis.zcard(mark) == 1, "nobody has waited for it"
        assert not told.done()
        assert await exchange.ask("ZCARD", mark) == 0, "it was told before"
        await asyncio.wait_for(told, 5)
        guard.close()


async def test_without_redis_pages_are_loaded_and_nobody_waits(settings: Settings, shelf: Shelf) -> None:
    away = settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"})
    guard = PageGuard(away)
    async with Pages(away, shelf.load, layout=1) as pages:
        began = time.monotonic()
        for number in range(20):
            shelf.version[100 + number] = 1
            assert (await pages.get(100 + number)).page is not None
        with guard.writing([1]):
            shelf.version[1] = 2
        async with guard.writing_async([1]):
            shelf.version[1] = 2
        assert await shown(pages) == b"2"
        assert time.monotonic() - began < 2
    guard.close()


async def test_a_server_that_is_full_is_not_filled_further(settings: Settings, shelf: Shelf, redis: Redis) -> None:
    async with Pages(settings.model_copy(update={"pages_mb": 0}), shelf.load, layout=1) as pages:
        assert await shown(pages) == b"1"
    assert not redis.exists(page_key(1))


async def test_pages_of_another_run_of_the_server_do_not_count(pages: Pages, shelf: Shelf, redis: Redis) -> None:
    redis.set(page_key(1), Page("shown", (b"0",)).encoded("1:0123456789abcdef:"))
    assert await shown(pages) == b"1"
    await until(lambda: b"0123456789abcdef" not in (redis.get(page_key(1)) or b""))  # type: ignore[operator]


async def test_who_waits_for_a_shard_that_hangs_is_told_so_and_the_others_are_served(
    pages: Pages, shelf: Shelf
) -> None:
    shelf.silent = {2}
    served, told = await asyncio.gather(pages.get(1), pages.get(2), return_exceptions=True)
    assert shelf.questions == [[1, 2]]
    assert (getattr(served, "page", None), str(told)) == (Page("shown", (b"1",)), "hangs")


async def test_a_store_that_fails_is_told_to_all_who_wait(settings: Settings) -> None:
    async def fail(_: Sequence[ProductId]) -> Loaded:
        raise RuntimeError("no")

    async with Pages(settings, fail, layout=1) as pages:
        told = await asyncio.gather(*(pages.get(1) for _ in range(5)), return_exceptions=True)
    assert [str(error) for error in told] == ["no"] * 5


async def test_an_answer_that_was_given_up_is_not_taken_for_the_next_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_server, "STEP_SECONDS", 0.05)
    monkeypatch.setattr(page_server, "AWAY_SECONDS", 0.0)
    server = PageServer(settings, layout=1)
    with Redis.from_url(settings.redis_address) as redis:
        redis.mset({"first": "1", "second": "2"})
        assert await server.read(["first"]) == [b"1"]
        redis.execute_command("CLIENT", "PAUSE", 120, "ALL")
        with pytest.raises(RedisError):
            await server.read(["first"])
        async with asyncio.timeout(5):
            while True:
                try:
                    assert await server.read(["second"]) == [b"2"]
                    break
                except RedisError:
                    await asyncio.sleep(0.01)
    await server.close()


async def test_a_loop_that_is_late_does_not_count_redis_as_away(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_server, "STEP_SECONDS", 0.2)
    server = PageServer(settings, layout=1)
    loop = asyncio.get_running_loop()
    with Redis.from_url(settings.redis_address) as redis:
        redis.set("first", "1")
        assert await server.read(["first"]) == [b"1"]
        redis.execute_command("CLIENT", "PAUSE", 100, "ALL")  # so that the answer comes while the loop stands still
        loop.call_later(0.03, time.sleep, 0.35)
        assert await server.read(["first"]) == [b"1"]
    await server.close()


async def test_a_reader_that_met_an_outage_voids_all_pages(
    settings: Settings, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_server, "STEP_SECONDS", 0.2)
    monkeypatch.setattr(page_server, "AWAY_SECONDS", 0.0)
    monkeypatch.setattr(page_server, "OUTAGE_SECONDS", 0.0)
    server = PageServer(settings, layout=1)
    await server.read(["first"])
    before = int(redis.get(GENERATION) or 0)  # type: ignore[arg-type]
    with hung_redis(settings.redis_address), pytest.raises(RedisError):
        await server.read(["first"])
    async with asyncio.timeout(5):
        while True:
            with contextlib.suppress(RedisError):
                await server.read(["first"])
                break
    assert int(redis.get(GENERATION) or 0) > before  # type: ignore[arg-type]
    await server.close()


async def test_what_readers_are_not_shown_is_kept_for_others_and_held_by_nobody(
    settings: Settings, others: Pages, redis: Redis
) -> None:
    whole = Page("shown", (b"1", b"2" * 3000))

    async def load(_: Sequence[ProductId]) -> Loaded:
        return Loaded({1: whole})

    for _loaded_then_kept in range(2):
        async with Pages(settings, load, layout=1, shown=1) as pages:
            assert (await pages.get(1)).page == Page("shown", (b"1",))
            held = pages._held.get(1, now=0.0)
            assert held is not None
            assert held.page == Page("shown", (b"1",))
            await until(lambda: redis.exists(page_key(1)))
    assert (await others.get(1)).page == whole
