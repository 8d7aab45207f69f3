"""What became of live refreshes lately, by shop: summed up by each worker, added up in Redis, looked at in the back office.

Prometheus has the same for longer, from each process; here is what all of them did in the last minutes, without it.

    live:figures:SLOT     hash: `it:bottega|outcome|fresh` and how many; `it:bottega|asked|0.25` and how many legs that end with
                          that moment took no longer than so many seconds, and longer than the bucket before
    live:fresh            hash: shop, and when its last fresh answer came (ms)

A slot is SLOT_SECONDS long, and forgotten when no window reaches back to it. Nothing of it is needed for a price: a Redis that
is away costs the figures of that time.
"""

import bisect
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from redis import Redis
from redis import asyncio as aioredis

from listino.live.answer import LiveAnswer
from listino.live.leg_metrics import BUCKETS
from listino.live.legs import MICROSECONDS

SLOT_SECONDS: Final = 300
SLOTS: Final = 3  # that are looked at: the present one, and those before it
FRESH: Final = "fresh"
# What a worker sees of the way; who waited for how long, API nodes know (docs/metrics.md).
LEGS: Final = ("started", "asked", "answered", "stored")
_PREFIX: Final = "live:figures:"
_LAST: Final = "live:fresh"
_BEYOND: Final = "inf"


@dataclass(frozen=True, slots=True)
class Leg:
    """`count` legs; `median` and `late` (95 of 100 were no slower) in seconds, as the bounds of the buckets that they are
    in; None where that is beyond the last."""

    count: int
    median: float | None
    late: float | None


@dataclass(frozen=True, slots=True)
class ShopFigures:
    """A shop's last minutes. `outcomes`: `fresh`, or the reason why not, and how many; `last_fresh`: when it was asked with
    success, however long ago."""

    outcomes: Mapping[str, int] = field(default_factory=dict)
    legs: Mapping[str, Leg] = field(default_factory=dict)
    last_fresh: datetime | None = None

    @property
    def refreshes(self) -> int:
        return sum(self.outcomes.values())

    @property
    def fresh_share(self) -> float | None:
        """From 0 to 1; None where nothing was asked for."""
        return self.outcomes.get(FRESH, 0) / self.refreshes if self.refreshes else None


class FigureSums:
    """What one worker process has seen since it last told. Use it in one event loop."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._fresh: dict[str, int] = {}

    def refreshed(self, shop: str, answer: LiveAnswer) -> None:
        """Counts a refresh of that shop, as `ShopLabels` names it, that came to its end."""
        self._counts[f"{shop}|outcome|{answer.reason or FRESH}"] += 1
        if answer.fresh:
            self._fresh[shop] = time.time_ns() // 1_000_000
        if answer.legs is not None:
            for leg, began, ended in answer.legs.spans():
                if leg in LEGS:
                    self._counts[f"{shop}|{leg}|{_bucket((ended - began) / MICROSECONDS)}"] += 1

    async def tell(self, redis: aioredis.Redis) -> None:
        """Adds it to what the others saw; what cannot be told is forgotten. Raises one of `client.UNAVAILABLE`."""
        counts, fresh = self._counts, self._fresh
        self._counts, self._fresh = Counter(), {}
        if not counts:
            return
        slot = _slot_key(time.time())
        async with redis.pipeline(transaction=False) as pipeline:
            for name, count in counts.items():
                pipeline.hincrby(slot, name, count)
            pipeline.expire(slot, (SLOTS + 1) * SLOT_SECONDS)
            if fresh:
                pipeline.hset(_LAST, mapping={shop: str(at) for shop, at in fresh.items()})
            await pipeline.execute()


def shop_figures(redis: Redis, shops: Sequence[str]) -> dict[str, ShopFigures]:
    """Those of each of the shops (`it:bottega`), and under the empty name those of all together."""
    pipeline = redis.pipeline(transaction=False)
    now = time.time()
    for back in range(SLOTS):
        pipeline.hgetall(_slot_key(now - back * SLOT_SECONDS))
    pipeline.hgetall(_LAST)
    *slots, last = pipeline.execute()
    sums: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for slot in slots:
        for name, count in slot.items():
            shop, kind, value = name.decode().split("|")
            for whose in (shop, ""):
                sums[whose][kind][value] += int(count)
    fresh = {shop.decode(): datetime.fromtimestamp(int(at) / 1000, UTC) for shop, at in last.items()}
    fresh[""] = max(fresh.values(), default=None)  # type: ignore[assignment]  # None where nothing was ever fresh
    return {shop: _figures(sums[shop], fresh.get(shop)) for shop in ("", *shops)}


def _figures(sums: Mapping[str, Counter[str]], last: datetime | None) -> ShopFigures:
    legs = {leg: _leg(sums[leg]) for leg in LEGS if leg in sums}
    return ShopFigures(dict(sums["outcome"].most_common()) if "outcome" in sums else {}, legs, last)


def _leg(buckets: Counter[str]) -> Leg:
    count = sum(buckets.values())
    return Leg(count, _bound(buckets, count / 2), _bound(buckets, count * 0.95))


def _bound(buckets: Mapping[str, int], wanted: float) -> float | None:
    seen = 0
    for bound in BUCKETS:
        seen += buckets.get(str(bound), 0)
        if seen >= wanted:
            return bound
    return None


def _bucket(seconds: float) -> str:
    at = bisect.bisect_left(BUCKETS, seconds)
    return str(BUCKETS[at]) if at < len(BUCKETS) else _BEYOND


def _slot_key(at: float) -> str:
    return f"{_PREFIX}{int(at // SLOT_SECONDS)}"
