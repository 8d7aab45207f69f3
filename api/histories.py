"""Price histories as viewers need them beside a live price: read for many at once, and once a second for each product."""

import asyncio
from collections.abc import Sequence

import structlog

from api.services import STORE_SECONDS, reading
from listino.domain.errors import EngineUnavailable
from listino.domain.history import PricePoint
from listino.domain.product import ProductId
from listino.live.deadline import deadline
from listino.live.held_pages import this_second
from listino.live.together import Together
from listino.store.aio import AsyncProducts

log = structlog.get_logger(__name__)

# What the store may take, in seconds, beyond the caller's time; then the history is left out of the answer.
HISTORY_MARGIN = 0.05
MOST_HELD = 2000  # products, each for the rest of a second
_MOST_AT_ONCE = 128


class Histories:
    """The price histories of one process."""

    def __init__(self, products: AsyncProducts) -> None:
        self._products = products
        self._together = Together(self._read, most=_MOST_AT_ONCE)
        self._held: dict[ProductId, tuple[float, asyncio.Task[list[PricePoint]]]] = {}

    async def get(self, product_id: ProductId, until: float) -> list[PricePoint] | None:
        """All points, as they were in this second; None if they could not be read by that time of the loop's clock."""
        now = asyncio.get_running_loop().time()
        held = self._held.get(product_id)
        if held is None or held[0] <= now or (held[1].done() and held[1].exception() is not None):
            if len(self._held) >= MOST_HELD:
                self._held.clear()
            reading_it = asyncio.create_task(self._ask(product_id))
            held = self._held[product_id] = (this_second()[1], reading_it)
        try:
            async with deadline(max(until, now + HISTORY_MARGIN)):
                return await asyncio.shield(held[1])
        except (TimeoutError, EngineUnavailable) as error:
            log.warning("api.no_history", product_id=product_id, error=str(error))
            return None

    async def _ask(self, product_id: ProductId) -> list[PricePoint]:
        (points,) = await self._together.ask([product_id])
        return points

    async def _read(self, product_ids: Sequence[ProductId]) -> list[list[PricePoint]]:
        async with reading(STORE_SECONDS):
            found = await self._products.histories(product_ids)
        return [found.get(product_id, []) for product_id in product_ids]
