"""The queue of one shop in a real Redis: who comes first, who comes last, and who is not asked for any more."""

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterator

import pytest
from redis import Redis
from shopkeeper import wait_until

import listino.live.waiting
from listino.cli.main import run
from listino.domain.clock import utc_now
from listino.live.answer import LiveAnswer, Reason
from listino.live.prices import AsyncLivePrices
from listino.live.synchronous import LivePrices
from listino.live.times import ALONE_AFTER, PARK_AFTER
from listino.live.waiting import DrainLost, WaitingRoom
from listino.local.declarations import DEMO_SHOPS, declaration
from listino.settings import Settings

SHOP = "de:kontor"
FIRST, SECOND, THIRD = (f"{SHOP}:{number}" for number in (1, 2, 3))
LEASE_MS = 40


@pytest.fixture
def redis(settings: Settings) -> Iterator[Redis]:
    with Redis.from_url(settings.redis_address) as redis:
        yield redis


@pytest.fixture
def new_room(settings: Settings, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> Callable[[], WaitingRoom]:
    """Makes the room of one more drain, as another worker would. Leases run out soon."""
    monkeypatch.setattr(listino.live.waiting, "LEASE_MS", LEASE_MS)
    return lambda: WaitingRoom(settings, redis, SHOP)


def silent(product_id: str) -> LiveAnswer:
    return LiveAnswer(product_id=product_id, as_of=utc_now(), reason=Reason.SHOP_SILENT)


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
        assert [await asyncio.to_thread(room.take, 1) for _ in range(3)] == [[THIRD], [SECOND], [FIRST]]


async def test_what_is_long_unwanted_is_dropped_and_that_is_told(
    settings: Settings, redis: Redis, new_room: Callable[[], WaitingRoom]
) -> None:
    strict = settings.model_copy(update={"live_unwanted_ms": 0})
    async with AsyncLivePrices(strict) as live:
        await live.request(FIRST, wait_ms=1)
        waiter = asyncio.create_task(live.get(SECOND, wait_ms=5000))
        while redis.zcard("live:{de:kontor}:waiting") < 2:  # noqa: ASYNC110 - Redis does not say when
            await asyncio.sleep(0.005)
        with redis.pubsub() as subscription:
            await asyncio.to_thread(subscription.subscribe, "live:answers")
            room = WaitingRoom(strict, redis, SHOP)
            assert await asyncio.to_thread(room.take, 10) == [SECOND]
            told = wait_until(lambda: subscription.get_message(ignore_subscribe_messages=True), "it is told", 5)
        answer = LiveAnswer.from_json(told["data"])
        assert (answer.product_id, answer.reason, answer.price) == (FIRST, Reason.DROPPED, None)
        assert await asyncio.to_thread(room.deliver, silent(SECOND))
        assert (await waiter).reason is Reason.SHOP_SILENT
        assert await live.request(FIRST) is None, "it may be asked for again"


def test_what_kills_its_workers_is_told_from_the_others_and_parked(
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
        while not redis.exists("live:{de:kontor}:parked"):
            room = new_room()
            (taken,) = wait_until(lambda room=room: take(room), "the lease has run out", 5)
            while taken:
                hands.append(sorted(taken))
                if poison in taken:
                    break  # and the worker is no more
                assert all(room.deliver(silent(product_id)) for product_id in taken)
                taken = room.take(10)
        assert hands[:ALONE_AFTER] == [[FIRST, poison, THIRD]] * ALONE_AFTER
        assert sorted(hands[ALONE_AFTER:]) == [[FIRST], [poison], [THIRD]]
        assert live.get(poison, wait_ms=5000).reason is Reason.PARKED
        assert live.get(FIRST, wait_ms=0).reason is Reason.DEADLINE
        capsys.readouterr()  # the words of whatever went before
        assert run(["live", "parked", "--json"]) == 0
        (parked,) = json.loads(capsys.readouterr().out)
        assert (parked["product_id"], parked["why"].split()[0]) == (poison, str(PARK_AFTER))
        assert run(["live", "parked", "--release", poison]) == 0
        assert run(["live", "parked", "--release", poison]) == 2
        assert live.get(poison, wait_ms=0).reason is Reason.DEADLINE


def take(room: WaitingRoom) -> tuple[list[str]] | None:
    """What there is to take; None while another drain holds the shop."""
    try:
        return (room.take(10),)
    except DrainLost:
        return None
