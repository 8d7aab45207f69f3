"""Event streams: how many there may be, what keeps them up to date, and when they end."""

import asyncio
import contextlib
import signal
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import Any

import structlog

from api.files import allow_files
from api.limits import Clients
from api.metrics import Metrics
from api.problems import TooManyStreams
from api.refresh import Refresher
from api.services import reading
from listino.domain.errors import EngineUnavailable, ProductNotFound
from listino.domain.history import PricePoint
from listino.domain.product import ProductId
from listino.live.answer import LiveAnswer
from listino.live.client import UNAVAILABLE
from listino.live.prices import AsyncLivePrices
from listino.live.quote import Quote, last_known, make_quote
from listino.live.watching import Watching, stored_answer
from listino.settings import Settings
from listino.store.aio import AsyncProducts

log = structlog.get_logger(__name__)

# Shops are asked again for what is watched at most so often by one process, however much that is; whoever opens a page is
# served before.
MOST_ASKED = 50  # products a second
WATCHER_MS = 30_000  # how long they may wait for their turn
LOOK_SECONDS = 1.0
PING_LOOKS = 5  # every fifth look also asks whether Redis answers: a subscription to one that hangs is merely silent
PING_SECONDS = 2.0
OTHER_FILES = 512  # that a process may have open beside its streams
# With which servers are told to stop. They would wait for the streams to end by themselves.
_STOPPING = (signal.SIGTERM, signal.SIGINT)


def watching(settings: Settings, products: AsyncProducts) -> Watching:
    """What is watched in this process, looked up in the store."""

    async def points_of(product_id: ProductId) -> Sequence[PricePoint] | None:
        try:
            async with reading():
                return await products.history(product_id)
        except EngineUnavailable as error:
            log.warning("api.no_history", product_id=product_id, error=str(error))
            return None

    async def look(product_id: ProductId, answer: LiveAnswer | None) -> Quote | None:
        async with reading():
            product = await products.get(product_id)
        if product.gone_at is not None or product.stop is not None:
            return None
        if product.awaits_price:
            raise ProductNotFound(f"no product {product_id}")
        return make_quote(
            last_known(product), answer or stored_answer(product, settings.live_fresh_ms), await points_of(product_id)
        )

    return Watching(look, fresh_ms=settings.live_fresh_ms, ask_seconds=settings.stream_refresh_seconds)


class Streams:
    """The event streams of one process. Use it in `async with`."""

    def __init__(
        self, settings: Settings, watching: Watching, live: AsyncLivePrices, refresher: Refresher, metrics: Metrics
    ) -> None:
        self.watching = watching
        self.seconds = settings.stream_seconds
        self.ended = False  # no stream goes on, because the process is told to stop
        self._most, self._most_of_client = settings.streams, settings.client_streams
        self._live, self._refresher, self._metrics = live, refresher, metrics
        self._clients = Clients(settings.trusted_proxies)
        self._open: Counter[str] = Counter()
        self._handlers: dict[signal.Signals, Any] = {}

    async def __aenter__(self) -> "Streams":
        allow_files(self._most + OTHER_FILES)
        self._keeping = asyncio.create_task(self._keep(), name="event streams")
        self._heed_signals()
        return self

    async def __aexit__(self, *_: object) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self.end()
        self._keeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._keeping
        self.watching.close()

    def end(self) -> None:
        """Ends all streams now; their clients come again, to another node."""
        self.ended = True
        self.watching.wake_all()

    def ask(self, product_id: ProductId) -> None:
        """Has the shop asked for a product that somebody begins to watch."""
        self._refresher.ask(product_id)

    @contextlib.contextmanager
    def place(self, scope: Any) -> Iterator[None]:
        """One more stream of whoever asks; raises TooManyStreams."""
        client = self._clients.of(scope)
        if self.ended or self._open.total() >= self._most:
            raise TooManyStreams(client=False)
        if self._most_of_client and self._open[client] >= self._most_of_client:
            raise TooManyStreams(client=True)
        self._open[client] += 1
        self._metrics.streams.inc()
        try:
            yield
        finally:
            self._open[client] -= 1
            if not self._open[client]:
                del self._open[client]
            self._metrics.streams.dec()

    async def _keep(self) -> None:
        """Has shops asked again for what is watched, and sees whether Redis is there to announce anything."""
        now, silent, looks = asyncio.get_running_loop().time, False, 0
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for product_id in self.watching.to_ask(now(), MOST_ASKED):
                self._refresher.ask(product_id, wait_ms=WATCHER_MS)
            looks += 1
            if looks % PING_LOOKS and not silent:
                continue
            was_silent, silent = silent, not await self._answers()
            if silent or was_silent:
                self.watching.listening(not silent)

    async def _answers(self) -> bool:
        try:
            async with asyncio.timeout(PING_SECONDS):
                await self._live.ping()
        except (TimeoutError, *UNAVAILABLE):
            return False
        return True

    def _heed_signals(self) -> None:
        """Ends the streams before the server waits for them; what it does itself about the signal comes next."""
        if threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()
        for number in _STOPPING:
            then = signal.getsignal(number)
            if not callable(then):
                continue

            def stop(got: int, frame: FrameType | None, then: Any = then) -> None:
                loop.call_soon_threadsafe(self.end)
                then(got, frame)

            self._handlers[number] = signal.signal(number, stop)
