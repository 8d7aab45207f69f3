"""The crawl runs and what they rejected, synchronous; and the lease that keeps two crawls of one market apart."""

import os
import socket
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import psutil
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from listino.domain.clock import utc_now
from listino.domain.crawl import Crawl, CrawlStatus, Reject
from listino.domain.errors import CrawlRunning
from listino.store.collections import CRAWLS, LEASES, REJECTS
from listino.store.documents import crawl_document, crawl_from, reject_from

LEASE_SECONDS = 60


class Crawls:
    """Crawl runs, newest first."""

    def __init__(self, database: Database) -> None:
        self._crawls = database[CRAWLS.name]
        self._rejects = database[REJECTS.name]

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

    def rejects(self, crawl_id: str, *, count: int = 200) -> list[Reject]:
        """What the run could not use, in the order it came."""
        cursor = self._rejects.find({"crawl_id": crawl_id}).sort("_id", 1).limit(count)
        return [reject_from(document) for document in cursor]


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
        current = self._leases.find_one({"_id": _key(market)})
        free = [{"until": {"$lte": now}}, {"holder": lease.holder}]
        if current is not None and _is_dead(current["holder"]):
            free.append({"holder": current["holder"]})
        try:
            self._leases.update_one(
                {"_id": _key(market), "$or": free},
                {"$set": {"holder": lease.holder, "until": lease.until}},
                upsert=True,
            )
        except DuplicateKeyError:
            holder = current["holder"] if current else "another process"
            raise CrawlRunning(f"market {market} is being crawled already, by {holder.rpartition('/')[0]}") from None
        return lease

    def renew(self, lease: Lease) -> bool:
        """Whether the lease is still ours; if so it now holds for another LEASE_SECONDS."""
        until = utc_now() + timedelta(seconds=LEASE_SECONDS)
        mine = {"_id": _key(lease.market), "holder": lease.holder}
        return self._leases.update_one(mine, {"$set": {"until": until}}).matched_count == 1

    def release(self, lease: Lease) -> None:
        self._leases.delete_one({"_id": _key(lease.market), "holder": lease.holder})


def _key(market: str) -> str:
    return f"crawl:{market}"


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
