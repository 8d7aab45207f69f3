"""What a write of products passes through, so that whoever keeps copies of them hears of it in time."""

import contextlib
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import NoReturn, Protocol

from listino.domain.product import ProductId


class Guard(Protocol):
    """Both are around a write from before it is sent until it is acknowledged, and never make it fail.

    `product_ids`: all that it may change. `moved`: those among them that lists gain or lose, or show in another place.
    """

    def writing(
        self, product_ids: Collection[ProductId], *, moved: Collection[ProductId] = ()
    ) -> AbstractContextManager[None]: ...

    def writing_async(
        self, product_ids: Collection[ProductId], *, moved: Collection[ProductId] = ()
    ) -> AbstractAsyncContextManager[None]: ...

    def close(self) -> None: ...


class ReadOnly:
    """For a store that writes no products: it refuses to, for whoever keeps copies of them would never hear of it."""

    def writing(self, product_ids: Collection[ProductId], *, moved: Collection[ProductId] = ()) -> NoReturn:
        raise RuntimeError("this store was opened without a guard, and writes no products: give it a PageGuard")

    writing_async = writing

    def close(self) -> None:
        """There is nothing to end."""


class Unguarded:
    """For a store whose products nobody keeps copies of."""

    @contextlib.contextmanager
    def writing(self, product_ids: Collection[ProductId], *, moved: Collection[ProductId] = ()) -> Iterator[None]:
        yield

    @contextlib.asynccontextmanager
    async def writing_async(
        self, product_ids: Collection[ProductId], *, moved: Collection[ProductId] = ()
    ) -> AsyncIterator[None]:
        yield

    def close(self) -> None:
        """There is nothing to end."""
