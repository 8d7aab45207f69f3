from datetime import timedelta

import mongomock
import pytest

from listino.domain.clock import utc_now
from listino.store.collections import STAFF_SESSIONS
from listino.store.staff import StaffMember
from listino.store.staff_sessions import StaffSessions

HOUR = timedelta(hours=1)
ANNA = StaffMember(email="anna@example.com", role="agent", created_at=utc_now(), credential="c1")
BORIS = StaffMember(email="boris@example.com", role="agent", created_at=utc_now(), credential="c2")


@pytest.fixture
def database() -> mongomock.Database:
    return mongomock.MongoClient(tz_aware=True)["listino"]


@pytest.fixture
def sessions(database: mongomock.Database) -> StaffSessions:
    return StaffSessions(database)


def begun(sessions: StaffSessions, member: StaffMember = ANNA) -> str:
    return sessions.begin(member, hours=12, origin="192.0.2.1", agent="A browser" * 100)


def test_the_key_opens_the_session_and_is_kept_nowhere(sessions: StaffSessions, database: mongomock.Database) -> None:
    key = begun(sessions)
    found = sessions.get(ANNA.email, key, idle=HOUR)
    assert (found.person, found.role, found.origin, found.verified) == (ANNA.email, "agent", "192.0.2.1", False)
    assert key not in str(list(database[STAFF_SESSIONS.name].find()))
    assert sessions.get(ANNA.email, found.id, idle=HOUR) is None, "what is shown opens nothing"
    assert sessions.get(BORIS.email, key, idle=HOUR) is None


def test_a_renewed_session_goes_on_under_another_key_and_ends_when_it_would_have(sessions: StaffSessions) -> None:
    key = begun(sessions)
    before = sessions.get(ANNA.email, key, idle=HOUR)
    other = sessions.renew(key, ANNA, verified=True)
    after = sessions.get(ANNA.email, other, idle=HOUR)
    assert sessions.get(ANNA.email, key, idle=HOUR) is None
    assert sessions.renew(key, ANNA, verified=True) is None, "a key is renewed once"
    assert (after.verified, after.until, after.begun_at) == (True, before.until, before.begun_at)


def test_sessions_of_one_person_end_without_those_of_others(sessions: StaffSessions) -> None:
    keys, boris = [begun(sessions) for _ in range(3)], begun(sessions, BORIS)
    mine = sessions.get(ANNA.email, keys[0], idle=HOUR)
    assert len(sessions.of(ANNA.email, idle=HOUR)) == 3
    assert not sessions.end(BORIS.email, mine.id)
    assert sessions.end_all(ANNA.email, but=mine.id) == 2
    assert [found.id for found in sessions.of(ANNA.email, idle=HOUR)] == [mine.id]
    sessions.end_key(ANNA.email, keys[0])
    assert sessions.of(ANNA.email, idle=HOUR) == []
    assert sessions.get(BORIS.email, boris, idle=HOUR) is not None
