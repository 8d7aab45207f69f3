"""Live prices for callers that are no coroutines: the back office, and the command line."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from listino.domain.product import ProductId
from listino.live.answer import LiveAnswer
from listino.live.prices import AsyncLivePrices
from listino.settings import Settings

Result = TypeVar("Result")


class LivePrices:
    """Live prices for synchronous callers of any thread: AsyncLivePrices in an event loop of its own, because a
    deadline holds there whatever the connections are waiting for.

    The loop's thread begins with the first request, so a process that was made may still fork. Close it.
    """

    def __init__(self, settings: Settings) -> None:
        self._live = AsyncLivePrices(settings)
        self._beginning = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def get(self, product_id: ProductId, *, wait_ms: int) -> LiveAnswer:
        """What `AsyncLivePrices.get` promises, waited for."""
        with self._beginning:
            loop = self._loop = self._loop or self._begun()
        return _result(self._live.get(product_id, wait_ms=wait_ms), loop)

    def close(self) -> None:
        """Ends the thread; a request that is under way is given two seconds to come to its end."""
        if self._loop is None or self._thread is None:
            return
        _result(self._ended(), self._loop)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._loop = None

    def _begun(self) -> asyncio.AbstractEventLoop:
        loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=loop.run_forever, name="live prices", daemon=True)
        self._thread.start()
        _result(self._live.__aenter__(), loop)
        return loop

    async def _ended(self) -> None:
        await self._live.__aexit__()
        await asyncio.get_running_loop().shutdown_default_executor()


def _result(coroutine: Coroutine[Any, Any, Result], loop: asyncio.AbstractEventLoop) -> Result:
    return asyncio.run_coroutine_threadsafe(coroutine, loop).result()
