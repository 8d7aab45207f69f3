"""All drains of one worker process, in an event loop of their own beside RQ's, which only says which shop is wanted."""

import asyncio
import contextlib
import faulthandler
import secrets
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
import uvloop
from redis.exceptions import RedisError

from listino.live.client import UNAVAILABLE
from listino.live.keys import shop_key
from listino.live.leases import Leases, hear_wanted
from listino.live.times import RENEW_MS
from listino.live.waiting import DrainLost, WaitingRoom
from workers.runtime import Runtime

log = structlog.get_logger(__name__)

# After that time a drain that never rests is given to whichever process is free, so that a new one has its share of work.
HAND_OVER_SECONDS = 30.0
# An event loop that has not come round for so long hangs for ever, over a product of which we do not know yet.
STUCK_SECONDS = 10.0
_ALIVE_SECONDS = 1.0  # between two signs that it does come round
_THREADS = 64  # for questions to MongoDB; more than requests to the shops are in flight at a time
_STOPPING_SECONDS = 4.0
_TELLING_SECONDS = 5.0  # between two times that it lets the back office know what it did
_UNWATCHING_SECONDS = 0.5  # a question to a Redis that hangs may outlive its being cancelled


class Work(Protocol):
    """What a drain does; see workers.live. It ends soon when `leaving` is set and the room has news."""

    async def __call__(self, shop_key: str, room: WaitingRoom, *, until: float, leaving: asyncio.Event) -> int: ...


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
        self._leaving = asyncio.Event()
        self._begun = asyncio.Event()  # there is a lease to hold that was not there before
        self._watches: list[asyncio.Task[None]] = []
        self._thread = threading.Thread(target=self._loop.run_forever, name="drains", daemon=True)
        self._thread.start()
        self._loop.call_soon_threadsafe(self._watch)

    def begin(self, shop_key: str) -> None:
        """Has the shop `it:bottega` drained, unless it is already."""
        self._loop.call_soon_threadsafe(self._begin, shop_key)

    def close(self) -> None:
        """Ends all drains: finishes what takes no longer than a moment, and leaves the rest to other processes."""
        with contextlib.suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(self._ended(), self._loop).result(_STOPPING_SECONDS)
        faulthandler.cancel_dump_traceback_later()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(1)

    def _watch(self) -> None:
        """From now on holds what it drains, hears what is wanted of it, takes over what nobody drains any more, and ends the
        process if the event loop hangs."""
        watches = (self._alive, self._holding, self._listening, self._telling)
        self._watches = [self._loop.create_task(self._kept_up(watch)) for watch in watches]

    async def _ended(self) -> None:
        self._leaving.set()
        while self._drains:
            for drain in self._drains.values():
                drain.room.news.set()
            await asyncio.wait([drain.task for drain in self._drains.values()])
            await asyncio.sleep(0)
        with contextlib.suppress(TimeoutError, *UNAVAILABLE):
            async with asyncio.timeout(_UNWATCHING_SECONDS):
                await self._runtime.tell_figures()
        for watch in self._watches:
            watch.cancel()
        await asyncio.wait(self._watches, timeout=_UNWATCHING_SECONDS)
        await self._runtime.close()

    def _begin(self, shop_key: str) -> None:
        if shop_key in self._drains:
            self._drains[shop_key].again = True
        elif not self._leaving.is_set():
            room = self._runtime.waiting_room(shop_key)
            task = self._loop.create_task(self._drain(shop_key, room), name=f"drain of {shop_key}")
            self._drains[shop_key] = _Drain(room, task)
            self._begun.set()

    async def _drain(self, shop_key: str, room: WaitingRoom) -> None:
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
            if self._drains.pop(shop_key).again:
                self._begin(shop_key)

    async def _rested(self, shop_key: str, room: WaitingRoom, until: float) -> bool:
        await self._work(shop_key, room, until=until, leaving=self._leaving)
        if await room.rest():
            return True
        if self._leaving.is_set() or time.monotonic() >= until:
            await room.rest(leave=True)
            await asyncio.to_thread(self._runtime.jobs.drain, shop_key)
            return True
        return False

    async def _kept_up(self, watch: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Begins the watch again whatever ends it: without it every drain of this process would lose its lease, or hear nothing."""
        while True:
            try:
                await watch()
            except Exception:
                log.exception("live.watch_failed", watch=watch.__name__)
            await asyncio.sleep(RENEW_MS / 1000)

    async def _alive(self) -> None:
        while True:
            faulthandler.dump_traceback_later(STUCK_SECONDS, exit=True)
            await asyncio.sleep(_ALIVE_SECONDS)

    async def _holding(self) -> None:
        async with contextlib.aclosing(Leases(self._runtime.settings)) as leases:
            while True:
                seconds = RENEW_MS / 1000
                self._begun.clear()
                with contextlib.suppress(RedisError):  # its drains and RQ say that Redis is away
                    shops, seconds = await leases.hold([drain.room for drain in self._drains.values()])
                    if shops:
                        # One at a time: there are other processes, and they have their share.
                        self._begin(secrets.choice(shops))
                        self._begun.clear()
                        seconds = RENEW_MS / 1000
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await self._begun.wait()

    async def _listening(self) -> None:
        await hear_wanted(self._runtime.settings, self._runtime.worker, self._wake)

    async def _telling(self) -> None:
        while True:
            await asyncio.sleep(_TELLING_SECONDS)
            with contextlib.suppress(*UNAVAILABLE):
                await self._runtime.tell_figures()

    def _wake(self, product_id: str) -> None:
        if drain := self._drains.get(shop_key(product_id)):
            drain.room.wake()
            self._runtime.expect(product_id)
