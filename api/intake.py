"""Events on their way to the store: those of many requests are written together."""

import asyncio
import contextlib
from collections.abc import Sequence

import structlog

from api.limits import Clients
from listino.domain.errors import EngineUnavailable, ListinoError
from listino.domain.events import Event
from listino.live.deadline import within
from listino.settings import Settings
from listino.store.aio import AsyncEvents
from listino.store.outage import REFUSED, UNAVAILABLE
from listino.store.sums import KEEP_SECONDS

log = structlog.get_logger(__name__)

MOST_AT_ONCE = 1000  # events in one write
GATHER_SECONDS = 0.1  # between the beginnings of two writes: each costs the servers as much as dozens of events
MOST_WAITING = 10_000  # events; what a process takes within a few seconds
LOOK_SECONDS = 5.0  # how often there may be sessions to sum up


class Intake:
    """The events of one process. Use it in `async with`.

    What comes while a write is under way, or within GATHER_SECONDS of its beginning, makes the next one: with few events each
    is written at once, with many each write carries more.
    """

    def __init__(self, settings: Settings, events: AsyncEvents) -> None:
        self.clients = Clients(settings.trusted_proxies)
        self.kept_days = settings.events_days
        self._events = events
        self._waiting: list[tuple[Sequence[Event], asyncio.Future[None]]] = []
        self._number = 0
        self._not_before = 0.0  # on the loop's clock, for the next write
        self._writer: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Intake":
        self._summing = asyncio.create_task(self._sum_up(), name="sums of sessions")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._summing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._summing
        waiting, self._waiting = self._waiting, []
        for events, done in waiting:  # of which nothing has begun
            self._number -= len(events)
            if not done.done():
                done.set_exception(EngineUnavailable("this node ends"))
        if self._writer is not None:
            await self._writer  # the store gives up by itself

    async def keep(self, events: Sequence[Event]) -> None:
        """Returns when they are kept, for good; raises EngineUnavailable, after which some of them may be."""
        if self._number + len(events) > MOST_WAITING:
            raise EngineUnavailable(f"{self._number} events wait to be written already")
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((events, done))
        self._number += len(events)
        if self._writer is None:
            self._writer = asyncio.create_task(self._write(), name="events")
        try:
            async with within(KEEP_SECONDS):
                await done
        except TimeoutError:  # the write goes on, and what becomes of it is nobody's promise
            raise EngineUnavailable(f"MongoDB did not take the events within {KEEP_SECONDS:.0f} s") from None

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            if self._number < MOST_AT_ONCE:
                await asyncio.sleep(self._not_before - loop.time())
            self._not_before = loop.time() + GATHER_SECONDS
            taken: list[tuple[Sequence[Event], asyncio.Future[None]]] = []
            number = 0
            while self._waiting and (not taken or number + len(self._waiting[0][0]) <= MOST_AT_ONCE):
                events, done = self._waiting.pop(0)
                if done.done():  # whoever asked was told that they are not kept, and sends them again
                    self._number -= len(events)
                    continue
                taken.append((events, done))
                number += len(events)
            if not taken:
                break
            failed: Exception | None = None
            try:
                await self._events.keep([event for events, _ in taken for event in events])
            except UNAVAILABLE as error:
                failed = EngineUnavailable(f"MongoDB is away: {error}")
            except Exception as error:
                failed = error
            self._number -= number
            for _, done in taken:
                if done.done():  # whoever asked has gone
                    continue
                if failed is None:
                    done.set_result(None)
                else:
                    done.set_exception(failed)
        self._writer = None

    async def _sum_up(self) -> None:
        """Sums up what has settled, for good: whichever node does it, and if two do, nothing is counted twice."""
        while True:
            more = False
            try:
                more = await self._events.sum_up()
            except (*UNAVAILABLE, REFUSED, ListinoError) as error:
                log.warning("api.sums_not_made", error=str(error)[:300])
            except Exception:
                log.exception("api.sums_failed")  # nobody awaits this task
            if not more:
                await asyncio.sleep(LOOK_SECONDS)
