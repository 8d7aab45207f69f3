"""Live worker processes for the tests, goods for them to ask for, and viewers who want to know the price."""

import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

from redis import Redis
from shopkeeper import PRODUCTS, RunningShop, wait_until

from listino.domain.clock import utc_now
from listino.domain.listing import list_goods
from listino.domain.offer import Availability
from listino.domain.product import Product
from listino.live.answer import LiveAnswer, Reason
from listino.live.client import connect_async
from listino.live.exchange import Exchange
from listino.live.synchronous import LivePrices
from listino.live.waiting import WaitingRoom
from listino.settings import Settings
from listino.shops.declaration import Shops
from listino.store.client import Store

WAIT_MS = 2000


def start_worker(settings: Settings, *options: str) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(
        [sys.executable, "-m", "workers", "live", *options], env=os.environ | settings.environment()
    )
    redis = Redis.from_url(settings.redis_address)
    wait_until(lambda: redis.scard("rq:workers") > 0, "the worker has registered")
    return process


def stock(shop: RunningShop, settings: Settings, store: Store) -> list[Product]:
    """The shop's goods in the store, as a crawl would have put them there."""
    terms = Shops.load(settings.shops_path)[shop.key].terms
    products = [list_goods(goods, terms, at=utc_now(), crawl_id="test") for goods in shop.truth().values()]
    assert len(store.products.upsert(products).new) == PRODUCTS
    return products


def in_stock(products: list[Product]) -> Product:
    return next(p for p in products if p.offer and p.offer.availability is Availability.IN_STOCK)


def ask(settings: Settings, product: Product, *, wait_ms: int = WAIT_MS) -> LiveAnswer:
    live = LivePrices(settings)
    try:
        return live.get(product.id, wait_ms=wait_ms)
    finally:
        live.close()


def ask_until_answered(settings: Settings, product: Product) -> LiveAnswer:
    """The first answer that is not the viewer's own deadline."""

    def answered() -> LiveAnswer | None:
        answer = ask(settings, product)
        return None if answer.reason is Reason.DEADLINE else answer

    found: LiveAnswer = wait_until(answered, "the worker has answered", 20)
    return found


@contextlib.asynccontextmanager
async def waiting_room(settings: Settings, shop: str, **options: Any) -> AsyncIterator[WaitingRoom]:
    """The room of one more drain of the shop `it:bottega`, as another worker would have it."""
    async with connect_async(settings) as redis:
        yield WaitingRoom(settings, Exchange(redis), shop, **options)
