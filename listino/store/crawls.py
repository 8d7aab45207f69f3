"""The crawl runs and what they rejected, synchronous; and the lease that keeps two crawls of one market apart."""

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import psutil
from bson import ObjectId
from bson.errors import InvalidId
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from listino.domain.clock import utc_now
from listino.domain.crawl import Crawl, CrawlStatus, LogLine, Reject, StopRequest
from listino.domain.errors import CrawlRunning, InvalidValue
from listino.store.collections import CRAWL_LOG, CRAWLS, LEASES, REJECTS
from listino.store.documents import crawl_document, crawl_from, log_line_from, reject_from

LEASE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class RejectPage:
    """Rejects, and after which of them the next page begins; None where there is none."""

    rejects: list[Reject]
    after: str | None


@dataclass(frozen=True, slots=True)
class LogPage:
    """Lines, newest first, and before which of them the next page ends; None where there is none."""

    lines: list[LogLine]
    before: str | None


class Crawls:
    """Crawl runs, newest first."""

    def __init__(self, database: Database) -> None:
        self._crawls = database[CRAWLS.name]
        self._rejects = database[REJECTS.name]
        self._log = database[CRAWL_LOG.name]

    def save(self, crawl: Crawl) -> None:
        """Writes the run as it stands now."""
        document = crawl_document(crawl)
        self._crawls.replace_one({"_id": document["_id"]}, document, upsert=True)

    def get(self, crawl_id: str) -> Crawl | None:
        document = self._crawls.find_one({"_id": crawl_id})
        return crawl_from(document) if document else None

    def latest(
        self,
        *,
        market: str | None = None,
        before: datetime | None = None,
        since: datetime | None = None,
        count: int = 20,
    ) -> list[Crawl]:
        """Runs by the time they started, newest first; `before` is the keyset cursor."""
        conditions: dict[str, object] = {"market": market} if market else {}
        times = {"$lt": before} if before else {}
        times |= {"$gte": since} if since else {}
        if times:
            conditions["started_at"] = times
        cursor = self._crawls.find(conditions).sort([("started_at", -1), ("_id", -1)]).limit(count)
        return [crawl_from(document) for document in cursor]

    def accept_drift(self, crawl_id: str, shop: str, *, by: str) -> bool:
        """Notes who declared a drifted shop to be as it was found; False where there is no such drift, or it was noted."""
        if not all(char.isalnum() or char == "-" for char in shop):
            return False
        counts = f"shops.{shop}"
        drifted = {"_id": crawl_id, f"{counts}.drift.0": {"$exists": True}, f"{counts}.drift_accepted_by": None}
        return bool(self._crawls.update_one(drifted, {"$set": {f"{counts}.drift_accepted_by": by}}).modified_count)

    def bury_dead(self, market: str, at: datetime) -> int:
        """Marks runs of the market that still say `running` as died. Call it only while holding the market's lease."""
        died = {
            "status": CrawlStatus.DIED.value,
            "ended_at": at,
            "error": "the spider was killed before it could finish",
        }
        return self._crawls.update_many(
            {"market": market, "status": CrawlStatus.RUNNING.value}, {"$set": died}
        ).modified_count

    def keep_rejects(self, rejects: Sequence[Reject]) -> None:
        if rejects:
            self._rejects.insert_many([asdict(reject) for reject in rejects], ordered=False)

    def keep_log(self, lines: Sequence[LogLine]) -> None:
        if lines:
            self._log.insert_many([asdict(line) for line in lines], ordered=False)

    def rejects(self, crawl_id: str, *, count: int = 200) -> list[Reject]:
        """What the run could not use, in the order it came."""
        cursor = self._rejects.find({"crawl_id": crawl_id}).sort("_id", 1).limit(count)
        return [reject_from(document) for document in cursor]

    def reject_page(
        self, crawl_id: str, *, reason: str | None = None, after: str | None = None, count: int
    ) -> RejectPage:
        """At most `count` of them in the order they came; raises InvalidValue for an `after` that no page gave."""
        conditions: dict[str, Any] = {"crawl_id": crawl_id}
        if reason is not None:
            conditions["reason"] = {"$eq": reason}
        if after is not None:
            conditions["_id"] = {"$gt": _place(after)}
        found = list(self._rejects.find(conditions).sort("_id", 1).limit(count + 1))
        following = str(found[count - 1]["_id"]) if len(found) > count else None
        return RejectPage([reject_from(document) for document in found[:count]], following)

    def log_page(
        self, crawl_id: str, *, levels: Sequence[str] | None = None, before: str | None = None, count: int
    ) -> LogPage:
        """At most `count` lines of the spider's log, the newest first, of those levels; raises InvalidValue for a `before`
        that no page gave. A run has some thousands of lines at most, through which levels are looked for."""
        conditions: dict[str, Any] = {"crawl_id": crawl_id}
        if levels is not None:
            conditions["level"] = {"$in": list(levels)}
        if before is not None:
            conditions["_id"] = {"$lt": _place(before)}
        found = list(self._log.find(conditions).sort("_id", -1).limit(count + 1))
        following = str(found[count - 1]["_id"]) if len(found) > count else None
        return LogPage([log_line_from(document) for document in found[:count]], following)


@dataclass(frozen=True, slots=True)
class Lease:
    """Proof that this process alone crawls a market, until `until` unless renewed."""

    market: str
    holder: str
    until: datetime


class Leases:
    """One crawl a market at a time, on however many machines.

    A lease ends by release, by not being renewed for LEASE_SECONDS, or at once when its holder's process is seen dead
    on the machine that asks.
    """

    def __init__(self, database: Database) -> None:
        self._leases = database[LEASES.name]

    def acquire(self, market: str) -> Lease:
        """The market's lease for this process; raises CrawlRunning, which says who holds it."""
        now = utc_now()
        lease = Lease(market, _this_process(), now + timedelta(seconds=LEASE_SECONDS))
        current = self._leases.find_one({"_id": lease_key(market)})
        free = [{"until": {"$lte": now}}, {"holder": lease.holder}]
        if current is not None and _is_dead(current["holder"]):
            free.append({"holder": current["holder"]})
        try:
            self._leases.update_one(
                {"_id": lease_key(market), "$or": free},
                # Who wanted the crawl before to stop does not mean this one.
                {"$set": {"holder": lease.holder, "until": lease.until}, "$unset": {"stop": ""}},
                upsert=True,
            )
        except DuplicateKeyError:
            holder = current["holder"] if current else "another process"
            raise CrawlRunning(f"market {market} is being crawled already, by {holder.rpartition('/')[0]}") from None
        return lease

    def renew(self, lease: Lease) -> bool:
        """Whether the lease is still ours; if so it now holds for another LEASE_SECONDS."""
        until = utc_now() + timedelta(seconds=LEASE_SECONDS)
        mine = {"_id": lease_key(lease.market), "holder": lease.holder}
        return self._leases.update_one(mine, {"$set": {"until": until}}).matched_count == 1

    def ask_to_stop(self, market: str, *, by: str, at: datetime) -> bool:
        """Has the spider that crawls the market stop within a few seconds, wherever it runs; False where none does.

        Who asked first is kept.
        """
        held = {"_id": lease_key(market), "until": {"$gt": at}}
        changed = self._leases.update_one({**held, "stop": None}, {"$set": {"stop": {"by": by, "at": at}}})
        return bool(changed.modified_count) or self._leases.find_one(held, {"_id": 1}) is not None

    def stop_request(self, market: str) -> StopRequest | None:
        """Who wants the crawl that is at work to stop."""
        return stop_in(self._leases.find_one({"_id": lease_key(market)}, {"stop": 1}))

    def release(self, lease: Lease) -> None:
        self._leases.delete_one({"_id": lease_key(lease.market), "holder": lease.holder})


def lease_key(market: str) -> str:
    """The id of the market's lease."""
    return f"crawl:{market}"


def stop_in(document: Mapping[str, Any] | None) -> StopRequest | None:
    """What a lease says of somebody who wants its holder to stop."""
    stop = (document or {}).get("stop")
    return StopRequest(stop["by"], stop["at"]) if stop else None


def _place(text: str) -> ObjectId:
    try:
        return ObjectId(text)
    except InvalidId:
        raise InvalidValue(f"{text[:40]!r} is no place in this list") from None


def _this_process() -> str:
    pid = os.getpid()
    return f"{socket.gethostname()}/pid {pid}/{psutil.Process(pid).create_time():.2f}"


def _is_dead(holder: str) -> bool:
    """Whether the holder was a process of this machine that no longer runs; False where that cannot be known."""
    host, _, rest = holder.partition("/pid ")
    pid, _, born = rest.partition("/")
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        process = psutil.Process(int(pid))
        return f"{process.create_time():.2f}" != born or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
