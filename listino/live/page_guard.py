"""The writer's side of rendered pages: every write of products happens between two steps that drop them, of which the second
says what was written to whoever watches, and leaves the page anew where the writer knows it."""

import asyncio
import contextlib
import secrets
import threading
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import NamedTuple

import structlog
from redis import Redis
from redis.exceptions import RedisError

from listino.domain.product import Product, ProductId
from listino.live.client import connect, connect_async
from listino.live.deadline import within
from listino.live.exchange import Exchange, Script
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


class _Step(NamedTuple):
    """What a script is run with."""

    keys: list[str]
    args: list[str | bytes | int]


class _Write(NamedTuple):
    """A write at its end. `told`: what Redis said at its beginning, None where it was not told; `token`: '' after a write that failed."""

    product_ids: Collection[ProductId]
    moved: Collection[ProductId]
    left: Left
    told: _Stamps | None
    token: str


class PageGuard:
    """Drops the pages of products around each write of them. Connects when first used, and may be forked until then.
    `writing` is thread-safe, `writing_async` is for one event loop.

    A write never fails for want of Redis. What was written without being announced is made good by a new generation of
    all pages as soon as Redis answers; a thread of its own sees to that.

    `render` makes the page of a product, for writers of what somebody has just opened: it is left where one was dropped, and
    where the write says how it has left the product. Without it pages are made by whoever asks for them next.

    `exchange`: where the process asks Redis about other things, in the loop of its asynchronous writes. Nobody waits for the
    second step of those then: it leaves with what is asked there next, such as to tell somebody of what was written.
    """

    def __init__(
        self, settings: Settings, render: Callable[[Product], Page] | None = None, exchange: Exchange | None = None
    ) -> None:
        self._render = render
        self._redis: Redis = connect(settings, seconds=GUARD_SECONDS)
        self._begin = self._redis.register_script(BEGIN)
        self._end = self._redis.register_script(END)
        self._along = exchange is not None
        self._exchange = exchange or Exchange(connect_async(settings, seconds=GUARD_SECONDS))
        self._begin_async = Script(self._exchange, BEGIN)
        self._end_async = Script(self._exchange, END)
        self._under_way: set[asyncio.Future[None]] = set()  # asynchronous writes, and what is told of their ends
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
            self._end_write(_Write(product_ids, moved, _NOTHING, told, ""))
            raise
        self._end_write(_Write(product_ids, moved, left, told, token))

    @contextlib.asynccontextmanager
    async def writing_async(
        self, product_ids: Collection[ProductId], *, moved: Collection[ProductId] = (), left: Left = _NOTHING
    ) -> AsyncIterator[None]:
        """As `writing`, in the event loop."""
        token = secrets.token_hex(8)
        over = asyncio.get_running_loop().create_future()
        self._under_way.add(over)
        try:
            told = await self._announce_async(product_ids, token)
            try:
                yield
            except BaseException:
                await self._ended(_Write(product_ids, moved, _NOTHING, told, ""))
                raise
            await self._ended(_Write(product_ids, moved, left, told, token))
        finally:
            self._under_way.discard(over)
            over.set_result(None)

    async def settled(self) -> None:
        """Returns when all asynchronous writes have ended, and Redis knows of it or could not be told. For the end of a loop."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    def close(self) -> None:
        """Tells Redis a last time of what it does not know, if there is such a thing, and ends. Where there were asynchronous
        writes, call it in their loop."""
        with self._state:
            self._closed = True
            self._state.notify_all()
            healer = self._healer
        if healer is not None:
            healer.join()
        if not self._along:
            self._exchange.close()
        self._redis.close()

    def _announce(self, product_ids: Collection[ProductId], token: str) -> _Stamps | None:
        """None where Redis could not be told."""
        if self._is_away:
            return None
        try:
            told = [self._begin(keys=step.keys, args=step.args) for step in self._first_steps(product_ids, token)]
        except RedisError as error:
            _log_untold(product_ids, error)
            return None
        return _stamps(product_ids, told)

    async def _announce_async(self, product_ids: Collection[ProductId], token: str) -> _Stamps | None:
        if self._is_away:
            return None
        told = []
        try:
            for step in self._first_steps(product_ids, token):
                async with within(GUARD_SECONDS):
                    told.append(await self._begin_async.run(step.keys, step.args))
        except (RedisError, TimeoutError) as error:
            _log_untold(product_ids, error)
            return None
        return _stamps(product_ids, told)

    def _end_write(self, write: _Write) -> None:
        try:
            for step in self._last_steps(write):
                self._end(keys=step.keys, args=step.args)
        except RedisError as error:
            _log_untold(write.product_ids, error)
            self._make_good()

    async def _end_write_async(self, write: _Write) -> None:
        try:
            for step in self._last_steps(write):
                await self._end_async.run(step.keys, step.args, along=self._along)
        except RedisError as error:
            _log_untold(write.product_ids, error)
            self._make_good()

    async def _ended(self, write: _Write) -> None:
        task = asyncio.create_task(self._end_write_async(write))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        if not self._along:
            await asyncio.shield(task)  # whoever gives up waiting now has written all the same

    @property
    def _is_away(self) -> bool:
        """Whether Redis is known to be."""
        return self._healer is not None

    def _first_steps(self, product_ids: Collection[ProductId], token: str) -> Iterator[_Step]:
        layout = str(LAYOUT) if self._render else ""
        for some in _portions(product_ids):
            yield _Step(product_keys(some), [token, WRITING_MS, layout])

    def _last_steps(self, write: _Write) -> Iterator[_Step]:
        """None where Redis was not told of the beginning, or is known to be away: then that is made good."""
        if write.told is None or self._is_away:
            self._make_good()
            return
        pages = self._pages(write.told, write.left)
        settling = SETTLING_MS if write.token else WRITING_MS
        scopes = sorted({scope_of(product_id) for product_id in write.moved})
        marks = [key for scope in scopes for key in (members_key(scope), moving_key(scope))]
        for some in _portions(write.product_ids):
            kept = [(at, *pages[one]) for at, one in enumerate(some) if one in pages]
            texts = [text for page in kept for text in page]
            args = [write.token, settling, WRITTEN, "\n".join(map(str, some)), KEPT_MS, len(kept), *texts, *marks]
            yield _Step(product_keys(some), args)

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


def _portions(product_ids: Collection[ProductId]) -> Iterator[list[ProductId]]:
    ids = list(product_ids)
    for start in range(0, len(ids), _MOST_KEYS):
        yield ids[start : start + _MOST_KEYS]


def _stamps(product_ids: Collection[ProductId], told: Iterable[Sequence[bytes]]) -> _Stamps:
    """Of what BEGIN has told, portion by portion: nothing to a writer that makes no pages."""
    return {one: stamp for one, stamp in zip(product_ids, chain.from_iterable(told), strict=False) if stamp}


def _log_untold(product_ids: Collection[ProductId], error: Exception) -> None:
    log.warning("pages.not_told", products=len(product_ids), error=str(error) or "no answer")
