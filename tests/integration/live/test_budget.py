"""The budget of a host, on a real Redis; what one process decides by itself while Redis is away goes by the same rules."""

import asyncio
import multiprocessing
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from redis import Redis
from redis import asyncio as aioredis
from redis.exceptions import ConnectionError as RedisConnectionError
from servers import hung_redis
from shopkeeper import wait_until

from listino.domain.politeness import (
    CATCH_UP_MS,
    FAILURE_ALONE_AFTER,
    FIRST_FAILED_MS,
    FIRST_PAUSE_MS,
    FIRST_REFUSED_MS,
    RECOVERY_STEPS,
    SHOPPERS_IN_A_ROW,
    UNHURRIED_MS,
    Allowance,
)
from listino.live import budget as budgets
from listino.live import turns as module
from listino.live.budget import CRAWL_LEASE_MS, Budget, Outcome, Report, Role, Slot, Taken
from listino.live.exchange import Exchange
from listino.live.pace import LocalBudget
from listino.live.turns import HostBusy, Turns
from listino.settings import Settings

HOST = "shop.example"
FREE = Allowance(concurrency=8, crawling=4)
SPACED = Allowance(concurrency=8, crawling=4, interval_ms=200)
QUICK = Allowance(concurrency=8, crawling=4, interval_ms=20)
SELDOM = Allowance(concurrency=8, crawling=4, interval_ms=60_000)
UNHURRIED = Allowance(concurrency=8, crawling=4, interval_ms=UNHURRIED_MS)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[aioredis.Redis]:
    client = aioredis.Redis.from_url(redis_url)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
def away(redis_url: str, tmp_path: Path) -> Settings:
    """Settings of a process whose Redis does not answer."""
    return Settings(_env_file=None, env="test", redis_url="redis://127.0.0.1:9/0", state_dir=tmp_path)


def crawls(redis: aioredis.Redis) -> Budget:
    return Budget(Exchange(redis), HOST, Role.CRAWL)


def shoppers(redis: aioredis.Redis) -> Budget:
    return Budget(Exchange(redis), HOST, Role.LIVE)


async def take(budget: Budget | LocalBudget, most: int = 1, allowance: Allowance = FREE, patience_ms: int = 0) -> Taken:
    names = [f"{id(budget)}-{time.monotonic_ns()}-{n}" for n in range(most)]
    return await budget.take(allowance, names, patience_ms=patience_ms)


@pytest.fixture(params=["common", "own"])
def budget(request: pytest.FixtureRequest, redis: aioredis.Redis) -> Budget | LocalBudget:
    """A crawl's budget: in Redis, or of one process by itself."""
    return crawls(redis) if request.param == "common" else LocalBudget(Role.CRAWL)


async def tick() -> None:
    """Lets the clock, which counts milliseconds, go on."""
    await asyncio.sleep(0.002)


async def answered(budget: Budget | LocalBudget, outcome: Outcome, told: float | None = None) -> None:
    """A request that was allowed, with what became of it, whatever the pace is at the moment."""
    await tick()
    await budget.give(FREE, [Report(Slot("asked", time.time_ns() // 1_000_000), outcome, told)])


async def assert_interval(budget: Budget | LocalBudget, expected_ms: float, within_ms: float = 10) -> None:
    """The least ms between two requests is as expected, whatever time this machine takes to ask."""
    began = time.monotonic()
    first = await take(budget)
    while not first.slots:
        await asyncio.sleep(first.wait_ms / 1000)
        began = time.monotonic()
        first = await take(budget)
    second = await take(budget)
    elapsed_ms = (time.monotonic() - began) * 1000
    await budget.give(FREE, [Report(slot, Outcome.UNSENT) for slot in (*first.slots, *second.slots)])
    told_ms = 0 if second.slots else second.wait_ms
    assert told_ms <= expected_ms + within_ms
    assert told_ms + elapsed_ms >= expected_ms - within_ms


async def test_as_many_as_are_allowed_at_a_time(budget: Budget | LocalBudget) -> None:
    first = await take(budget, 10)
    assert len(first.slots) == FREE.crawling
    assert (await take(budget)).slots == ()
    await budget.give(FREE, [Report(first.slots[0], Outcome.OK)])
    assert len((await take(budget, 10)).slots) == 1


async def test_starts_are_an_interval_apart(budget: Budget | LocalBudget) -> None:
    began = time.monotonic()
    assert len((await take(budget, 3, SPACED)).slots) == 1
    soon = await take(budget, 3, SPACED)
    elapsed_ms = 1000 * (time.monotonic() - began)
    assert soon.slots == ()
    least = SPACED.interval_ms - CATCH_UP_MS
    assert least - elapsed_ms - 2 < soon.wait_ms <= least + 1
    await asyncio.sleep(soon.wait_ms / 1000 + 0.002)
    assert len((await take(budget, 3, SPACED)).slots) == 1


async def test_a_pace_of_whole_seconds_is_never_caught_up(budget: Budget | LocalBudget) -> None:
    began = time.monotonic()
    assert len((await take(budget, 3, UNHURRIED)).slots) == 1
    soon = await take(budget, 3, UNHURRIED)
    assert soon.slots == ()
    assert UNHURRIED.interval_ms - 1000 * (time.monotonic() - began) - 2 < soon.wait_ms <= UNHURRIED.interval_ms


async def test_turns_that_were_late_are_caught_up_within_a_bound(budget: Budget | LocalBudget) -> None:
    most_at_once = CATCH_UP_MS // QUICK.interval_ms + 1
    earliest = time.monotonic()
    first = (await take(budget, 4, QUICK)).slots
    assert len(first) == most_at_once, "nobody asked for so long"
    await budget.give(QUICK, [Report(slot, Outcome.OK) for slot in first])
    began, turns, late = time.monotonic(), 0, 0.0
    looked = began
    while turns < 8:
        await asyncio.sleep(0.03)
        taken = await take(budget, 4, QUICK)
        turns += len(taken.slots)
        await budget.give(QUICK, [Report(slot, Outcome.OK) for slot in taken.slots])
        now = time.monotonic()
        late += max(0, 1000 * (now - looked) - CATCH_UP_MS)  # on a machine that is too busy to look in time
        looked = now
    least, most = (1000 * (looked - since) / QUICK.interval_ms for since in (began, earliest))
    assert least - late / QUICK.interval_ms - 1 <= turns <= most + 1


async def test_a_refusal_is_a_pause_for_as_long_as_the_host_says(budget: Budget | LocalBudget) -> None:
    await answered(budget, Outcome.REFUSED, 0.2)
    told = await take(budget)
    assert (told.slots, told.refused) == ((), True)
    assert 150 < told.wait_ms <= 200
    await asyncio.sleep(told.wait_ms / 1000 + 0.002)
    assert len((await take(budget)).slots) == 1


async def test_without_a_word_the_pause_doubles_with_every_refusal_in_a_row(budget: Budget | LocalBudget) -> None:
    waits = []
    for _ in range(4):
        await answered(budget, Outcome.REFUSED)
        waits.append((await take(budget)).wait_ms)
    assert waits == pytest.approx([FIRST_PAUSE_MS * 2**n for n in range(4)], abs=60)


async def test_what_was_under_way_at_a_refusal_is_no_second_one(budget: Budget | LocalBudget) -> None:
    slots = (await take(budget, 4)).slots
    assert len(slots) == 4
    await tick()
    await budget.give(FREE, [Report(slot, Outcome.REFUSED) for slot in slots])
    assert (await take(budget)).wait_ms <= FIRST_PAUSE_MS


async def test_a_refusal_halves_the_rate_and_good_answers_give_it_back_step_by_step(
    budget: Budget | LocalBudget,
) -> None:
    await answered(budget, Outcome.REFUSED, 0.001)
    await assert_interval(budget, 2 * FIRST_REFUSED_MS)
    for _ in range(RECOVERY_STEPS // 2):
        await answered(budget, Outcome.OK)
    await assert_interval(budget, FIRST_REFUSED_MS, within_ms=20)
    for _ in range(RECOVERY_STEPS // 2 + 1):
        await answered(budget, Outcome.OK)
    assert len((await take(budget, 2)).slots) == 2, "as fast as ever"


async def failed_and_recovered(budget: Budget | LocalBudget, good: int) -> None:
    await answered(budget, Outcome.FAILED)
    for _ in range(good):
        await answered(budget, Outcome.OK)


async def test_a_failure_that_stands_alone_slows_nobody_down(budget: Budget | LocalBudget) -> None:
    for _ in range(3):
        await failed_and_recovered(budget, FAILURE_ALONE_AFTER)
    assert len((await take(budget, FREE.crawling)).slots) == FREE.crawling


@pytest.mark.parametrize("good", [0, FAILURE_ALONE_AFTER - 1])
async def test_failures_close_to_each_other_slow_down_and_pause_nobody(budget: Budget | LocalBudget, good: int) -> None:
    await failed_and_recovered(budget, good)
    await answered(budget, Outcome.FAILED)
    told = await take(budget, 2)
    assert (len(told.slots), told.refused) == (1, False)
    assert told.wait_ms == pytest.approx(1.5 * FIRST_FAILED_MS, abs=1)


async def test_a_shop_that_goes_down_is_slowed_by_half_with_every_failure(budget: Budget | LocalBudget) -> None:
    for _ in range(7):
        await answered(budget, Outcome.FAILED)
    await assert_interval(budget, FIRST_FAILED_MS * 1.5**6, within_ms=20)


async def test_what_was_under_way_when_failures_slowed_us_down_slows_us_no_further(
    budget: Budget | LocalBudget,
) -> None:
    slots = (await take(budget, 4)).slots
    assert len(slots) == 4
    await tick()
    await budget.give(FREE, [Report(slot, Outcome.FAILED) for slot in slots])
    assert (await take(budget, 2)).wait_ms == pytest.approx(1.5 * FIRST_FAILED_MS, abs=1)


async def test_a_slowed_pace_is_not_caught_up(budget: Budget | LocalBudget) -> None:
    for _ in range(2):
        await answered(budget, Outcome.FAILED)
    await asyncio.sleep(2 * 1.5 * FIRST_FAILED_MS / 1000)
    assert len((await take(budget, 4)).slots) == 1


async def test_a_slot_that_nobody_renews_is_free_again(redis: aioredis.Redis) -> None:
    killed, budget = crawls(redis), crawls(redis)
    held = (await take(killed, 4)).slots
    assert len(held) == 4
    past = {slot.name: slot.taken_at - 1 for slot in held[:3]}
    assert await redis.zadd(f"budget:{{{HOST}}}:crawl", past, xx=True, ch=True) == 3
    await killed.renew(held[3:])
    assert len((await take(budget, 4)).slots) == 3
    assert await redis.pttl(f"budget:{{{HOST}}}:crawl") > 0
    (kept,) = await redis.zrange(f"budget:{{{HOST}}}:crawl", 0, 0, withscores=True)
    assert kept[1] <= held[0].taken_at + CRAWL_LEASE_MS + 1000


async def test_crawls_leave_room_for_shoppers_and_both_keep_to_the_sum(redis: aioredis.Redis) -> None:
    assert len((await take(crawls(redis), 10)).slots) == FREE.crawling
    assert len((await take(shoppers(redis), 10)).slots) == FREE.concurrency - FREE.crawling
    assert (await take(shoppers(redis))).slots == ()
    assert (await take(crawls(redis))).slots == ()


async def its_time_has_come(redis: aioredis.Redis) -> None:
    """The host's next request may start now; nobody has to hurry to be there when it does."""
    await redis.hset(f"budget:{{{HOST}}}:pace", "next", 0)


async def test_a_shopper_who_waits_goes_before_the_crawl(redis: aioredis.Redis) -> None:
    spider, shopper = crawls(redis), shoppers(redis)
    assert len((await take(spider, 1, SELDOM)).slots) == 1
    assert (await take(shopper, 1, SELDOM, patience_ms=SELDOM.interval_ms)).slots == ()
    await its_time_has_come(redis)
    assert (await take(spider, 1, SELDOM)).slots == ()
    assert len((await take(shopper, 1, SELDOM)).slots) == 1


async def test_a_shopper_who_would_not_wait_so_long_keeps_no_crawl_waiting(redis: aioredis.Redis) -> None:
    spider, shopper = crawls(redis), shoppers(redis)
    assert len((await take(spider, 1, SELDOM)).slots) == 1
    assert (await take(shopper, 1, SELDOM, patience_ms=1)).slots == ()
    await its_time_has_come(redis)
    assert len((await take(spider, 1, SELDOM)).slots) == 1


async def test_a_popular_shop_is_crawled_all_the_same(redis: aioredis.Redis) -> None:
    spider, shopper = crawls(redis), shoppers(redis)
    served = 0
    while served <= 2 * SHOPPERS_IN_A_ROW:
        served += len((await take(shopper, 2, SELDOM, patience_ms=SELDOM.interval_ms)).slots)
        if (await take(spider, 1, SELDOM)).slots:
            break
        await its_time_has_come(redis)
    assert served == SHOPPERS_IN_A_ROW


async def test_hosts_do_not_share(redis: aioredis.Redis) -> None:
    assert len((await take(crawls(redis), 10)).slots) == FREE.crawling
    assert len((await take(Budget(Exchange(redis), "other.example", Role.CRAWL), 10)).slots) == FREE.crawling


async def test_the_case_of_a_host_is_nothing(redis: aioredis.Redis) -> None:
    assert len((await take(crawls(redis), 10)).slots) == FREE.crawling
    assert (await take(Budget(Exchange(redis), HOST.upper(), Role.CRAWL))).slots == ()


def _crawl_for_a_while(
    url: str, folder: str, role: Role, log: "multiprocessing.Queue[list[tuple[float, int]]]"
) -> None:
    """A process that asks for a second: the starts (+1) and ends (-1) of its requests."""
    asyncio.run(_requests(url, folder, role, log))


async def _requests(url: str, folder: str, role: Role, log: "multiprocessing.Queue[list[tuple[float, int]]]") -> None:
    turns = Turns(Settings(_env_file=None, env="test", redis_url=url, state_dir=Path(folder)), role)
    moments: list[tuple[float, int]] = []
    until = time.monotonic() + 1.0

    async def ask() -> None:
        while time.monotonic() < until:
            slot = await turns.take(HOST, TOGETHER, patience=5)
            moments.append((time.monotonic(), 1))
            await asyncio.sleep(0.05)
            moments.append((time.monotonic(), -1))
            await turns.give(HOST, TOGETHER, Report(slot, Outcome.OK))

    await asyncio.gather(*(ask() for _ in range(4)))
    await turns.close()
    log.put(moments)


TOGETHER = Allowance(concurrency=3, crawling=2, interval_ms=10)


def test_several_processes_together_keep_to_one_budget(redis_url: str, tmp_path: Path) -> None:
    Redis.from_url(redis_url).flushall()
    spawned = multiprocessing.get_context("spawn")
    log: multiprocessing.Queue[list[tuple[float, int]]] = spawned.Queue()
    roles = (Role.CRAWL, Role.CRAWL, Role.LIVE)
    processes = [
        spawned.Process(target=_crawl_for_a_while, args=(redis_url, str(tmp_path), role, log)) for role in roles
    ]
    for process in processes:
        process.start()
    per_process = [log.get(timeout=30) for _ in roles]
    for process in processes:
        process.join(10)
    assert [bool(moments) for moments in per_process] == [True] * len(roles)
    moments = sorted(moment for process in per_process for moment in process)
    under_way, most = 0, 0
    for _, change in moments:
        under_way += change
        most = max(most, under_way)
    starts = [at for at, change in moments if change == 1]
    assert 1 <= most <= TOGETHER.concurrency
    assert len(starts) > 20
    # Each hears of its slot a moment later than it was given, the one sooner than the other: the sum is what is kept.
    caught_up = CATCH_UP_MS / TOGETHER.interval_ms
    assert len(starts) - 1 <= (starts[-1] - starts[0]) / (TOGETHER.interval_ms / 1000) + caught_up + 3


async def test_who_cannot_be_served_in_time_is_told_at_once(
    redis: aioredis.Redis, redis_url: str, away: Settings
) -> None:
    turns = Turns(away.model_copy(update={"redis_url": redis_url}), Role.LIVE)
    await answered(shoppers(redis), Outcome.REFUSED, 30)
    began = time.monotonic()
    with pytest.raises(HostBusy) as busy:
        await turns.take(HOST, FREE, patience=2)
    assert time.monotonic() - began < 1.5
    assert busy.value.refused
    assert 29 < busy.value.wait <= 30
    await turns.close()


async def test_what_is_held_for_long_is_renewed_and_what_is_given_back_soon_is_not(
    redis: aioredis.Redis, redis_url: str, away: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budgets, "LIVE_LEASE_MS", 200)
    renewed: list[Slot] = []
    renew = Budget.renew

    async def renewing(budget: Budget, some: Sequence[Slot]) -> None:
        renewed.extend(some)
        await renew(budget, some)

    monkeypatch.setattr(Budget, "renew", renewing)
    turns, slots = Turns(away.model_copy(update={"redis_url": redis_url}), Role.LIVE), f"budget:{{{HOST}}}:live"
    held = await turns.take(HOST, FREE, patience=1)
    async with asyncio.timeout(5):
        while (await redis.zscore(slots, held.name) or 0) < held.taken_at + 600:
            await turns.give(HOST, FREE, Report(await turns.take(HOST, FREE, patience=1), Outcome.OK))
            await asyncio.sleep(0.01)
    assert set(renewed) == {held}
    await turns.give(HOST, FREE, Report(held, Outcome.OK))
    assert await redis.zcard(slots) == 0
    await turns.close()


async def test_while_redis_is_away_a_process_paces_itself_and_says_so_once(
    away: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    turns = Turns(away, Role.CRAWL)
    slots = [await turns.take(HOST, FREE, patience=1) for _ in range(FREE.crawling)]
    with pytest.raises(HostBusy):
        await turns.take(HOST, FREE, patience=0.01)
    await turns.give(HOST, FREE, Report(slots[0], Outcome.REFUSED, 60))
    with pytest.raises(HostBusy) as busy:
        await turns.take(HOST, FREE, patience=1)
    assert busy.value.refused
    assert len([record for record in caplog.records if "is away" in record.message]) == 1
    await turns.close()


async def test_when_redis_is_back_the_common_budget_counts_again(
    redis: aioredis.Redis, redis_url: str, away: Settings
) -> None:
    turns = Turns(away.model_copy(update={"redis_url": redis_url}), Role.CRAWL)
    first = await turns.take(HOST, FREE, patience=5)
    with hung_redis(redis_url):
        slot = await turns.take(HOST, FREE, patience=5)
        assert turns.away
    await asyncio.to_thread(wait_until, lambda: not turns.away, "Redis is found again")
    for held in (first, slot):
        await turns.give(HOST, FREE, Report(held, Outcome.OK))
    assert len([await turns.take(HOST, FREE, patience=1) for _ in range(FREE.crawling)]) == FREE.crawling
    assert (await take(crawls(redis))).slots == ()
    await turns.close()


class Outage:
    """Turns of a crawl whose Redis goes away and comes back when the test says, and is there all the time in truth."""

    def __init__(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "_PROBE_SECONDS", 0.01)
        self.turns, self._away = Turns(settings, Role.CRAWL), False
        monkeypatch.setattr(self.turns._redis, "ping", self._ping)

    async def _ping(self) -> None:
        if self._away:
            raise RedisConnectionError("away")

    def begins(self) -> None:
        self._away = True
        self.turns._lost(RedisConnectionError("away"))

    async def ends(self) -> None:
        self._away = False
        await asyncio.wait_for(self.turns._probe, 5)  # type: ignore[arg-type]  # it looks while Redis is away
        assert not self.turns.away


@pytest.fixture
async def outage(
    redis: aioredis.Redis, redis_url: str, away: Settings, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Outage]:
    made = Outage(away.model_copy(update={"redis_url": redis_url}), monkeypatch)
    yield made
    await made.turns.close()


ONE = Allowance(concurrency=1, crawling=1)


async def test_a_slot_given_back_on_the_other_side_of_an_outage_is_free_on_both(
    outage: Outage, redis: aioredis.Redis
) -> None:
    outage.begins()
    slot = await outage.turns.take(HOST, ONE, patience=1)
    await outage.ends()
    await outage.turns.give(HOST, ONE, Report(slot, Outcome.OK))
    slot = await outage.turns.take(HOST, ONE, patience=1)
    outage.begins()
    with pytest.raises(HostBusy):  # what was under way before it is under way still
        await outage.turns.take(HOST, ONE, patience=0.01)
    await outage.turns.give(HOST, ONE, Report(slot, Outcome.OK))
    await outage.turns.take(HOST, ONE, patience=1)


async def test_a_pause_holds_when_redis_goes_away(outage: Outage, redis: aioredis.Redis) -> None:
    await answered(shoppers(redis), Outcome.REFUSED, 3600)
    for begins in (lambda: None, outage.begins):
        begins()
        with pytest.raises(HostBusy) as busy:
            await outage.turns.take(HOST, FREE, patience=1)
        assert busy.value.refused
        assert 3590 < busy.value.wait <= 3600


async def test_a_pause_that_was_heard_while_redis_was_away_holds_for_everybody_when_it_is_back(
    outage: Outage, redis: aioredis.Redis
) -> None:
    outage.begins()
    slot = await outage.turns.take(HOST, FREE, patience=1)
    await outage.turns.give(HOST, FREE, Report(slot, Outcome.REFUSED, 3600))
    await outage.ends()
    with pytest.raises(HostBusy) as busy:
        await outage.turns.take(HOST, FREE, patience=1)
    assert busy.value.refused
    told = await take(shoppers(redis))
    assert (told.slots, told.refused) == ((), True)
    assert 3_590_000 < told.wait_ms <= 3_600_000
    assert await redis.hget(f"budget:{{{HOST}}}:pace", "slowed") == b"0"


async def test_how_it_went_with_a_slot_of_an_outage_is_news_when_redis_is_back(
    outage: Outage, redis: aioredis.Redis
) -> None:
    for _ in range(2):
        await answered(crawls(redis), Outcome.FAILED)
    before = await redis.hget(f"budget:{{{HOST}}}:pace", "slowed")
    await tick()
    outage.begins()
    slot = await outage.turns.take(HOST, FREE, patience=1)
    await outage.ends()
    await outage.turns.give(HOST, FREE, Report(slot, Outcome.FAILED))
    after = await redis.hget(f"budget:{{{HOST}}}:pace", "slowed")
    assert int(after) > int(before) > 0


async def test_slots_of_the_common_budget_have_an_age_in_ones_own_too() -> None:
    own = LocalBudget(Role.CRAWL)
    slots = tuple(Slot(name, time.time_ns() // 1_000_000) for name in ("a", "b", "c"))
    own.follow(FREE, Taken(slots, 0, refused=False))
    await tick()
    await own.give(FREE, [Report(slot, Outcome.REFUSED) for slot in slots])
    assert (await take(own)).wait_ms <= FIRST_PAUSE_MS


async def test_a_caller_who_gives_up_leaves_no_slot_behind(
    redis: aioredis.Redis, redis_url: str, away: Settings
) -> None:
    turns = Turns(away.model_copy(update={"redis_url": redis_url}), Role.CRAWL)
    callers = [asyncio.create_task(turns.take(HOST, FREE, patience=1)) for _ in range(FREE.crawling)]
    await asyncio.sleep(0)
    for caller in callers:
        caller.cancel()
    assert await asyncio.gather(*callers, return_exceptions=True)
    slots = [await turns.take(HOST, FREE, patience=1) for _ in range(FREE.crawling)]
    assert len({slot.name for slot in slots}) == FREE.crawling
    await turns.close()
