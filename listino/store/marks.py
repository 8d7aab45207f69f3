"""Page numbers that cost what the first page costs: every so many products of a list the id is kept, as a mark.

A page is then read from the nearest mark on, which is less than a stride before it. Marks are looked for when a page
beyond the last of them is asked for, in the background and only that far, by reading the ids of the list from its index.
"""

import asyncio
import contextvars
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

from listino.domain.errors import ListBeingPrepared
from listino.domain.product import ProductId
from listino.store.query import ProductQuery

STRIDE = 50  # products from one mark to the next, to begin with: every shard reads that many in vain at most
BATCH = 5_000  # ids that are read at a time
REACH = 250_000  # products that one request has looked through at most: who asks for page 999,999,999 has no more read
PATIENCE_SECONDS = 2.0  # how long a page waits for its mark, of the 2.5 that an endpoint waits for the store
FRESH_SECONDS = 30.0  # marks that are older are looked for anew, while the old ones serve
CHANGED_SECONDS = 3.0  # the same for marks of which is known that the list has changed since
END_SECONDS = 1.0  # where a list ended so long ago it may go on by now: who asks for what lies there has it looked up
RESTS = 20  # times as long as the last look took nobody looks again: a list of millions is not read all the time
MOST_LISTS = 32
MOST_MARKS = 200_000  # in all lists together, 15 MB or so
MOST_MARKS_OF_ONE = 100_000  # a list that has more, of five million products, gets a longer stride
MOST_LOOKS = 8  # further requests wait for their turn to begin one
READING_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page is read: so many products behind the query's `after`. `exact`: as the list is now, not as it was."""

    query: ProductQuery
    skip: int
    exact: bool = True


# At most so many ids of the list, in its order, from behind the query's `after` on.
Read = Callable[[ProductQuery, int], Awaitable[Sequence[ProductId]]]


@dataclass(slots=True)
class _Known:
    """What is known of a list. marks[i] is the id of its product number (i + 1) · stride, counted from 1."""

    stride: int = field(default_factory=lambda: STRIDE)
    marks: list[ProductId] = field(default_factory=list)
    read: int = 0  # products that were passed so far
    last: ProductId | None = None
    ended_at: float | None = None  # when the list was seen to end here, on the clock of time.monotonic
    began_at: float = field(default_factory=time.monotonic)
    seconds: float = 0.0  # how long all of it took

    def reaches(self, skip: int) -> bool:
        return self.ended_at is not None or self.read >= skip

    def ended_before(self, seconds: float) -> bool:
        return self.ended_at is not None and time.monotonic() - self.ended_at > seconds

    def add(self, ids: Sequence[ProductId], asked: int) -> None:
        """Notes what the list goes on with; fewer than were asked for end it."""
        first = self.stride - 1 - self.read % self.stride
        self.marks += ids[first :: self.stride]
        self.read += len(ids)
        self.last = ids[-1] if ids else self.last
        self.ended_at = time.monotonic() if len(ids) < asked else None
        while len(self.marks) > MOST_MARKS_OF_ONE:
            self.marks = self.marks[1::2]
            self.stride *= 2


@dataclass(slots=True)
class _Kept:
    """A list: what is known of it, and who is at work on it."""

    known: _Known = field(default_factory=_Known)
    wanted: int = 0  # products, up to which marks are looked for
    waiting: int = 0  # requests
    worth: int = 0  # the list of the least worth is the first to be forgotten
    tried_at: float = 0.0  # when the marks were last to be made anew
    looking: asyncio.Task[None] | None = None
    renewing: asyncio.Task[None] | None = None
    grew: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def renews(self) -> bool:
        return _going_on(self.renewing)

    def cancel(self) -> None:
        for task in (self.looking, self.renewing):
            if task is not None:
                task.cancel()


class Marks:
    """The marks of lists, of one process. For one event loop.

    Of too many lists those stay that cost most to look through, unless nobody asks for them for long (the GreedyDual
    algorithm: Young, 1994). Lists without a mark cost one read and are not kept at all.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self._lists: dict[ProductQuery, _Kept] = {}
        self._forgotten = 0  # the worth of the last list that was forgotten
        self._tasks: set[asyncio.Task[None]] = set()
        self._looks = asyncio.Semaphore(MOST_LOOKS)
        self._turns = asyncio.Semaphore(READING_AT_ONCE)

    async def seek(self, query: ProductQuery, skip: int, since: float | None = None) -> Place | None:
        """Where the list goes on after its first `skip` products; None where it is not that long.

        `query` is one in the order of ids, without `after`. `since`: when the list last changed, on the clock of
        time.monotonic; marks that were begun later are good as long as that is so. None: nobody knows.

        Raises ListBeingPrepared when that cannot be said in PATIENCE_SECONDS or within REACH; what is known by then is kept,
        and the next to ask finds it further. What goes wrong with the store in the background is raised here.
        """
        kept = self._lists.setdefault(query, _Kept())
        kept.waiting += 1
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._reach(query, kept, skip)
        except TimeoutError:
            raise ListBeingPrepared("the list is being prepared so far in: ask again in a moment") from None
        finally:
            kept.waiting -= 1
            self._keep_within_bounds(query, kept)
        known = kept.known
        exact = since is not None and known.began_at > since
        if not exact:
            self._renew_when_old(query, kept, FRESH_SECONDS if since is None else CHANGED_SECONDS)
        if known.ended_at is not None and skip >= known.read + known.stride:  # it may have grown a little since
            return None
        passed = min(skip // known.stride, len(known.marks))
        after = known.marks[passed - 1] if passed else None
        return Place(replace(query, after=after), skip - passed * known.stride, exact)

    def close(self) -> None:
        """Ends what goes on in the background."""
        for task in self._tasks:
            task.cancel()

    async def _reach(self, query: ProductQuery, kept: _Kept, skip: int) -> None:
        """Returns when the marks reach that far; raises TimeoutError when they do not after REACH products."""
        known = kept.known
        if skip >= known.read and known.ended_before(END_SECONDS) and not kept.renews:
            known.ended_at = None
        bound = min(skip, known.read + REACH)
        kept.wanted = max(kept.wanted, bound)
        while not kept.known.reaches(bound):
            await self._look_further(query, kept)
        if not kept.known.reaches(skip):
            raise TimeoutError

    async def _look_further(self, query: ProductQuery, kept: _Kept) -> None:
        """Returns when something more of the list is known, or may be; raises what went wrong."""
        looking = await self._looking(query, kept)
        grew = kept.grew
        grown = asyncio.ensure_future(grew.wait())
        try:
            await asyncio.wait({looking, grown}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            grown.cancel()
        if looking.cancelled():
            raise TimeoutError  # everything is being closed
        if looking.done() and (error := looking.exception()) is not None:
            raise error

    async def _looking(self, query: ProductQuery, kept: _Kept) -> asyncio.Task[None]:
        """The look that goes on for the list, or one that begins now, when it is its turn."""
        if kept.looking is not None and not kept.looking.done():
            return kept.looking
        await self._looks.acquire()
        if kept.looking is not None and not kept.looking.done():  # somebody else began it meanwhile
            self._looks.release()
            return kept.looking
        kept.cancel()  # marks that are made anew would not fit what is found now
        kept.looking = self._start(self._look(query, kept))
        kept.looking.add_done_callback(lambda _: self._looks.release())
        return kept.looking

    async def _look(self, query: ProductQuery, kept: _Kept) -> None:
        while not kept.known.reaches(kept.wanted):
            await self._read_on(query, kept.known)
            kept.grew.set()
            kept.grew = asyncio.Event()

    async def _read_on(self, query: ProductQuery, known: _Known) -> None:
        async with self._turns:
            began = time.monotonic()
            ids = await self._read(replace(query, after=known.last), BATCH)
            known.seconds += time.monotonic() - began
        known.add(ids, BATCH)

    def _renew_when_old(self, query: ProductQuery, kept: _Kept, old: float) -> None:
        """Begins the list's marks anew when they are old; until they reach as far as these, these stay."""
        rested = time.monotonic() - max(kept.tried_at, kept.known.began_at)
        if rested <= max(old, RESTS * kept.known.seconds) or _going_on(kept.looking) or kept.renews:
            return
        # Requests go first: at most as many tasks as may read are begun for this.
        if len(self._tasks) < READING_AT_ONCE and self._lists.get(query) is kept:
            kept.renewing = self._start(self._renew(query, kept))

    async def _renew(self, query: ProductQuery, kept: _Kept) -> None:
        fresh = _Known()
        try:
            while not fresh.reaches(kept.wanted):
                await self._read_on(query, fresh)
        finally:
            kept.tried_at = time.monotonic()  # after a failure, too, nobody tries again at once
        kept.known = fresh

    def _keep_within_bounds(self, query: ProductQuery, kept: _Kept) -> None:
        kept.worth = self._forgotten + kept.known.read
        if kept.known.ended_at is not None and not kept.known.marks:
            self._forget(query, kept)
        while self._too_many():
            others = [(one.worth, at, name) for at, (name, one) in enumerate(self._lists.items()) if not one.waiting]
            if not others:
                return  # as many as there are requests
            self._forgotten, _, cheapest = min(others)
            self._forget(cheapest, self._lists[cheapest])

    def _too_many(self) -> bool:
        return len(self._lists) > MOST_LISTS or sum(len(one.known.marks) for one in self._lists.values()) > MOST_MARKS

    def _forget(self, query: ProductQuery, kept: _Kept) -> None:
        if not kept.waiting and self._lists.get(query) is kept:
            del self._lists[query]
            kept.cancel()

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


def _going_on(task: asyncio.Task[None] | None) -> bool:
    return task is not None and not task.done()


async def _awaited(work: Awaitable[None]) -> None:
    await work
