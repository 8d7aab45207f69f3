"""The drains of one process on a real Redis, whose work is the test's: who wakes them, what holds their leases, what they leave."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from redis import Redis
from shopkeeper import wait_until

import listino.live.leases
import listino.live.waiting
import workers.drains
from listino.domain.clock import utc_now
from listino.jobs import LIVE, Jobs
from listino.live.answer import LiveAnswer, Reason
from listino.live.keys import DRAINS, ShopKeys
from listino.live.leases import Leases
from listino.live.scripts import WANTED
from listino.live.synchronous import LivePrices
from listino.live.times import LEASE_MS
from listino.live.waiting import WaitingRoom
from listino.settings import Settings
from workers.drains import Drains, Work
from workers.runtime import Runtime

SHOP = "de:kontor"
KEYS = ShopKeys(SHOP)
Start = Callable[[Work], contextlib.AbstractContextManager[Drains]]
FIRST, SECOND = f"{SHOP}:1", f"{SHOP}:2"


@pytest.fixture
def redis(settings: Settings) -> Iterator[Redis]:
    with Redis.from_url(settings.redis_address) as redis:
        yield redis


@pytest.fixture
def live(settings: Settings) -> Iterator[LivePrices]:
    with contextlib.closing(LivePrices(settings)) as live:
        yield live


@pytest.fixture
def start(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Has a process's drains do that work until the block ends."""
    monkeypatch.setattr(workers.drains, "STUCK_SECONDS", 100)  # this process is not one to be ended

    @contextlib.contextmanager
    def started(work: Work) -> Iterator[Drains]:
        runtime = Runtime(settings)
        with contextlib.closing(runtime.store), contextlib.closing(Drains(runtime, work)) as drains:
            yield drains

    return started


async def answering(shop_key: str, room: WaitingRoom, *, until: float, leaving: asyncio.Event) -> int:
    """Answers what it is told of, and does nothing else."""
    while not leaving.is_set():
        room.news.clear()
        if room.wanted:
            taken = await room.take(10)
            await room.deliver(*(LiveAnswer(product_id=one, as_of=utc_now(), reason=Reason.GONE) for one in taken))
        await room.news.wait()
    return 0


def answer(live: LivePrices, product_id: str) -> Reason | None:
    return live.get(product_id, wait_ms=5000).reason


def test_who_queues_a_product_wakes_the_drain_of_its_shop(
    start: Start, live: LivePrices, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (listino.live.waiting, listino.live.leases):
        monkeypatch.setattr(module, "LEASE_MS", 60_000)
    monkeypatch.setattr(listino.live.leases, "RENEW_MS", 60_000)  # nothing else wakes it
    with start(answering) as drains:
        drains.begin(SHOP)
        assert [answer(live, product_id) for product_id in (FIRST, SECOND)] == [Reason.GONE] * 2


def test_without_being_woken_or_a_thread_to_spare_leases_are_held_and_what_waits_is_found(
    start: Start,
    live: LivePrices,
    redis: Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def deaf(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(workers.drains, "hear_wanted", deaf)
    hung, looks = threading.Event(), 0

    async def answering_and_counting(shop_key: str, room: WaitingRoom, **options: Any) -> int:
        async def take(most: int) -> list[str]:
            nonlocal looks
            looks += 1
            return await of_room(most)

        of_room = room.take
        monkeypatch.setattr(room, "take", take)
        return await answering(shop_key, room, **options)

    with start(answering_and_counting) as drains, contextlib.ExitStack() as stack:
        stack.callback(hung.set)
        for _ in range(workers.drains._THREADS):  # as when MongoDB hangs
            drains._loop.call_soon_threadsafe(drains._loop.run_in_executor, None, hung.wait)
        drains.begin(SHOP)
        assert answer(live, FIRST) is Reason.GONE
        owner, until, before = redis.get(KEYS.drain), held_until(redis) + 2 * LEASE_MS, looks
        wait_until(lambda: held_until(redis) > until, "it is held", 5)
        assert (redis.get(KEYS.drain), looks) == (owner, before), "the lease never ran out"
        assert answer(live, SECOND) is Reason.GONE


def test_a_watch_that_fails_begins_again(
    start: Start, live: LivePrices, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold, hear_wanted = Leases.hold, listino.live.leases.hear_wanted
    held: list[bool] = []
    heard: list[bool] = []

    async def holding(self: Leases, rooms: Sequence[WaitingRoom]) -> tuple[list[str], float]:
        if rooms and not held:
            held.append(True)
            raise ZeroDivisionError("a mistake")
        return await hold(self, rooms)

    async def listening(*given: Any) -> None:
        if not heard:
            heard.append(True)
            raise ZeroDivisionError("a mistake")
        await hear_wanted(*given)

    monkeypatch.setattr(Leases, "hold", holding)
    monkeypatch.setattr(workers.drains, "hear_wanted", listening)
    with start(answering) as drains:
        drains.begin(SHOP)
        assert answer(live, FIRST) is Reason.GONE
        owner, until = redis.get(KEYS.drain), held_until(redis) + 2 * LEASE_MS
        wait_until(lambda: held_until(redis) > until, "it is held", 5)
        assert redis.get(KEYS.drain) == owner
        worker = drains._runtime.worker
        wait_until(lambda: redis.pubsub_numsub(f"{WANTED}{worker}")[0][1], "it listens", 5)
    assert held
    assert heard


def held_until(redis: Redis) -> float:
    score = redis.zscore(DRAINS, SHOP)
    assert isinstance(score, float), "nobody drains the shop"
    return score


def test_a_drain_whose_time_is_up_leaves_a_job_only_where_something_is_left_to_do(
    start: Start,
    live: LivePrices,
    redis: Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workers.drains, "HAND_OVER_SECONDS", 0)
    jobs = Jobs(redis).queue(LIVE)
    begun: list[list[str]] = []

    async def taking(shop_key: str, room: WaitingRoom, *, until: float, leaving: asyncio.Event) -> int:
        begun.append(await room.take(10))
        return 0

    with start(taking) as drains:
        drains.begin(SHOP)
        wait_until(lambda: begun and not drains._drains, "it has ended", 5)
        assert (begun, len(jobs), redis.zcard(DRAINS), redis.exists(KEYS.drain)) == ([[]], 0, 0, 0)
        live.get(FIRST, wait_ms=0)
        assert len(jobs) == 1, "a viewer's"
        drains.begin(SHOP)
        wait_until(lambda: len(jobs) == 2, "it has left a job", 5)
    assert begun[1] == [FIRST]
    assert redis.zrange(KEYS.waiting, 0, -1) == [FIRST.encode()]
    assert not redis.exists(KEYS.taken, KEYS.blamed)


def test_drains_that_are_ended_leave_what_they_have_to_others(start: Start, live: LivePrices, redis: Redis) -> None:
    async def holding(shop_key: str, room: WaitingRoom, *, until: float, leaving: asyncio.Event) -> int:
        await room.take(10)
        await leaving.wait()
        return 0

    live.get(FIRST, wait_ms=0)
    with start(holding) as drains:
        drains.begin(SHOP)
        wait_until(lambda: redis.hexists(KEYS.taken, FIRST), "it is in hand", 5)
    assert redis.zrange(KEYS.waiting, 0, -1) == [FIRST.encode()]
    assert not redis.exists(KEYS.taken, KEYS.drain)
    with start(answering):  # another process finds it, whatever becomes of the job
        assert answer(live, FIRST) is Reason.GONE
