"""All drains of one worker process, in an event loop of their own beside RQ's, which only says which shop is wanted."""

import asyncio
import contextlib
import faulthandler
import secrets
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import structlog
import uvloop
from redis.exceptions import RedisError

from listino.live.client import UNAVAILABLE, connect_async
from listino.live.keys import DRAINS
from listino.live.scripts import OVERDUE
from listino.live.times import LEASE_MS, LOOK_MS, RENEW_MS
from listino.live.waiting import DrainLost, WaitingRoom
from workers.runtime import Runtime

log = structlog.get_logger(__name__)

# After that time a drain that never rests is given to whichever process is free, so that a new one has its share of work.
HAND_OVER_SECONDS = 30.0
# An event loop that has not come round for so long hangs for ever, over a product of which we do not know yet.
STUCK_SECONDS = 10.0
_THREADS = 64  # for questions to MongoDB and Redis; more than requests to the shops are in flight at a time
_STOPPING_SECONDS = 4.0


class Work(Protocol):
    """What a drain does; see workers.live."""

    async def __call__(
        self, shop_key: str, room: WaitingRoom, *, until: float, leaving: asyncio.Event | None = None
    ) -> int: ...


@dataclass(slots=True)
class _Drain:
    """A drain at work; `again`: its shop was wanted anew meanwhile, perhaps after it had looked for the last time."""

    room: WaitingRoom
    task: asyncio.Task[None]
    again: bool = False


class Drains:
    """One a process. Thread-safe; close it."""

    def __init__(self, runtime: Runtime, work: Work) -> None:
        self._runtime = runtime
        self._work = work
        self._drains: dict[str, _Drain] = {}
        self._loop = uvloop.new_event_loop()
        self._loop.set_default_executor(ThreadPoolExecutor(_THREADS, "live"))
        # Leases are held by a thread of their own: when MongoDB hangs, all the others wait for it.
        self._renewals = ThreadPoolExecutor(1, "leases")
        self._leaving = asyncio.Event()
        self._watch: Future[None] | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, name="drains", daemon=True)
        self._thread.start()

    def begin(self, shop_key: str) -> None:
        """Has the shop `it:bottega` drained, unless it is already."""
        self._loop.call_soon_threadsafe(self._begin, shop_key)

    def watch(self, *, or_die: bool = True) -> None:
        """From now on takes over what nobody drains any more, and ends the process if its own event loop hangs."""
        self._watch = asyncio.run_coroutine_threadsafe(self._watching(or_die=or_die), self._loop)

    def close(self) -> None:
        """Ends all drains: finishes what takes no longer than a moment, and leaves the rest to other processes."""
        with contextlib.suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(self._ended(), self._loop).result(_STOPPING_SECONDS)
        faulthandler.cancel_dump_traceback_later()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(1)

    async def _ended(self) -> None:
        self._leaving.set()
        if self._watch is not None:
            self._watch.cancel()
        while self._drains:
            await asyncio.wait([drain.task for drain in self._drains.values()])
            await asyncio.sleep(0)
        await self._runtime.close()

    def _begin(self, shop_key: str) -> None:
        if shop_key in self._drains:
            self._drains[shop_key].again = True
        elif not self._leaving.is_set():
            room = self._runtime.waiting_room(shop_key)
            task = self._loop.create_task(self._drain(shop_key, room), name=f"drain of {shop_key}")
            self._drains[shop_key] = _Drain(room, task)

    async def _drain(self, shop_key: str, room: WaitingRoom) -> None:
        renewing = asyncio.create_task(self._renewing(room))
        until = time.monotonic() + HAND_OVER_SECONDS
        try:
            while not await self._rested(shop_key, room, until):
                pass
        except DrainLost:
            log.info("live.drain_lost", shop=shop_key)
        except UNAVAILABLE as error:
            log.warning("live.not_ended", shop=shop_key, error=str(error))
        except Exception:
            # What it has in hand waits again when the lease runs out, and whoever dies or fails over it time and again
            # has it parked.
            log.exception("live.drain_failed", shop=shop_key)
        finally:
            renewing.cancel()
            if self._drains.pop(shop_key).again:
                self._begin(shop_key)

    async def _rested(self, shop_key: str, room: WaitingRoom, until: float) -> bool:
        await self._work(shop_key, room, until=until, leaving=self._leaving)
        if self._leaving.is_set() or time.monotonic() >= until:
            await asyncio.to_thread(room.rest, leave=True)
            await asyncio.to_thread(self._runtime.jobs.drain, shop_key)
            return True
        return await asyncio.to_thread(room.rest)

    async def _renewing(self, room: WaitingRoom) -> None:
        while True:
            await asyncio.sleep(RENEW_MS / 1000)
            with contextlib.suppress(*UNAVAILABLE):
                await self._loop.run_in_executor(self._renewals, room.renew)

    async def _watching(self, *, or_die: bool) -> None:
        redis = connect_async(self._runtime.settings, seconds=LEASE_MS / 1000, connections=1)
        overdue = redis.register_script(OVERDUE)
        try:
            while True:
                if or_die:
                    faulthandler.dump_traceback_later(STUCK_SECONDS, exit=True)
                with contextlib.suppress(RedisError):  # its jobs and RQ say that Redis is away
                    mine = {name.encode() for name in self._drains}
                    if shops := [name for name in await overdue(keys=[DRAINS]) if name not in mine]:
                        # One at a time: there are other processes, and they have their share.
                        self._begin(secrets.choice(shops).decode())
                await asyncio.sleep(LOOK_MS / 1000)
        finally:
            await redis.aclose()
