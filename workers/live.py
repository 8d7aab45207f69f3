"""The live-refresh job: one job empties what waits for one shop, many products in flight at once."""

import asyncio
import time

import structlog

from listino.domain.clock import utc_now
from listino.domain.errors import InvalidShop, UnknownShop
from listino.jobs import DRAIN_SECONDS
from listino.live.answer import LiveAnswer, Reason
from listino.live.waiting import WaitingRoom
from workers.refresh import Refresher
from workers.runtime import runtime

log = structlog.get_logger(__name__)


def drain(shop_key: str) -> int:
    """Asks the shop `it:bottega` for everything that waits for it; returns how many products that were.

    Safe to run twice: a product is taken by one drain only. Before its time limit it hands over to a new job.
    """
    at_work = runtime()
    room = at_work.waiting_room(shop_key)
    done = at_work.loop.run(_drain(shop_key, room, until=time.monotonic() + DRAIN_SECONDS / 2))
    if not room.rest():
        at_work.jobs.drain(shop_key)
    return done


async def _drain(shop_key: str, room: WaitingRoom, *, until: float) -> int:
    try:
        refresher = runtime().refresher(shop_key)
    except (UnknownShop, InvalidShop) as error:
        log.warning("live.no_shop", shop=shop_key, error=str(error))
        return await _turn_away(room)
    lanes = (_lane(refresher, room, until) for _ in range(refresher.shop.live_concurrency))
    return sum(await asyncio.gather(*lanes))


async def _lane(refresher: Refresher, room: WaitingRoom, until: float) -> int:
    """Takes one product after another, so that a slow answer holds up one lane and not the shop."""
    done = 0
    while time.monotonic() < until and (taken := await asyncio.to_thread(room.take, 1)):
        answer = await refresher.refresh(taken[0])
        await asyncio.to_thread(room.deliver, answer)
        done += 1
    return done


async def _turn_away(room: WaitingRoom) -> int:
    done = 0
    while taken := await asyncio.to_thread(room.take, 100):
        for product_id in taken:
            room.deliver(LiveAnswer(product_id=product_id, as_of=utc_now(), reason=Reason.NO_SHOP))
        done += len(taken)
    return done
