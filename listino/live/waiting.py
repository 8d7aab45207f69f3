"""The worker's side of live prices: taking what waits for a shop, and delivering what the shop answered."""

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

import structlog
from redis import Redis

from listino.live.answer import LiveAnswer
from listino.live.exchange import Exchange, Script
from listino.live.keys import ShopKeys, shop_key
from listino.live.legs import Legs, ServerClock
from listino.live.scripts import CHANNEL, DELIVER, REST, TAKE, TROUBLE
from listino.live.times import (
    ALONE_AFTER,
    BLAME_MS,
    BREAK_AFTER,
    FORGET_MS,
    LEASE_MS,
    PARK_AFTER,
    PROBE_MS,
)
from listino.live.together import Together
from listino.settings import Settings

log = structlog.get_logger(__name__)

_MOST_TOLD = 100  # answers in one step: it holds everybody else up
_PARKED = 2  # as DELIVER says it
_ALWAYS = 1_000_000  # refreshes in hand
_STEP_US = 10_000  # that one refresh changes what is known of how long they take: the middle one tells, not the slowest
_SLOW_US = 200_000  # of a refresh, besides the shop's time: there is more to do than can be done
_NO_ERRORS: Mapping[str, str] = MappingProxyType({})


class DrainLost(Exception):
    """Raised when somebody else drains the shop: this one's lease had run out, or it never had one."""


class _Told(NamedTuple):
    """An answer, and what `deliver` was told of it."""

    answer: LiveAnswer
    heard: bool
    error: str


class WaitingRoom:
    """What waits for one shop, `it:bottega`, and one drain of it, which begins with the first `take` and ends with `rest`.

    Use it in one event loop. All methods raise one of `listino.live.client.UNAVAILABLE`; a drain to which that happens does
    best to end without a word: what it has in hand waits again when its lease has run out, which `listino.live.leases` holds.

    `worker`: the name under which its process is told that there is something new, and calls `wake`.
    `breaker_open`: whether it was when something was last taken, so that what was taken is a probe.
    `wanted`: whether something may wait that was not taken. `lost`: whether its lease has run out; who begins nothing because he
    has enough in hand takes nothing then, to know if the shop is another's. `news`: set when there is something to do, for whoever clears it.
    It tells `clock` what time it is, and `refreshed` of every answer before it is handed on.
    """

    def __init__(
        self,
        settings: Settings,
        exchange: Exchange,
        shop: str,
        *,
        worker: str = "",
        clock: ServerClock | None = None,
        refreshed: Callable[[LiveAnswer], None] = lambda _: None,
    ) -> None:
        self.breaker_open = False
        self.abandoned = False
        self.wanted = True
        self.lost = False
        self.news = asyncio.Event()
        self.keys = ShopKeys(shop)
        self.owner = f"{worker}.{secrets.token_hex(8)}"
        self._settings = settings
        self._take = Script(exchange, TAKE)
        self._rest = Script(exchange, REST)
        self._deliver = Script(exchange, DELIVER)
        self._trouble = Script(exchange, TROUBLE)
        self._clock = clock or ServerClock()
        self._refreshed = refreshed
        self._in_hand: dict[str, Legs] = {}
        self._takes_us = self._ours_us = 0
        self._told = Together(self._tell, most=_MOST_TOLD)

    def wake(self) -> None:
        """Hears that something may wait, or that the lease has run out, which the next `take` tells."""
        self.wanted = True
        self.news.set()

    async def take(self, most: int, *, late: int | None = None) -> list[str]:
        """Up to `most` product ids, nearest deadline first, what nobody waits for any more last; none when nothing waits.

        What cannot be told before its deadline, by how long refreshes have taken lately, comes after what can, and is begun
        only as long as fewer than `late` are in hand, where it is we that are slow, or the shop's turns that are few (None:
        always). So where there is more to do than can be done, some have their price in time instead of all too late.

        Holds the shop for this drain, or raises DrainLost. What another drain had in hand that lost its lease is taken as if it had been
        put back, and parked if that happens time and again.
        """
        limits = (ALONE_AFTER, PARK_AFTER, BLAME_MS, BREAK_AFTER)
        unwanted_ms = self._settings.live_unwanted_ms
        self.wanted = self.lost = False
        began = time.monotonic()
        begun = _ALWAYS if late is None or self._ours_us < _SLOW_US else late
        in_time = (max(0, self._takes_us) // 1000, begun)
        held, *rest = await self._take.run(
            self.keys.queue, [self.keys.shop, self.owner, most, LEASE_MS, unwanted_ms, *limits, CHANNEL, *in_time]
        )
        if not held:
            raise DrainLost(self.keys.shop)
        now, broken, ids, since, left, parked = rest
        for product_id, why in zip(parked[::2], parked[1::2], strict=True):
            log.warning("live.parked", product_id=product_id.decode(), why=why.decode())
        self._clock.told(now, began)
        self.breaker_open = bool(broken)
        self.wanted = self.wanted or bool(left)
        taken = [product_id.decode() for product_id in ids]
        for product_id, queued in zip(taken, since, strict=True):
            self._in_hand[product_id] = Legs(queued=int(queued), started=now)
        return taken

    def abandon(self) -> None:
        """Has the lease run out; says nothing to Redis."""
        self.abandoned = True

    async def rest(self, *, leave: bool = False) -> bool:
        """Ends the drain; False if something waits and there is more to do.

        `leave`: ends it all the same. What was taken and not answered waits again, before all others.
        """
        ended = bool(await self._rest.run(self.keys.queue, [self.owner, self.keys.shop, int(leave)]))
        self.wanted = not ended
        return ended

    async def deliver(
        self, *answers: LiveAnswer, heard: bool = False, errors: Mapping[str, str] = _NO_ERRORS
    ) -> set[str]:
        """Wakes everybody who waits for the products; a fresh answer is kept for as long as it counts as fresh.

        So is one about a held price: the shop has answered, and would say the same to the next viewer. `heard`: whether
        the shop answered at all, which closes its breaker. `errors`: our own, by product, for which it is parked when that
        happens time and again. Gives the products that were told of: nobody hears of those that are not this drain's any more.
        """
        ids = [str(answer.product_id) for answer in answers]
        if strangers := [product_id for product_id in ids if shop_key(product_id) != self.keys.shop]:
            raise ValueError(f"{strangers} do not wait in {self.keys.shop}")
        if not ids:
            return set()
        told = await self._told.ask([_Told(one, heard, errors.get(str(one.product_id), "")) for one in answers])
        return {product_id for product_id, was_told in zip(ids, told, strict=True) if was_told}

    async def _tell(self, answers: Sequence[_Told]) -> list[bool]:
        keys = self.keys
        args: list[str | bytes | int] = [self.owner, CHANNEL, PARK_AFTER, BLAME_MS]
        for answer, heard, error in answers:
            product_id = str(answer.product_id)
            if (taken := self._in_hand.pop(product_id, None)) is not None:
                legs = taken.with_those_of(answer.legs)
                answer = replace(answer, legs=legs)
                if answer.reason is None:
                    self._learn(legs)
            self._refreshed(answer)
            kept_ms = answer.fresh_ms(self._settings.live_fresh_ms)
            args += (product_id, answer.to_json(), kept_ms, int(heard), error)
        told = await self._deliver.run(
            [
                *(keys.taken, keys.until, keys.blamed, keys.breaker, keys.parked, keys.since),
                *(keys.answer(str(answer.product_id)) for answer, _, _ in answers),
            ],
            args,
        )
        for (answer, _, error), one in zip(answers, told, strict=True):
            if one == _PARKED:
                log.warning("live.parked", product_id=answer.product_id, why=error)
        return [bool(one) for one in told]

    def _learn(self, legs: Legs) -> None:
        """Notes how long a refresh took that came to a price, and how much of it was not the shop's time."""
        now = self._clock.at(time.monotonic())
        if now is not None and legs.started is not None:
            took = max(0, now - legs.started)
            shops = legs.answered - legs.asked if legs.answered is not None and legs.asked is not None else 0
            self._takes_us += _STEP_US if took > self._takes_us else -_STEP_US
            self._ours_us += _STEP_US if took - shops > self._ours_us else -_STEP_US

    async def trouble(self) -> bool:
        """Counts a request that the shop did not answer; whether its breaker is open."""
        return bool(await self._trouble.run([self.keys.breaker], [BREAK_AFTER, PROBE_MS, FORGET_MS]))


def forget(redis: Redis, product_id: str) -> None:
    """Drops the answer that is kept: what was decided about the product counts from the next viewer on.

    Raises one of `listino.live.client.UNAVAILABLE`.
    """
    redis.delete(ShopKeys(shop_key(product_id)).answer(product_id))
