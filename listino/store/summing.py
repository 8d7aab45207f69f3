"""Making sums in the background: of sessions that have settled, of the visits they belong to, and of tiles of time.

Which steps there are and what may end between them is told by docs/decisions/0026-sums-that-are-made-anew.md and
0030-tiles-of-time.md. Several nodes may do it at once.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from secrets import token_hex
from typing import Any

import structlog
from bson.errors import BSONError
from pymongo import DeleteOne, ReplaceOne, ReturnDocument, UpdateOne
from pymongo.errors import BulkWriteError, PyMongoError
from pymongo.read_concern import ReadConcern

from listino.domain.clock import utc_now
from listino.store.collections import EVENTS, SESSIONS, TILES, VISITS
from listino.store.documents import Document
from listino.store.event_writes import refused
from listino.store.outage import time_limit
from listino.store.sums import (
    EVENTS_HINT,
    KEEP_SECONDS,
    SUM_SECONDS,
    events_grouped,
    settled,
    sums_of,
)
from listino.store.tiles import MOST_PAGES, SEAL_SECONDS, sealed, to_seal, unsealing
from listino.store.visits import begun_in, by_page, by_user, visit_of

log = structlog.get_logger(__name__)

AT_ONCE = 200  # sessions in one call
TOGETHER = 100  # sessions whose events are asked for in one question: nine calls, however many they are
TILES_AT_ONCE = 8
TILE_SECONDS = 30.0  # for all questions about one hour; of longer tiles half of what they have to be left in peace for


class Summing:
    """The sums of one database, as Motor has it."""

    def __init__(self, database: Any) -> None:
        # What no majority has may yet be undone: no sum is made of it.
        def sure(name: str) -> Any:
            return database.get_collection(name, read_concern=ReadConcern("majority"))

        self._events = sure(EVENTS.name)
        self._sessions = sure(SESSIONS.name)
        self._visits = sure(VISITS.name)
        self._tiles = sure(TILES.name)

    async def sum_up(self) -> bool:
        """Makes the sums of sessions that have settled; returns whether there may be more of them."""
        found = self._sessions.find(settled(utc_now()), {"sums": 0}).sort("unsummed.at", 1).limit(AT_ONCE)
        sessions = await found.to_list(AT_ONCE)
        for start in range(0, len(sessions), TOGETHER):
            await self._sum(sessions[start : start + TOGETHER])
        return len(sessions) == AT_ONCE

    async def _sum(self, sessions: Sequence[Document]) -> None:
        """All together, and each by itself where that fails: one that cannot be summed up keeps no other out."""
        try:
            with time_limit(SUM_SECONDS):
                made = await self._made(sessions)
            await self._write(sessions, made)
        except PyMongoError as error:
            if len(sessions) > 1:
                for session in sessions:
                    await self._sum([session])
            else:
                await self._postpone(sessions[0], error)

    async def _made(self, sessions: Sequence[Document]) -> dict[str, Document]:
        """The sums of those that have events, by the sessions' ids."""
        rows: defaultdict[tuple[str, str], list[Document]] = defaultdict(list)
        async for row in self._events.aggregate(
            events_grouped(sessions, pages=True), hint=EVENTS_HINT, allowDiskUse=True
        ):
            rows[row["_id"]["owner"], row["_id"]["session"]].append(row)
        sums = {session["_id"]: sums_of(rows[session["owner"], session["session"]]) for session in sessions}
        return {session: found for session, found in sums.items() if found is not None}

    async def _write(self, sessions: Sequence[Document], made: dict[str, Document]) -> None:
        """The sessions' sums and then those of their visits; only then are the sessions no longer marked, unless somebody
        has marked them anew since they were read, or made the same visit at the same time."""
        with time_limit(SUM_SECONDS):
            writes = [
                UpdateOne(_unchanged(session), {"$set": {"sums": made[session["_id"]]}})
                for session in sessions
                if session["_id"] in made
            ]
            if writes:
                await self._sessions.bulk_write(writes, ordered=False)
            done = await self._write_visits({session["session"] for session in sessions})
            writes = [
                UpdateOne(_unchanged(session), {"$unset": {"unsummed": ""}})
                for session in sessions
                if session["session"] in done
            ]
            if writes:
                await self._sessions.bulk_write(writes, ordered=False)

    async def _write_visits(self, sessions: Collection[str]) -> set[str]:
        """Makes the visits of those sessions; returns for which nobody else did so meanwhile."""
        these, version = {"_id": {"$in": sorted(sessions)}}, token_hex(8)
        # First which ones are there, then what they are made of: who is slower is refused by the version.
        before = {visit["_id"]: visit async for visit in self._visits.find(these, {"version": 1, "sums.first": 1})}
        parts: defaultdict[str, list[Document]] = defaultdict(list)
        found = self._sessions.find({"session": these["_id"]}, {"owner": 1, "session": 1, "sums": 1})
        async for part in found:
            parts[part["session"]].append(part)
        visits = {session: visit_of(parts[session], version) for session in sessions}
        instants = [visit["sums"]["first"] for visit in (*before.values(), *filter(None, visits.values()))]
        await upserted(self._tiles, unsealing(instants, at=utc_now(), mark=version))
        writes: list[ReplaceOne[Document] | DeleteOne] = []
        for session, visit in visits.items():
            same = {"_id": session, "version": before.get(session, {}).get("version")}
            writes.append(DeleteOne(same) if visit is None else ReplaceOne(same, visit, upsert=True))
        try:
            await self._visits.bulk_write(writes, ordered=False)
        except BulkWriteError as error:
            refused(error)
        there = {visit["_id"]: visit["version"] async for visit in self._visits.find(these, {"version": 1})}
        return {
            session
            for session, visit in visits.items()
            if there.get(session) == (version if visit is not None else None)
        }

    async def _postpone(self, session: Document, error: PyMongoError) -> None:
        """Lets all others go first, as if this one had been marked now; raises one of UNAVAILABLE where it is not at fault."""
        log.warning("store.session_not_summed", session=session["session"], error=str(error)[:300])
        with time_limit(KEEP_SECONDS):
            await self._sessions.update_one(_unchanged(session), {"$set": {"unsummed.at": utc_now()}})

    async def seal_up(self) -> bool:
        """Makes tiles that were left in peace; returns whether there may be more of them."""
        now = utc_now()
        with time_limit(KEEP_SECONDS):
            found = (
                self._tiles.find(to_seal(now), {"unsealed": 1, "hours": 1}).sort("unsealed.at", 1).limit(TILES_AT_ONCE)
            )
            tiles = await found.to_list(TILES_AT_ONCE)
        await asyncio.gather(*(self._make(tile, now) for tile in tiles))
        return len(tiles) == TILES_AT_ONCE

    async def _make(self, tile: Document, now: datetime) -> None:
        """Unseals it once more, so that no other node makes it meanwhile, and seals it."""
        try:
            with time_limit(max(TILE_SECONDS, SEAL_SECONDS[tile["hours"]] / 2)):
                claim = {"at": now, "mark": token_hex(8)}
                same = {"_id": tile["_id"], "unsealed.mark": tile["unsealed"]["mark"]}
                claimed = await self._tiles.find_one_and_update(
                    same, {"$set": {"unsealed": claim}}, return_document=ReturnDocument.AFTER
                )
                if claimed is not None:
                    await self._seal(claimed)
        except (
            PyMongoError,
            BSONError,
        ) as error:  # too large, say: it is tried again when it has been left in peace once more
            log.warning("store.tile_not_sealed", tile=tile["_id"], error=str(error)[:300])

    async def _seal(self, tile: Document) -> None:
        """Writes what its visits come to, unless somebody has unsealed it since."""
        visits = begun_in([(tile["start"], tile["until"])])
        users = await self._visits.aggregate(by_user(visits), hint="by_length", allowDiskUse=True).to_list(None)
        pages = await self._visits.aggregate(
            by_page(visits, most=MOST_PAGES + 1), hint="by_length", allowDiskUse=True
        ).to_list(None)
        same = {"_id": tile["_id"], "unsealed.mark": tile["unsealed"]["mark"]}
        await self._tiles.replace_one(same, sealed(tile, users, pages))


async def upserted(never_products: Any, writes: Sequence[UpdateOne]) -> None:
    """Two who add the same document at once may both be refused: the next attempt finds it there."""
    for last in (False, False, True) if writes else ():
        try:
            await never_products.bulk_write(list(writes), ordered=False)
        except BulkWriteError as error:
            if last:
                raise
            refused(error)
        else:
            return


def _unchanged(session: Document) -> Document:
    return {"_id": session["_id"], "owner": session["owner"], "unsummed.mark": session["unsummed"]["mark"]}
