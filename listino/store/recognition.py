"""Whom events may tell of: nobody who was erased, and no network of a session that has withdrawn its consent."""

from collections.abc import Sequence
from typing import Any

from listino.domain.events import Event
from listino.store.collections import ERASURES, SESSIONS
from listino.store.erasures import digest
from listino.store.event_writes import networked, withdrawal_writes


class Recognition:
    """`database`: as Motor has it."""

    def __init__(self, database: Any) -> None:
        self._sessions = database[SESSIONS.name]
        self._erasures = database[ERASURES.name]

    async def of(self, events: Sequence[Event]) -> Sequence[Event]:
        """The events, those of who was erased as if they had been sent without consent."""
        owners = {digest(owner): owner for owner in {event.owner for event in events if event.customer}}
        if not owners:
            return events
        found = await self._erasures.find({"_id": {"$in": list(owners)}}, {"_id": 1}).to_list(None)
        erased = {owners[one["_id"]] for one in found}
        return [event.unrecognised() if event.owner in erased else event for event in events] if erased else events

    async def withdraw(self, events: Sequence[Event]) -> None:
        """Takes the network from sessions that have withdrawn consent, once theirs are written: where a withdrawal and a
        network come at once, each looks for the other after it was written itself."""
        withdrawn = networked(events)
        sessions = await self._sessions.find(withdrawn, {"session": 1}).to_list(None) if withdrawn else []
        writes = withdrawal_writes(events, {session["session"] for session in sessions})
        if writes:
            await self._sessions.bulk_write(writes, ordered=False)
