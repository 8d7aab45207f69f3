"""The writer's side of rendered pages: every write of products happens between two steps that drop them, of which the second
says what was written to whoever watches, and leaves the page anew where the writer knows it."""

import asyncio
import contextlib
import secrets
import threading
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from types import MappingProxyType

import structlog
from redis import Redis
from redis.exceptions import RedisError

from listino.domain.product import Product, ProductId
from listino.live.client import connect
from listino.live.page import Page
from listino.live.page_scripts import (
    ANYTHING,
    BEGIN,
    END,
    GENERATION,
    KEPT_MS,
    SETTLING_MS,
    WRITING_MS,
    WRITTEN,
    members_key,
    moving_key,
    product_keys,
    scope_of,
)
from listino.live.product_page import LAYOUT
from listino.settings import Settings

log = structlog.get_logger(__name__)

# A write waits no longer than this for Redis, once; then it goes on without, and so do the next ones until it is back.
GUARD_SECONDS = 0.25
RETRY_SECONDS = 0.1  # how soon after Redis is back the pages that it kept are void
_MOST_KEYS = 500  # products in one script: it holds everybody else up

Left = Mapping[ProductId, Product]
_NOTHING: Left = MappingProxyType({})
_Stamps = dict[ProductId, bytes]  # under which the pages may be left, of products of which they may


class PageGuard:
    """Drops the pages of products around each write of them. Thread-safe; connects when first used, and may be forked
    until then.

    A write never fails for want of Redis. What was written without being announced is made good by a new generation of
    all pages as soon as Redis answers; a thread of its own sees to that.

    `render` makes the page of a product, for writers of what somebody has just opened: it is left where one was dropped, and
    where the write says how it has left the product. Without it pages are made by whoever asks for them next.
    """

    def __init__(self, settings: Settings, render: Callable[[Product], Page] | None = None) -> None:
        self._render = render
        self._redis: Redis = connect(settings, seconds=GUARD_SECONDS)
        self._begin = self._redis.register_script(BEGIN)
        self._end = self._redis.register_script(END)
        self._state = threading.Condition()
        self._untold = False  # something was written that Redis does not know of
        self._healer: threading.Thread | None = None
        self._closed = False

    @contextlib.contextmanager
    def writing(
        self, product_ids: Collection[ProductId], *, moved: Collection[ProductId] = (), left: Left = _NOTHING
    ) -> Iterator[None]:
        """Around a write of these products until it is acknowledged. `moved`: those that lists gain, lose or sort anew. `left`: as
        the write has left them, where that is known when it ends.

        After a write that failed a part of it may have happened, and the rest may happen yet: that is told like the whole,
        and its mark stays until it runs out.
        """
        token = secrets.token_hex(8)
        told = self._announce(product_ids, token)
        try:
            yield
        except BaseException:
            self._end_write(told, product_ids, moved, "")
            raise
        self._end_write(told, product_ids, moved, token, left)

    @contextlib.asynccontextmanager
    async def writing_async(
        self, product_ids: Collection[ProductId], *, moved: Collection[ProductId] = (), left: Left = _NOTHING
    ) -> AsyncIterator[None]:
        """As `writing`; a thread speaks to Redis."""
        token = secrets.token_hex(8)
        told = await asyncio.to_thread(self._announce, product_ids, token)
        try:
            yield
        except BaseException:
            await asyncio.shield(asyncio.to_thread(self._end_write, told, product_ids, moved, ""))
            raise
        # Whoever gives up waiting now has written all the same.
        await asyncio.shield(asyncio.to_thread(self._end_write, told, product_ids, moved, token, left))

    def close(self) -> None:
        """Tells Redis a last time of what it does not know, if there is such a thing, and ends."""
        with self._state:
            self._closed = True
            self._state.notify_all()
            healer = self._healer
        if healer is not None:
            healer.join()
        self._redis.close()

    def _announce(self, product_ids: Collection[ProductId], token: str) -> _Stamps | None:
        """None where Redis could not be told."""
        stamps: _Stamps = {}
        layout = str(LAYOUT) if self._render else ""

        def begin(some: list[ProductId]) -> None:
            told = self._begin(keys=product_keys(some), args=[token, WRITING_MS, layout])
            # A writer that makes no pages is told of no stamps.
            stamps.update((one, stamp) for one, stamp in zip(some, told, strict=False) if stamp)

        return stamps if self._step(begin, product_ids) else None

    def _end_write(
        self,
        told: _Stamps | None,
        product_ids: Collection[ProductId],
        moved: Collection[ProductId],
        token: str,
        left: Left = _NOTHING,
    ) -> None:
        """Without a token after a write that failed."""
        if told is None or not self._finish(product_ids, moved, token, self._pages(told, left)):
            self._make_good()

    def _finish(
        self,
        product_ids: Collection[ProductId],
        moved: Collection[ProductId],
        token: str,
        pages: Mapping[ProductId, tuple[int, bytes]],
    ) -> bool:
        settling = SETTLING_MS if token else WRITING_MS
        scopes = sorted({scope_of(product_id) for product_id in moved})
        marks = [key for scope in scopes for key in (members_key(scope), moving_key(scope))]

        def end(some: list[ProductId]) -> None:
            kept = [(at, *pages[one]) for at, one in enumerate(some) if one in pages]
            texts = [text for page in kept for text in page]
            args = [token, settling, WRITTEN, "\n".join(map(str, some)), KEPT_MS, len(kept), *texts, *marks]
            self._end(keys=product_keys(some), args=args)

        return self._step(end, product_ids)

    def _pages(self, stamps: _Stamps, left: Left) -> dict[ProductId, tuple[int, bytes]]:
        """The pages to leave, each after the length of its head."""
        pages: dict[ProductId, tuple[int, bytes]] = {}
        for product_id, stamp in stamps.items():
            if self._render is None or product_id not in left:
                continue
            try:
                page = self._render(left[product_id])
            except Exception:  # a write never fails for want of its page
                log.exception("pages.not_rendered", product_id=product_id)
                continue
            text = page.encoded(stamp.decode())
            pages[product_id] = (page.head_bytes(text), text)
        return pages

    def _step(self, step: Callable[[list[ProductId]], object], product_ids: Collection[ProductId]) -> bool:
        if self._healer is not None:
            return False  # it is known to be away
        try:
            for some in _portions(list(product_ids)):
                step(some)
        except RedisError as error:
            log.warning("pages.not_told", products=len(product_ids), error=str(error))
            return False
        return True

    def _make_good(self) -> None:
        with self._state:
            self._untold = True
            if self._healer is None and not self._closed:
                self._healer = threading.Thread(target=self._heal, name="page guard", daemon=True)
                self._healer.start()

    def _heal(self) -> None:
        """Begins a new generation once Redis answers; again where something was written meanwhile."""
        while True:
            with self._state:
                if not self._untold:
                    self._healer = None
                    return
                self._untold = False
                last = self._closed
            try:
                self._redis.incr(GENERATION)
                self._redis.publish(WRITTEN, ANYTHING)
            except RedisError:
                with self._state:
                    self._untold = True
                    if last:
                        self._healer = None
                        log.error("pages.never_told", kept_until="they expire")
                        return
                    self._state.wait_for(lambda: self._closed, RETRY_SECONDS)
            else:
                log.warning("pages.all_void", reason="products were written while Redis did not answer")


def _portions(product_ids: list[ProductId]) -> Iterator[list[ProductId]]:
    for start in range(0, len(product_ids), _MOST_KEYS):
        yield product_ids[start : start + _MOST_KEYS]
