"""Products that are not asked for any more because their workers died or failed over them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson
from redis import Redis

from listino.live.keys import ShopKeys, shop_key
from listino.live.times import PARKED_MS


@dataclass(frozen=True, slots=True)
class ParkedProduct:
    """A product, since when it is parked, and why."""

    product_id: str
    at: datetime
    why: str


def parked_products(redis: Redis, shops: Iterable[str]) -> list[ParkedProduct]:
    """What is parked of those shops (`it:bottega`), the longest first. It is asked for again after PARKED_MS."""
    pipeline = redis.pipeline(transaction=False)
    for shop in shops:
        pipeline.hgetall(ShopKeys(shop).parked)
    seconds, _ = redis.time()
    found = []
    for entries in pipeline.execute():
        for product_id, text in entries.items():
            fields = orjson.loads(text)
            if fields["at_ms"] + PARKED_MS > seconds * 1000:
                at = datetime.fromtimestamp(fields["at_ms"] / 1000, UTC)
                found.append(ParkedProduct(product_id.decode(), at, fields["why"]))
    return sorted(found, key=lambda one: one.at)


def release(redis: Redis, product_id: str) -> bool:
    """Has the product be asked for again from the next viewer on; False if it was not parked."""
    return bool(redis.hdel(ShopKeys(shop_key(product_id)).parked, product_id))
