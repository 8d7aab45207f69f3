"""What is known of shops that leave requests unanswered, and what waits for each."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from redis import Redis

from listino.live.keys import ShopKeys
from listino.live.times import BREAK_AFTER


@dataclass(frozen=True, slots=True)
class ShopState:
    """`shop` is market and name, as in `it:bottega`; `unanswered` counts its requests in a row without an answer, the first of
    them at `since`; `waiting` the products that are to be asked for. `probing`: while the breaker is open, one request has
    been let through to see whether the shop answers again."""

    shop: str
    unanswered: int
    since: datetime | None
    waiting: int
    probing: bool = False

    @property
    def down(self) -> bool:
        """Whether its breaker is open."""
        return self.unanswered >= BREAK_AFTER


def shop_states(redis: Redis, shops: Iterable[str]) -> list[ShopState]:
    """The state of those shops, in their order. A breaker is forgotten FORGET_MS after somebody last asked for the shop's
    goods, so one that is closed does not say that the shop answers."""
    names = list(shops)
    pipeline = redis.pipeline(transaction=False)
    for name in names:
        pipeline.hmget(ShopKeys(name).breaker, "in_a_row", "since")
        pipeline.zcard(ShopKeys(name).waiting)
        pipeline.hlen(ShopKeys(name).taken)
    answers = iter(pipeline.execute())
    found = []
    for name, (unanswered, since), waiting, taken in zip(names, answers, answers, answers, strict=True):
        at = None if since is None else datetime.fromtimestamp(int(float(since)) / 1000, UTC)
        state = ShopState(name, int(unanswered or 0), at, waiting)
        found.append(replace(state, probing=state.down and bool(waiting or taken)))
    return found
