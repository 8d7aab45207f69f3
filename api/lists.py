"""Lists of products: which products, from a cache or the store; and what is shown of each, from its page."""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import orjson

from api.answers import ReadyAnswer, entity_tag
from api.pages import SHOWN, Part, bytes_answer
from api.parameters import PageRequest
from api.services import reading
from listino.domain.errors import EngineUnavailable
from listino.domain.product import ProductId
from listino.live.held_pages import HELD_SECONDS
from listino.live.lists import Lists
from listino.live.pages import Pages
from listino.store.aio import AsyncProducts
from listino.store.query import Order

# In the process, each for HELD_SECONDS; a list of a hundred ids takes some ten kilobytes.
MOST_HELD = 500
# Orders that change with every price are not kept for longer than that.
_KEPT_ORDERS = frozenset({Order.ID, Order.NEWEST})


@dataclass(frozen=True, slots=True)
class Listed:
    """The ids of a page of a list in their order, and the address of the next page. They were the truth at `read_at`
    (seconds since 1970) and may be shown until `until` by the loop's clock."""

    ids: Sequence[ProductId]
    following: str | None
    read_at: float
    until: float


class Listings:
    """The lists of one process."""

    def __init__(self, products: AsyncProducts, lists: Lists, pages: Pages) -> None:
        self._products = products
        self._lists = lists
        self._pages = pages
        self._held: OrderedDict[PageRequest, Listed] = OrderedDict()
        self._under_way: dict[PageRequest, asyncio.Task[Listed]] = {}

    async def answer(self, asked: PageRequest, headers: Iterable[tuple[bytes, bytes]]) -> ReadyAnswer:
        """The page of the list, or 304 for a caller that holds it.

        A product that is not on sale any more, which the list does not know yet, is left out. Raises EngineUnavailable.
        """
        listed = await self._listed(asked)
        try:
            readings = await self._pages.get_many(listed.ids)
        except TimeoutError as error:
            raise EngineUnavailable(f"the store did not answer: {error}") from None
        shown = [found.page.parts[Part.CARD] for found in readings if found.page and found.page.state == SHOWN]
        body = b"[" + b",".join(shown) + b"]"
        links = [(b"link", f'<{listed.following}>; rel="next"'.encode())] if listed.following else []
        read_at = min([listed.read_at, *(found.read_at for found in readings)])
        return bytes_answer(entity_tag(body).encode(), body, headers, read_at, links)

    async def _listed(self, asked: PageRequest) -> Listed:
        held = self._held.get(asked)
        if held is not None and held.until > asyncio.get_running_loop().time():
            return held
        task = self._under_way.get(asked)
        if task is None:
            task = self._under_way[asked] = asyncio.create_task(self._find(asked))
            task.add_done_callback(lambda done: self._found(asked, done))
        return await asyncio.shield(task)

    def _found(self, asked: PageRequest, done: asyncio.Task[Listed]) -> None:
        del self._under_way[asked]
        if done.cancelled() or done.exception() is not None:
            return
        self._held.pop(asked, None)
        self._held[asked] = done.result()
        while len(self._held) > MOST_HELD:
            self._held.popitem(last=False)

    async def _find(self, asked: PageRequest) -> Listed:
        began = (time.time(), asyncio.get_running_loop().time() + HELD_SECONDS)
        if asked.query.order not in _KEPT_ORDERS or asked.query.text:
            return await self._read(asked, *began)
        key = hashlib.blake2b(repr(asked).encode(), digest_size=12).hexdigest()
        found = await self._lists.get(key, asked.query.market)
        if found.text is not None:
            ids, following = orjson.loads(found.text)
            return Listed(ids, following, *began)
        listed = await self._read(asked, *began)
        if found.stamp is not None:
            await self._lists.keep(key, orjson.dumps([listed.ids, listed.following]), found.stamp)
        return listed

    async def _read(self, asked: PageRequest, read_at: float, until: float) -> Listed:
        async with reading():
            # One more than asked tells whether there is a next page.
            found = await self._products.page(asked.query, count=asked.count + 1, skip=asked.skip)
        shown = found[: asked.count]
        following = asked.next_address(shown[-1]) if len(found) > asked.count else None
        return Listed([product.id for product in shown], following, read_at, until)
