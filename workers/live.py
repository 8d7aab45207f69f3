"""The live-refresh job: one job empties what waits for one shop, many requests in flight at once."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from listino.domain.clock import utc_now
from listino.domain.errors import InvalidShop, UnknownShop
from listino.jobs import DRAIN_SECONDS
from listino.live.answer import LiveAnswer, Reason
from listino.live.client import UNAVAILABLE
from listino.live.waiting import WaitingRoom
from workers.refresh import Inquiry, Outcome, Refresher
from workers.runtime import runtime

log = structlog.get_logger(__name__)

SILENT_ENOUGH = 3
LOOK_SECONDS = 0.02


def drain(shop_key: str) -> int:
    """Asks the shop `it:bottega` for everything that waits for it; returns how many products that were.

    Safe to run twice: a product is taken by one drain only. Before its time limit it hands over to a new job. When
    Redis goes away it ends: after `drain_ms` whoever asks for the shop has a new job begun.
    """
    at_work = runtime()
    room = at_work.waiting_room(shop_key)
    done = at_work.loop.run(_drain(shop_key, room, until=time.monotonic() + DRAIN_SECONDS / 3))
    try:
        if not room.rest():
            at_work.jobs.drain(shop_key)
    except UNAVAILABLE as error:
        log.warning("live.not_ended", shop=shop_key, error=str(error))
    return done


async def _drain(shop_key: str, room: WaitingRoom, *, until: float) -> int:
    try:
        refresher = runtime().refresher(shop_key)
    except (UnknownShop, InvalidShop) as error:
        log.warning("live.no_shop", shop=shop_key, error=str(error))
        return await _turn_away(room, Reason.NO_SHOP)
    silence, work = _Silence(), _Work()
    flights: set[asyncio.Task[Outcome]] = set()
    while not silence.is_hanging and time.monotonic() < until:
        free = refresher.shop.live_concurrency - len(flights)
        wanted = free - len(work.open)
        if wanted > 0 and (taken := await _taken(room, max(wanted, refresher.batch))):
            work.note(await _delivered(room, await refresher.prepare(taken)))
        while free and work.open:
            flights.add(asyncio.create_task(_serve(refresher, room, work.open.popleft())))
            free -= 1
        if not flights:
            break
        # While there is room for more, it is looked every few milliseconds whether somebody else has come.
        landed, flights = await asyncio.wait(
            flights, timeout=LOOK_SECONDS if free else None, return_when=asyncio.FIRST_COMPLETED
        )
        for flight in landed:
            silence.hear(flight.result())
            work.note(flight.result())
    for outcome in await asyncio.gather(*flights):
        work.note(outcome)
    left = [product_id for inquiry in work.open for product_id in inquiry.product_ids]
    if silence.is_hanging:
        log.warning("live.shop_hangs", shop=shop_key, silent_in_a_row=silence.in_a_row)
        return work.done + await _turn_away(room, Reason.SHOP_SILENT, left)
    if left:
        await _put_back(room, left)
    return work.done


@dataclass(slots=True)
class _Work:
    """The requests for which there was no free place at the shop yet, and how many products were answered."""

    open: deque[Inquiry] = field(default_factory=deque)
    done: int = 0

    def note(self, outcome: Outcome) -> None:
        self.open.extend(outcome.open)
        self.done += len(outcome.answers)


async def _serve(refresher: Refresher, room: WaitingRoom, inquiry: Inquiry) -> Outcome:
    return await _delivered(room, await refresher.ask(inquiry))


@dataclass(slots=True)
class _Silence:
    """How many requests in a row were not answered. A few are enough: the shop hangs, and this worker has others to ask."""

    in_a_row: int = 0

    @property
    def is_hanging(self) -> bool:
        return self.in_a_row >= SILENT_ENOUGH

    def hear(self, outcome: Outcome) -> None:
        silent = any(answer.reason is Reason.SHOP_SILENT for answer in outcome.answers)
        self.in_a_row = self.in_a_row + 1 if silent else 0


async def _taken(room: WaitingRoom, most: int) -> list[str]:
    """What waits; nothing where Redis cannot say."""
    try:
        return await asyncio.to_thread(room.take, most)
    except UNAVAILABLE as error:
        log.warning("live.not_taken", error=str(error))
        return []


async def _delivered(room: WaitingRoom, outcome: Outcome) -> Outcome:
    await asyncio.gather(*(_deliver(room, answer) for answer in outcome.answers))
    return outcome


async def _deliver(room: WaitingRoom, answer: LiveAnswer) -> None:
    """Hands the answer on; without Redis nobody hears it, but it is in the store."""
    try:
        await asyncio.to_thread(room.deliver, answer)
    except UNAVAILABLE as error:
        log.warning("live.not_delivered", product_id=answer.product_id, error=str(error))


async def _put_back(room: WaitingRoom, product_ids: Sequence[str]) -> None:
    """Leaves what was taken and not asked for to the next job; without Redis nobody waits for it."""
    try:
        await asyncio.to_thread(room.put_back, product_ids)
    except UNAVAILABLE as error:
        log.warning("live.not_put_back", products=len(product_ids), error=str(error))


async def _turn_away(room: WaitingRoom, reason: Reason, taken: Sequence[str] = ()) -> int:
    """Tells everybody who waits now, and for what was taken, that there will be no answer, and why."""
    done = 0
    while taken := taken or await _taken(room, 100):
        for product_id in taken:
            await _deliver(room, LiveAnswer(product_id=product_id, as_of=utc_now(), reason=reason))
        done, taken = done + len(taken), ()
    return done
