"""The heads of pages: what lists show of each product, without the rest of its page, which is twenty times as much."""

import time
from collections.abc import Sequence
from typing import NamedTuple

from redis.exceptions import RedisError

from listino.domain.product import ProductId
from listino.live.held_pages import Reading
from listino.live.page_scripts import head_key
from listino.live.pages import Pages


class Head(NamedTuple):
    """A page's state (None: there is no such product) and its first part; they were the truth at `read_at` (seconds since
    1970), 0 where nobody knows that they were."""

    state: str | None
    part: bytes
    read_at: float


class Heads:
    """The heads of the pages of one process."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def get_many(self, product_ids: Sequence[ProductId]) -> list[Head]:
        """The heads in the same order; raises what `Pages.get_many` raises.

        Of a page that neither the process nor Redis has, the whole is loaded and kept.
        """
        heads = {one: _head_of(reading) for one in product_ids if (reading := self._pages.at_hand(one))}
        wanted = [one for one in product_ids if one not in heads]
        if wanted:
            read_at = time.time()
            try:
                texts = await self._pages.server.read_heads([head_key(one) for one in wanted])
            except RedisError:
                texts = [None] * len(wanted)
            for one, text in zip(wanted, texts, strict=True):
                if text is not None:
                    heads[one] = _decoded(text, read_at)
            lacking = [one for one in wanted if one not in heads]
            if lacking:
                readings = await self._pages.get_many(lacking)
                heads.update(zip(lacking, map(_head_of, readings), strict=True))
        return [heads[one] for one in product_ids]


def _head_of(reading: Reading) -> Head:
    page = reading.page
    if page is None:
        return Head(None, b"", reading.read_at)
    return Head(page.state, page.parts[0] if page.parts else b"", reading.read_at)


def _decoded(text: bytes, read_at: float) -> Head:
    line, _, part = text.partition(b"\n")
    return Head(line.split(b" ")[1].decode(), part, read_at)
