"""Lists of products in Redis, as long as nothing has come to the scopes they are made of, left them or moved in them.

A list is kept with the counts of its scopes (page_scripts.py) as they were before it was read. What it shows of each
product is none of its business: that comes from the product's page, so a price that changes leaves the list as it is.
What was read within SETTLING_MS of a change is not kept: a primary that is being replaced may not have known of it.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from redis.exceptions import RedisError

from listino.live.held_pages import this_second
from listino.live.page_scripts import GENERATION, SCOPES, members_key, moving_key
from listino.live.page_server import PageServer

KEPT_MS = 600_000  # a list that counts is as true as on the first day: this only has those go that nobody asks for


@dataclass(frozen=True, slots=True)
class Stamp:
    """Under which lists of a scope count; the same object as long as it is the same. `settled`: what is read now may be kept under it. `since`: when this process
    saw its text first, on the clock of time.monotonic."""

    text: bytes
    settled: bool
    since: float


@dataclass(frozen=True, slots=True)
class Counts:
    """The stamps of all scopes (None: of all together) as they were at `read_at` (seconds since 1970); they serve until
    `until` by the loop's clock."""

    stamps: Mapping[str | None, Stamp]
    read_at: float
    until: float


class Lists:
    """Bytes under keys. Without Redis nothing is found, and nothing kept."""

    def __init__(self, server: PageServer) -> None:
        self._server = server
        self._stamps: dict[str | None, Stamp] = {}  # the last ones seen; one that stays is the same object
        self._counts: Counts | None = None
        self._counting: asyncio.Task[Counts] | None = None

    async def counts(self) -> Counts:
        """As they were in this second; without stamps where Redis does not tell them."""
        if self._counts is not None and self._counts.until > asyncio.get_running_loop().time():
            return self._counts
        if self._counting is None or self._counting.done():
            self._counting = asyncio.create_task(self._count())
        return await asyncio.shield(self._counting)

    async def get(self, key: str, stamp: Stamp) -> bytes | None:
        """The list of that key, if it counts."""
        try:
            (kept,) = await self._server.read_together([_list_key(key)])
        except RedisError:
            return None
        return kept[len(stamp.text) :] if kept is not None and kept.startswith(stamp.text) else None

    async def keep(self, key: str, text: bytes, stamp: Stamp) -> None:
        """Keeps a list that was read when the stamp was known already."""
        try:
            await self._server.keep(_list_key(key), stamp.text + text, KEPT_MS)
        except RedisError:
            return  # it is read again

    async def _count(self) -> Counts:
        read_at, until = this_second()
        try:
            generation, *state = await self._server.read_together([GENERATION, *_STATE])
        except RedisError:
            stamps: dict[str | None, Stamp] = {}
        else:
            begins = self._server.stamp(generation)
            stamps = {scope: self._stamp(scope, begins, state) for scope in (None, *SCOPES)}
        self._counts = Counts(stamps, read_at, until)
        return self._counts

    def _stamp(self, scope: str | None, begins: bytes, state: Sequence[bytes | None]) -> Stamp:
        first, last = (0, len(SCOPES)) if scope is None else (SCOPES.index(scope), SCOPES.index(scope) + 1)
        of_scope = state[2 * first : 2 * last]
        text = begins + b":" + b",".join(count or b"0" for count in of_scope[::2]) + b"\n"
        settled = not any(of_scope[1::2])
        stamp = self._stamps.get(scope)
        if stamp is None or (stamp.text, stamp.settled) != (text, settled):
            since = stamp.since if stamp is not None and stamp.text == text else time.monotonic()
            stamp = self._stamps[scope] = Stamp(text, settled, since)
        return stamp


_STATE = [key for scope in SCOPES for key in (members_key(scope), moving_key(scope))]


def _list_key(key: str) -> str:
    return f"list:{{{key}}}"
