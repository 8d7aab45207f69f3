"""Live worker processes for the tests, goods for them to ask for, and viewers who want to know the price."""

import contextlib
import multiprocessing
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from multiprocessing.context import ForkServerProcess
from pathlib import Path
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
# Children of one process that has imported all that a worker needs, which takes a second and more: each is as new.
_MADE_READY = multiprocessing.get_context("forkserver")
_MADE_READY.set_forkserver_preload(["workers.__main__"])


def start_worker(settings: Settings, *options: str) -> ForkServerProcess:
    """A process of its own that works off the live queue; it listens."""
    arguments = (dict(os.environ | settings.environment()), options)
    process = _MADE_READY.Process(target=_work, args=arguments, daemon=True)
    process.start()
    await_worker(settings)
    return process


def start_pool(settings: Settings, log: Path, *options: str) -> "subprocess.Popen[bytes]":
    """The command itself, with its options and its log; one of its workers listens."""
    command = [sys.executable, "-m", "workers", "live", *options]
    with log.open("wb") as told:
        process = subprocess.Popen(command, env=os.environ | settings.environment(), stdout=told)
    await_worker(settings)
    return process


def end(process: ForkServerProcess) -> None:
    """Ends it with SIGKILL."""
    process.kill()
    process.join(10)


def await_worker(settings: Settings) -> None:
    with Redis.from_url(settings.redis_address) as redis:
        wait_until(lambda: redis.scard("rq:workers") > 0, "the worker has registered")


def _work(environment: dict[str, str], options: tuple[str, ...]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    from workers.__main__ import main

    main(["live", *options])


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

    found: LiveAnswer = wait_until(answered, "the worker has answered")
    return found


@contextlib.asynccontextmanager
async def waiting_room(settings: Settings, shop: str, **options: Any) -> AsyncIterator[WaitingRoom]:
    """The room of one more drain of the shop `it:bottega`, as another worker would have it."""
    async with connect_async(settings) as redis:
        yield WaitingRoom(settings, Exchange(redis), shop, **options)
