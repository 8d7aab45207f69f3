"""Who is signed in to the back office, and where. What a browser holds is kept as a fingerprint only."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo.database import Database

from listino.domain.clock import utc_now
from listino.store.collections import STAFF_SESSIONS
from listino.store.passwords import fingerprint
from listino.store.staff import StaffMember

SEEN_EVERY = timedelta(minutes=1)  # how exact `seen_at` is: a write a minute, not one a page
MOST_LISTED = 100
_LONGEST_AGENT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffSession:
    """`id` may be shown and opens nothing. `verified`: the second factor was given. `role` and `credential` are those
    with which it was begun or renewed."""

    id: str
    person: str
    role: str
    credential: str
    verified: bool
    begun_at: datetime
    seen_at: datetime
    until: datetime
    origin: str
    agent: str


class StaffSessions:
    """Sessions by person: whatever is asked about them is one shard's question."""

    def __init__(self, database: Database) -> None:
        self._sessions = database[STAFF_SESSIONS.name]

    def begin(self, member: StaffMember, *, hours: float, origin: str, agent: str) -> str:
        """Opens a session that ends after so many hours, whatever happens in it; returns its key, which is kept nowhere."""
        at = utc_now()
        return self._keep(
            {
                "person": member.email,
                "role": member.role,
                "credential": member.credential,
                "verified": False,
                "begun_at": at,
                "seen_at": at,
                "until": at + timedelta(hours=hours),
                "origin": origin,
                "agent": agent[:_LONGEST_AGENT],
            }
        )

    def renew(self, key: str, member: StaffMember, *, verified: bool) -> str | None:
        """The session under a new key, with the member's rights of now; None where it has ended. The old key opens nothing."""
        old = self._sessions.find_one_and_delete({"person": member.email, "_id": fingerprint(key)})
        if old is None:
            return None
        return self._keep(
            {**old, "role": member.role, "credential": member.credential, "verified": verified, "seen_at": utc_now()}
        )

    def get(self, person: str, key: str, *, idle: timedelta) -> StaffSession | None:
        """The session, if it has neither ended nor been left alone for longer than `idle`."""
        document = self._sessions.find_one({"person": person, "_id": fingerprint(key)})
        at = utc_now()
        if document is None or document["until"] < at or document["seen_at"] < at - idle:
            return None
        return _session(document)

    def seen(self, session: StaffSession) -> None:
        """Notes that somebody is at work in it."""
        at = utc_now()
        if at - session.seen_at >= SEEN_EVERY:
            self._sessions.update_one({"person": session.person, "_id": session.id}, {"$set": {"seen_at": at}})

    def of(self, person: str, *, idle: timedelta) -> list[StaffSession]:
        """The person's open sessions, those used last first."""
        at = utc_now()
        alive = {"person": person, "until": {"$gte": at}, "seen_at": {"$gte": at - idle}}
        return [_session(found) for found in self._sessions.find(alive).sort("seen_at", -1).limit(MOST_LISTED)]

    def end(self, person: str, session_id: str) -> bool:
        """Whether there was such a session; it is over now."""
        return bool(self._sessions.delete_one({"person": person, "_id": session_id}).deleted_count)

    def end_key(self, person: str, key: str) -> None:
        """Ends the session of that key."""
        self.end(person, fingerprint(key))

    def end_all(self, person: str, *, but: str | None = None) -> int:
        """Ends the person's sessions, all `but` the one of that id; returns how many there were."""
        others: dict[str, Any] = {"person": person} | ({"_id": {"$ne": but}} if but else {})
        return int(self._sessions.delete_many(others).deleted_count)

    def _keep(self, document: Mapping[str, Any]) -> str:
        key = secrets.token_urlsafe(32)
        self._sessions.insert_one({**document, "_id": fingerprint(key)})
        return key


def _session(document: Mapping[str, Any]) -> StaffSession:
    return StaffSession(id=document["_id"], **{name: document[name] for name in StaffSession.__slots__ if name != "id"})
