"""Asking for live prices.

A caller never waits longer than it said, and a Redis that is away is an answer (`no_queue`), not an error: the last
known price is still worth showing.
"""

import asyncio
import contextlib
import time
from collections import defaultdict
from dataclasses import replace
from typing import NamedTuple, NoReturn, Protocol

import structlog

from listino.domain.clock import utc_now
from listino.domain.product import ProductId
from listino.jobs import Jobs
from listino.live.answer import ON_ITS_WAY_MS, LiveAnswer, Reason, id_in
from listino.live.client import UNAVAILABLE, connect, connect_async
from listino.live.deadline import deadline
from listino.live.exchange import Exchange, Script
from listino.live.keys import ShopKeys, shop_key
from listino.live.legs import ServerClock
from listino.live.page_scripts import WRITTEN, written_among
from listino.live.scripts import ASK, CHANNEL
from listino.live.subscription import Hear, hear
from listino.live.times import BREAK_AFTER, FORGET_MS, JOB_MS, PARKED_MS, QUEUED_MS, probe_ms
from listino.settings import Settings

log = structlog.get_logger(__name__)

LOOK_SECONDS = 0.05  # to ask Redis whether there is a fresh answer, where the caller says nothing else
# To see to it that the shop is being asked, which takes Redis a few milliseconds: one that needs longer than this is as
# good as away, and whoever could wait longer is told so at once. Less than the 950 ms that a shopper waits by default.
ASK_SECONDS = 0.9
# Who asks so soon after somebody else of the process who still waits for the same product, waits with them.
JOIN_SECONDS = 0.25
MOST_KEPT = 20_000  # answers in the process
TOO_LATE_US = 1000 * (1000 - ON_ITS_WAY_MS)  # since the shop answered: the price that it asked then is no fresh one


class Watch(Protocol):
    """Whoever wants to know how live prices are asked for and heard of; it must not take long, nor raise."""

    def requested(self, product_id: ProductId, decision: str, seconds: float) -> None:
        """A request took so long to be `fresh` (there was an answer), `joined` (somebody's is in flight), `queued`, or
        `told` that the shop is not asked."""

    def heard(self, answer: LiveAnswer) -> None:
        """An answer has reached this process, in which somebody waits for it."""


class _Nobody:
    def requested(self, product_id: ProductId, decision: str, seconds: float) -> None:
        pass

    def heard(self, answer: LiveAnswer) -> None:
        pass


def _not_asked(product_id: ProductId, reason: Reason) -> LiveAnswer:
    return LiveAnswer(product_id=product_id, as_of=utc_now(), reason=reason)


def _ask_arguments(settings: Settings, product_id: str, wait_ms: int) -> tuple[list[str], list[str | int]]:
    keys = ShopKeys(shop_key(product_id))
    return (
        [*keys.queue, keys.answer(product_id)],
        [
            *(keys.shop, product_id, wait_ms, QUEUED_MS, JOB_MS),
            *(BREAK_AFTER, probe_ms(settings), FORGET_MS, PARKED_MS),
        ],
    )


class Listener(Protocol):
    """Who hears what is announced about prices, beside those who wait for one. Nothing of it may take long."""

    def watches(self, product_id: str) -> bool:
        """Whether answers for that product are of any interest; the others are not even decoded."""

    def answered(self, answer: LiveAnswer) -> None:
        """A shop has answered, or will not."""

    def written(self, lines: bytes) -> None:
        """Products were written, as `listino.live.page_scripts` says."""

    def listening(self, hears: bool) -> None:
        """From now on everything is heard that happens, or nothing."""


class _Asked(NamedTuple):
    """A request, and when it was made and until when its caller waits, both by the loop's clock."""

    at: float
    ends: float
    request: asyncio.Task[LiveAnswer | None]


class AsyncLivePrices:
    """Live prices for asynchronous callers: one subscription a process, however many wait.

    Use it in `async with`, inside the event loop that will wait.
    """

    def __init__(self, settings: Settings, listener: Listener | None = None, watch: Watch | None = None) -> None:
        self._settings = settings
        self._listener = listener
        self._watch = watch or _Nobody()
        self._clock = ServerClock()
        self._redis = connect_async(settings)
        self._exchange = Exchange(self._redis)
        self._ask = Script(self._exchange, ASK)
        # RQ enqueues synchronously; a thread does it, once for many viewers.
        self._jobs = Jobs(connect(settings))
        self._waiters: dict[ProductId, set[asyncio.Future[LiveAnswer]]] = defaultdict(set)
        self._subscribed = asyncio.Event()
        self._listening: asyncio.Task[NoReturn] | None = None
        self._requests: set[asyncio.Task[LiveAnswer | None]] = set()
        # What was heard and may still be called fresh, until a time of the loop's clock; and what those who wait asked last.
        self._kept: dict[str, tuple[float, LiveAnswer]] = {}
        self._asked: dict[ProductId, _Asked] = {}

    async def __aenter__(self) -> "AsyncLivePrices":
        channels: dict[str, Hear] = {CHANNEL: self._hand_out}
        if self._listener is not None:
            channels[WRITTEN] = self._wrote
        self._listening = asyncio.create_task(hear(self._settings, channels, self._hears), name="live answers")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._listening is not None:
            self._listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listening
        if self._requests:
            await asyncio.wait(self._requests, timeout=2)
        await self._redis.aclose()
        await asyncio.to_thread(self._jobs.connection.close)

    async def ping(self) -> None:
        """Returns when Redis answers; raises one of `listino.live.client.UNAVAILABLE`."""
        await self._exchange.ask("PING")

    async def request(self, product_id: ProductId, *, wait_ms: int = 5000) -> LiveAnswer | None:
        """Sees to it that the shop is being asked; the answer if there is a fresh one already, or if it is known that
        there will be none. Does not wait.

        Raises one of `listino.live.client.UNAVAILABLE`.
        """
        if isinstance(product_id, int):
            return _not_asked(product_id, Reason.NO_SHOP)
        keys, args = _ask_arguments(self._settings, product_id, wait_ms)
        began = time.monotonic()
        decision, now, *rest = await self._ask.run(keys, args)
        self._clock.told(now, began)
        self._watch.requested(product_id, decision.decode(), time.monotonic() - began)
        if decision == b"fresh":
            return LiveAnswer.from_json(rest[0])
        wanted, *reason = rest
        if wanted:
            await asyncio.to_thread(self._jobs.drain, shop_key(product_id))
        return _not_asked(product_id, Reason(reason[0].decode())) if decision == b"told" else None

    async def get(self, product_id: ProductId, *, wait_ms: int, look_seconds: float = LOOK_SECONDS) -> LiveAnswer:
        """The shop's price for the product now, or at the deadline the reason why it is not known.

        Even who does not wait at all is told of an answer that is there already; that may take `look_seconds`.
        """
        if isinstance(product_id, int):
            return _not_asked(product_id, Reason.NO_SHOP)
        loop = asyncio.get_running_loop()
        if (kept := self._kept.get(product_id)) is not None and kept[0] > loop.time() and self._subscribed.is_set():
            self._watch.requested(product_id, "fresh", 0.0)
            return kept[1]
        waiter: asyncio.Future[LiveAnswer] = loop.create_future()
        self._waiters[product_id].add(waiter)
        asked_at = time.monotonic()
        began = loop.time()
        ends, silent_at = began + wait_ms / 1000, began + ASK_SECONDS
        try:
            async with deadline(min(max(ends, began + look_seconds), silent_at)):
                if not self._subscribed.is_set():
                    await self.ping()  # a Redis that is away is known at once, not at the deadline
                    await self._subscribed.wait()
                answer = await asyncio.shield(self._joining(product_id, wait_ms))
        except TimeoutError:
            silent = loop.time() >= silent_at or not self._subscribed.is_set()
            return _not_asked(product_id, Reason.NO_QUEUE if silent else Reason.DEADLINE)
        except UNAVAILABLE as error:
            log.warning("live.no_queue", product_id=product_id, error=str(error))
            return _not_asked(product_id, Reason.NO_QUEUE)
        else:
            return answer or self._met(await self._heard(waiter, product_id, ends), asked_at)
        finally:
            self._waiters[product_id].discard(waiter)
            if not self._waiters[product_id]:
                del self._waiters[product_id]
                self._asked.pop(product_id, None)

    def fresh_seconds(self, answer: LiveAnswer) -> float:
        """For how long it may still be told as the shop's answer of just now."""
        return answer.fresh_ms(self._settings.live_fresh_ms) / 1000

    def _keep(self, answer: LiveAnswer) -> None:
        """For those who come while it may still be called fresh; others would have to ask Redis for it, each of them."""
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[str(answer.product_id)] = (asyncio.get_running_loop().time() + self.fresh_seconds(answer), answer)

    def _wrote(self, lines: bytes) -> None:
        """What was written since it was answered may be told no more: a decision counts from the next viewer on."""
        for name in written_among(lines, self._kept) if self._kept else ():
            del self._kept[name]
        if self._listener is not None:
            self._listener.written(lines)

    async def _heard(self, waiter: asyncio.Future[LiveAnswer], product_id: ProductId, ends: float) -> LiveAnswer:
        """What the waiter is told by that time of the loop's clock."""
        try:
            async with deadline(ends):
                return await waiter
        except TimeoutError:
            return _not_asked(product_id, Reason.DEADLINE)

    def _met(self, answer: LiveAnswer, asked_at: float) -> LiveAnswer:
        """The answer with its way as this viewer met it, who began to wait then; one that comes so late that the shop may ask
        something else by now is no price of just now any more."""
        requested, delivered = self._clock.at(asked_at), self._clock.at(time.monotonic())
        if answer.legs is None or requested is None or delivered is None:
            return answer
        if answer.fresh and answer.legs.answered is not None and delivered - answer.legs.answered > TOO_LATE_US:
            return _not_asked(answer.product_id, Reason.DEADLINE)
        return replace(answer, legs=answer.legs.met(requested=requested, delivered=delivered))

    def _joining(self, product_id: ProductId, wait_ms: int) -> asyncio.Task[LiveAnswer | None]:
        """The request of those who wait already and asked just now; else one of its own."""
        now = asyncio.get_running_loop().time()
        asked, ends = self._asked.get(product_id), now + wait_ms / 1000
        # Redis knows until when somebody waits: who waits much longer than those before has to tell it.
        if asked and now < asked.at + JOIN_SECONDS and ends < asked.ends + JOIN_SECONDS:
            self._watch.requested(product_id, "joined", 0.0)
            return asked.request
        request = self._requesting(product_id, wait_ms)
        self._asked[product_id] = _Asked(now, ends, request)
        return request

    def _requesting(self, product_id: ProductId, wait_ms: int) -> asyncio.Task[LiveAnswer | None]:
        """A request that goes on to its end when its caller's time is up.

        Cut off between the script and the queue, it would leave the shop marked as being drained while no job is; and
        a cancelled Redis command does not always let go of its caller.
        """
        task = asyncio.create_task(self.request(product_id, wait_ms=wait_ms))
        self._requests.add(task)
        task.add_done_callback(self._requested)
        return task

    def _requested(self, task: asyncio.Task[LiveAnswer | None]) -> None:
        self._requests.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, so that asyncio does not complain when nobody waits for it any more

    def _hears(self, all_that_happens: bool) -> None:
        if all_that_happens:
            self._subscribed.set()
        else:
            self._subscribed.clear()
        if self._listener is not None:
            self._listener.listening(all_that_happens)

    def _concerns(self, product_id: str) -> bool:
        """Whether anybody in this process wants to hear of the product: most answers are for others."""
        return product_id in self._waiters or (self._listener is not None and self._listener.watches(product_id))

    def _hand_out(self, text: bytes) -> None:
        product_id = id_in(text)
        if product_id is not None and not self._concerns(product_id):
            return
        try:
            answer = LiveAnswer.from_json(text)
        except (ValueError, KeyError, TypeError) as error:
            # Another release of ours may say things that this one does not know; that is no reason to stop listening.
            log.warning("live.answer_not_understood", error=repr(error))
            return
        waiting = [waiter for waiter in self._waiters.get(answer.product_id, ()) if not waiter.done()]
        for waiter in waiting:
            waiter.set_result(answer)
        if waiting and self._listener is not None:  # which has this process hear of whatever ends the answer's time
            self._keep(answer)
        if waiting and answer.legs is not None:
            self._watch.heard(replace(answer, legs=replace(answer.legs, delivered=self._clock.at(time.monotonic()))))
        if self._listener is not None:
            self._listener.answered(answer)
