"""Plays the live worker: takes what waits for a shop and delivers what the test wants delivered."""

import contextlib
import threading
from collections.abc import Callable, Iterator

from listino.live.answer import LiveAnswer
from listino.live.client import connect
from listino.live.waiting import WaitingRoom
from listino.settings import Settings


@contextlib.contextmanager
def shop_worker(settings: Settings, shop: str, answer: Callable[[str], LiveAnswer]) -> Iterator[None]:
    """A thread that answers for the shop until the block ends."""
    stop = threading.Event()
    redis = connect(settings)
    room = WaitingRoom(settings, redis, shop)

    def work() -> None:
        while not stop.wait(0.01):
            for product_id in room.take(10):
                room.deliver(answer(product_id))
            room.rest()

    thread = threading.Thread(target=work, name="shop worker", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(5)
        redis.close()
