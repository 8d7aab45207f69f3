"""Carrying out the erasure of a person: what they did goes on counting as what somebody did (docs/decisions/0029-erased-under-another-name.md).

Session after session is written anew under a name that was made up, and then removed; every step can be repeated. A write of
events that had looked for erased people before this one was erased may still come for KEEP_SECONDS, so the last look is taken
SETTLE_SECONDS after the first, and only then it is forgotten whose the name is.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Any

from pymongo import InsertOne, UpdateOne
from pymongo.errors import BulkWriteError

from listino.domain.clock import utc_now
from listino.domain.events import ANONYMOUS, EventType
from listino.store.collections import CUSTOMER_NOTES, CUSTOMERS, ERASURES, EVENTS, SESSIONS
from listino.store.documents import Document
from listino.store.event_writes import refused, session_id, withdrawal
from listino.store.paging import beyond, key_of
from listino.store.sums import SETTLE_SECONDS, events_of

CLAIM_SECONDS = 60.0  # after which another node goes on, unless there was a sign of life
EVENTS_AT_ONCE = 500
# What the books need of a checkout besides its numbers: without these an amount is nobody's turnover.
BOOKED = frozenset({"order", "order_id", "invoice", "currency"})


def anonymous(metadata: Mapping[str, Any], kind: str) -> Document:
    """What remains of an event's metadata: of a checkout numbers, and the texts that are BOOKED."""
    if kind != EventType.CHECKOUT:
        return {}
    return {name: value for name, value in metadata.items() if name in BOOKED or isinstance(value, int | float)}


class AsyncErasures:
    """`database`: as Motor has it."""

    def __init__(self, database: Any) -> None:
        self._erasures = database[ERASURES.name]
        self._customers = database[CUSTOMERS.name]
        self._notes = database[CUSTOMER_NOTES.name]
        self._sessions = database[SESSIONS.name]
        self._events = database[EVENTS.name]

    async def go_on(self) -> bool:
        """Takes an erasure that is due and does what there is to do; returns whether there was one. Whoever goes on where
        somebody else has ended, or does the same at once, does no harm."""
        now = utc_now()
        due = {"owner": {"$gt": ""}, "due_at": {"$lte": now}}
        erasure = await self._erasures.find_one(due)
        if erasure is None:
            return False
        claim = {"$set": {"due_at": now + timedelta(seconds=CLAIM_SECONDS)}}
        if (await self._erasures.update_one({"_id": erasure["_id"], **due}, claim)).modified_count:
            await self._carry_out(erasure)
            await self._note(erasure, began_at=now)
        return True

    async def _note(self, erasure: Document, *, began_at: datetime) -> None:
        """Keeps that all was looked at: for good where nothing can have come after it."""
        settled = erasure["begun_at"] + timedelta(seconds=SETTLE_SECONDS)
        if began_at < settled:
            change: Document = {"$set": {"due_at": settled}}
        else:
            change = {"$set": {"done_at": utc_now()}, "$unset": {"owner": "", "alias": "", "due_at": ""}}
        await self._erasures.update_one({"_id": erasure["_id"]}, change)

    async def _carry_out(self, erasure: Document) -> None:
        owner = {"owner": erasure["owner"]}
        await self._customers.delete_one({"_id": erasure["owner"]})
        await self._notes.delete_many(owner)
        while session := await self._sessions.find_one(owner):
            await self._strip(session["session"])
            async for some in self._pages(events_of(session)):
                await self._copy(erasure, some)
            # From here until the next write is acknowledged the session counts twice.
            await self._sessions.bulk_write([_session_under(erasure["alias"], session)])
            await self._sessions.delete_one({"_id": session["_id"], **owner})
            await self._remove(erasure, events_of(session))  # at once: who counts events finds them twice until then
        await self._remove(erasure, owner)

    async def _remove(self, erasure: Document, filtered: Document) -> None:
        """Nothing goes before it was copied: something may have come while its session was moved."""
        async for some in self._pages(filtered):
            await self._copy(erasure, some)
            await self._sessions.bulk_write([_session_under(erasure["alias"], one) for one in _sessions_of(some)])
            these = {"owner": erasure["owner"], "_id": {"$in": [event["_id"] for event in some]}}
            await self._live(erasure, (await self._events.delete_many(these)).deleted_count)

    async def _strip(self, session: str) -> None:
        """Takes what could tell who it was from what was done in the session before anybody was known."""
        owner = f"{ANONYMOUS}{session}"
        await self._sessions.bulk_write([withdrawal(owner, session)])
        async for some in self._pages({"owner": owner, "metadata": {"$exists": True}}):
            writes = [
                UpdateOne(
                    {"_id": event["_id"], "owner": owner},
                    {"$set": {"metadata": kept}}
                    if (kept := anonymous(event["metadata"], event["type"]))
                    else {"$unset": {"metadata": ""}},
                )
                for event in some
            ]
            await self._events.bulk_write(writes, ordered=False)

    async def _copy(self, erasure: Document, events: Sequence[Document]) -> None:
        """Those that are there already are left as they are."""
        writes = [InsertOne(_event_under(erasure["alias"], event)) for event in events]
        try:
            await self._events.bulk_write(writes, ordered=False)
        except BulkWriteError as error:
            refused(error)
        await self._live(erasure)

    async def _live(self, erasure: Document, removed: int = 0) -> None:
        """A sign of life, with how many more events are nobody's now."""
        due = utc_now() + timedelta(seconds=CLAIM_SECONDS)
        still = {"_id": erasure["_id"], "owner": erasure["owner"]}
        await self._erasures.update_one(still, {"$set": {"due_at": due}, "$inc": {"events": removed}})

    async def _pages(self, filtered: Document) -> AsyncIterator[list[Document]]:
        """The events that the filter finds, newest first, some at a time; they may be changed or removed meanwhile."""
        key = None
        while True:
            found = self._events.find(beyond(filtered, "at", key)).sort([("at", -1), ("_id", -1)]).hint("by_owner")
            if not (some := await found.limit(EVENTS_AT_ONCE).to_list(EVENTS_AT_ONCE)):
                return
            yield some
            key = key_of(some[-1]["at"], some[-1]["_id"])


def _sessions_of(events: Sequence[Document]) -> list[Document]:
    """What the events tell of their sessions."""
    found: dict[str, Document] = {}
    for event in events:
        one = found.setdefault(event["session"], {**event, "first_at": event["at"], "last_at": event["at"]})
        one["first_at"], one["last_at"] = min(one["first_at"], event["at"]), max(one["last_at"], event["at"])
    return list(found.values())


def _event_under(alias: str, event: Document) -> Document:
    copy = {name: value for name, value in event.items() if name != "metadata"}
    if kept := anonymous(event.get("metadata", {}), event["type"]):
        copy["metadata"] = kept
    own = event["_id"].removeprefix(f"{event['owner']}/")
    return {**copy, "_id": f"{alias}/{own}", "owner": alias}


def _session_under(alias: str, session: Document) -> UpdateOne:
    """The same session without its network, to be summed up anew; its sums stay where its events have gone by their age. A
    pipeline, for a part of it may be there already."""
    told: Document = {
        "session": {"$literal": session["session"]},
        "first_at": {"$min": ["$first_at", session["first_at"]]},
        "last_at": {"$max": ["$last_at", session["last_at"]]},
        "unsummed": {"at": utc_now(), "mark": token_hex(8)},
        "consent": {"$and": [{"$ne": ["$consent", False]}, session["consent"]]},
    }
    if "device" in session:
        told["device"] = {"$literal": session["device"]}
    if "sums" in session:
        told["sums"] = {"$ifNull": ["$sums", {"$literal": session["sums"]}]}
    key = {"_id": session_id(alias, session["session"]), "owner": alias}
    return UpdateOne(key, [{"$set": told}], upsert=True)
