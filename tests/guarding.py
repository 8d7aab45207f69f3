"""Guards of writes, of which one side is used at a time."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

from listino.live.page_guard import PageGuard


class Side:
    """A guard of which one side is used; a write is over when Redis has been told."""

    def __init__(self, guard: PageGuard, *, synchronous: bool) -> None:
        self._guard = guard
        self._synchronous = synchronous

    @contextlib.asynccontextmanager
    async def writing(self, *given: Any, **more: Any) -> AsyncIterator[None]:
        if self._synchronous:
            with self._guard.writing(*given, **more):
                yield
            return
        try:
            async with self._guard.writing_async(*given, **more):
                yield
        finally:
            while ends := [one for one in self._guard._under_way if isinstance(one, asyncio.Task)]:
                await asyncio.wait(ends)

    async def begun(self, *given: Any, **more: Any) -> contextlib.AsyncExitStack:
        """A write that ends when what this gives is closed."""
        stack = contextlib.AsyncExitStack()
        await stack.enter_async_context(self.writing(*given, **more))
        return stack


Guarded = Callable[..., Side]
