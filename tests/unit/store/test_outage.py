import time

import pymongo
import pytest
from pymongo.errors import BulkWriteError, OperationFailure, WTimeoutError

from listino.store.outage import UNAVAILABLE, is_outage, time_limit

NO_PRIMARY = 133
HOST_UNREACHABLE = 6
DUPLICATE_KEY = 11000


def bulk(*codes: int, concern: int | None = None) -> BulkWriteError:
    concerns = [] if concern is None else [{"code": concern}]
    return BulkWriteError({"writeErrors": [{"code": code} for code in codes], "writeConcernErrors": concerns})


@pytest.mark.parametrize(
    ("error", "outage"),
    [
        (OperationFailure("no primary", NO_PRIMARY), True),
        (OperationFailure("lost", HOST_UNREACHABLE), True),
        (OperationFailure("taken", DUPLICATE_KEY), False),
        (OperationFailure("odd"), False),
        (bulk(NO_PRIMARY), True),
        (bulk(DUPLICATE_KEY, HOST_UNREACHABLE), True),
        (bulk(DUPLICATE_KEY), False),
        (bulk(concern=11602), True),
        (bulk(concern=64), True),
        (WTimeoutError("no majority in time", 64, {}), True),
        (OperationFailure("out of time", 50), True),
        (bulk(), False),
    ],
)
def test_only_what_may_succeed_a_moment_later_is_an_outage(error: OperationFailure, outage: bool) -> None:
    assert is_outage(error) is outage


def test_a_router_that_finds_nobody_is_one_of_unavailable() -> None:
    with pytest.raises(UNAVAILABLE, match="no primary"), time_limit(1):
        raise OperationFailure("shard-1 has no primary, full error: {…}", NO_PRIMARY)


def test_our_own_mistakes_stay_what_they_are() -> None:
    with pytest.raises(OperationFailure) as caught, time_limit(1):
        raise OperationFailure("taken", DUPLICATE_KEY)
    assert not isinstance(caught.value, UNAVAILABLE)


def test_what_is_asked_within_has_a_deadline() -> None:
    with time_limit(5):
        deadline = pymongo._csot.get_deadline()
    assert 0 < deadline - time.monotonic() <= 5
