"""What one worker process holds of all shops that it drains, who tells it that something waits for one of them, and how others
have what it held when it is dead."""

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from listino.jobs import Jobs
from listino.live.client import connect, connect_async
from listino.live.exchange import Exchange, Script
from listino.live.keys import DRAINS, ShopKeys
from listino.live.scripts import BEREAVE, HOLD, WANTED
from listino.live.subscription import hear
from listino.live.times import JOB_MS, LEASE_MS, LOOK_MS, QUEUED_MS, RENEW_MS
from listino.live.waiting import WaitingRoom
from listino.settings import Settings


class Leases:
    """The leases of one process, on a connection of their own, which waits for nobody. Use it in one event loop, and close it."""

    def __init__(self, settings: Settings) -> None:
        self._redis = connect_async(settings, seconds=LEASE_MS / 1000, connections=1)
        self._hold = Script(Exchange(self._redis), HOLD)

    async def hold(self, rooms: Sequence[WaitingRoom]) -> tuple[list[str], float]:
        """Holds the rooms' leases for another LEASE_MS, and wakes those that lost theirs or in which something waits.

        Gives the shops that nobody drains any more, and after how many seconds it is to be called again: soon enough to
        hold the leases, and to miss nobody else's. Raises one of `listino.live.client.UNAVAILABLE`.
        """
        held = [room for room in rooms if not room.abandoned]
        waiting, overdue, next_ms = await self._hold.run(
            [DRAINS, *(key for room in held for key in (room.keys.drain, room.keys.waiting))],
            [LEASE_MS, *(arg for room in held for arg in (room.owner, room.keys.shop))],
        )
        for room, count in zip(held, waiting, strict=True):
            if count:
                room.lost = count < 0
                room.wake()
        # No job and no lease that begins later runs out sooner than JOB_MS; where a drain leaves something, it queues a job.
        again_ms = RENEW_MS if rooms else min(max(next_ms, LOOK_MS), JOB_MS) if next_ms >= 0 else JOB_MS
        mine = {room.keys.shop for room in rooms}
        return [shop for name in overdue if (shop := name.decode()) not in mine], again_ms / 1000

    async def aclose(self) -> None:
        await self._redis.aclose()


async def hear_wanted(settings: Settings, worker: str, wake: Callable[[str], None]) -> NoReturn:
    """Tells `wake`, until it is cancelled, of products `it:bottega:3020` that are new to ask for, of shops that the worker drains.

    What is said while Redis is away is found with the next renewal.
    """
    await hear(settings, {f"{WANTED}{worker}": lambda product_id: wake(product_id.decode())})


def end_leases(settings: Settings, worker: str) -> list[str]:
    """Has the leases of a process that is dead be over now instead of after LEASE_MS, and a job begin a drain of each of its
    shops `it:bottega`, which are given, in another one.

    Raises one of `listino.live.client.UNAVAILABLE`, soon: a Redis that takes longer than the leases last has nothing to gain.
    """
    with contextlib.closing(connect(settings, seconds=LEASE_MS / 1000)) as redis:
        found: Any = redis.zrange(DRAINS, 0, -1)
        shops = [name.decode() for name in found]
        keys = [DRAINS, *(ShopKeys(shop).drain for shop in shops)]
        left: Any = redis.eval(BEREAVE, len(keys), *keys, worker, QUEUED_MS, JOB_MS, *shops)
        for name in left:
            Jobs(redis).drain(name.decode())
    return [name.decode() for name in left]
