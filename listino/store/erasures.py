"""People who are erased: asked for here, carried out by listino.store.erasing (docs/decisions/0029-erased-under-another-name.md)."""

import hashlib
import secrets
from datetime import datetime

from pymongo.database import Database

from listino.domain.customers import Erasure
from listino.domain.events import CUSTOMER
from listino.store.collections import CUSTOMER_NOTES, CUSTOMERS, ERASURES

# What no customer's id begins with: who was erased has events under such an id, and nobody can send any for it.
NOBODY = "~"


def digest(owner: str) -> str:
    """What remains of who was erased."""
    return hashlib.sha256(owner.encode()).hexdigest()


class Erasures:
    """Who was erased, and how far it has come."""

    def __init__(self, database: Database) -> None:
        self._erasures = database[ERASURES.name]
        self._customers = database[CUSTOMERS.name]
        self._notes = database[CUSTOMER_NOTES.name]

    def begin(self, customer_id: str, *, at: datetime) -> None:
        """From now on nobody recognises the customer; name, address and notes are gone. The rest follows by itself. Doing it
        again changes nothing."""
        owner = CUSTOMER + customer_id
        begun = {
            "owner": owner,
            "alias": f"{CUSTOMER}{NOBODY}{secrets.token_hex(12)}",
            "begun_at": at,
            "due_at": at,
            "events": 0,
        }
        self._erasures.update_one({"_id": digest(owner)}, {"$setOnInsert": begun}, upsert=True)
        self._customers.delete_one({"_id": owner})
        self._notes.delete_many({"owner": owner})

    def of(self, customer_id: str) -> Erasure | None:
        """The customer's erasure, if there is one. One shard's read."""
        found = self._erasures.find_one({"_id": digest(CUSTOMER + customer_id)})
        return (
            Erasure(begun_at=found["begun_at"], events=found["events"], done_at=found.get("done_at")) if found else None
        )
