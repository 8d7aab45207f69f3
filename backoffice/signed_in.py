"""The session of whoever makes a request: the browser holds a signed cookie with its key, all else is in the store."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from flask import request, session

from backoffice.engines import engines
from listino.store.staff import StaffMember
from listino.store.staff_sessions import StaffSession

_PERSON = "person"
_KEY = "key"
# What a part of a page that brings itself up to date says with each request.
UNASKED: Final = "Listino-Unasked"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A staff member, as the account is now, and the session in which they are at work."""

    member: StaffMember
    session: StaffSession


def begin(member: StaffMember) -> None:
    """Begins a session under a key of its own; nothing of the one before remains."""
    end()
    session.permanent = True
    session[_PERSON] = member.email
    session[_KEY] = engines().store.staff_sessions.begin(
        member,
        hours=engines().settings.staff_session_hours,
        origin=request.remote_addr or "",
        agent=request.user_agent.string,
    )


def renew(member: StaffMember, *, verified: bool) -> None:
    """A new key with the member's rights of now, after any of them has changed: who knew the old key knows nothing."""
    key = engines().store.staff_sessions.renew(session[_KEY], member, verified=verified)
    if key is None:
        session.clear()
    else:
        session[_KEY] = key


def end() -> None:
    """Ends the session, if there is one, here and in the store."""
    person, key = session.get(_PERSON), session.get(_KEY)
    if person and key:
        engines().store.staff_sessions.end_key(person, key)
    session.clear()


def current() -> SignedIn | None:
    """Who is signed in; None where the session has ended, was revoked, or the account or its password is another one now."""
    person, key = session.get(_PERSON), session.get(_KEY)
    if not isinstance(person, str) or not isinstance(key, str):
        return None
    found, member = _session(person, key), engines().store.staff.get(person)
    if found is None or member is None or member.disabled_at or member.credential != found.credential:
        return None
    if found.role != member.role:
        renew(member, verified=found.verified)
        found = _session(person, session.get(_KEY, ""))
        if found is None:
            return None
    if not _by_itself():
        engines().store.staff_sessions.seen(found)
    return SignedIn(member, found)


def idle() -> timedelta:
    """How long a session may be left alone."""
    return timedelta(minutes=engines().settings.staff_idle_minutes)


def _session(person: str, key: str) -> StaffSession | None:
    return engines().store.staff_sessions.get(person, key, idle=idle())


def _by_itself() -> bool:
    """Whether the page asks and nobody clicked: lists bring themselves up to date all night."""
    return request.method == "GET" and UNASKED in request.headers
