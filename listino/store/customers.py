"""Customers: found by the beginnings of the words of a name or an e-mail address, and what one of them did."""

import re
from collections.abc import Collection
from datetime import datetime

from bson.regex import Regex
from pymongo.database import Database

from listino.domain.customers import Happening, KnownCustomer, Visit
from listino.domain.errors import InvalidValue
from listino.domain.events import ANONYMOUS, CUSTOMER, Device, EventType
from listino.store.collections import CUSTOMERS, EVENTS, LIST_READS, SESSIONS
from listino.store.documents import Document
from listino.store.event_writes import folded
from listino.store.outage import time_limit
from listino.store.paging import between, beyond, key_of

LEAST_SOUGHT = 2  # characters: one letter is the beginning of a tenth of all names
MOST_SOUGHT = 200
MOST_SOUGHT_WORDS = 8
# So many customers with such a word are read and put in order in some milliseconds; where there are more of them than that,
# a page of them is found sooner by going through all customers.
MANY = 5000
SEARCH_SECONDS = 4.0


class Customers:
    """Those who agreed to be recognised."""

    def __init__(self, database: Database) -> None:
        self._customers = database[CUSTOMERS.name]
        self._lists = database.get_collection(CUSTOMERS.name, read_preference=LIST_READS)
        self._sessions = database[SESSIONS.name]
        self._events = database[EVENTS.name]

    def get(self, customer_id: str) -> KnownCustomer | None:
        """The customer, if we know them. One shard's read."""
        found = self._customers.find_one({"_id": CUSTOMER + customer_id})
        return _customer_from(found) if found else None

    def search(self, text: str, *, count: int = 20, after: str | None = None) -> list[KnownCustomer]:
        """At most `count` customers of whom each word of the text begins a word of the name or the e-mail address, in the order of
        their ids; those after the id `after`. Case and accents make no difference, and a word goes on to the address's end.

        Few are found by the index of terms; many are met soon in the order of ids. Raises InvalidValue where no word has
        LEAST_SOUGHT characters, and one of UNAVAILABLE after SEARCH_SECONDS.
        """
        sought = folded(text)
        words = sorted(set(sought.split()), key=lambda word: (-len(word), word))[:MOST_SOUGHT_WORDS]
        if not words or not LEAST_SOUGHT <= len(words[0]) <= len(sought) <= MOST_SOUGHT or not sought.isprintable():
            raise InvalidValue(f"search for {LEAST_SOUGHT} to {MOST_SOUGHT} characters, not {text[:40]!r}")
        begins = [{"terms": Regex(f"^{re.escape(word)}")} for word in words]
        with time_limit(SEARCH_SECONDS):
            counts = [self._lists.count_documents(one, limit=MANY, hint="by_term") for one in begins]
            many = min(counts) == MANY
            # The word that fewest have comes first: of several the index is walked for one.
            rarest_first = [one for _, one in sorted(zip(counts, begins, strict=True), key=lambda pair: pair[0])]
            condition: Document = {"$and": rarest_first, "_id": {"$gt": CUSTOMER + (after or "")}}
            found = self._lists.find(condition).sort("_id", 1).limit(count)
            return [_customer_from(one) for one in found.hint("_id_" if many else "by_term")]

    def visits(
        self,
        customer_id: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        count: int = 20,
        after: str | None = None,
    ) -> list[Visit]:
        """The customer's sessions that go on at `since` or later and begin before `until`, newest first; those after the one
        with the key `after`. One shard's read."""
        condition: Document = {"owner": CUSTOMER + customer_id}
        condition |= {"last_at": {"$gte": since}} if since else {}
        condition |= {"first_at": {"$lt": until}} if until else {}
        found = self._sessions.find(beyond(condition, "last_at", after), {"sums": 0, "unsummed": 0})
        return [_visit_from(one) for one in found.sort([("last_at", -1), ("_id", -1)]).hint("by_owner").limit(count)]

    def happenings(
        self,
        customer_id: str,
        *,
        types: Collection[EventType] = (),
        since: datetime | None = None,
        until: datetime | None = None,
        count: int = 50,
        after: str | None = None,
    ) -> list[Happening]:
        """The customer's events of those types (none: all) from `since` on and before `until`, newest first; those after
        the one with the key `after`. One shard's read."""
        condition: Document = {"owner": CUSTOMER + customer_id}
        if types:
            condition["type"] = {"$in": [kind.value for kind in types]}
        if times := between(since, until):
            condition["at"] = times
        return self._happenings(condition, count, after)

    def happenings_before(self, session: str, *, count: int = 50, after: str | None = None) -> list[Happening]:
        """What was done in a session while nobody was known in it, in the same way."""
        return self._happenings({"owner": ANONYMOUS + session}, count, after)

    def _happenings(self, condition: Document, count: int, after: str | None) -> list[Happening]:
        found = self._events.find(beyond(condition, "at", after))
        return [_happening_from(one) for one in found.sort([("at", -1), ("_id", -1)]).hint("by_owner").limit(count)]


def _customer_from(document: Document) -> KnownCustomer:
    return KnownCustomer(
        id=document["_id"].removeprefix(CUSTOMER),
        name=document.get("name"),
        email=document.get("email"),
        first_at=document["first_at"],
        seen_at=document["seen_at"],
    )


def _visit_from(document: Document) -> Visit:
    return Visit(
        key=key_of(document["last_at"], document["_id"]),
        session=document["session"],
        first_at=document["first_at"],
        last_at=document["last_at"],
        device=_device(document),
        network=document.get("network"),
    )


def _happening_from(document: Document) -> Happening:
    return Happening(
        key=key_of(document["at"], document["_id"]),
        type=EventType(document["type"]),
        at=document["at"],
        session=document["session"],
        device=_device(document),
        page=document.get("page"),
        product=document.get("product"),
        seconds=document["ms"] / 1000 if "ms" in document else None,
        metadata=document.get("metadata", {}),
    )


def _device(document: Document) -> Device | None:
    return Device(document["device"]) if "device" in document else None
