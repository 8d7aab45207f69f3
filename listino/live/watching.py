"""Watching prices: what there is to see of products, kept up to date once a process for however many watch.

Whatever is announced about a product that somebody watches (an answer of its shop, or a write of anybody's) has it looked at
again, in one question to the store for all of its watchers. A watcher is told the latest there is when it comes to read, and
nothing in between: so one who is slow holds a reference, and no queue.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import orjson
import structlog

from listino.domain.clock import utc_now
from listino.domain.errors import ProductNotFound
from listino.domain.product import Product, ProductId
from listino.live.answer import LiveAnswer, Reason
from listino.live.page_scripts import written_among
from listino.live.quote import Quote

log = structlog.get_logger(__name__)

# The quote of a product as the store has it and, where it is given, the shop has just answered; None where it is gone.
# Raises ProductNotFound, or why the store cannot be asked.
Look = Callable[[ProductId, LiveAnswer | None], Awaitable[Quote | None]]

MOST_LOOKS = 8  # questions to the store under way at once
AGAIN_SECONDS = 1.0  # after one that failed
GONE = "gone"
FRESH = "fresh"
MOST_PATIENCE = 5  # a shop that does not answer is asked again after twice the time, up to 2^5 times


class Sight:
    """What there is to see of a product at a moment: its quote, or that it is gone. `event` is that as a server-sent event.

    The event's id tells what a client has seen that names it: price, currency, availability, and the reason why it is not
    fresh. It means the same on every node.
    """

    __slots__ = ("event", "mark", "quote")

    def __init__(self, product_id: ProductId, quote: Quote | None) -> None:
        self.quote = quote
        self.mark, name, fields = GONE, GONE, {"product_id": product_id}
        if quote is not None:
            name, fields = "price", quote.fields()
            self.mark = ":".join(
                str(part) for part in (fields["price"], fields["currency"], fields["availability"], _reason(quote))
            )
        self.event = b"event: %b\nid: %b\ndata: %b\n\n" % (name.encode(), self.mark.encode(), orjson.dumps(fields))

    def is_news(self, seen: str | None) -> bool:
        """Whether it tells something to who has seen that mark last.

        That a price is not known to be fresh any more is none, but after word that nobody could be asked.
        """
        if seen is None or self.quote is None:
            return seen != self.mark
        shown, _, reason = seen.rpartition(":")
        if shown != self.mark.rpartition(":")[0]:
            return True
        now = _reason(self.quote)
        return now != reason and (now != Reason.DEADLINE or reason == Reason.NO_QUEUE)


def _reason(quote: Quote) -> str:
    return quote.reason.value if quote.reason else FRESH


class Watch:
    """One who watches a product. `seen`: the mark of what was told last, if anything was."""

    __slots__ = ("_waiter", "_watched", "seen")

    def __init__(self, watched: "_Watched", seen: str | None) -> None:
        self._watched = watched
        self._waiter: asyncio.Future[None] | None = None
        self.seen = seen

    @property
    def is_gone(self) -> bool:
        """Whether the product is."""
        return self._watched.sight is not None and self._watched.sight.quote is None

    def has_news(self) -> bool:
        """Whether there is something that was not told yet."""
        sight = self._watched.sight
        return sight is not None and sight.is_news(self.seen)

    def news(self) -> Sight | None:
        """The latest that there is, if it was not told yet; from now on it was."""
        if not self.has_news():
            return None
        sight = self._watched.sight
        self.seen = sight.mark if sight else None
        return sight

    def wake(self) -> None:
        """Ends the waiting, if there is any."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def woken(self, seconds: float) -> None:
        """Returns when there may be news, or after that time."""
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        alarm = loop.call_later(seconds, self.wake)
        try:
            await self._waiter
        finally:
            alarm.cancel()
            self._waiter = None


class _Watched:
    """A product that somebody watches."""

    __slots__ = ("answer", "ask_at", "dirty", "failures", "look", "product_id", "sight", "watches")

    def __init__(self, product_id: ProductId) -> None:
        self.product_id = product_id
        self.sight: Sight | None = None
        self.watches: set[Watch] = set()
        self.dirty = True  # it was written since it was looked at
        self.answer: LiveAnswer | None = None  # its shop's, since then
        self.look: asyncio.Task[None] | None = None
        self.ask_at = 0.0  # when its shop is to be asked again, by the loop's clock
        self.failures = 0  # of the shop to answer, in a row

    @property
    def quote(self) -> Quote | None:
        """The one that is seen, if there is any."""
        return self.sight.quote if self.sight else None

    def confirmed(self) -> bool:
        """Whether all that has happened is an answer that leaves price and availability as they are; it is shown then."""
        answer, quote = self.answer, self.quote
        if self.dirty or answer is None or quote is None or not _says_the_same(answer, quote):
            return False
        self.answer = None
        self.show(replace(quote, as_of=answer.as_of if answer.fresh else quote.as_of, reason=answer.reason))
        return True

    def show(self, quote: Quote | None) -> None:
        before = self.sight
        self.sight = Sight(self.product_id, quote)
        if before is None or before.mark != self.sight.mark:
            for watch in self.watches:
                watch.wake()


class Watching:
    """All that is watched in one process; what is announced is told to it (`listino.live.prices.Listener`).

    `fresh_ms`: how old a price asked of the shop may be and still be called fresh. `ask_seconds`: how long after its last
    answer a shop is to be asked again for what is watched; 0: never.
    """

    def __init__(self, look: Look, *, fresh_ms: int, ask_seconds: float) -> None:
        self._look = look
        self._fresh = timedelta(milliseconds=fresh_ms)
        self._ask_seconds = ask_seconds
        self._products: dict[str, _Watched] = {}
        self._turns = asyncio.Semaphore(MOST_LOOKS)
        self._hears = True  # until told otherwise; what was missed before is looked at when it is true

    async def watch(self, product_id: ProductId, *, seen: str | None = None) -> Watch:
        """Begins to watch a product; there is something to see when this returns. End it with `leave`.

        Raises ProductNotFound, or why the store cannot be asked.
        """
        watched = self._products.get(str(product_id))
        if watched is None:
            watched = self._products[str(product_id)] = _Watched(product_id)
            watched.ask_at = self._next_time(watched)
        watch = Watch(watched, seen)
        watched.watches.add(watch)
        try:
            if watched.sight is None:
                await asyncio.shield(self._looking(watched))
        except BaseException:
            self.leave(watch)
            raise
        self._age(watched)
        return watch

    def leave(self, watch: Watch) -> None:
        """Ends it."""
        watched = watch._watched
        watched.watches.discard(watch)
        if not watched.watches and self._products.get(str(watched.product_id)) is watched:
            del self._products[str(watched.product_id)]

    def wake_all(self) -> None:
        """Has everybody who watches look up."""
        for watched in self._products.values():
            for watch in watched.watches:
                watch.wake()

    def close(self) -> None:
        """Looks at nothing any more."""
        for watched in self._products.values():
            if watched.look is not None:
                watched.look.cancel()

    def to_ask(self, now: float, most: int) -> Iterator[ProductId]:
        """At most so many products whose shop is to be asked again; they are asked for, and it is not their turn then."""
        due = (watched for watched in self._products.values() if watched.ask_at <= now) if self._ask_seconds else ()
        for watched, _ in zip(due, range(most), strict=False):
            watched.ask_at = self._next_time(watched)
            yield watched.product_id

    def watches(self, product_id: str) -> bool:
        return product_id in self._products

    def answered(self, answer: LiveAnswer) -> None:
        watched = self._products.get(str(answer.product_id))
        if watched is None:
            return
        watched.failures = 0 if answer.fresh or answer.reason is Reason.HELD else watched.failures + 1
        watched.ask_at = self._next_time(watched)
        watched.answer = answer
        if not watched.confirmed():
            self._looking(watched)

    def written(self, lines: bytes) -> None:
        if not self._products:
            return
        for name in written_among(lines, self._products):
            self._written(self._products[name])

    def listening(self, hears: bool) -> None:
        if hears is self._hears and not hears:
            return
        self._hears = hears
        for watched in self._products.values():
            if hears:
                watched.ask_at = 0.0
                self._written(watched)
            elif (quote := watched.quote) and quote.reason is not Reason.NO_SHOP:
                watched.show(replace(quote, reason=Reason.NO_QUEUE))

    def _written(self, watched: _Watched) -> None:
        """What is in the store by now is later than an answer before it."""
        watched.dirty, watched.answer = True, None
        self._looking(watched)

    def _looking(self, watched: _Watched) -> asyncio.Task[None]:
        if watched.look is None or watched.look.done():
            watched.look = asyncio.create_task(self._look_up(watched))
            watched.look.add_done_callback(
                lambda task: task.cancelled() or task.exception()
            )  # some wait for it, or none
        return watched.look

    async def _look_up(self, watched: _Watched) -> None:
        """Until nothing has happened since; raises only where nothing is known of the product yet."""
        while (watched.dirty or watched.answer) and watched.watches:
            if watched.confirmed():
                continue
            answer, watched.answer, watched.dirty = watched.answer, None, False
            try:
                async with self._turns:
                    quote = await self._look(watched.product_id, answer)
            except Exception as error:
                if isinstance(error, ProductNotFound) and watched.sight is not None:
                    watched.show(None)
                    continue
                watched.dirty, watched.answer = True, watched.answer or answer
                if watched.sight is None:
                    raise
                log.warning("live.not_looked_up", product_id=watched.product_id, error=repr(error))
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            if quote is not None and not self._hears and quote.reason is not Reason.NO_SHOP:
                quote = replace(quote, reason=Reason.NO_QUEUE)
            watched.show(quote)

    def _age(self, watched: _Watched) -> None:
        """Nothing is called fresh to a newcomer that has become old meanwhile; those who watch know it already."""
        quote = watched.quote
        if quote and quote.reason is None and not is_recent(quote.as_of, self._fresh):
            watched.sight = Sight(watched.product_id, replace(quote, reason=Reason.DEADLINE))

    def _next_time(self, watched: _Watched) -> float:
        """A little apart in each process: who is first asks for all, because everybody hears the answer."""
        seconds = self._ask_seconds * 2 ** min(watched.failures, MOST_PATIENCE) * random.uniform(1, 1.2)  # noqa: S311
        return asyncio.get_running_loop().time() + seconds


def stored_answer(product: Product, fresh_ms: int) -> LiveAnswer:
    """What is known of the shop without asking it: fresh where it said so just now, whoever asked."""
    offer, price = product.offer, product.price
    if isinstance(product.id, int) or offer is None:
        return LiveAnswer(product_id=product.id, as_of=utc_now(), reason=Reason.NO_SHOP)
    if product.held is not None:
        return LiveAnswer(product_id=product.id, as_of=offer.checked_at, reason=Reason.HELD)
    if price is None or not is_recent(offer.checked_at, timedelta(milliseconds=fresh_ms)):
        return LiveAnswer(product_id=product.id, as_of=offer.checked_at, reason=Reason.DEADLINE)
    return LiveAnswer(
        product_id=product.id, as_of=offer.checked_at, price=price.amount, availability=offer.availability
    )


def is_recent(at: datetime | None, age: timedelta) -> bool:
    """Whether it is not longer ago; the clocks of machines differ, so neither is it far ahead."""
    return at is not None and abs(utc_now() - at) <= age


def _says_the_same(answer: LiveAnswer, quote: Quote) -> bool:
    """Whether the answer leaves price and availability as they are."""
    if answer.fresh:
        return (answer.price, answer.availability) == (quote.price, quote.availability)
    return answer.reason is not Reason.GONE and answer.availability in (None, quote.availability)
