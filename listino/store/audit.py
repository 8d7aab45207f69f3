"""The audit log: written once, never changed."""

from dataclasses import asdict
from typing import Any

from pymongo import UpdateOne
from pymongo.database import Database

from listino.domain.audit import AuditEntry
from listino.domain.product import ProductId
from listino.store.collections import AUDIT


def audit_write(entry: AuditEntry) -> UpdateOne:
    """Adds the entry, unless it is there: jobs are repeated."""
    document = asdict(entry)
    key = {"_id": f"{entry.subject}/{entry.action}/{entry.occasion}", "subject": document.pop("subject")}
    return UpdateOne(key, {"$setOnInsert": document}, upsert=True)


class Audit:
    """Who decided what."""

    def __init__(self, database: Database) -> None:
        self._audit = database[AUDIT.name]

    def of(self, subject: ProductId, *, count: int = 20) -> list[AuditEntry]:
        """The newest entries about a subject, newest first. One shard's read."""
        cursor = self._audit.find({"subject": subject}).sort("at", -1).limit(count)
        return [_entry_from(document) for document in cursor]


def _entry_from(document: dict[str, Any]) -> AuditEntry:
    return AuditEntry(**{name: value for name, value in document.items() if name != "_id"})
