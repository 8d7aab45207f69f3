"""Products as a live refresh needs to know them before it asks their shop."""

from collections.abc import Sequence

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


class KnownProducts:
    """What the kept pages of products say of them. Use it in one event loop, and close it there.

    Whoever opens a product has its page read and kept a moment before its shop is asked, so MongoDB need not be asked once more.
    A page that has been overtaken does no harm: what a refresh writes names the state that it goes by (listino.store.storing).
    """

    def __init__(self, settings: Settings) -> None:
        self._server = PageServer(settings, LAYOUT, voids=False)  # what a worker writes its PageGuard answers for

    async def among(self, product_ids: Sequence[str]) -> dict[str, Product]:
        """Those of the products that are on sale and whose pages are kept; none where Redis does not answer."""
        try:
            generation, *texts = await self._server.read([GENERATION, *map(page_key, product_ids)])
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
