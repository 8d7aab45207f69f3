"""Live prices as viewers are answered: those who ask for one product in the same moment, and wait as long, share one wait and
one answer in bytes. Ten thousand viewers of one product cost each node one look at each engine, and a few steps a head."""

import asyncio
from collections import defaultdict

import orjson

from api.answers import ReadyAnswer
from api.histories import Histories
from api.lateness import Lateness
from api.metrics import Metrics
from api.pages import price_known
from api.problems import ProductGone
from api.services import STORE_SECONDS
from listino.domain.errors import EngineUnavailable
from listino.domain.product import ProductId
from listino.live.answer import LiveAnswer, Reason
from listino.live.pages import Pages
from listino.live.prices import AsyncLivePrices
from listino.live.quote import make_quote

# What our own engines may take, in seconds, beyond the caller's time: of the 50 ms in which an answer is to follow. A history that is
# not read by then is left out.
MARGIN_SECONDS = 0.025
# The product, without which there is no answer, may take as long of whoever waits for less.
PRODUCT_SECONDS = 0.25
# Who comes so soon after the first waits with the first, and so much less than they would wait at the most; who came before, and is
# read after, half as long before.
MOMENT_SECONDS = 0.02

_HEADERS = ((b"content-type", b"application/json"), (b"cache-control", b"no-store"))


class _Wait:
    """Viewers who wait for the same since `began`, a time of the loop's clock, when the first reached the balancer; each for a future
    of their own."""

    __slots__ = ("began", "viewers")

    def __init__(self, began: float) -> None:
        self.began = began
        self.viewers: list[asyncio.Future[ReadyAnswer]] = []

    def takes(self, arrived: float) -> bool:
        """Whether who arrived then may wait with them."""
        return -MOMENT_SECONDS / 2 <= arrived - self.began <= MOMENT_SECONDS

    def present(self) -> list[asyncio.Future[ReadyAnswer]]:
        """Those who have not left."""
        return [viewer for viewer in self.viewers if not viewer.done()]

    def tell(self, told: ReadyAnswer | Exception) -> None:
        """Ends the wait of all who are there."""
        for viewer in self.present():
            if isinstance(told, Exception):
                viewer.set_exception(told)
            else:
                viewer.set_result(told)


class Quotes:
    """The live prices that one process tells. Build it inside the event loop, and close it."""

    def __init__(
        self, pages: Pages, live: AsyncLivePrices, histories: Histories, metrics: Metrics, lateness: Lateness
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._pages, self._live, self._histories, self._metrics = pages, live, histories, metrics
        self._lateness = lateness
        self._waits: defaultdict[tuple[ProductId, int], list[_Wait]] = defaultdict(list)
        self._tasks: set[asyncio.Task[None]] = set()

    async def answer(self, product_id: ProductId, wait_ms: int, arrived: float) -> ReadyAnswer:
        """The price the shop asks now, or at the deadline the last known one and the reason.

        The time is counted from when the request `arrived`, by the loop's clock. Nothing here is waited for longer than `wait_ms`,
        less by as much as the process is late at present, and MARGIN_SECONDS; but for the product's page PRODUCT_SECONDS.
        Raises ProductNotFound, ProductGone or EngineUnavailable.
        """
        key = (product_id, wait_ms)
        wait = next((one for one in self._waits[key] if one.takes(arrived)), None)
        if wait is None:
            wait = _Wait(arrived)
            self._waits[key].append(wait)
            task = self._loop.create_task(self._serve(key, wait))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        viewer: asyncio.Future[ReadyAnswer] = self._loop.create_future()
        wait.viewers.append(viewer)
        return await viewer

    async def close(self) -> None:
        """Ends all waits; who still waits gets EngineUnavailable."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        for waits in self._waits.values():  # whose tasks had not even begun
            for wait in waits:
                wait.tell(_ended())

    async def _serve(self, key: tuple[ProductId, int], wait: _Wait) -> None:
        """Tells all who wait, whatever there is to be told; who comes after that waits anew."""
        told: ReadyAnswer | Exception = _ended()
        try:
            answer, told = await self._quoted(*key, wait.began)
            self._metrics.live_answer(answer, self._loop.time() - wait.began, len(wait.present()))
        except Exception as error:
            told = error
        finally:  # cancelled, too: nobody is left waiting
            self._waits[key].remove(wait)
            if not self._waits[key]:
                del self._waits[key]
            wait.tell(told)

    async def _quoted(
        self, product_id: ProductId, wait_ms: int, began: float
    ) -> tuple[LiveAnswer, ReadyAnswer | Exception]:
        ends = began + wait_ms / 1000 - self._lateness.seconds
        now = self._loop.time()
        until = min(max(ends, now + PRODUCT_SECONDS), now + STORE_SECONDS)
        known = await price_known(self._pages, product_id, until)
        # The history is read while the shop is asked, so it costs the caller no time.
        history = self._histories.begin(product_id)
        now = self._loop.time()
        last = max(ends, now) + MARGIN_SECONDS
        wait_ms = max(0, int((ends - now) * 1000))
        answer = await self._live.get(product_id, wait_ms=wait_ms, look_seconds=last - now)
        if answer.reason is Reason.GONE:
            return answer, ProductGone(product_id)
        if answer.fresh:  # and so it is to be when it is told
            last = min(last, self._loop.time() + self._live.fresh_seconds(answer))
        quote = make_quote(known, answer, await self._histories.told(product_id, history, last))
        body = orjson.dumps(quote.fields())
        return answer, ReadyAnswer(200, (*_HEADERS, (b"content-length", b"%d" % len(body))), body)


def _ended() -> EngineUnavailable:
    return EngineUnavailable("this process ends")
