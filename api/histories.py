"""Price histories as viewers need them beside a live price: read for many at once, and once a second for each product."""

import asyncio
from collections.abc import Mapping, Sequence

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

# For so long histories that somebody will want are gathered: shops take longer, and a find of many costs little more than one.
GATHER_SECONDS = 0.08
MOST_HELD = 2000  # products, each for the rest of a second
_MOST_AT_ONCE = 128

Reading = asyncio.Future[list[PricePoint]]  # of one product's history, for whoever wants it


class Histories:
    """The price histories of one process."""

    def __init__(self, products: AsyncProducts) -> None:
        self._products = products
        self._together = Together(self._read, most=_MOST_AT_ONCE)
        self._held: dict[ProductId, tuple[float, Reading]] = {}
        self._gathered: dict[ProductId, Reading] = {}
        self._due: asyncio.TimerHandle | None = None
        self._finds: set[asyncio.Task[None]] = set()

    def begin(self, product_id: ProductId) -> Reading:
        """Has the history read soon, for `told`: all points, as they are in this second."""
        loop = asyncio.get_running_loop()
        held = self._held.get(product_id)
        if held is not None and held[0] > loop.time() and not _failed(held[1]):
            return held[1]
        if len(self._held) >= MOST_HELD:
            self._held.clear()
        reading_it: Reading = loop.create_future()
        self._held[product_id] = (this_second()[1], reading_it)
        self._gathered[product_id] = reading_it
        if self._due is None:
            self._due = loop.call_later(GATHER_SECONDS, self._find)
        return reading_it

    async def told(self, product_id: ProductId, begun: Reading, until: float) -> list[PricePoint] | None:
        """What was begun, for somebody who waits for it now; None if it could not be read by that time of the loop's clock."""
        if self._gathered.get(product_id) is begun:
            self._find()
        try:
            if begun.done():  # as a rule, and a time limit costs as much as all the rest of this
                return begun.result()
            async with deadline(until):
                return await asyncio.shield(begun)
        except (TimeoutError, EngineUnavailable) as error:
            log.warning("api.no_history", product_id=product_id, error=str(error))
            return None

    def _find(self) -> None:
        """Asks for all that has gathered."""
        if self._due is not None:
            self._due.cancel()
            self._due = None
        gathered, self._gathered = self._gathered, {}
        if gathered:
            find = asyncio.get_running_loop().create_task(self._tell(gathered))
            self._finds.add(find)
            find.add_done_callback(self._finds.discard)

    async def _tell(self, gathered: Mapping[ProductId, Reading]) -> None:
        try:
            found = await self._together.ask(list(gathered))
        except Exception as error:  # whatever it is, those who wait are told of it
            for one in gathered.values():
                one.set_exception(error)
                one.exception()  # looked at, for nobody may wait any more
        else:
            for one, points in zip(gathered.values(), found, strict=True):
                one.set_result(points)

    async def _read(self, product_ids: Sequence[ProductId]) -> list[list[PricePoint]]:
        async with reading(STORE_SECONDS):
            found = await self._products.histories(product_ids)
        return [found.get(product_id, []) for product_id in product_ids]


def _failed(one: Reading) -> bool:
    return one.done() and one.exception() is not None
