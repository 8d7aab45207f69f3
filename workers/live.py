"""The live-refresh job, and the drain that it begins: what waits for one shop is asked for, many requests in flight at once."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import structlog

from listino.domain.clock import utc_now
from listino.domain.errors import InvalidShop, UnknownShop
from listino.live.answer import LiveAnswer, Reason
from listino.live.client import UNAVAILABLE
from listino.live.news import heard
from listino.live.waiting import WaitingRoom
from workers.drains import Drains
from workers.inquiry import Inquiry, Outcome
from workers.refresh import Refresher
from workers.runtime import runtime

log = structlog.get_logger(__name__)

# How long a drain stays when nothing waits any more: being woken is less work for everybody than a job for the next viewer.
LINGER_SECONDS = 2.0
# How long a drain that is to end waits for answers that are on their way; what does not come in that time is put back, for
# viewers wait for it who may be answered by another worker.
LEAVE_SECONDS = 0.3


def drain(shop_key: str) -> None:
    """Has this process ask the shop `it:bottega` for everything that waits for it. Safe to run twice: a shop is drained by
    one process at a time.

    The job ends at once, because it is no more than that: a process drains many shops at a time, so a shop that hangs
    keeps no worker from the others. What the drain has in hand is kept in Redis, not in the job.
    """
    drains().begin(shop_key)


@cache
def drains() -> Drains:
    """This process's drains, made on first use: in the worker, never at import."""
    return Drains(runtime(), _drain)


async def _drain(shop_key: str, room: WaitingRoom, *, until: float, leaving: asyncio.Event) -> int:
    """Asks for what waits, until nothing has for a while, `until` by the monotonic clock, or `leaving` is set; returns how
    many products were answered. What it took and did not answer by then is still in the room's hands.

    Raises DrainLost, or one of UNAVAILABLE when Redis goes away: then it is as good as lost.
    """
    try:
        refresher = runtime().refresher(shop_key)
    except (UnknownShop, InvalidShop) as error:
        log.warning("live.no_shop", shop=shop_key, error=str(error))
        return await _turn_away(room, Reason.NO_SHOP)
    work = _Work(refresher, room, until, leaving)
    try:
        await work.refresh()
    except BaseException:
        # Another drain may begin. Perhaps nobody hears what the shop still answers to this one, but it is stored.
        room.abandon()
        await asyncio.gather(*work.flights, return_exceptions=True)
        raise
    if not work.is_hanging:
        await work.land()
        return work.done
    log.warning("live.shop_hangs", shop=shop_key)
    await work.break_off()
    left = [*work.open, *work.flights.values()]
    taken = [product_id for inquiry in left for product_id in inquiry.product_ids]
    return work.done + await _turn_away(room, Reason.SHOP_DOWN, taken)


@dataclass(slots=True)
class _Work:
    """One drain at work. `open`: the requests for which there was no free place at the shop yet."""

    refresher: Refresher
    room: WaitingRoom
    until: float
    leaving: asyncio.Event
    open: deque[Inquiry] = field(default_factory=deque)
    flights: dict[asyncio.Task[Outcome], Inquiry] = field(default_factory=dict)
    done: int = 0
    is_hanging: bool = False

    async def refresh(self) -> None:
        busy = time.monotonic()
        while not self.is_hanging and not self.leaving.is_set() and time.monotonic() < self.until:
            self.room.news.clear()
            landed, taken = self._landed(), []
            free = self.refresher.shop.live_concurrency - len(self.flights)
            wanted = free - len(self.open)
            most = max(wanted, self.refresher.batch) if wanted > 0 else 0
            # That the shop is another's by now is heard even when there is no place to take anything for.
            if (self.room.lost or (most and self.room.wanted)) and (taken := await self._taken(most)):
                self._note(await self._delivered(await self.refresher.prepare(taken)))
            while free and self.open:
                self._begin(self.open.popleft())
                free -= 1
            if taken and free and self.room.wanted:
                continue
            now = time.monotonic()
            if landed or taken or self.flights:
                busy = now
            elif now - busy >= LINGER_SECONDS:
                return
            await heard(self.room.news, (self.until if self.flights else min(self.until, busy + LINGER_SECONDS)) - now)

    def _begin(self, inquiry: Inquiry) -> None:
        flight = asyncio.create_task(self._serve(inquiry))
        flight.add_done_callback(lambda _: self.room.news.set())
        self.flights[flight] = inquiry

    def _landed(self) -> bool:
        """Whether requests have come to their end, which are noted."""
        landed = [flight for flight in self.flights if flight.done()]
        for flight in landed:
            self._note(flight.result())
            del self.flights[flight]
        return bool(landed)

    async def land(self) -> None:
        """Waits for what is on its way; when the process ends, for a moment, and breaks off the rest."""
        if self.flights:
            await asyncio.wait(self.flights, timeout=LEAVE_SECONDS if self.leaving.is_set() else None)
            await self.break_off()

    async def break_off(self) -> None:
        """Ends all requests; `flights` has those then that were not answered."""
        for flight in self.flights:
            flight.cancel()
        await asyncio.gather(*self.flights, return_exceptions=True)
        for flight in [flight for flight in self.flights if not flight.cancelled()]:
            del self.flights[flight]
            self._note(flight.result())

    async def _taken(self, most: int) -> list[str]:
        try:
            return await self.room.take(most, late=max(1, self.refresher.shop.live_concurrency // 4))
        except UNAVAILABLE as error:
            log.warning("live.not_taken", error=str(error))
            raise

    async def _serve(self, inquiry: Inquiry) -> Outcome:
        return await self._delivered(await self.refresher.ask(inquiry, probing=self.room.breaker_open))

    async def _delivered(self, outcome: Outcome) -> Outcome:
        if outcome.heard is False and await self.room.trouble():
            self.is_hanging = True
        await _deliver(self.room, outcome)
        return outcome

    def _note(self, outcome: Outcome) -> None:
        self.open.extend(outcome.open)
        self.done += len(outcome.answers)


async def _deliver(room: WaitingRoom, outcome: Outcome) -> None:
    """Hands the answers on. Without Redis nobody hears them, but they are in the store."""
    try:
        told = await room.deliver(*outcome.answers, heard=bool(outcome.heard), errors=outcome.errors)
    except UNAVAILABLE as away:
        ids = [answer.product_id for answer in outcome.answers]
        log.warning("live.not_delivered", product_ids=ids, error=str(away))
        raise
    for answer in outcome.answers:
        if answer.product_id not in told:
            log.info("live.too_late", product_id=answer.product_id)


async def _turn_away(room: WaitingRoom, reason: Reason, taken: Sequence[str] = ()) -> int:
    """Tells everybody who waits now, and for what was taken, that there will be no answer, and why."""
    done = 0
    while taken := taken or await room.take(100):
        await _deliver(room, Outcome([LiveAnswer(product_id=one, as_of=utc_now(), reason=reason) for one in taken]))
        done, taken = done + len(taken), ()
    return done
