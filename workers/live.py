"""The live-refresh job: one job empties what waits for one shop, many products in flight at once."""

import asyncio
import time
from dataclasses import dataclass

import structlog

from listino.domain.clock import utc_now
from listino.domain.errors import InvalidShop, UnknownShop
from listino.jobs import DRAIN_SECONDS
from listino.live.answer import LiveAnswer, Reason
from listino.live.client import UNAVAILABLE
from listino.live.waiting import WaitingRoom
from workers.refresh import Refresher
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
    done = at_work.loop.run(_drain(shop_key, room, until=time.monotonic() + DRAIN_SECONDS / 2))
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
    silence, done = _Silence(), 0
    flights: set[asyncio.Task[LiveAnswer]] = set()
    while not silence.is_hanging and time.monotonic() < until:
        free = refresher.shop.live_concurrency - len(flights)
        for product_id in await _taken(room, free) if free else ():
            flights.add(asyncio.create_task(_serve(refresher, room, product_id)))
        if not flights:
            break
        # While there is room for more, it is looked every few milliseconds whether somebody else has come.
        landed, flights = await asyncio.wait(
            flights, timeout=LOOK_SECONDS if free else None, return_when=asyncio.FIRST_COMPLETED
        )
        for flight in landed:
            silence.hear(flight.result())
        done += len(landed)
    if flights:
        done += len((await asyncio.wait(flights))[0])
    if silence.is_hanging:
        log.warning("live.shop_hangs", shop=shop_key, silent_in_a_row=silence.in_a_row)
        done += await _turn_away(room, Reason.SHOP_SILENT)
    return done


@dataclass(slots=True)
class _Silence:
    """How many answers in a row failed to come. A few are enough: the shop hangs, and this worker has others to ask."""

    in_a_row: int = 0

    @property
    def is_hanging(self) -> bool:
        return self.in_a_row >= SILENT_ENOUGH

    def hear(self, answer: LiveAnswer) -> None:
        self.in_a_row = self.in_a_row + 1 if answer.reason is Reason.SHOP_SILENT else 0


async def _serve(refresher: Refresher, room: WaitingRoom, product_id: str) -> LiveAnswer:
    answer = await refresher.refresh(product_id)
    await _deliver(room, answer)
    return answer


async def _taken(room: WaitingRoom, most: int) -> list[str]:
    """What waits; nothing where Redis cannot say."""
    try:
        return await asyncio.to_thread(room.take, most)
    except UNAVAILABLE as error:
        log.warning("live.not_taken", error=str(error))
        return []


async def _deliver(room: WaitingRoom, answer: LiveAnswer) -> None:
    """Hands the answer on; without Redis nobody hears it, but it is in the store."""
    try:
        await asyncio.to_thread(room.deliver, answer)
    except UNAVAILABLE as error:
        log.warning("live.not_delivered", product_id=answer.product_id, error=str(error))


async def _turn_away(room: WaitingRoom, reason: Reason) -> int:
    """Tells everybody who waits now that there will be no answer, and why."""
    done = 0
    while taken := await _taken(room, 100):
        for product_id in taken:
            await _deliver(room, LiveAnswer(product_id=product_id, as_of=utc_now(), reason=reason))
        done += len(taken)
    return done
