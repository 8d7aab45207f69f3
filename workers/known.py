"""Products as a live refresh needs to know them before it asks their shop."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, NamedTuple

import structlog
from redis.exceptions import RedisError

from listino.domain.product import Product
from listino.live.page import decoded
from listino.live.page_scripts import GENERATION, page_key
from listino.live.page_server import PageServer
from listino.live.product_page import LAYOUT, SHOWN, Part
from listino.settings import Settings
from listino.store.documents import product_in

log = structlog.get_logger(__name__)

EXPECTED_SECONDS = 0.5  # for so long what was read beforehand is as good as read when it is wanted
_MOST_EXPECTED = 1000  # of which others have taken some


class _Expected(NamedTuple):
    """A page that is being read, and since when by the loop's clock."""

    at: float
    reading: asyncio.Task[dict[str, Product]]


class KnownProducts:
    """What the kept pages of products say of them. Use it in one event loop, and close it there.

    Whoever opens a product has its page read and kept, as a rule before its shop is asked, so MongoDB need not be asked once more.
    A page that has been overtaken does no harm: what a refresh writes names the state that it goes by (listino.store.storing).
    """

    def __init__(self, settings: Settings) -> None:
        self._server = PageServer(settings, LAYOUT, voids=False)  # what a worker writes its PageGuard answers for
        self._expected: dict[str, _Expected] = {}

    def expect(self, product_id: str) -> None:
        """Has its page read already, for `among` to give in a moment: a worker is told of a product before it takes it."""
        now = asyncio.get_running_loop().time()
        self._expected.pop(product_id, None)
        while self._expected and next(iter(self._expected.values())).at <= now - EXPECTED_SECONDS:
            del self._expected[next(iter(self._expected))]
        if len(self._expected) < _MOST_EXPECTED:
            reading = self._server.read_together([GENERATION, page_key(product_id)])
            self._expected[product_id] = _Expected(now, asyncio.create_task(self._read([product_id], reading)))

    async def among(self, product_ids: Sequence[str]) -> dict[str, Product]:
        """Those of the products that are on sale and whose pages are kept; none where Redis does not answer."""
        since = asyncio.get_running_loop().time() - EXPECTED_SECONDS
        found: dict[str, Product] = {}
        for product_id in product_ids:
            if (kept := self._expected.pop(product_id, None)) and kept.at > since:
                found |= await kept.reading
        # What was not there a moment ago may be by now: a node is making the page.
        if others := [one for one in product_ids if one not in found]:
            found |= await self._read(others, self._server.read([GENERATION, *map(page_key, others)]))
        return found

    async def _read(
        self, product_ids: Sequence[str], reading: Coroutine[Any, Any, list[bytes | None]]
    ) -> dict[str, Product]:
        try:
            generation, *texts = await reading
        except RedisError:
            return {}
        stamp = self._server.stamp(generation)
        known = {key: _product(key, text, stamp) for key, text in zip(product_ids, texts, strict=True) if text}
        return {key: product for key, product in known.items() if product is not None}

    async def close(self) -> None:
        await self._server.close()


def _product(product_id: str, text: bytes, stamp: bytes) -> Product | None:
    """The product that the page shows, if it does. One that cannot be read must not fail what MongoDB can tell."""
    page = decoded(text, stamp)
    if page is None or page.state != SHOWN:
        return None
    try:
        return product_in(page.parts[Part.STORED])
    except Exception as error:  # whatever it is that bytes may hold instead
        log.warning("known.unreadable_page", product=product_id, error=repr(error))
        return None
