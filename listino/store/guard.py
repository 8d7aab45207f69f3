"""What a write of products passes through, so that whoever keeps copies of them hears of it in time."""

import contextlib
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from types import MappingProxyType
from typing import NoReturn, Protocol

import pymongo

from listino.domain.product import Product, ProductId

# All that a write asks of the database takes no longer than this together: elections and moved chunks included, and less than
# whoever is told of it (listino.live.page_scripts) lets a write that does not end count.
WRITE_SECONDS = 20.0

Left = Mapping[ProductId, Product]
NOTHING_LEFT: Left = MappingProxyType({})


class Guard(Protocol):
    """Both are around a write from before it is sent until it is acknowledged, and never make it fail.

    `product_ids`: all that it may change. `moved`: those among them that lists gain or lose, or show in another place. `left`: those of
    which is known how the write has left them in the store, if nobody else wrote them while it lasted. Both are looked at
    when the write has ended, for what is found meanwhile adds to them.
    """

    def writing(
        self, product_ids: Collection[ProductId], *, moved: Collection[ProductId] = (), left: Left = NOTHING_LEFT
    ) -> AbstractContextManager[None]: ...

    def writing_async(
        self, product_ids: Collection[ProductId], *, moved: Collection[ProductId] = (), left: Left = NOTHING_LEFT
    ) -> AbstractAsyncContextManager[None]: ...

    def close(self) -> None: ...


class Bounded:
    """Another guard, within which all calls of a write end in WRITE_SECONDS: the driver's own limit counts for each call."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    @contextlib.contextmanager
    def writing(
        self, product_ids: Collection[ProductId], *, moved: Collection[ProductId] = (), left: Left = NOTHING_LEFT
    ) -> Iterator[None]:
        with self._guard.writing(product_ids, moved=moved, left=left), pymongo.timeout(WRITE_SECONDS):
            yield

    @contextlib.asynccontextmanager
    async def writing_async(
        self, product_ids: Collection[ProductId], *, moved: Collection[ProductId] = (), left: Left = NOTHING_LEFT
    ) -> AsyncIterator[None]:
        async with self._guard.writing_async(product_ids, moved=moved, left=left):
            with pymongo.timeout(WRITE_SECONDS):
                yield

    def close(self) -> None:
        self._guard.close()


class ReadOnly:
    """For a store that writes no products: it refuses to, for whoever keeps copies of them would never hear of it."""

    def writing(
        self, product_ids: Collection[ProductId], *, moved: Collection[ProductId] = (), left: Left = NOTHING_LEFT
    ) -> NoReturn:
        raise RuntimeError("this store was opened without a guard, and writes no products: give it a PageGuard")

    writing_async = writing

    def close(self) -> None:
        """There is nothing to end."""


class Unguarded:
    """For a store whose products nobody keeps copies of."""

    @contextlib.contextmanager
    def writing(
        self, product_ids: Collection[ProductId], *, moved: Collection[ProductId] = (), left: Left = NOTHING_LEFT
    ) -> Iterator[None]:
        yield

    @contextlib.asynccontextmanager
    async def writing_async(
        self, product_ids: Collection[ProductId], *, moved: Collection[ProductId] = (), left: Left = NOTHING_LEFT
    ) -> AsyncIterator[None]:
        yield

    def close(self) -> None:
        """There is nothing to end."""
