"""The writer's side of rendered pages: every write of products happens between two steps that drop them, of which the second
says what was written to whoever watches."""

import asyncio
import contextlib
import secrets
import threading
from collections.abc import AsyncIterator, Callable, Collection, Iterator

import structlog
from redis import Redis
from redis.exceptions import RedisError

from listino.domain.product import ProductId
from listino.live.client import connect
from listino.live.page_scripts import (
    ANYTHING,
    BEGIN,
    DROPPED,
    DROPPED_MOST,
    DROPPED_MS,
    END,
    GENERATION,
    SETTLING_MS,
    WRITING_MS,
    WRITTEN,
    members_key,
    moving_key,
    product_keys,
    scope_of,
)
from listino.settings import Settings

log = structlog.get_logger(__name__)

# A write waits no longer than this for Redis, once; then it goes on without, and so do the next ones until it is back.
GUARD_SECONDS = 0.25
RETRY_SECONDS = 0.1  # how soon after Redis is back the pages that it kept are void
_MOST_KEYS = 500  # products in one script: it holds everybody else up


class PageGuard:
    """Drops the pages of products around each write of them. Thread-safe; connects when first used, and may be forked
    until then.

    A write never fails for want of Redis. What was written without being announced is made good by a new generation of
    all pages as soon as Redis answers; a thread of its own sees to that.
    """

    def __init__(self, settings: Settings) -> None:
        self._redis: Redis = connect(settings, seconds=GUARD_SECONDS)
        self._begin = self._redis.register_script(BEGIN)
        self._end = self._redis.register_script(END)
        self._state = threading.Condition()
        self._untold = False  # something was written that Redis does not know of
        self._healer: threading.Thread | None = None
        self._closed = False

    @contextlib.contextmanager
    def writing(self, product_ids: Collection[ProductId], *, moved: Collection[ProductId] = ()) -> Iterator[None]:
        """Around a write of these products until it is acknowledged. `moved`: those that lists gain, lose or sort anew.

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
        self._end_write(told, product_ids, moved, token)

    @contextlib.asynccontextmanager
    async def writing_async(
        self, product_ids: Collection[ProductId], *, moved: Collection[ProductId] = ()
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
        await asyncio.shield(asyncio.to_thread(self._end_write, told, product_ids, moved, token))

    def close(self) -> None:
        """Tells Redis a last time of what it does not know, if there is such a thing, and ends."""
        with self._state:
            self._closed = True
            self._state.notify_all()
            healer = self._healer
        if healer is not None:
            healer.join()
        self._redis.close()

    def _announce(self, product_ids: Collection[ProductId], token: str) -> bool:
        def begin(some: list[ProductId]) -> None:
            args: list[str | int] = [token, WRITING_MS, DROPPED, DROPPED_MS, _lines(some), DROPPED_MOST]
            self._begin(keys=product_keys(some), args=args)

        return self._step(begin, product_ids)

    def _end_write(
        self, told: bool, product_ids: Collection[ProductId], moved: Collection[ProductId], token: str
    ) -> None:
        """Without a token after a write that failed."""
        if not (told and self._finish(product_ids, moved, token)):
            self._make_good()

    def _finish(self, product_ids: Collection[ProductId], moved: Collection[ProductId], token: str) -> bool:
        settling = SETTLING_MS if token else WRITING_MS
        scopes = sorted({scope_of(product_id) for product_id in moved})
        marks = [key for scope in scopes for key in (members_key(scope), moving_key(scope))]

        def end(some: list[ProductId]) -> None:
            self._end(keys=product_keys(some), args=[token, settling, WRITTEN, _lines(some), *marks])

        return self._step(end, product_ids)

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


def _lines(product_ids: list[ProductId]) -> str:
    return "\n".join(map(str, product_ids))


def _portions(product_ids: list[ProductId]) -> Iterator[list[ProductId]]:
    for start in range(0, len(product_ids), _MOST_KEYS):
        yield product_ids[start : start + _MOST_KEYS]
