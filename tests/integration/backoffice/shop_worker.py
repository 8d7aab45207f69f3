"""Plays the live worker: takes what waits for a shop and delivers what the test wants delivered."""

import contextlib
import threading
from collections.abc import Callable, Iterator

from listino.live.answer import LiveAnswer
from listino.live.client import connect
from listino.live.keys import ShopKeys, shop_key
from listino.live.scripts import CHANNEL, DELIVER, REST, TAKE
from listino.settings import Settings


@contextlib.contextmanager
def shop_worker(settings: Settings, shop: str, answer: Callable[[str], LiveAnswer]) -> Iterator[None]:
    """A thread that answers for the shop until the block ends."""
    stop = threading.Event()
    redis = connect(settings)
    keys = ShopKeys(shop)
    take, rest, deliver = (redis.register_script(script) for script in (TAKE, REST, DELIVER))

    def work() -> None:
        while not stop.wait(0.01):
            for taken in take(keys=[keys.waiting, keys.drain], args=[5000, 10]):
                product_id = taken.decode()
                told = answer(product_id)
                kept_ms = settings.live_fresh_ms if told.fresh else 0
                assert shop_key(product_id) == shop
                deliver(
                    keys=[keys.flight(product_id), keys.answer(product_id)], args=[told.to_json(), kept_ms, CHANNEL]
                )
            rest(keys=[keys.waiting, keys.drain])

    thread = threading.Thread(target=work, name="shop worker", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(5)
        redis.close()
