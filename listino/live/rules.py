"""The robots.txt of hosts, kept in Redis so that not every process asks every host for it.

A crawl always asks anew and keeps what it was told; live workers go by that. `robots:{shop.example}` holds the text, or
why the rules are not known.
"""

from dataclasses import dataclass

import orjson
from redis import asyncio as aioredis

# Longer than the six hours from one crawl to the next, and no more than the day that RFC 9309 (section 2.4) gives.
KEPT_SECONDS = 8 * 3600
TROUBLE_SECONDS = 60  # a host in trouble is asked again a minute later, once by all workers together


@dataclass(frozen=True, slots=True)
class Rules:
    """A robots.txt as it was read; `trouble`: why it could not be."""

    text: str
    trouble: str | None = None


class KeptRules:
    """What is known of hosts' rules. Both methods raise an error of the driver's when Redis is away."""

    def __init__(self, redis: aioredis.Redis) -> None:
        self._redis = redis

    async def get(self, host: str) -> Rules | None:
        """The host's rules as they were last read, at most KEPT_SECONDS ago."""
        kept = await self._redis.get(rules_key(host))
        return Rules(*orjson.loads(kept)) if kept else None

    async def keep(self, host: str, rules: Rules) -> None:
        """Lets all processes know of them."""
        seconds = TROUBLE_SECONDS if rules.trouble else KEPT_SECONDS
        await self._redis.set(rules_key(host), orjson.dumps([rules.text, rules.trouble]), ex=seconds)


def rules_key(host: str) -> str:
    """Where what is known of the host's rules is kept."""
    return f"robots:{{{host.lower()}}}"
