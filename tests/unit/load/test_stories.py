"""The events of the load test are such as a storefront tells, and the API takes all of them."""

import itertools
from collections import Counter, defaultdict
from datetime import timedelta

from stories import batches

from api.event_body import events_in, sorted_out
from listino.domain.clock import utc_now
from listino.domain.events import EventType


def test_every_batch_is_taken_and_sessions_are_as_shoppers_have_them() -> None:
    begins = utc_now() - timedelta(seconds=120)
    told = list(batches(100, 100, 5, begins=begins))
    assert len(told) == 2000
    sessions: defaultdict[str, list[int]] = defaultdict(list)
    owners, types = {}, Counter[EventType]()
    for turn, body in enumerate(told):
        taken, refused = sorted_out(events_in(body), now=utc_now(), kept_days=400, network=None)
        assert (len(taken), refused) == (5, [])
        (session,) = {event.session for event in taken}
        sessions[session].append(turn)
        owners[session] = taken[0].owner
        types.update(event.type for event in taken)
        due = begins + timedelta(seconds=turn / 20)
        assert max(event.at for event in taken) <= due
    assert set(types) == set(EventType)
    assert {len(turns) for turns in sessions.values()} <= {1, 2, 3, 4}
    again = [later - sooner for turns in sessions.values() for sooner, later in itertools.pairwise(turns)]
    assert len(again) > 1000
    assert min(again) >= 100, "five seconds lie between two batches of a session"
    anonymous = sum(owner.startswith("s:") for owner in owners.values())
    assert 0.25 < anonymous / len(owners) < 0.35


def test_the_same_seed_tells_the_same() -> None:
    begins = utc_now()
    one, same, other = (list(batches(50, 2, 5, begins=begins, seed=seed)) for seed in (1, 1, 2))
    assert len(one) == 20
    assert one == same != other
