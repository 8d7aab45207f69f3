"""Asking for live prices, asynchronously (the storefront API) and synchronously (back office, command line).

Both ask the same script; they differ in how they wait. A caller never waits longer than it said, and a Redis that is
away is an answer (`no_queue`), not an error: the last known price is still worth showing.
"""

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import Iterator

import structlog
from redis import Redis
from redis.client import PubSub
from redis.exceptions import RedisError

from listino.domain.clock import utc_now
from listino.domain.product import ProductId
from listino.jobs import Jobs
from listino.live.answer import LiveAnswer, Reason
from listino.live.client import UNAVAILABLE, connect, connect_async, connect_subscriber, drain_ms, flight_ms
from listino.live.keys import ShopKeys, shop_key
from listino.live.scripts import ASK, CHANNEL
from listino.settings import Settings

log = structlog.get_logger(__name__)

LOOK_SECONDS = 0.05  # to ask Redis whether there is a fresh answer


def _not_asked(product_id: ProductId, reason: Reason) -> LiveAnswer:
    return LiveAnswer(product_id=product_id, as_of=utc_now(), reason=reason)


def _ask_arguments(settings: Settings, product_id: str, wait_ms: int) -> tuple[list[str], list[str | int]]:
    keys = ShopKeys(shop_key(product_id))
    return (
        [keys.waiting, keys.drain, keys.flight(product_id), keys.answer(product_id)],
        [product_id, wait_ms, flight_ms(settings), drain_ms(settings)],
    )


class LivePrices:
    """Live prices for synchronous callers."""

    def __init__(self, settings: Settings, redis: Redis | None = None) -> None:
        self._settings = settings
        self._redis = redis or connect(settings)
        self._ask = self._redis.register_script(ASK)
        self._jobs = Jobs(self._redis)

    def get(self, product_id: ProductId, *, wait_ms: int) -> LiveAnswer:
        """The shop's price for the product now, or at the deadline the reason why it is not known."""
        if isinstance(product_id, int):
            return _not_asked(product_id, Reason.NO_SHOP)
        try:
            with self._answers() as answers:
                outcome = self._request(product_id, wait_ms)
                return outcome or self._wait(answers, product_id, wait_ms)
        except UNAVAILABLE as error:
            log.warning("live.no_queue", product_id=product_id, error=str(error))
            return _not_asked(product_id, Reason.NO_QUEUE)

    def close(self) -> None:
        self._redis.close()

    def _request(self, product_id: str, wait_ms: int) -> LiveAnswer | None:
        keys, args = _ask_arguments(self._settings, product_id, wait_ms)
        decision, *rest = self._ask(keys=keys, args=args)
        if decision == b"fresh":
            return LiveAnswer.from_json(rest[0])
        if decision == b"queued" and rest[0]:
            self._jobs.drain(shop_key(product_id))
        return None

    @contextlib.contextmanager
    def _answers(self) -> Iterator[PubSub]:
        # Subscribed before asking, so that no answer can slip through in between.
        subscription: PubSub = self._redis.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]  # redis types it not
        try:
            subscription.subscribe(CHANNEL)
            yield subscription
        finally:
            subscription.close()

    def _wait(self, answers: PubSub, product_id: str, wait_ms: int) -> LiveAnswer:
        deadline = time.monotonic() + wait_ms / 1000
        while (left := deadline - time.monotonic()) > 0:
            message = answers.get_message(timeout=left)
            if message:
                with contextlib.suppress(ValueError, KeyError, TypeError):  # said by another release of ours
                    answer = LiveAnswer.from_json(message["data"])
                    if answer.product_id == product_id:
                        return answer
        return _not_asked(product_id, Reason.DEADLINE)


class AsyncLivePrices:
    """Live prices for asynchronous callers: one subscription a process, however many wait.

    Use it in `async with`, inside the event loop that will wait.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._redis = connect_async(settings)
        self._subscriber = connect_subscriber(settings)
        self._ask = self._redis.register_script(ASK)
        # RQ enqueues synchronously; a thread does it, once for many viewers.
        self._jobs = Jobs(connect(settings))
        self._waiters: dict[ProductId, set[asyncio.Future[LiveAnswer]]] = defaultdict(set)
        self._subscribed = asyncio.Event()
        self._listener: asyncio.Task[None] | None = None
        self._requests: set[asyncio.Task[LiveAnswer | None]] = set()

    async def __aenter__(self) -> "AsyncLivePrices":
        self._listener = asyncio.create_task(self._listen(), name="live answers")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._listener is not None:
            self._listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listener
        if self._requests:
            await asyncio.wait(self._requests, timeout=2)
        await self._redis.aclose()
        await self._subscriber.aclose()
        await asyncio.to_thread(self._jobs.connection.close)

    async def ping(self) -> None:
        """Returns when Redis answers; raises one of `listino.live.client.UNAVAILABLE`."""
        await self._redis.ping()

    async def request(self, product_id: ProductId, *, wait_ms: int = 5000) -> LiveAnswer | None:
        """Sees to it that the shop is being asked; the answer if there is a fresh one already. Does not wait.

        Raises one of `listino.live.client.UNAVAILABLE`.
        """
        if isinstance(product_id, int):
            return _not_asked(product_id, Reason.NO_SHOP)
        keys, args = _ask_arguments(self._settings, product_id, wait_ms)
        decision, *rest = await self._ask(keys=keys, args=args)
        if decision == b"fresh":
            return LiveAnswer.from_json(rest[0])
        if decision == b"queued" and rest[0]:
            await asyncio.to_thread(self._jobs.drain, shop_key(product_id))
        return None

    async def get(self, product_id: ProductId, *, wait_ms: int) -> LiveAnswer:
        """The shop's price for the product now, or at the deadline the reason why it is not known."""
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[LiveAnswer] = loop.create_future()
        self._waiters[product_id].add(waiter)
        deadline = loop.time() + wait_ms / 1000
        try:
            # Even who does not wait at all is told of an answer that is there already.
            async with asyncio.timeout_at(max(deadline, loop.time() + LOOK_SECONDS)):
                if not self._subscribed.is_set():
                    await self.ping()  # a Redis that is away is known at once, not at the deadline
                    await self._subscribed.wait()
                answer = await asyncio.shield(self._requesting(product_id, wait_ms))
            if answer is not None:
                return answer
            async with asyncio.timeout_at(deadline):
                return await waiter
        except TimeoutError:
            return _not_asked(product_id, Reason.DEADLINE if self._subscribed.is_set() else Reason.NO_QUEUE)
        except UNAVAILABLE as error:
            log.warning("live.no_queue", product_id=product_id, error=str(error))
            return _not_asked(product_id, Reason.NO_QUEUE)
        finally:
            self._waiters[product_id].discard(waiter)
            if not self._waiters[product_id]:
                del self._waiters[product_id]

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

    async def _listen(self) -> None:
        """Hands every answer to those who wait for it; after a lost connection it subscribes again."""
        while True:
            try:
                async with self._subscriber.pubsub() as subscription:
                    await subscription.subscribe(CHANNEL)
                    async for message in subscription.listen():
                        if message["type"] == "subscribe":
                            self._subscribed.set()
                        elif message["type"] == "message":
                            self._hand_out(message["data"])
            except RedisError as error:
                log.warning("live.subscription_lost", error=str(error))
            self._subscribed.clear()
            await asyncio.sleep(0.5)

    def _hand_out(self, text: bytes) -> None:
        try:
            answer = LiveAnswer.from_json(text)
        except (ValueError, KeyError, TypeError) as error:
            # Another release of ours may say things that this one does not know; that is no reason to stop listening.
            log.warning("live.answer_not_understood", error=repr(error))
            return
        for waiter in self._waiters.get(answer.product_id, ()):
            if not waiter.done():
                waiter.set_result(answer)
