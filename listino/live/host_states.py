"""How much of the budget of hosts is in use now, and which are left alone or asked more slowly."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson
from redis import Redis

from listino.live.budget import host_keys
from listino.live.rules import Rules, rules_key


@dataclass(frozen=True, slots=True, kw_only=True)
class HostState:
    """`crawling` and `live`: requests of crawls and of live refreshes that are under way; `paused_until`: when it may be
    asked again; `slowed_ms`: the interval between two requests that its refusals and failures have made longer, 0 where they
    have not; `refusals`: in a row; `rules`: its robots.txt as it was last read, None where nobody has for hours."""

    host: str
    crawling: int
    live: int
    paused_until: datetime | None
    slowed_ms: int
    refusals: int
    rules: Rules | None


def host_states(redis: Redis, hosts: Sequence[str]) -> list[HostState]:
    """The state of those hosts (`shop.example`), in their order, in two exchanges with Redis."""
    seconds, micros = redis.time()
    now = seconds * 1000 + micros // 1000
    pipeline = redis.pipeline(transaction=False)
    for host in hosts:
        pace, crawl, live = host_keys(host)
        pipeline.hmget(pace, "pause", "slowed", "refusals")
        pipeline.zcount(crawl, now, "+inf")
        pipeline.zcount(live, now, "+inf")
        pipeline.get(rules_key(host))
    answers = iter(pipeline.execute())
    return [_state(host, now, *read) for host, read in zip(hosts, zip(*[answers] * 4, strict=True), strict=True)]


def _state(
    host: str, now: int, pace: Sequence[bytes | None], crawling: int, live: int, rules: bytes | None
) -> HostState:
    pause, slowed, refusals = (int(float(value or 0)) for value in pace)
    return HostState(
        host=host,
        crawling=crawling,
        live=live,
        paused_until=datetime.fromtimestamp(pause / 1000, UTC) if pause > now else None,
        slowed_ms=slowed,
        refusals=refusals,
        rules=Rules(*orjson.loads(rules)) if rules else None,
    )
