"""When the cluster cannot be asked, and for how long one tries."""

import contextlib
from collections.abc import Iterator

import pymongo
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
    WaitQueueTimeoutError,
)

# What the driver raises when the cluster cannot be asked; anything else is our mistake and stays what it is.
UNAVAILABLE = (ConnectionFailure, NetworkTimeout, ExecutionTimeout, WaitQueueTimeoutError)

# What it raises when the cluster answered with an error; `is_outage` tells the two kinds of it apart.
REFUSED = OperationFailure

# A router answers in the cluster's place: no primary was elected in time, a shard could not be reached, a server is on
# its way out, a majority did not confirm in time (50, 64). https://github.com/mongodb/mongo/blob/v8.0/src/mongo/base/error_codes.yml
_NOBODY_ANSWERED = frozenset({6, 7, 50, 64, 89, 91, 133, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436})


class NobodyAnswered(ConnectionFailure):
    """A router was asked, and found no server to answer; one of UNAVAILABLE."""


class Contended(ConnectionFailure):
    """Somebody else changed the same products each time in between; one of UNAVAILABLE, for a moment later it may succeed."""


class Behind(ConnectionFailure):
    """So much has come in and is not summed up yet that it cannot be told; one of UNAVAILABLE, for later it will be."""


def is_outage(error: OperationFailure) -> bool:
    """Whether the cluster refused because a part of it was away or too slow: the same may succeed a moment later."""
    if isinstance(error, BulkWriteError):
        details = error.details or {}
        failed = (*details.get("writeErrors", ()), *details.get("writeConcernErrors", ()))
        return any(one.get("code") in _NOBODY_ANSWERED for one in failed)
    return error.code in _NOBODY_ANSWERED


@contextlib.contextmanager
def outages_told() -> Iterator[None]:
    """Within it, a cluster that has nobody to answer raises one of UNAVAILABLE, too."""
    try:
        yield
    except OperationFailure as error:
        if is_outage(error):
            raise NobodyAnswered(str(error).partition(", full error")[0]) from error
        raise


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """As `outages_told`; and whatever asks the store longer than that in all raises one of UNAVAILABLE.

    It counts for the asynchronous store too: Motor hands the context of its caller on to the thread that does the work.
    """
    with outages_told(), pymongo.timeout(seconds):
        yield
