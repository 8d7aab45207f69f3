"""The cursors that clients have open, and on which member each of them lives.

A driver may continue a cursor on another connection than it was opened on, so this is known router-wide.
"""

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bson import Int64

from listino.local.router import elements
from listino.local.router.connection import ConnectionLost
from listino.local.router.errors import CURSOR_NOT_FOUND, RouterError
from listino.local.router.outgoing import KILLING_MILLISECONDS
from listino.local.router.requests import Request
from listino.local.router.upstream import Fields, Upstream

# As long as servers keep a cursor that nobody asks for: https://www.mongodb.com/docs/v6.0/reference/parameters/#mongodb-parameter-param.cursorTimeoutMillis
IDLE_SECONDS = 600.0
LOOK_SECONDS = 30.0
FAREWELL_SECONDS = 0.5

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Cursor:
    """An open cursor: its host, how it was opened, and the session it belongs to there."""

    number: int
    host: str
    database: str
    collection: str
    routed: bool  # opened by a cluster* command: continued and killed in its own way
    session: Any
    used_at: float


class Cursors:
    """Remembers cursors from the reply that opened them to the one that ends them."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._open: dict[int, Cursor] = {}
        self._reaper: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._open)

    def start(self) -> None:
        self._reaper = asyncio.create_task(self._reap(), name="reap cursors")

    async def close(self) -> None:
        """Kills what is open, briefly: nobody else knows these cursors, and routed ones are never timed out."""
        if self._reaper is not None:
            self._reaper.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL_SECONDS):
                await asyncio.gather(*(self._kill(cursor) for cursor in self._open.values()))
        self._open.clear()

    def opened(self, request: Request, reply: Fields, host: str, *, routed: bool) -> None:
        """Takes note of the cursor in a reply, if there is one that has more to give."""
        if (number := cursor_number(reply)) == 0:
            return
        namespace = elements.find(elements.raw(reply["cursor"]), "ns")
        collection = namespace.decoded().partition(".")[2] if namespace is not None else ""
        session = None if routed else request.body.get("lsid")
        self._open[number] = Cursor(number, host, request.database, collection, routed, session, _now())

    async def more(self, request: Request) -> Fields:
        """The next batch; raises RouterError when nobody has such a cursor, or its member is gone."""
        number = int(request.body["getMore"])
        cursor = self._open.get(number)
        if cursor is None:
            raise RouterError(CURSOR_NOT_FOUND, f"cursor id {number} not found")
        self._open[number] = replace(cursor, used_at=_now())
        try:
            reply = await self._upstream.call(cursor.host, request.database, _continuation(cursor, request))
        except ConnectionLost as error:
            self._open.pop(number, None)
            raise RouterError(CURSOR_NOT_FOUND, f"cursor id {number} was lost with its member: {error}") from None
        request.seen(reply)
        if not reply.get("ok"):
            await self.kill([number])  # drivers take a cursor that failed for closed
        elif cursor_number(reply) == 0:
            self._open.pop(number, None)
        return reply

    async def kill(self, numbers: list[int]) -> dict[str, list[Int64]]:
        """Ends cursors, and says which of them there were."""
        known = [cursor for number in numbers if (cursor := self._open.pop(number, None)) is not None]
        await asyncio.gather(*(self._kill(cursor) for cursor in known))
        killed = [Int64(cursor.number) for cursor in known]
        return {"cursorsKilled": killed, "cursorsNotFound": [Int64(n) for n in numbers if n not in killed]}

    async def _kill(self, cursor: Cursor) -> None:
        command: Mapping[str, Any]
        if cursor.routed:
            # killCursors does not find routed cursors; a time limit is an error that ends them and their parts on
            # the other shards.
            command = {
                "clusterGetMore": Int64(cursor.number),
                "collection": cursor.collection,
                "maxTimeMS": KILLING_MILLISECONDS,
            }
        else:
            command = {"killCursors": cursor.collection, "cursors": [Int64(cursor.number)]}
            if cursor.session is not None:
                command["lsid"] = cursor.session
        try:
            await self._upstream.call(cursor.host, cursor.database, command)
        except ConnectionLost as error:
            log.debug("cursor %s went with its member: %s", cursor.number, error)

    async def _reap(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            eldest = _now() - IDLE_SECONDS
            await self.kill([cursor.number for cursor in self._open.values() if cursor.used_at < eldest])


def _continuation(cursor: Cursor, request: Request) -> dict[str, Any]:
    if cursor.routed:
        # A routed cursor knows no session here, and a time limit would kill it.
        return request.renamed("clusterGetMore", "maxTimeMS", "$readPreference", "txnNumber")
    command = request.direct("lsid")
    if cursor.session is not None:
        command["lsid"] = cursor.session
    return command


def cursor_number(reply: Mapping[str, Any]) -> int:
    """The cursor's id in a reply, or 0; its documents, which may be many, are passed over."""
    cursor = reply.get("cursor")
    if cursor is None:
        return 0
    found = elements.find(elements.raw(cursor), "id")
    return int(found.decoded()) if found is not None else 0


def _now() -> float:
    return asyncio.get_running_loop().time()
