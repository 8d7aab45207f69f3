"""One budget a host, kept in Redis: spiders and live refreshes of all processes take their turns from it.

A slot is permission to send one request now. It is leased: a process that is killed gives its slots back by not renewing
them. What became of the request is said when the slot is given back, and a refusal holds everybody's back. The clock is
Redis's own, so processes on several machines agree on the time.

    budget:{shop.example}:pace     hash: when the next request may start, pause, slow-down, who comes first, and how many
                                   good answers are wanted until a failure stands alone
    budget:{shop.example}:crawl    sorted set: slots of crawls by the end of their lease (ms)
    budget:{shop.example}:live     the same of live refreshes
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from listino.domain.politeness import (
    FAILURE_ALONE_AFTER,
    FIRST_FAILED_MS,
    FIRST_PAUSE_MS,
    FIRST_REFUSED_MS,
    LONGEST_PAUSE_MS,
    LONGEST_SLOWED_MS,
    LONGEST_TOLD_MS,
    RECOVERY_STEPS,
    REFUSALS,
    SHOPPERS_IN_A_ROW,
    Allowance,
    is_failure,
    retry_after,
)
from listino.live.exchange import Exchange, Script

# A killed process holds its slots no longer than that: shoppers may wait for those of a live worker.
CRAWL_LEASE_MS = 6_000
LIVE_LEASE_MS = 700
RENEWALS = 4  # in the time of a lease
SLOT_LOOK_MS = 20  # when to look again for a slot that another process holds
_FORGET_MS = 3_600_000  # a host that is not asked any more leaves nothing behind

# KEYS: pace, crawl, live. ARGV: role, most, concurrency, crawling, interval, lease, patience (ms; how long the caller
# would wait), SHOPPERS_IN_A_ROW, SLOT_LOOK_MS, _FORGET_MS, Allowance.catch_up_ms, and a name for each slot that is wanted.
# Gives {slots taken, ms until it is worth asking again, 1 if a refusal is the reason, now in ms}.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local role, most, patience = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[7])
local look = tonumber(ARGV[9])
local names = {'next', 'pause', 'slowed', 'shoppers_until', 'crawls_until', 'in_a_row'}
local pace = redis.call('HMGET', KEYS[1], unpack(names))
for at = 1, #names do pace[at] = tonumber(pace[at]) or 0 end
local next_start, pause, slowed, shoppers_until, crawls_until, in_a_row = unpack(pace)
if pause > now then return {0, pause - now, 1, now} end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
local crawling = redis.call('ZCARD', KEYS[2])
local free = tonumber(ARGV[3]) - crawling - redis.call('ZCARD', KEYS[3])
local share = tonumber(ARGV[4]) - crawling
if role == 'crawl' then free = math.min(free, share) end
local interval = math.max(tonumber(ARGV[5]), slowed)
local wait = 0
if interval > 0 then
    wait = math.max(next_start - now, 0)
    -- What was late is caught up, as far as that goes.
    next_start = math.max(next_start, now - (slowed > 0 and 0 or ARGV[11]))
end
if free <= 0 then wait = math.max(wait, look) end
-- Shoppers who wait go first, until there have been so many of them in a row that it is a crawl's turn.
local crawls_next = in_a_row >= tonumber(ARGV[8])
if role == 'crawl' and shoppers_until > now and not crawls_next then
    wait = math.max(wait, math.min(shoppers_until - now, 1000))
elseif role == 'live' and crawls_until > now and crawls_next then
    wait = math.max(wait, look)
end
local taken = 0
if wait == 0 then
    taken = math.min(free, most)
    if interval > 0 then
        taken = math.min(taken, math.floor((now - next_start) / interval) + 1)
        next_start = next_start + taken * interval
    end
    local slots = KEYS[role == 'crawl' and 2 or 3]
    for at = 1, taken do redis.call('ZADD', slots, now + ARGV[6], ARGV[11 + at]) end
    redis.call('PEXPIRE', slots, ARGV[10])
    if role == 'crawl' then in_a_row = 0 else in_a_row = in_a_row + taken end
    redis.call('HSET', KEYS[1], 'next', next_start, 'in_a_row', in_a_row)
    if taken < most then wait = taken < free and math.max(next_start - now, 1) or look end
end
if taken < most then
    if role == 'live' and wait <= patience then
        redis.call('HSET', KEYS[1], 'shoppers_until', math.max(shoppers_until, now + wait + 2 * look))
    elseif role == 'crawl' and share > taken then
        redis.call('HSET', KEYS[1], 'crawls_until', math.max(crawls_until, now + wait + 2 * look))
    end
end
redis.call('PEXPIRE', KEYS[1], ARGV[10])
return {taken, wait, 0, now}
"""

# KEYS: pace, crawl, live. ARGV: interval, FIRST_REFUSED_MS, FIRST_FAILED_MS, FAILURE_ALONE_AFTER, LONGEST_SLOWED_MS, RECOVERY_STEPS,
# FIRST_PAUSE_MS, LONGEST_PAUSE_MS, LONGEST_TOLD_MS, _FORGET_MS, and for each slot: name, outcome, when it was taken,
# Retry-After in ms (-1: none).
_GIVE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local names = {'pause', 'slowed', 'step', 'since', 'refusals', 'suspect'}
local pace = redis.call('HMGET', KEYS[1], unpack(names))
for at = 1, #names do pace[at] = tonumber(pace[at]) or 0 end
local pause, slowed, step, since, refusals, suspect = unpack(pace)
local rules = {}
for at = 1, 10 do rules[at] = tonumber(ARGV[at]) end
local interval, first_refused, first_failed, alone_after, longest_slowed, steps = unpack(rules, 1, 6)
local first_pause, longest_pause, longest_told, forget = unpack(rules, 7, 10)
local changed = false
local function slow_down(by, first)
    slowed = math.floor(math.max(math.min(by * math.max(slowed, interval, first), longest_slowed), interval))
    step = math.ceil((slowed - interval) / steps)
    since = now
end
for at = 11, #ARGV, 4 do
    local name, outcome, taken, told = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
    redis.call('ZREM', KEYS[2], name)
    redis.call('ZREM', KEYS[3], name)
    -- What was under way when the shop began to refuse says nothing about the pace that was chosen since.
    local news = taken > since
    if outcome == 'ok' and news and (slowed > 0 or refusals > 0 or suspect > 0) then
        changed, refusals, slowed, suspect = true, 0, slowed - step, math.max(suspect - 1, 0)
        if slowed <= interval or step <= 0 then slowed, step = 0, 0 end
    elseif outcome == 'failed' and news then
        changed = true
        if suspect > 0 then slow_down(1.5, first_failed) end
        suspect = alone_after
    elseif outcome == 'refused' then
        changed = true
        if news then
            slow_down(2, first_refused)
            refusals = refusals + 1
        end
        local wait = math.min(told, longest_told)
        if told <= 0 then wait = math.min(first_pause * 2 ^ math.min(math.max(refusals, 1) - 1, 20), longest_pause) end
        pause = math.max(pause, now + wait)
    end
end
if changed then
    redis.call(
        'HSET', KEYS[1], 'pause', pause, 'slowed', slowed, 'step', step, 'since', since, 'refusals', refusals,
        'suspect', suspect
    )
    redis.call('PEXPIRE', KEYS[1], forget + math.max(pause - now, 0))
end
return 0
"""


def host_keys(host: str) -> list[str]:
    """The keys of a host's pace, and of the slots of crawls and of live refreshes."""
    return [f"budget:{{{host.lower()}}}:{name}" for name in ("pace", "crawl", "live")]


class Role(StrEnum):
    """For whom a host is asked."""

    CRAWL = "crawl"
    LIVE = "live"


class Outcome(StrEnum):
    """What became of a request. UNSENT: there was none, the slot is given back unused."""

    OK = "ok"
    REFUSED = "refused"
    FAILED = "failed"
    UNSENT = "unsent"


@dataclass(frozen=True, slots=True)
class Slot:
    """Permission to send one request to the host now. `taken_at`: ms since 1970 by Redis's clock; by ours while it is away."""

    name: str
    taken_at: int


@dataclass(frozen=True, slots=True)
class Report:
    """A slot that is given back. `retry_after`: seconds, where the host said so."""

    slot: Slot
    outcome: Outcome
    retry_after: float | None = None

    @classmethod
    def of_answer(cls, slot: Slot, status: int, retry_after_header: str | None) -> "Report":
        """What an answer says of how its host is."""
        if status in REFUSALS:
            return cls(slot, Outcome.REFUSED, retry_after(retry_after_header))
        return cls(slot, Outcome.FAILED if is_failure(status) else Outcome.OK)


@dataclass(frozen=True, slots=True)
class Taken:
    """What was to be had. `wait_ms`: when it is worth asking again; `refused`: the host told us, or made us, to pause."""

    slots: tuple[Slot, ...]
    wait_ms: int
    refused: bool


class Budget:
    """The budget of one host, `shop.example` or `127.0.0.1:8101`. Every method is one atomic step of Redis's.

    All raise one of `listino.live.client.UNAVAILABLE`.
    """

    def __init__(self, exchange: Exchange, host: str, role: Role) -> None:
        self._role = role
        self._lease_ms = LIVE_LEASE_MS if role is Role.LIVE else CRAWL_LEASE_MS
        self._keys = host_keys(host)
        self._slots = self._keys[1 if role is Role.CRAWL else 2]
        self._exchange = exchange
        self._take, self._give = Script(exchange, _TAKE), Script(exchange, _GIVE)

    @property
    def renew_seconds(self) -> float:
        """How often slots are to be renewed that are held."""
        return self._lease_ms / RENEWALS / 1000

    async def take(self, allowance: Allowance, names: Sequence[str], *, patience_ms: int) -> Taken:
        """Takes a slot for each name, as far as the allowance goes; with an interval as many as are due by now.

        A live refresh that would wait for no longer than `patience_ms` goes before the crawls.
        """
        limits = (allowance.concurrency, allowance.crawling, allowance.interval_ms, self._lease_ms, patience_ms)
        fixed = (SHOPPERS_IN_A_ROW, SLOT_LOOK_MS, _FORGET_MS, allowance.catch_up_ms)
        taken, wait_ms, refused, now = await self._take.run(
            self._keys, [self._role.value, len(names), *limits, *fixed, *names]
        )
        return Taken(tuple(Slot(name, now) for name in names[:taken]), wait_ms, bool(refused))

    async def give(self, allowance: Allowance, reports: Sequence[Report]) -> None:
        """Gives slots back, and has everybody pause and slow down, or hasten again, as the host's answers ask for."""
        slowing = (FIRST_REFUSED_MS, FIRST_FAILED_MS, FAILURE_ALONE_AFTER, LONGEST_SLOWED_MS, RECOVERY_STEPS)
        pausing = (FIRST_PAUSE_MS, LONGEST_PAUSE_MS, LONGEST_TOLD_MS)
        told: list[str | int] = []
        for report in reports:
            wait_ms = -1 if report.retry_after is None else round(report.retry_after * 1000)
            told += (report.slot.name, report.outcome.value, report.slot.taken_at, wait_ms)
        await self._give.run(self._keys, [allowance.interval_ms, *slowing, *pausing, _FORGET_MS, *told])

    async def renew(self, slots: Sequence[Slot]) -> None:
        """Holds slots for the time of another lease, those that have run out meanwhile excepted."""
        seconds, micros = await self._exchange.ask("TIME")
        until = int(seconds) * 1000 + int(micros) // 1000 + self._lease_ms
        await self._exchange.ask("ZADD", self._slots, "XX", *(arg for slot in slots for arg in (until, slot.name)))
