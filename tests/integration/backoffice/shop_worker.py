"""Plays the live worker: takes what waits for a shop and delivers what the test wants delivered."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator

from livework import waiting_room

from listino.live.answer import LiveAnswer
from listino.settings import Settings


@contextlib.contextmanager
def shop_worker(settings: Settings, shop: str, answer: Callable[[str], LiveAnswer]) -> Iterator[None]:
    """A thread that answers for the shop until the block ends."""
    stop = threading.Event()

    async def work() -> None:
        async with waiting_room(settings, shop) as room:
            while not stop.is_set():
                await room.deliver(*[answer(product_id) for product_id in await room.take(10)])
                await room.rest()
                await asyncio.sleep(0.01)

    thread = threading.Thread(target=lambda: asyncio.run(work()), name="shop worker", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(5)
