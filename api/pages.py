"""The pages of products: how they are loaded, and how they are answered."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

import orjson

from api.answers import GZIP_BYTES, ReadyAnswer, accepts_gzip, compressed, holds
from api.primaries import Primaries
from api.problems import ProductGone, ProductStopped
from api.services import STORE_SECONDS, Services, reading
from listino.domain.errors import EngineUnavailable, ProductNotFound
from listino.domain.product import ProductId
from listino.live import rendering
from listino.live.deadline import deadline
from listino.live.held_pages import Reading
from listino.live.page import Page
from listino.live.pages import Loaded, Pages
from listino.live.product_page import GONE, HIDDEN, STOPPED, TAG_BYTES, Part, rendered
from listino.live.quote import LastKnown
from listino.store.aio import AsyncProducts
from listino.store.documents import Document, packed

# Products that are asked for together are one question to all shards, which the slowest answers last. Nobody waits longer than
# this for one that hangs; then each product is asked for by itself, which takes some ms where its shard answers. What hangs
# keeps one of the driver's threads until then, of which there are five a core.
TOGETHER_SECONDS = 1.2
ALONE_SECONDS = 0.05
ALONE_AT_ONCE = 6

_ALWAYS = ((b"content-type", b"application/json"), (b"cache-control", b"no-cache"))
_VARY = (b"vary", b"Accept-Encoding")
_GZIP = (b"content-encoding", b"gzip")


class PageLoader:
    """Loads and renders the products that no cache has."""

    def __init__(self, products: AsyncProducts, primaries: Primaries) -> None:
        self._products = products
        self._primaries = primaries
        self._alone = asyncio.Semaphore(ALONE_AT_ONCE)

    async def load(self, product_ids: Sequence[ProductId]) -> Loaded:
        """From the primaries; from secondaries while a primary is away, and then it is not the last word.

        A shard that hangs whole takes only its own products along. Raises EngineUnavailable where none is answered.
        """
        seconds = STORE_SECONDS if len(product_ids) == 1 else TOGETHER_SECONDS
        try:
            found, settled = await self._primaries.read(
                lambda behind: self._products.among(product_ids, behind=behind), seconds=seconds
            )
        except EngineUnavailable as error:
            if len(product_ids) == 1:
                raise
            answers = await asyncio.gather(*(self._load_alone(one) for one in product_ids))
            silent = {one: error for one, answer in zip(product_ids, answers, strict=True) if answer is None}
            if len(silent) == len(product_ids):
                raise
            pages = {key: rendered(product, packed) for answer in answers if answer for key, product in answer.items()}
            return Loaded(pages, settled=False, silent=silent)
        return Loaded({key: rendered(product, packed) for key, product in found.items()}, settled)

    async def _load_alone(self, product_id: ProductId) -> Mapping[ProductId, Document] | None:
        """The product if there is one; None where nobody says."""
        try:
            async with self._alone, reading(ALONE_SECONDS):
                return await self._products.among([product_id], behind=True)
        except EngineUnavailable:
            return None


async def page_answer(
    services: Services, product_id: ProductId, part: Part, headers: Iterable[tuple[bytes, bytes]], *, pack: bool = False
) -> ReadyAnswer:
    """That part of the product's page, or 304 for a caller that holds it; `headers` are the request's. With `pack` large
    ones are compressed, for those who accept it; without, that is left to the middleware.

    Raises ProductNotFound, ProductGone or EngineUnavailable.
    """
    if part is Part.DETAIL:
        page, read_at = await opened_page(services, product_id)
    else:
        page, read_at = await shown_page(services.pages, product_id)
    text = page.parts[part]
    packer = (lambda body: _packed(page, part, body)) if pack else None
    return bytes_answer(text[:TAG_BYTES], text[TAG_BYTES:], headers, read_at, pack=packer)


async def opened_page(services: Services, product_id: ProductId) -> tuple[Page, float]:
    """As `shown_page`, for somebody who looks at the product: its shop is asked, while the page is read if it is known that
    there is such a product."""
    refresher = services.refresher
    if refresher.knows(product_id):
        refresher.ask(product_id)
    try:
        shown = await shown_page(services.pages, product_id)
    except (ProductNotFound, ProductGone):
        refresher.forget(product_id)
        raise
    refresher.ask(product_id)
    return shown


async def shown_page(pages: Pages, product_id: ProductId) -> tuple[Page, float]:
    """The product's page, and when it was the truth; raises ProductNotFound, ProductGone or EngineUnavailable."""
    return _shown(product_id, pages.at_hand(product_id) or await _read(pages, product_id))


def _shown(product_id: ProductId, read: Reading) -> tuple[Page, float]:
    if read.page is None or read.page.state == HIDDEN:
        raise ProductNotFound(f"no product {product_id}")
    if read.page.state == STOPPED:
        raise ProductStopped(product_id)
    if read.page.state == GONE:
        raise ProductGone(product_id)
    return read.page, read.read_at


def body_of(page: Page, part: Part) -> bytes:
    """The JSON of a part that bears an entity tag."""
    return page.parts[part][TAG_BYTES:]


async def price_known(pages: Pages, product_id: ProductId, until: float) -> LastKnown:
    """What is known of the product's price, as its page is.

    Raises ProductNotFound, ProductGone, or EngineUnavailable at that time of the loop's clock.
    """
    read = pages.at_hand(product_id)  # as a rule, and a time limit costs as much as all the rest
    if read is None:
        try:
            async with deadline(until):
                read = await _read(pages, product_id)
        except TimeoutError:
            raise EngineUnavailable("the store did not answer before the caller's time was up") from None
    page, _ = _shown(product_id, read)
    return rendering.known_of(product_id, orjson.loads(page.parts[Part.PRICE]))


def bytes_answer(
    tag: bytes,
    body: bytes,
    headers: Iterable[tuple[bytes, bytes]],
    read_at: float,
    more: Sequence[tuple[bytes, bytes]] = (),
    *,
    pack: Callable[[bytes], bytes] | None = None,
) -> ReadyAnswer:
    """JSON under its entity tag, or 304 for a caller that holds it; `headers` are the request's, `more` the answer's own.

    `read_at`: when it was the truth, in seconds since 1970. `pack` compresses a large one for those who accept it.
    """
    none_match, zipped = None, False
    for name, value in headers:
        if name == b"if-none-match":
            none_match = value
        elif name == b"accept-encoding":
            zipped = accepts_gzip(value)
    marked = [*_ALWAYS, (b"etag", tag), (b"x-accel-expires", accelerated(read_at)), *more]
    if none_match is not None and holds(none_match.decode("latin-1"), tag.decode()):
        if len(body) >= GZIP_BYTES:
            marked.append(_VARY)
        return ReadyAnswer(304, marked[1:], b"")
    if len(body) >= GZIP_BYTES and pack is not None:
        marked.append(_VARY)
        if zipped:
            marked.append(_GZIP)
            body = pack(body)
    marked.append((b"content-length", b"%d" % len(body)))
    return ReadyAnswer(200, marked, body)


def accelerated(read_at: float) -> bytes:
    """The X-Accel-Expires header of what was the truth at that moment: nginx may repeat it to the end of that second.

    So it never shows anything older than a second, and what is older than that already it does not keep; nor does it what
    nobody knows to have been the truth (0).
    """
    return b"@%d" % read_at if int(read_at) == int(time.time()) else b"0"


async def _read(pages: Pages, product_id: ProductId) -> Reading:
    try:
        return await pages.get(product_id)
    except TimeoutError as error:
        raise EngineUnavailable(f"the store did not answer: {error}") from None


def _packed(page: Page, part: Part, body: bytes) -> bytes:
    """In gzip, once for as long as the page is held."""
    if part not in page.packed:
        page.packed[part] = compressed(body)
    return page.packed[part]
