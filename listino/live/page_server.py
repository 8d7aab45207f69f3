"""The connection to the Redis that keeps rendered pages: one a process, and never waited for long."""

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from listino.live.client import connect_async
from listino.live.deadline import within
from listino.live.exchange import Exchange, Script
from listino.live.page_scripts import FILL, GENERATION, LOAD_MS, TAKE
from listino.live.together import Together
from listino.settings import Settings

log = structlog.get_logger(__name__)

# A step takes well below a millisecond. On a machine that has more to do than it can, a process may stand still for a
# good part of this, and pages that need Redis less than MongoDB must not all turn to the store then.
STEP_SECONDS = 0.2
MEASURED_SECONDS = 5.0  # between two looks at how much memory the server uses
# Without an answer for so long it was an outage. What is shorter is mostly a machine with too much to do, which to void all
# pages would give more; writers make good by themselves whatever they could not say (page_guard.py).
OUTAGE_SECONDS = 3.0
AWAY_SECONDS = 0.5  # how long it is left alone after that
_MOST_KEYS = 500  # that are looked at in one step: it holds everybody else up
# The driver looks at its clock without regard to a loop that is behind: its own limit must lie beyond what `within` gives.
_DRIVER_STEPS = 5
_CONNECTIONS = 2  # one that all questions share, and one for what the driver is asked now and then


class PageServer:
    """Every method raises a RedisError, at once while the server is known to be away.

    `layout`: of what its caller keeps; what was kept under another does not count.
    `voids`: whether it begins a new generation after an outage; not for a caller that shows pages to nobody, and asks so
    seldom that what it meets says little of how long Redis was away.
    """

    def __init__(self, settings: Settings, layout: int, *, voids: bool = True) -> None:
        self._redis: Any = connect_async(
            settings, seconds=_DRIVER_STEPS * STEP_SECONDS, connections=_CONNECTIONS, greet=self._greet
        )
        self._exchange = Exchange(self._redis)
        self._take = Script(self._exchange, TAKE)
        self._fill = Script(self._exchange, FILL)
        self._layout, self._begins = layout, b""
        self._away_until = 0.0
        self._most_bytes = settings.pages_mb * 10**6
        self._full, self._measured_until = False, 0.0
        self._voids = voids
        self._lost_at: float | None = None
        self._values = Together(self.read, most=_MOST_KEYS)
        self._heads = Together(self._read_heads, most=_MOST_KEYS)

    def stamp(self, generation: bytes | None) -> bytes:
        """Under which pages count now: layout, run of the server, generation."""
        return self._begins + b":" + (generation or b"")

    async def read(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values, in one step."""
        found: list[bytes | None] = await self._asked(lambda: self._exchange.ask("MGET", *keys))
        return found

    async def read_together(self, keys: Sequence[str]) -> list[bytes | None]:
        """As `read`; all that is asked in the same turn of the loop is one step."""
        return await self._values.ask(keys)

    async def read_heads(self, keys: Sequence[str]) -> list[bytes | None]:
        """The heads with those keys, as far as they count; asked together."""
        return await self._heads.ask(keys)

    async def keep(self, key: str, value: bytes, milliseconds: int) -> None:
        """Sets a value that expires; not while the server is full."""
        if not await self._is_full():
            await self._asked(lambda: self._exchange.ask("SET", key, value, "PX", milliseconds))

    async def take(self, keys: Sequence[str], process: str, token: str) -> tuple[bytes | None, list[bytes | int]]:
        """The generation, and what TAKE tells of the products with those keys; it takes no leases while the server is full."""
        lease_ms = 0 if await self._is_full() else LOAD_MS
        generation, *told = await self._asked(
            lambda: self._take.run([GENERATION, *keys], [process, token, lease_ms, self._begins])
        )
        return generation, told

    async def fill(self, keys: Sequence[str], args: Sequence[Any]) -> None:
        """Runs FILL: without leases, as while the server is full, there is nothing to fill."""
        await self._asked(lambda: self._fill.run(keys, args))

    async def _is_full(self) -> bool:
        """Whether the server uses more memory than pages are to fill: it keeps queues as well, and refuses nobody else."""
        now = asyncio.get_running_loop().time()
        if now >= self._measured_until:
            self._measured_until = now + MEASURED_SECONDS
            memory = await self._asked(lambda: self._redis.info("memory"))
            self._full = memory["used_memory"] >= self._most_bytes
        return self._full

    async def close(self) -> None:
        await self._redis.aclose()

    async def _asked(self, step: Any) -> Any:
        loop = asyncio.get_running_loop()
        began = loop.time()
        if began < self._away_until:
            raise RedisConnectionError("Redis did not answer a moment ago")
        try:
            async with within(STEP_SECONDS):
                if self._voids and self._lost_at is not None and loop.time() > self._lost_at + OUTAGE_SECONDS:
                    # Whoever wrote during an outage may have ended before it could say so.
                    await self._redis.incr(GENERATION)
                answer = await step()
        except (TimeoutError, RedisError) as error:
            self._lost_at = self._lost_at or began
            self._away_until = loop.time() + AWAY_SECONDS
            log.warning("pages.no_redis", error=str(error) or "no answer", again_in=AWAY_SECONDS)
            raise RedisTimeoutError("Redis did not answer") from error
        self._lost_at = None
        return answer

    async def _read_heads(self, keys: Sequence[str]) -> list[bytes | None]:
        generation, *texts = await self.read([GENERATION, *keys])
        begins = self.stamp(generation) + b" "
        return [text if text and text.startswith(begins) else None for text in texts]

    async def _greet(self, connection: Any) -> None:
        """Learns which run of the server a new connection leads to."""
        await connection.on_connect()
        await connection.send_command("INFO", "server")
        text = str(await connection.read_response(disable_decoding=True), "utf-8", "replace")
        told = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
        self._begins = f"{self._layout}:{told.get('run_id', '')[:16]}".encode()
