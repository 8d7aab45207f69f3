"""The answers that live workers deliver, heard as the API nodes hear them."""

import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

from redis import Redis
from redis.exceptions import RedisError

from listino.live.answer import LiveAnswer
from listino.live.scripts import CHANNEL


@dataclass(frozen=True, slots=True)
class Delivery:
    """An answer, and when it was heard (seconds since the epoch)."""

    at: float
    answer: LiveAnswer


class Listener:
    """Hears every answer while the block lasts; subscribes again after a lost connection."""

    def __init__(self, redis_url: str) -> None:
        self._redis = Redis.from_url(redis_url, socket_timeout=2, socket_connect_timeout=2)
        self._stop, self._listening = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._listen, name="deliveries")
        self._heard: list[tuple[float, bytes]] = []

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._listening.wait(5):
            raise TimeoutError("Redis takes no subscription")
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._redis.close()

    @property
    def heard(self) -> list[Delivery]:
        """Read only when all is over: whoever measures leaves the cores to what is measured."""
        return [Delivery(at, LiveAnswer.from_json(told)) for at, told in self._heard]

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                with self._redis.pubsub(ignore_subscribe_messages=True) as subscription:
                    subscription.subscribe(CHANNEL)
                    self._listening.set()
                    while not self._stop.is_set():
                        if message := subscription.get_message(timeout=0.2):
                            self._heard.append((time.time(), message["data"]))
            except RedisError:
                self._stop.wait(0.2)


def twice(deliveries: Iterable[Delivery], fresh_seconds: float) -> list[str]:
    """Products of which two prices were delivered within the time that one counts as fresh."""
    of_product: defaultdict[str, list[Delivery]] = defaultdict(list)
    for delivery in deliveries:
        if delivery.answer.fresh:
            of_product[str(delivery.answer.product_id)].append(delivery)
    return [
        f"{product_id}: {first.answer.price} and {1000 * (second.at - first.at):.0f} ms later {second.answer.price}"
        for product_id, heard in of_product.items()
        for first, second in pairwise(heard)
        if second.at - first.at < fresh_seconds and first.answer.price != second.answer.price
    ]
