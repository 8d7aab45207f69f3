"""The queue of one shop in a real Redis: who comes first, who comes last, and who is not asked for any more."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace

import pytest
from livework import waiting_room
from redis import Redis
from redis import asyncio as aioredis
from shopkeeper import wait_until
from structlog.testing import capture_logs

import listino.live.leases
import listino.live.waiting
from listino.cli.main import run
from listino.domain.clock import utc_now
from listino.domain.money import Money
from listino.jobs import LIVE, Jobs
from listino.live.answer import LiveAnswer, Reason
from listino.live.client import connect_async
from listino.live.exchange import Exchange
from listino.live.leases import Leases, end_leases, hear_wanted
from listino.live.legs import ServerClock
from listino.live.prices import AsyncLivePrices
from listino.live.scripts import WANTED
from listino.live.synchronous import LivePrices
from listino.live.times import ALONE_AFTER, JOB_MS, LOOK_MS, PARK_AFTER, RENEW_MS
from listino.live.waiting import DrainLost, WaitingRoom
from listino.local.declarations import DEMO_SHOPS, declaration
from listino.settings import Settings

SHOP = "de:kontor"
FIRST, SECOND, THIRD = (f"{SHOP}:{number}" for number in (1, 2, 3))
LEASE_MS = 40
WORKER = "one"


@pytest.fixture
def redis(settings: Settings) -> Iterator[Redis]:
    with Redis.from_url(settings.redis_address) as redis:
        yield redis


@pytest.fixture
async def new_room(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[[], WaitingRoom]]:
    """Makes the room of one more drain, as another worker would. Leases run out soon."""
    monkeypatch.setattr(listino.live.waiting, "LEASE_MS", LEASE_MS)
    async with connect_async(settings) as connection:
        exchange = Exchange(connection)
        yield lambda: WaitingRoom(settings, exchange, SHOP, worker=WORKER)


def silent(product_id: str) -> LiveAnswer:
    return LiveAnswer(product_id=product_id, as_of=utc_now(), reason=Reason.SHOP_SILENT)


async def until(met: Callable[[], bool | Awaitable[bool]]) -> None:
    """Returns when it is met; fails after five seconds."""
    async with asyncio.timeout(5):
        while not (found if isinstance(found := met(), bool) else await found):  # noqa: ASYNC110 - Redis does not say when
            await asyncio.sleep(0.005)


async def test_the_nearest_deadline_is_first_and_what_nobody_waits_for_is_last(
    settings: Settings, new_room: Callable[[], WaitingRoom]
) -> None:
    room = new_room()
    async with AsyncLivePrices(settings) as live:
        await live.request(FIRST, wait_ms=0)
        await live.request(SECOND, wait_ms=60_000)
        await live.request(THIRD, wait_ms=0)
        await live.request(THIRD, wait_ms=30_000)  # somebody else waits longer for it
        await asyncio.sleep(0.002)  # the server's clock has a later millisecond
        taken = []
        for left in (True, True, False):
            taken += await room.take(1)
            assert room.wanted is left
        assert taken == [THIRD, SECOND, FIRST]


class Late(ServerClock):
    """Finds that everything takes five seconds longer."""

    def at(self, monotonic: float) -> int | None:
        at = super().at(monotonic)
        return None if at is None else at + 5_000_000


async def test_what_cannot_be_told_in_time_any_more_lets_go_first_what_can(settings: Settings) -> None:
    async with AsyncLivePrices(settings) as live, connect_async(settings) as connection:
        room = WaitingRoom(settings, Exchange(connection), SHOP, worker=WORKER, clock=Late())
        others = [f"{SHOP}:{number}" for number in range(10, 60)]
        for other in others:
            await live.request(other, wait_ms=10_000)
        assert await room.take(50) == others, "nothing is known of how long it takes"
        await live.request(SECOND, wait_ms=300)
        await live.request(THIRD, wait_ms=60_000)
        price = LiveAnswer(product_id=FIRST, as_of=utc_now(), price=Money(100, "EUR"))
        assert len(await room.deliver(*(replace(price, product_id=other) for other in others), heard=True)) == 50
        assert await room.take(2, late=1) == [THIRD], "a refresh takes half a second, as far as is known"
        assert await room.take(2, late=1) == [], "one is in hand"
        assert await room.take(2, late=2) == [SECOND], "nor is it forgotten"


async def test_what_is_long_unwanted_is_dropped_and_that_is_told(settings: Settings, redis: Redis) -> None:
    strict = settings.model_copy(update={"live_unwanted_ms": 0})
    async with AsyncLivePrices(strict) as live, waiting_room(strict, SHOP) as room:
        await live.request(FIRST, wait_ms=1)
        waiter = asyncio.create_task(live.get(SECOND, wait_ms=5000))
        await until(lambda: redis.zcard("live:{de:kontor}:waiting") == 2)
        with redis.pubsub() as subscription:
            await asyncio.to_thread(subscription.subscribe, "live:answers")
            assert await room.take(10) == [SECOND]
            told = wait_until(lambda: subscription.get_message(ignore_subscribe_messages=True), "it is told", 5)
        answer = LiveAnswer.from_json(told["data"])
        assert (answer.product_id, answer.reason, answer.price) == (FIRST, Reason.DROPPED, None)
        assert await room.deliver(silent(SECOND)) == {SECOND}
        assert (await waiter).reason is Reason.SHOP_SILENT
        assert await live.request(FIRST) is None, "it may be asked for again"


async def test_the_worker_that_drains_the_shop_is_told_of_what_is_new(settings: Settings) -> None:
    told: list[str] = []
    listening = asyncio.create_task(hear_wanted(settings, WORKER, told.append))
    async with (
        connect_async(settings) as redis,
        AsyncLivePrices(settings) as live,
        waiting_room(settings, SHOP, worker=WORKER) as room,
    ):
        await until(lambda: _listens(redis))
        await live.request(FIRST)  # a job is on its way, which begins a drain
        assert await room.take(10) == [FIRST]
        await live.request(FIRST)  # in hand
        for product_id in (SECOND, SECOND, THIRD):
            await live.request(product_id)
        await until(lambda: len(told) >= 2)
        await redis.client_kill_filter(_type="pubsub")
        await until(lambda: _listens(redis))
        await room.take(10)  # its lease may have run out meanwhile
        await live.request(f"{SHOP}:4")
        await until(lambda: len(told) >= 3)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    assert told == [SECOND, THIRD, f"{SHOP}:4"]


async def _listens(redis: aioredis.Redis) -> bool:
    return bool(dict(await redis.pubsub_numsub(f"{WANTED}{WORKER}"))[f"{WANTED}{WORKER}".encode()])


async def test_all_leases_of_a_worker_are_held_in_one_step_that_finds_what_nobody_told_of(
    settings: Settings, redis: Redis, new_room: Callable[[], WaitingRoom], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listino.live.leases, "LEASE_MS", 60_000)
    async with (
        contextlib.aclosing(Leases(settings)) as leases,
        AsyncLivePrices(settings) as live,
        waiting_room(settings, "it:bottega") as other,
    ):
        assert await leases.hold([]) == ([], JOB_MS / 1000)
        room, left = new_room(), new_room()
        await live.request(FIRST)
        _, seconds = await leases.hold([])
        assert LOOK_MS / 1000 <= seconds <= JOB_MS / 1000, "when the job is overdue"
        assert await room.take(10) == [FIRST]
        assert await other.take(10) == []
        room.news.clear()
        assert await leases.hold([room, other]) == ([], RENEW_MS / 1000)
        assert (room.wanted, room.news.is_set()) == (False, False), "nothing waits"
        assert min(redis.pttl(key) for key in (room.keys.drain, other.keys.drain)) > 50_000  # type: ignore[type-var]  # typed for every mode
        await live.request(SECOND)
        await leases.hold([room, other])
        assert (room.wanted, room.news.is_set(), other.wanted) == (True, True, False)

        monkeypatch.setattr(listino.live.leases, "LEASE_MS", LEASE_MS)
        await leases.hold([room, other])
        room.abandon()
        await until(lambda: not redis.exists(room.keys.drain))
        assert await leases.hold([room]) == (["it:bottega"], RENEW_MS / 1000), "its own it cannot take over"
        overdue, _ = await leases.hold([])
        assert sorted(overdue) == [SHOP, "it:bottega"]
        assert sorted(await left.take(10)) == [FIRST, SECOND]
        with pytest.raises(DrainLost):
            await room.take(10)
        await left.rest(leave=True)
        assert await leases.hold([left]) == (["it:bottega"], RENEW_MS / 1000)
        assert left.wanted, "it is told of a lost lease by its next look"


async def test_what_was_taken_and_never_came_is_put_back_before_a_drain_rests(
    settings: Settings, redis: Redis, new_room: Callable[[], WaitingRoom]
) -> None:
    room = new_room()
    async with AsyncLivePrices(settings) as live:
        await live.request(FIRST)
    await room.take(10)  # and the connection breaks before it is known what
    assert not await room.rest()
    assert room.wanted
    assert await room.take(10) == [FIRST]
    assert not redis.exists(room.keys.blamed), "nobody died over it"
    await room.deliver(silent(FIRST))
    assert await room.rest()


async def test_answers_that_come_together_are_told_in_one_step(
    settings: Settings, redis: Redis, new_room: Callable[[], WaitingRoom]
) -> None:
    room = new_room()
    async with AsyncLivePrices(settings) as live:
        for product_id in (FIRST, SECOND, THIRD):
            await live.request(product_id)
        assert len(await room.take(10)) == 3
        redis.config_resetstat()
        told = await asyncio.gather(
            room.deliver(silent(FIRST), heard=True),
            room.deliver(silent(SECOND), silent(f"{SHOP}:9"), errors={SECOND: "ours"}),
            room.deliver(silent(THIRD)),
        )
        assert told == [{FIRST}, {SECOND}, {THIRD}]
        calls: dict[str, dict[str, int]] = redis.info("commandstats")  # type: ignore[assignment]  # typed for every mode
        assert sum(calls.get(f"cmdstat_{name}", {}).get("calls", 0) for name in ("eval", "evalsha")) <= 2
        assert redis.hgetall(room.keys.blamed) == {SECOND.encode(): b"1"}
        with pytest.raises(ValueError, match="it:bottega:1"):
            await room.deliver(silent("it:bottega:1"))


async def test_what_kills_its_workers_is_told_from_the_others_and_parked(
    settings: Settings,
    redis: Redis,
    new_room: Callable[[], WaitingRoom],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    settings.shops_path.mkdir(parents=True)
    (settings.shops_path / "de-kontor.toml").write_text(declaration(DEMO_SHOPS[2], 9))
    poison: str = SECOND
    hands: list[list[str]] = []
    with contextlib.closing(LivePrices(settings)) as live:
        for product_id in (FIRST, poison, THIRD):
            live.get(product_id, wait_ms=0)
        with capture_logs() as lines:
            while not redis.exists("live:{de:kontor}:parked"):
                room = new_room()
                taken = await take(room)
                while taken:
                    hands.append(sorted(taken))
                    if poison in taken:
                        break  # and the worker is no more
                    assert await room.deliver(*map(silent, taken)) == set(taken)
                    taken = await room.take(10)
        assert [(line["event"], line["product_id"], line["log_level"]) for line in lines] == [
            ("live.parked", poison, "warning")
        ]
        assert hands[:ALONE_AFTER] == [[FIRST, poison, THIRD]] * ALONE_AFTER
        assert sorted(hands[ALONE_AFTER:]) == [[FIRST], [poison], [THIRD]]
        assert live.get(poison, wait_ms=5000).reason is Reason.PARKED
        assert live.get(FIRST, wait_ms=0).reason is Reason.DEADLINE
        capsys.readouterr()  # the words of whatever went before
        assert run(["live", "parked", "--json"]) == 0
        (parked,) = json.loads(capsys.readouterr().out)
        assert (parked["product_id"], parked["why"].split()[0]) == (poison, str(PARK_AFTER))
        assert parked["why"] == lines[0]["why"]
        assert run(["live", "parked", "--release", poison]) == 0
        assert run(["live", "parked", "--release", poison]) == 2
        assert live.get(poison, wait_ms=0).reason is Reason.DEADLINE


async def test_what_fails_time_and_again_is_parked_with_the_error_and_that_is_logged(
    settings: Settings, new_room: Callable[[], WaitingRoom]
) -> None:
    with contextlib.closing(LivePrices(settings)) as live, capture_logs() as lines:
        room = new_room()
        for _ in range(PARK_AFTER):
            assert not lines
            live.get(FIRST, wait_ms=0)
            assert await room.take(1) == [FIRST]
            await room.deliver(silent(FIRST), errors={FIRST: "a mistake"})
        assert live.get(FIRST, wait_ms=0).reason is Reason.PARKED
    assert lines == [{"event": "live.parked", "log_level": "warning", "product_id": FIRST, "why": "a mistake"}]


async def take(room: WaitingRoom) -> list[str]:
    """What there is to take, as soon as no other drain holds the shop."""
    async with asyncio.timeout(5):
        while True:
            with contextlib.suppress(DrainLost):
                return await room.take(10)
            await asyncio.sleep(0.005)


async def test_what_a_dead_worker_held_is_for_others_at_once_and_it_is_blamed(
    settings: Settings, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listino.live.waiting, "LEASE_MS", 60_000)
    other = "it:bottega"
    async with (
        AsyncLivePrices(settings) as live,
        waiting_room(settings, SHOP, worker=WORKER) as dead,
        waiting_room(settings, SHOP, worker="heir") as heir,
        waiting_room(settings, other, worker=f"{WORKER}-and-another") as neighbour,
    ):
        for product_id in (FIRST, SECOND, f"{other}:1"):
            await live.request(product_id)
        assert await dead.take(1) == [FIRST]
        assert await neighbour.take(1) == [f"{other}:1"]
        with pytest.raises(DrainLost):
            await heir.take(2)
        jobs = Jobs(redis).queue(LIVE)
        jobs.empty()
        assert await asyncio.to_thread(end_leases, settings, WORKER) == [SHOP]
        assert [job.args for job in jobs.get_jobs()] == [[SHOP]]
        assert await asyncio.to_thread(end_leases, settings, WORKER) == []
        assert sorted(await heir.take(2)) == [FIRST, SECOND]
        assert redis.hgetall(f"live:{{{SHOP}}}:blamed") == {FIRST.encode(): b"1"}
        await neighbour.take(1)
        with pytest.raises(DrainLost):
            await dead.take(1)
