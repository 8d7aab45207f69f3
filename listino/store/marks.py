"""Page numbers that cost what the first page costs: every so many products of a list the id is kept, as a mark.

A page is then read from the nearest mark on, which is less than a stride before it. Marks are looked for when a page
beyond the last of them is asked for, in the background and only that far, by reading the ids of the list from its index.
"""

import asyncio
import contextvars
import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

from listino.domain.errors import ListBeingPrepared
from listino.domain.product import ProductId
from listino.store.query import ProductQuery

STRIDE = 50  # products from one mark to the next, to begin with: every shard reads that many in vain at most
BATCH = 5_000  # ids that are read at a time
PATIENCE_SECONDS = 2.0  # how long a page waits for its mark, of the 2.5 that an endpoint waits for the store
FRESH_SECONDS = 30.0  # marks that are older are looked for anew, while the old ones serve
CHANGED_SECONDS = 3.0  # the same for marks of which is known that the list has changed since
RESTS = 20  # times as long as the last look took nobody looks again: a list of millions is not read all the time
MOST_LISTS = 32
MOST_MARKS = 200_000  # in all lists together, 15 MB or so; a list that alone has more, of ten million products, gets a longer stride
LOOKING_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page is read: so many products behind the query's `after`. `exact`: as the list is now, not as it was."""

    query: ProductQuery
    skip: int
    exact: bool = True


# At most so many ids of the list, in its order, from behind the query's `after` on.
Read = Callable[[ProductQuery, int], Awaitable[Sequence[ProductId]]]


@dataclass(slots=True)
class _Marked:
    """What is known of a list. marks[i] is the id of its product number (i + 1) · stride, counted from 1."""

    wanted: int  # products, up to which marks are looked for
    stride: int = field(default_factory=lambda: STRIDE)
    marks: list[ProductId] = field(default_factory=list)
    read: int = 0  # products that were passed so far
    last: ProductId | None = None
    ended: bool = False
    begun_at: float = field(default_factory=time.monotonic)
    made_at: float = -math.inf  # when the last look ended, on the clock of time.monotonic
    seconds: float = 0.0  # how long all of it took
    looking: asyncio.Task[None] | None = None
    renewing: asyncio.Task[None] | None = None
    grew: asyncio.Event = field(default_factory=asyncio.Event)

    def reaches(self, skip: int) -> bool:
        return self.ended or self.read >= skip

    def add(self, ids: Sequence[ProductId], asked: int) -> None:
        """Notes what the list goes on with; fewer than were asked for end it."""
        first = self.stride - 1 - self.read % self.stride
        self.marks += ids[first :: self.stride]
        self.read += len(ids)
        self.last = ids[-1] if ids else self.last
        self.ended = len(ids) < asked
        if len(self.marks) > MOST_MARKS:
            self.marks = self.marks[1::2]
            self.stride *= 2


class Marks:
    """The marks of the lists that were asked for last, of one process. For one event loop."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._lists: OrderedDict[ProductQuery, _Marked] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._turns = asyncio.Semaphore(LOOKING_AT_ONCE)

    async def seek(self, query: ProductQuery, skip: int, since: float | None = None) -> Place | None:
        """Where the list goes on after its first `skip` products; None where it is not that long.

        `query` is one in the order of ids, without `after`. `since`: when the list last changed, on the clock of
        time.monotonic; marks that were begun later are good as long as that is so. None: nobody knows. Raises
        ListBeingPrepared when that cannot be said in PATIENCE_SECONDS; the look goes on, and the next to ask finds it
        further. What goes wrong with the store in the background is raised here.
        """
        kept = self._kept(query, skip)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not kept.reaches(skip):
                    await self._look_further(query, kept)
        except TimeoutError:
            raise ListBeingPrepared("the list is being prepared so far in: ask again in a moment") from None
        exact = since is not None and kept.begun_at > since
        if not exact:
            self._renew_when_old(query, kept, FRESH_SECONDS if since is None else CHANGED_SECONDS)
        if kept.ended and skip >= kept.read + kept.stride:  # it may have grown a little since
            return None
        passed = min(skip // kept.stride, len(kept.marks))
        after = kept.marks[passed - 1] if passed else None
        return Place(replace(query, after=after), skip - passed * kept.stride, exact)

    def close(self) -> None:
        """Ends what goes on in the background."""
        for task in self._tasks:
            task.cancel()

    def _kept(self, query: ProductQuery, skip: int) -> _Marked:
        kept = self._lists.setdefault(query, _Marked(wanted=skip))
        self._lists.move_to_end(query)
        kept.wanted = max(kept.wanted, skip)
        while len(self._lists) > 1 and self._too_many():
            self._lists.popitem(last=False)
        return kept

    def _too_many(self) -> bool:
        return len(self._lists) > MOST_LISTS or sum(len(one.marks) for one in self._lists.values()) > MOST_MARKS

    async def _look_further(self, query: ProductQuery, kept: _Marked) -> None:
        """Returns when something more of the list is known; raises what went wrong."""
        if kept.looking is None or kept.looking.done():
            kept.looking = self._start(self._look(query, kept))
        looking, grew = kept.looking, kept.grew
        grown = asyncio.ensure_future(grew.wait())
        try:
            await asyncio.wait({looking, grown}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            grown.cancel()
        if looking.done() and not looking.cancelled() and (error := looking.exception()) is not None:
            raise error

    async def _look(self, query: ProductQuery, kept: _Marked) -> None:
        while not kept.reaches(kept.wanted):
            async with self._turns:
                began = time.monotonic()
                ids = await self._read(replace(query, after=kept.last), BATCH)
                kept.seconds += time.monotonic() - began
            kept.add(ids, BATCH)
            kept.made_at = time.monotonic()
            kept.grew.set()
            kept.grew = asyncio.Event()

    def _renew_when_old(self, query: ProductQuery, kept: _Marked, old: float) -> None:
        """Begins the list's marks anew when they are old; until they reach as far as these, these stay."""
        idle = all(task is None or task.done() for task in (kept.looking, kept.renewing))
        if idle and time.monotonic() - kept.made_at > max(old, RESTS * kept.seconds):
            kept.renewing = self._start(self._renew(query, kept))

    async def _renew(self, query: ProductQuery, kept: _Marked) -> None:
        fresh = _Marked(wanted=kept.wanted)
        try:
            await self._look(query, fresh)
        finally:
            kept.made_at = time.monotonic()  # after a failure, too, nobody tries again at once
        if self._lists.get(query) is kept:
            fresh.wanted = max(fresh.wanted, kept.wanted)
            self._lists[query] = fresh

    def _start(self, work: Awaitable[None]) -> asyncio.Task[None]:
        # In a context of its own: the time limit of whoever asks is not the work's.
        task = asyncio.get_running_loop().create_task(_awaited(work), context=contextvars.Context())
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # it was raised to whoever waited; where nobody did, the old marks go on serving


async def _awaited(work: Awaitable[None]) -> None:
    await work
