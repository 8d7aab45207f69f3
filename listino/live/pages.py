"""The reader's side of rendered pages: from the process's memory, from Redis, or loaded and rendered anew.

What one process wants at a moment goes to Redis in one step, and what is missing there is loaded from the store in one
question; while either is under way, others gather for the next. Every page bears a stamp, which is its layout, the run of
the server that keeps it and the generation (page_scripts.py): after a restart, which may have brought back what was dropped
in the second before, and after writes that could not be announced, pages of before do not count; nor do those of a process
of another version, which may run beside this one.
"""

import asyncio
import itertools
import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import structlog
from redis.exceptions import RedisError

from listino.domain.product import ProductId
from listino.live.held_pages import HeldPages, Moment, Reading
from listino.live.page import Page, decoded
from listino.live.page_scripts import GENERATION, KEPT_MS, page_key, product_keys
from listino.live.page_server import PageServer
from listino.settings import Settings

log = structlog.get_logger(__name__)

WAIT_SECONDS = 2.5  # how long a shopper waits for a page at most, as for everything else of the store
MOST_AT_ONCE = 128  # products in one step or question
# Questions to the store under way at once. One would do, were it not that a shard that hangs must not keep the others.
MOST_LOADS = 4
HASTE_SECONDS = 0.02  # a question that takes longer is not waited for by those that gather meanwhile
# How long a page that another process loads is waited for: as long as a primary may need. It gives its lease back whatever
# comes of it, so only one that died is waited for in vain.
FOREIGN_SECONDS = 0.5
LOOK_SECONDS = 0.008  # between two looks at first; then a quarter of the time waited


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the store holds of the products asked for. `settled`: it is the last word, so it may be kept; else it is told to
    those who wait, and to nobody after. `silent`: why nothing is known of some."""

    pages: Mapping[ProductId, Page]
    settled: bool = True
    silent: Mapping[ProductId, Exception] = field(default_factory=dict)


Load = Callable[[Sequence[ProductId]], Awaitable[Loaded]]


@dataclass(slots=True)
class _Wish:
    """A product that somebody waits for; `since`: when, by the loop's clock; `missed`: it was in no cache. Each waits for a
    future of their own, so that one who gives up takes nobody else along."""

    product_id: ProductId
    since: float
    missed: bool = False
    readers: list[asyncio.Future[Reading]] = field(default_factory=list)


class Pages:
    """The pages of products for one process. Use it in `async with`, inside the event loop that reads.

    `layout`: counts the forms of page that `load` has given; processes share pages of one layout.
    `shown`: how many parts of a page its readers get, and are held in the process; None for all. The rest Redis keeps for others.
    """

    def __init__(
        self,
        settings: Settings,
        load: Load,
        *,
        layout: int,
        shown: int | None = None,
        foreign_seconds: float = FOREIGN_SECONDS,
    ) -> None:
        self.server = PageServer(settings, layout)
        self._load = load
        self._shown = shown
        self._foreign_seconds = foreign_seconds
        self._held = HeldPages()
        self._wishes: dict[ProductId, _Wish] = {}
        self._wanted: list[_Wish] = []
        self._missed: list[_Wish] = []
        # What was missed, in that order, and until when it is waited for; some of it was granted since.
        self._due: deque[tuple[float, _Wish]] = deque()
        self._alarm: asyncio.TimerHandle | None = None
        self._process = secrets.token_hex(8)
        self._tokens = itertools.count()  # one for each question: a late answer to another must not pass for its own
        self._looking = False
        self._loads = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Pages":
        self._loop = asyncio.get_running_loop()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=1)
        for task in self._tasks:
            task.cancel()
        for _round in range(2):  # those that are cancelled, and the leases that they give back
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=1)
        await self.server.close()

    def at_hand(self, product_id: ProductId) -> Reading | None:
        """The page in the process's memory, if it may still be shown."""
        return self._held.get(product_id, self._loop.time())

    async def get(self, product_id: ProductId) -> Reading:
        """The page, as it was in this second; raises what `load` raises, and TimeoutError after WAIT_SECONDS."""
        reading = self.at_hand(product_id)
        return reading if reading is not None else await self._wish(product_id)

    async def get_many(self, product_ids: Sequence[ProductId]) -> list[Reading]:
        """As `get`, in the same order."""
        readings = [self.at_hand(product_id) or self._wish(product_id) for product_id in product_ids]
        wished = [one for one in readings if not isinstance(one, Reading)]
        # All at once: where one fails, what becomes of the others is noticed as well.
        told = iter(await asyncio.gather(*wished) if wished else ())
        return [one if isinstance(one, Reading) else next(told) for one in readings]

    def _wish(self, product_id: ProductId) -> asyncio.Future[Reading]:
        wish = self._wishes.get(product_id)
        if wish is None:
            wish = _Wish(product_id, self._loop.time())
            self._wishes[product_id] = wish
            self._want(wish)
        reader: asyncio.Future[Reading] = self._loop.create_future()
        wish.readers.append(reader)
        return reader

    def _want(self, wish: _Wish) -> None:
        """Has it looked for in Redis, with whatever else is wanted in the same turn of the loop."""
        self._wanted.append(wish)
        if not self._looking:
            self._looking = True
            self._begin(self._look())

    def _begin(self, work: Any) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _look(self) -> None:
        """Looks in Redis for what is wanted, until nothing is."""
        try:
            while self._wanted:
                some, self._wanted = self._wanted[:MOST_AT_ONCE], self._wanted[MOST_AT_ONCE:]
                try:
                    await self._look_for(some)
                except Exception as error:  # whatever it is, those who wait are told of it
                    self._refuse_all(some, error)
        finally:
            self._looking = False

    async def _look_for(self, some: list[_Wish]) -> None:
        began = Moment()
        try:
            generation, *found = await self.server.read([GENERATION, *(page_key(wish.product_id) for wish in some)])
        except RedisError:
            generation, found = None, [None] * len(some)
        stamp = self.server.stamp(generation)
        missed = []
        for wish, text in zip(some, found, strict=True):
            page = decoded(text, stamp) if text else None
            if page is None:
                missed.append(wish)
            else:
                self._grant(wish, began.reading(page))
        if missed:
            ends = self._loop.time() + WAIT_SECONDS
            for wish in missed:
                if not wish.missed:
                    wish.missed = True
                    self._due.append((ends, wish))
            if self._alarm is None:
                self._give_up()
            self._missed += missed
            self._load_missed()

    def _give_up(self) -> None:
        """Refuses those whose time is up. One alarm is for all: one for each would wake the process once more for whatever is
        loaded, and to wake up takes longer than to load."""
        now = self._loop.time()
        while self._due and (self._due[0][0] <= now or not self._due[0][1].readers):
            self._refuse(self._due.popleft()[1], TimeoutError(f"not loaded in {WAIT_SECONDS} s"))
        self._alarm = self._loop.call_at(self._due[0][0], self._give_up) if self._due else None

    def _load_missed(self) -> None:
        if self._loads < MOST_LOADS:
            if self._loads == 0:
                self._begin(self._load_some())
            else:
                self._loop.call_later(HASTE_SECONDS, self._hasten)

    def _hasten(self) -> None:
        if self._missed and self._loads < MOST_LOADS:
            self._begin(self._load_some())

    async def _load_some(self) -> None:
        """Loads what was missed, until nothing is; keeps what nobody writes or loads meanwhile."""
        self._loads += 1
        try:
            while self._missed:
                some, self._missed = self._missed[:MOST_AT_ONCE], self._missed[MOST_AT_ONCE:]
                try:
                    await self._load_these(some)
                except Exception as error:
                    self._refuse_all(some, error)
        finally:
            self._loads -= 1

    async def _load_these(self, some: list[_Wish]) -> None:
        ids = [wish.product_id for wish in some]
        token = f":{next(self._tokens)}"
        began = Moment()
        generation, told = await self._taken(ids, token)
        stamp = self.server.stamp(generation)
        wanted: list[_Wish] = []
        leases: dict[ProductId, Page | None] = {}
        for wish, answer in zip(some, told, strict=True):
            page = decoded(answer, stamp) if isinstance(answer, bytes) else None
            if page is not None:
                self._grant(wish, began.reading(page))
            elif answer == 0 and (waited := self._loop.time() - wish.since) < self._foreign_seconds:
                self._loop.call_later(max(LOOK_SECONDS, waited / 4), self._want, wish)
            else:
                wanted.append(wish)
                if answer == 1:
                    leases[wish.product_id] = None
        if not wanted:
            return
        try:
            began = Moment()
            loaded = await self._load([wish.product_id for wish in wanted])
            for wish in wanted:
                page = loaded.pages.get(wish.product_id)
                if error := loaded.silent.get(wish.product_id):
                    self._refuse(wish, error)
                else:
                    self._grant(wish, began.reading(page) if loaded.settled else Reading(page))
            if loaded.settled:
                leases = {product_id: loaded.pages.get(product_id) for product_id in leases}
        finally:
            if leases:
                self._begin(self._fill(leases, token, generation, stamp.decode()))

    async def _taken(self, ids: list[ProductId], token: str) -> tuple[bytes | None, Sequence[bytes | int]]:
        """The generation, and what TAKE tells of each; all are to be loaded and not kept where Redis cannot say."""
        try:
            generation, told = await self.server.take(product_keys(ids), self._process, token)
        except RedisError:
            return None, [-1] * len(ids)
        return generation, told

    async def _fill(
        self, leases: Mapping[ProductId, Page | None], token: str, generation: bytes | None, stamp: str
    ) -> None:
        """Gives the leases back, with the pages that may be kept; under the stamp of the moment when they were taken, so
        another run of the server does not count them."""
        keys = [key for one in leases for key in product_keys([one])[:3]]
        texts: list[int | bytes] = []
        for page in leases.values():
            text = page.encoded(stamp) if page else b""
            texts += (page.head_bytes(text) if page else 0, text)
        try:
            await self.server.fill([GENERATION, *keys], [self._process + token, generation or b"", KEPT_MS, *texts])
        except RedisError as error:
            log.info("pages.not_kept", products=len(leases), error=str(error))

    def _grant(self, wish: _Wish, reading: Reading) -> None:
        if self._shown is not None and reading.page is not None:
            reading = replace(reading, page=reading.page.first(self._shown))
        if reading.until:
            self._held.put(wish.product_id, reading)
        for reader in self._waiting_for(wish):
            reader.set_result(reading)

    def _refuse(self, wish: _Wish, error: Exception) -> None:
        for reader in self._waiting_for(wish):
            reader.set_exception(error)

    def _waiting_for(self, wish: _Wish) -> list[asyncio.Future[Reading]]:
        """Those who still wait for the wish, which ends hereby."""
        if self._wishes.get(wish.product_id) is wish:
            del self._wishes[wish.product_id]
        readers, wish.readers = wish.readers, []
        return [reader for reader in readers if not reader.done()]

    def _refuse_all(self, wishes: list[_Wish], error: Exception) -> None:
        for wish in wishes:
            self._refuse(wish, error)
