"""Lists of products: which products, from a cache or the store; and what is shown of each, from its page."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import orjson
from starlette.requests import Request

from api.answers import ReadyAnswer, compressed
from api.openapi import query_parameters
from api.pages import bytes_answer
from api.parameters import PageRequest, parse_page, refuse_others
from api.primaries import Primaries
from api.services import reading
from listino.domain.errors import EngineUnavailable
from listino.domain.product import ProductId
from listino.live.heads import Heads
from listino.live.held_pages import this_second
from listino.live.lists import Counts, Lists, Stamp
from listino.live.product_page import SHOWN, entity_tag
from listino.store.aio import AsyncProducts
from listino.store.marks import Place
from listino.store.query import Order

ADDRESS = "/products"
MOST_BYTES = 16 * 2**20  # of lists in the process: some 20,000 of five products
# Orders that change with every price are held in the process alone.
_KEPT_ORDERS = frozenset({Order.ID, Order.NEWEST})


@dataclass(frozen=True, slots=True)
class Listed:
    """The ids of a page of a list in their order, and the header that leads to the next page.

    They were the truth at `read_at` (seconds since 1970) and may be shown until `until` by the loop's clock; and as long as
    `stamp` is the one of `scope`, if there is one. Both are 0 where nobody knows that they were the truth.
    """

    ids: Sequence[ProductId]
    links: Sequence[tuple[bytes, bytes]]
    read_at: float
    until: float
    scope: str | None = None
    stamp: Stamp | None = None

    def true_at(self, now: float, counts: Counts) -> float | None:
        """When it was the truth last, as far as is known; None where it may not be shown any more."""
        if self.stamp is not None and counts.stamps.get(self.scope) is self.stamp:
            return counts.read_at
        return self.read_at if self.until > now else None

    @property
    def size(self) -> int:
        """Bytes of it, roughly, with what Python adds to them."""
        return 500 + 40 * len(self.ids)


class HeldLists:
    """The lists that were asked for last by what was asked, at most `most_bytes` of them."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._lists: OrderedDict[bytes, Listed] = OrderedDict()
        self._bytes = 0

    def get(self, query: bytes) -> Listed | None:
        """The list, whether or not it may still be shown."""
        return self._lists.get(query)

    def put(self, query: bytes, listed: Listed) -> None:
        """Takes the place of what there was; those make room that were put first."""
        self._drop(self._lists.pop(query, None), query)
        self._lists[query] = listed
        self._bytes += listed.size + len(query)
        while self._bytes > self._most_bytes and self._lists:
            oldest, dropped = self._lists.popitem(last=False)
            self._drop(dropped, oldest)

    def _drop(self, listed: Listed | None, query: bytes) -> None:
        if listed is not None:
            self._bytes -= listed.size + len(query)


class Listings:
    """The lists of one process."""

    def __init__(self, products: AsyncProducts, primaries: Primaries, lists: Lists, heads: Heads) -> None:
        self._products = products
        self._primaries = primaries
        self._lists = lists
        self._heads = heads
        self._held = HeldLists()
        self._under_way: dict[bytes, asyncio.Task[Listed]] = {}

    async def answer(self, query: bytes, headers: Iterable[tuple[bytes, bytes]], *, pack: bool = False) -> ReadyAnswer:
        """The page of the list that a query string asks for, or 304 for a caller that holds it; `pack` as for `page_answer`.

        A product that is not on sale any more, which the list does not know yet, is left out. Raises BadParameter,
        ListBeingPrepared or EngineUnavailable.
        """
        counts = await self._lists.counts()
        listed = self._held.get(query)
        true_at = listed.true_at(asyncio.get_running_loop().time(), counts) if listed is not None else None
        if listed is None or true_at is None:
            listed = await self._listed(query, counts)
            true_at = listed.read_at
        try:
            heads = await self._heads.get_many(listed.ids)
        except TimeoutError as error:
            raise EngineUnavailable(f"the store did not answer: {error}") from None
        body = b"[" + b",".join([head.part for head in heads if head.state == SHOWN]) + b"]"
        read_at = min([true_at, *(head.read_at for head in heads)])
        packer = compressed if pack else None
        return bytes_answer(entity_tag(body).encode(), body, headers, read_at, listed.links, pack=packer)

    async def _listed(self, query: bytes, counts: Counts) -> Listed:
        task = self._under_way.get(query)
        if task is None:
            asked = asked_by(query)
            task = self._under_way[query] = asyncio.create_task(self._find(asked, counts))
            task.add_done_callback(lambda done: self._found(query, done))
        return await asyncio.shield(task)

    def _found(self, query: bytes, done: asyncio.Task[Listed]) -> None:
        del self._under_way[query]
        if not done.cancelled() and done.exception() is None:
            self._held.put(query, done.result())

    async def _find(self, asked: PageRequest, counts: Counts) -> Listed:
        scope = asked.query.market
        stamp = counts.stamps.get(scope)
        if stamp is None or asked.query.order not in _KEPT_ORDERS or asked.query.text:
            return (await self._read(asked, None))[0]
        key = hashlib.blake2b(repr(asked).encode(), digest_size=12).hexdigest()
        text = await self._lists.get(key, stamp)
        if text is not None:
            ids, following = orjson.loads(text)
            return Listed(ids, _links(following), counts.read_at, counts.until, scope, stamp)
        listed, following = await self._read(asked, stamp)
        if listed.stamp is not None:
            await self._lists.keep(key, orjson.dumps([listed.ids, following]), stamp)
        return listed

    async def _read(self, asked: PageRequest, stamp: Stamp | None) -> tuple[Listed, str | None]:
        """From the store; it bears the stamp if it may be kept under it. And the address of what follows."""
        read_at, until = this_second()
        async with reading():
            place = await self._products.sought(asked.query, asked.skip, since=stamp.since if stamp else None)
        if place is None:
            return Listed((), (), read_at, until), None
        if stamp is None:
            async with reading():
                ids, following = await self._read_at(asked, place, behind=True)
            return Listed(ids, _links(following), read_at, until), following
        (ids, following), settled = await self._primaries.read(
            lambda behind: self._read_at(asked, place, behind=behind)
        )
        if not settled:
            return Listed(ids, _links(following), 0.0, 0.0), following
        kept = stamp if place.exact and stamp.settled else None
        return Listed(ids, _links(following), read_at, until, asked.query.market, kept), following

    async def _read_at(self, asked: PageRequest, place: Place, *, behind: bool) -> tuple[list[ProductId], str | None]:
        """The ids, and the address of what follows: one more than asked tells whether there is anything."""
        count, more = asked.count, asked.count + 1
        if asked.query.order is Order.ID:
            ids = await self._products.page_ids(place.query, count=more, skip=place.skip, behind=behind)
            return ids[:count], asked.next_address(ids[count - 1]) if len(ids) > count else None
        found = await self._products.page(place.query, count=more, skip=place.skip, behind=behind)
        following = asked.next_address(found[count - 1]) if len(found) > count else None
        return [product.id for product in found[:count]], following


def asked_by(query: bytes) -> PageRequest:
    """The page of a list that a query string asks for; raises BadParameter."""
    request = Request({"type": "http", "query_string": query, "headers": []})
    refuse_others(request, query_parameters(ADDRESS))
    return parse_page(request)


def _links(following: str | None) -> Sequence[tuple[bytes, bytes]]:
    return ((b"link", f'<{following}>; rel="next"'.encode()),) if following else ()
