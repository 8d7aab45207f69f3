"""The worker's side of live prices: taking what waits for a shop, and delivering what the shop answered."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from redis import Redis

from listino.live.answer import LiveAnswer, Reason
from listino.live.client import drain_ms, flight_ms
from listino.live.keys import ShopKeys, shop_key
from listino.live.legs import MICROSECONDS, Legs, ServerClock
from listino.live.scripts import CHANNEL, DELIVER, PUT_BACK, REST, TAKE
from listino.settings import Settings

# Nothing waits for an hour: what seems to was queued by a release that did not note the time. In microseconds.
_LONGEST_US = 3600 * MICROSECONDS


class WaitingRoom:
    """What waits for one shop, `it:bottega`. Thread-safe, as the Redis client is.

    It tells `clock` what time it is, and `refreshed` of every answer before it is handed on.
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
        self._settings = settings
        self._redis = redis
        self._keys = ShopKeys(shop)
        self._take = redis.register_script(TAKE)
        self._put_back = redis.register_script(PUT_BACK)
        self._rest = redis.register_script(REST)
        self._deliver = redis.register_script(DELIVER)
        self._clock = clock or ServerClock()
        self._refreshed = refreshed
        self._in_hand: dict[str, Legs] = {}

    def take(self, most: int) -> list[str]:
        """Up to `most` product ids, nearest deadline first; none when nothing waits."""
        keys = [self._keys.waiting, self._keys.drain]
        args: list[str | int] = [drain_ms(self._settings), most, flight_ms(self._settings), self._keys.flight("")]
        began = time.monotonic()
        now, ids, since = self._take(keys=keys, args=args)
        self._clock.told(now, began)
        taken = [product_id.decode() for product_id in ids]
        for product_id, queued in zip(taken, since, strict=True):
            known = now - int(queued) < _LONGEST_US
            self._in_hand[product_id] = Legs(queued=int(queued) if known else None, started=now)
        return taken

    def put_back(self, product_ids: Sequence[str]) -> None:
        """Has products that were taken and not asked for wait again, before all others."""
        keys = [self._keys.waiting, *(self._keys.flight(product_id) for product_id in product_ids)]
        since = [self._in_hand.pop(product_id, Legs()).queued or 0 for product_id in product_ids]
        self._put_back(keys=keys, args=[flight_ms(self._settings), *product_ids, *since])

    def rest(self) -> bool:
        """Ends the drain; False if something came in meanwhile and there is more to do."""
        return bool(self._rest(keys=[self._keys.waiting, self._keys.drain]))

    def deliver(self, answer: LiveAnswer) -> None:
        """Wakes everybody who waits for the product; a fresh answer is kept for as long as it counts as fresh.

        So is one about a held price: the shop has answered, and would say the same to the next viewer.
        """
        product_id = str(answer.product_id)
        if shop_key(product_id) != self._keys.shop:
            raise ValueError(f"{product_id} does not wait in {self._keys.shop}")
        if (taken := self._in_hand.pop(product_id, None)) is not None:
            answer = replace(answer, legs=taken.with_those_of(answer.legs))
        self._refreshed(answer)
        keys = [self._keys.flight(product_id), self._keys.answer(product_id)]
        kept_ms = self._settings.live_fresh_ms if answer.fresh or answer.reason is Reason.HELD else 0
        self._deliver(keys=keys, args=[answer.to_json(), kept_ms, CHANNEL])

    def forget(self, product_id: str) -> None:
        """Drops the answer that is kept: what was decided about the product counts from the next viewer on."""
        self._redis.delete(self._keys.answer(product_id))
