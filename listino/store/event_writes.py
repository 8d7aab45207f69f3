"""What keeping events means to the database: documents of events, sessions and customers.

A session is marked as unsummed before its events are written, and stays so until its sums were made from its events again
(see listino.store.sums): whatever ends in between, no sum is believed that is not that of the events.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from operator import attrgetter
from typing import Any

from pymongo import InsertOne, UpdateOne
from pymongo.errors import BulkWriteError

from listino.domain.events import ANONYMOUS, CUSTOMER, Customer, Event
from listino.store.documents import Document
from listino.store.history import DUPLICATE_KEY

MOST_WORDS = 16  # of a name or an address, that lead to it: each costs a place in an index
_WORD = re.compile(r"[^\W_]+")
_TOLD = ("device", "page", "product", "ms")


def session_id(owner: str, session: str) -> str:
    return f"{owner}/{session}"


def event_writes(events: Iterable[Event]) -> list[InsertOne[Document]]:
    """One document an event; what is there already is refused as a duplicate, which `refused` takes for done."""
    return [InsertOne(_event_document(event)) for event in events]


def session_writes(events: Sequence[Event], *, at: datetime, mark: str) -> list[UpdateOne]:
    """The events' sessions, marked as unsummed in the events' hours; repeating it changes nothing else."""
    sessions: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        sessions.setdefault((event.owner, event.session), []).append(event)
    withdrawn = {event.session for event in events if not event.consent}
    return [
        _session_write(owner, session, some, at, mark, withdrawn=session in withdrawn)
        for (owner, session), some in sessions.items()
    ]


def networks_told(events: Sequence[Event]) -> dict[tuple[str, str], str]:
    """The last network of each owner's part of a session, where the events tell one and none of the session withdraws consent."""
    withdrawn = {event.session for event in events if not event.consent}
    told = (event for event in sorted(events, key=attrgetter("at")) if event.session not in withdrawn)
    return {(event.owner, event.session): event.network for event in told if event.network is not None}


def network_writes(networks: Mapping[tuple[str, str], str]) -> list[UpdateOne]:
    """The networks for sessions that are there: with another one, and without consent withdrawn."""
    return [
        UpdateOne(
            {"_id": session_id(owner, session), "owner": owner, "consent": True, "network": {"$ne": network}},
            {"$set": {"network": network}},
        )
        for (owner, session), network in networks.items()
    ]


def networked(events: Iterable[Event]) -> Document | None:
    """The filter of sessions of which consent was withdrawn, among those of customers of whom the events tell a network;
    None where they tell none. A withdrawal is kept with the part of the session in which nobody is known."""
    sessions = {event.session for event in events if event.customer is not None and event.network is not None}
    if not sessions:
        return None
    owners = {session: f"{ANONYMOUS}{session}" for session in sorted(sessions)}
    ids = [session_id(owner, session) for session, owner in owners.items()]
    return {"_id": {"$in": ids}, "owner": {"$in": list(owners.values())}, "consent": False}


def withdrawal_writes(events: Iterable[Event], withdrawn: Collection[str]) -> list[UpdateOne]:
    """Takes the network from customers' parts of sessions: where an event tells that the customer has withdrawn consent, and
    of the `withdrawn` sessions. None is made, for that would keep who it was."""
    parts = set()
    for event in events:
        if event.withdrawn_by is not None:
            parts.add((f"{CUSTOMER}{event.withdrawn_by}", event.session))
        elif event.customer is not None and event.session in withdrawn:
            parts.add((event.owner, event.session))
    return [withdrawal(owner, session) for owner, session in sorted(parts)]


def withdrawal(owner: str, session: str) -> UpdateOne:
    """Of a session that is there."""
    change = {"$set": {"consent": False}, "$unset": {"network": ""}}
    return UpdateOne({"_id": session_id(owner, session), "owner": owner}, change)


def customers_told(events: Iterable[Event]) -> dict[str, Customer]:
    """Who is known by the events, by owner; the last word about a name or an address is what came last."""
    told: dict[str, Customer] = {}
    for event in events:
        if event.customer is not None:
            before = told.get(event.owner)
            told[event.owner] = completed(event.customer, before) if before is not None else event.customer
    return told


def completed(customer: Customer, before: Customer) -> Customer:
    """The customer with what only an earlier event has told."""
    return replace(customer, email=customer.email or before.email, name=customer.name or before.name)


def customer_writes(customers: Mapping[str, Customer], *, at: datetime) -> list[UpdateOne]:
    """The customers, by owner, were seen now."""
    return [_customer_write(owner, customer, at) for owner, customer in customers.items()]


def refused(error: BulkWriteError) -> None:
    """Returns when nothing but duplicates was refused; else raises the error."""
    details: Mapping[str, Any] = error.details or {}
    others = [one for one in details.get("writeErrors", ()) if one.get("code") != DUPLICATE_KEY]
    if others or details.get("writeConcernErrors"):
        raise error


def folded(text: str) -> str:
    """As names are compared: without case, accents, or spaces too many (`  Élodie` is `elodie`)."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(char for char in apart if not unicodedata.combining(char)).split())


def terms_of(name: str | None, email: str | None) -> list[str]:
    """What a customer is found by the beginning of: the name and the address from each of their words on to their end, so
    that `martin@` and `shop.ex` find `elodie.martin@shop.example`, too. Not from the end of a host's name: half of all
    addresses have the same."""
    told, address = folded(name or ""), folded(email or "")
    least = address.rfind(".") if "." in address.partition("@")[2] else len(address)
    starts = [told[word.start() :] for word in _words(told)]
    starts += [address[word.start() :] for word in _words(address) if word.start() < least]
    return sorted({term for term in (told, address, *starts) if term})


def _words(text: str) -> Iterator[re.Match[str]]:
    return islice(_WORD.finditer(text), MOST_WORDS)


def _event_document(event: Event) -> Document:
    document: Document = {
        "_id": f"{event.owner}/{event.id}",
        "owner": event.owner,
        "session": event.session,
        "type": event.type.value,
        "at": event.at,
        "consent": event.consent,
    }
    document |= {name: value for name in _TOLD if (value := getattr(event, name)) is not None}
    if event.metadata:
        document["metadata"] = dict(event.metadata)
    return document


def _session_write(
    owner: str, session: str, events: Collection[Event], at: datetime, mark: str, *, withdrawn: bool
) -> UpdateOne:
    """Consent that was withdrawn stays so, whatever batch comes late: false is less than true."""
    times = [event.at for event in events]
    last = max(events, key=lambda event: event.at)
    told: Document = {"unsummed": {"at": at, "mark": mark}}
    if last.device is not None:
        told["device"] = last.device
    change: Document = {
        "$setOnInsert": {"session": session},
        "$min": {"first_at": min(times), "consent": not withdrawn},
        "$max": {"last_at": max(times)},
        "$set": told,
    }
    if withdrawn:
        change["$unset"] = {"network": ""}
    return UpdateOne({"_id": session_id(owner, session), "owner": owner}, change, upsert=True)


def _customer_write(owner: str, customer: Customer, at: datetime) -> UpdateOne:
    """A pipeline, for the terms come of what is known after the write: a name may be told in one event, an address in another."""
    told = {name: value for name in ("name", "email") if (value := getattr(customer, name)) is not None}
    parts = {
        "name": terms_of(customer.name, None),
        "email": terms_of(None, customer.email),
    }
    change: list[Document] = [
        {
            "$set": {
                "seen_at": {"$max": ["$seen_at", at]},
                "first_at": {"$ifNull": ["$first_at", at]},
                **{name: {"$literal": value} for name, value in told.items()},
                **{f"found_by.{name}": {"$literal": parts[name]} for name in told},
            }
        },
        {
            "$set": {
                "terms": {
                    "$setUnion": [{"$ifNull": ["$found_by.name", []]}, {"$ifNull": ["$found_by.email", []]}],
                }
            }
        },
    ]
    return UpdateOne({"_id": owner}, change, upsert=True)
