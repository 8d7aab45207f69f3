"""The worker's side of live prices: taking what waits for a shop, and delivering what the shop answered."""

import secrets
import time
from collections.abc import Callable
from dataclasses import replace

from redis import Redis

from listino.live.answer import LiveAnswer
from listino.live.keys import ShopKeys, shop_key
from listino.live.legs import Legs, ServerClock
from listino.live.scripts import CHANNEL, DELIVER, RENEW, REST, TAKE, TROUBLE
from listino.live.times import (
    ALONE_AFTER,
    BLAME_MS,
    BREAK_AFTER,
    FORGET_MS,
    LEASE_MS,
    PARK_AFTER,
    PROBE_MS,
)
from listino.settings import Settings


class DrainLost(Exception):
    """Raised when somebody else drains the shop: this one's lease had run out, or it never had one."""


class WaitingRoom:
    """What waits for one shop, `it:bottega`, and one drain of it, which begins with the first `take` and ends with `rest`.

    Thread-safe, as the Redis client is. All methods raise one of `listino.live.client.UNAVAILABLE`; a drain to which that
    happens does best to end without a word: what it has in hand waits again when its lease has run out.
    `breaker_open`: whether it was when something was last taken, so that what was taken is a probe. It tells `clock` what
    time it is, and `refreshed` of every answer before it is handed on.
    """

    def __init__(
        self,
        settings: Settings,
        redis: Redis,
        shop: str,
        *,
        clock: ServerClock | None = None,
        refreshed: Callable[[LiveAnswer], None] = lambda _: None,
    ) -> None:
        self.breaker_open = False
        self._abandoned = False
        self._settings = settings
        self._redis = redis
        self._keys = ShopKeys(shop)
        self._owner = secrets.token_hex(8)
        self._take = redis.register_script(TAKE)
        self._renew = redis.register_script(RENEW)
        self._rest = redis.register_script(REST)
        self._deliver = redis.register_script(DELIVER)
        self._trouble = redis.register_script(TROUBLE)
        self._clock = clock or ServerClock()
        self._refreshed = refreshed
        self._in_hand: dict[str, Legs] = {}

    def take(self, most: int) -> list[str]:
        """Up to `most` product ids, nearest deadline first, what nobody waits for any more last; none when nothing waits.

        Holds the shop for this drain, or raises DrainLost. What another drain had in hand that lost its lease is taken as
        if it had been put back, and parked if that happens time and again.
        """
        limits = (ALONE_AFTER, PARK_AFTER, BLAME_MS, BREAK_AFTER)
        unwanted_ms = self._settings.live_unwanted_ms
        began = time.monotonic()
        held, *rest = self._take(
            keys=self._keys.queue, args=[self._keys.shop, self._owner, most, LEASE_MS, unwanted_ms, *limits, CHANNEL]
        )
        if not held:
            raise DrainLost(self._keys.shop)
        now, broken, ids, since = rest
        self._clock.told(now, began)
        self.breaker_open = bool(broken)
        taken = [product_id.decode() for product_id in ids]
        for product_id, queued in zip(taken, since, strict=True):
            self._in_hand[product_id] = Legs(queued=int(queued), started=now)
        return taken

    def renew(self) -> bool:
        """Holds the shop for another LEASE_MS; False if the lease has run out."""
        if self._abandoned:
            return False
        return bool(self._renew(keys=self._keys.queue, args=[self._owner, LEASE_MS, self._keys.shop]))

    def abandon(self) -> None:
        """Has the lease run out; says nothing to Redis."""
        self._abandoned = True

    def rest(self, *, leave: bool = False) -> bool:
        """Ends the drain; False if something came in meanwhile and there is more to do.

        `leave`: ends it all the same. What was taken and not answered waits again, before all others.
        """
        return bool(self._rest(keys=self._keys.queue, args=[self._owner, self._keys.shop, int(leave)]))

    def deliver(self, answer: LiveAnswer, *, heard: bool = False, error: str = "") -> bool:
        """Wakes everybody who waits for the product; a fresh answer is kept for as long as it counts as fresh.

        So is one about a held price: the shop has answered, and would say the same to the next viewer. `heard`: whether
        the shop answered at all, which closes its breaker. `error`: our own, for which the product is parked when that
        happens time and again. False, and nobody hears of it, if the product is not this drain's any more.
        """
        product_id = str(answer.product_id)
        if shop_key(product_id) != self._keys.shop:
            raise ValueError(f"{product_id} does not wait in {self._keys.shop}")
        if (taken := self._in_hand.pop(product_id, None)) is not None:
            answer = replace(answer, legs=taken.with_those_of(answer.legs))
        self._refreshed(answer)
        keys = self._keys
        kept_ms = answer.fresh_ms(self._settings.live_fresh_ms)
        return bool(
            self._deliver(
                keys=[
                    *(keys.taken, keys.until, keys.blamed, keys.breaker, keys.parked),
                    *(keys.answer(product_id), keys.since),
                ],
                args=[
                    *(product_id, self._owner, answer.to_json(), kept_ms, CHANNEL),
                    *(int(heard), error, PARK_AFTER, BLAME_MS),
                ],
            )
        )

    def trouble(self) -> bool:
        """Counts a request that the shop did not answer; whether its breaker is open."""
        return bool(self._trouble(keys=[self._keys.breaker], args=[BREAK_AFTER, PROBE_MS, FORGET_MS]))

    def forget(self, product_id: str) -> None:
        """Drops the answer that is kept: what was decided about the product counts from the next viewer on."""
        self._redis.delete(self._keys.answer(product_id))
