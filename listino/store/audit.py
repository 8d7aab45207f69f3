"""The audit log: written once, never changed."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from pymongo import UpdateOne
from pymongo.database import Database

from listino.domain.audit import AuditEntry
from listino.domain.product import ProductId
from listino.store.collections import AUDIT


def audit_write(entry: AuditEntry) -> UpdateOne:
    """Adds the entry, unless it is there: jobs are repeated."""
    document = {name: value for name, value in asdict(entry).items() if value is not None}
    key = {"_id": f"{entry.subject}/{entry.action}/{entry.occasion}", "subject": document.pop("subject")}
    return UpdateOne(key, {"$setOnInsert": document}, upsert=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """Which entries. `action` is one action or the noun of several (`login`), `actions` are several, none of them: all;
    `since` and `until` are both included; `after` is the time and the key of the last entry of the page before."""

    by: str | None = None
    action: str | None = None
    actions: Collection[str] = ()
    subject: ProductId | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: tuple[datetime, str] | None = None

    def filter(self) -> dict[str, Any]:
        """The MongoDB filter, whose values are never operators of a caller."""
        conditions: list[dict[str, Any]] = []
        conditions += [
            {name: {"$eq": getattr(self, name)}} for name in ("by", "subject") if getattr(self, name) is not None
        ]
        if self.action is not None:
            whole = "." in self.action
            # "login." <= every action of that noun < "login/": the next character after the point.
            span = {"$eq": self.action} if whole else {"$gte": f"{self.action}.", "$lt": f"{self.action}/"}
            conditions.append({"action": span})
        if self.actions:
            conditions.append({"action": {"$in": list(self.actions)}})
        times = {"$gte": self.since, "$lte": self.until}
        conditions += [{"at": {operator: at}} for operator, at in times.items() if at is not None]
        if self.after is not None:
            at, key = self.after
            conditions += [{"at": {"$lte": at}}, {"$or": [{"at": {"$lt": at}}, {"_id": {"$lt": key}}]}]
        return {"$and": conditions} if conditions else {}


@dataclass(frozen=True, slots=True)
class Recorded:
    """An entry and its key in the log."""

    key: str
    entry: AuditEntry


class Audit:
    """Who did what. Entries are added, never changed or removed."""

    def __init__(self, database: Database) -> None:
        self._audit = database[AUDIT.name]

    def add(self, entry: AuditEntry) -> None:
        """Returns once the entry is kept; it is, once, however often it is added."""
        self._audit.bulk_write([audit_write(entry)])

    def of(self, subject: ProductId, *, count: int = 20) -> list[AuditEntry]:
        """The newest entries about a subject, newest first. One shard's read."""
        return [found.entry for found in self.page(AuditQuery(subject=subject), count=count)]

    def page(self, query: AuditQuery, *, count: int) -> list[Recorded]:
        """At most `count` entries, newest first. With a subject one shard's read, else `count` entries from each."""
        cursor = self._audit.find(query.filter()).sort([("at", -1), ("_id", -1)]).limit(count)
        return [Recorded(document["_id"], _entry_from(document)) for document in cursor]


def _entry_from(document: dict[str, Any]) -> AuditEntry:
    return AuditEntry(**{name: value for name, value in document.items() if name != "_id"})
