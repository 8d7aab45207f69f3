"""Refreshing prices in the background: asked for when a product page is opened, waited for by nobody."""

import asyncio

import structlog

from listino.domain.product import ProductId
from listino.live.client import UNAVAILABLE
from listino.live.page_scripts import KEPT_MS
from listino.live.prices import AsyncLivePrices

log = structlog.get_logger(__name__)

# Requests under way at once, in one process. With Redis silent each takes seconds; those beyond are dropped, and the
# next viewer asks again.
MOST_UNDER_WAY = 256
KNOWN_SECONDS = KEPT_MS / 1000  # as long as its page is kept
MOST_REMEMBERED = 20_000  # products asked for of late; the script in Redis knows all of them
VIEWER_MS = 5000  # how long one who has opened a page may have to wait for the price to become fresh
LAST_SECONDS = 2.0  # how long those under way may still take when the process ends


class Refresher:
    """Asks for refreshes without ever delaying or failing the caller. Use it in `async with`."""

    def __init__(self, live: AsyncLivePrices, fresh_seconds: float) -> None:
        self._live = live
        self._fresh_seconds = fresh_seconds
        self._asked: dict[ProductId, float] = {}  # when, by the loop's clock
        self._under_way: dict[ProductId, asyncio.Task[None]] = {}

    async def __aenter__(self) -> "Refresher":
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._under_way:
            await asyncio.wait(self._under_way.values(), timeout=LAST_SECONDS)
        for task in self._under_way.values():
            task.cancel()

    def knows(self, product_id: ProductId) -> bool:
        """Whether it was asked for of late: then there is such a product, which need not be read to know that, and most probably
        a page of it, which the worker will want."""
        return self._asked.get(product_id, -1e9) > asyncio.get_running_loop().time() - KNOWN_SECONDS

    def forget(self, product_id: ProductId) -> None:
        """Hears that there is nothing any more to ask for."""
        self._asked.pop(product_id, None)

    def ask(self, product_id: ProductId, *, wait_ms: int = VIEWER_MS) -> None:
        """Sees to it that the shop is asked soon; for goods without a shop there is nothing to do.

        Whoever asks again while the last answer may still be fresh is not heard. Who can wait less is served first.
        """
        if isinstance(product_id, int) or product_id in self._under_way or len(self._under_way) >= MOST_UNDER_WAY:
            return
        now = asyncio.get_running_loop().time()
        if self._asked.get(product_id, -1e9) > now - self._fresh_seconds:
            return
        if len(self._asked) >= MOST_REMEMBERED:
            self._asked.clear()
        self._asked[product_id] = now
        self._under_way[product_id] = asyncio.create_task(self._ask(product_id, wait_ms))

    async def _ask(self, product_id: ProductId, wait_ms: int) -> None:
        try:
            await self._live.request(product_id, wait_ms=wait_ms)
        except UNAVAILABLE as error:
            self._asked.pop(product_id, None)
            log.warning("api.refresh_not_asked", product_id=product_id, error=str(error))
        except Exception:
            # Nobody awaits this task: what is not logged here is never seen.
            log.exception("api.refresh_failed", product_id=product_id)
        finally:
            del self._under_way[product_id]
