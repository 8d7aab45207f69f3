"""What the staff writes about customers."""

from datetime import datetime

from pymongo.database import Database

from listino.domain.customers import Note
from listino.domain.events import CUSTOMER
from listino.store.collections import CUSTOMER_NOTES
from listino.store.documents import Document
from listino.store.paging import between, beyond, key_of


class Notes:
    """Kept with the customer's events: each call is one shard's."""

    def __init__(self, database: Database) -> None:
        self._notes = database[CUSTOMER_NOTES.name]

    def add(self, customer_id: str, *, note_id: str, text: str, by: str, at: datetime) -> bool:
        """Returns whether it was not there before: one that is sent twice is kept once."""
        owner = CUSTOMER + customer_id
        note = {"$setOnInsert": {"text": text, "by": by, "at": at}}
        written = self._notes.update_one({"_id": f"{owner}/{note_id}", "owner": owner}, note, upsert=True)
        return written.upserted_id is not None

    def get(self, customer_id: str, note_id: str) -> Note | None:
        owner = CUSTOMER + customer_id
        found = self._notes.find_one({"_id": f"{owner}/{note_id}", "owner": owner})
        return _note_from(found) if found else None

    def remove(self, customer_id: str, note_id: str) -> bool:
        """Returns whether it was there."""
        owner = CUSTOMER + customer_id
        return bool(self._notes.delete_one({"_id": f"{owner}/{note_id}", "owner": owner}).deleted_count)

    def of(
        self,
        customer_id: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        count: int = 20,
        after: str | None = None,
    ) -> list[Note]:
        """Notes about the customer from `since` on and before `until`, newest first; those after the one with the key `after`."""
        condition: Document = {"owner": CUSTOMER + customer_id}
        if times := between(since, until):
            condition["at"] = times
        found = self._notes.find(beyond(condition, "at", after))
        return [_note_from(one) for one in found.sort([("at", -1), ("_id", -1)]).hint("by_owner").limit(count)]


def _note_from(document: Document) -> Note:
    return Note(
        key=key_of(document["at"], document["_id"]),
        id=document["_id"].rpartition("/")[2],
        text=document["text"],
        by=document["by"],
        at=document["at"],
    )
