"""Customers of the storefront, and what each of them did."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from listino.domain.events import Device, EventType


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCustomer:
    """By the storefront's own id; the times are those at which we heard of them."""

    id: str
    name: str | None
    email: str | None
    first_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A session of a customer; `key` is where a page after it begins."""

    key: str
    session: str
    first_at: datetime
    last_at: datetime
    device: Device | None
    network: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """An event of a customer; `key` is where a page after it begins."""

    key: str
    type: EventType
    at: datetime
    session: str
    device: Device | None
    page: str | None
    product: str | None
    seconds: float | None
    metadata: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What somebody of the staff wrote about a customer; `key` is where a page after it begins, `id` its own."""

    key: str
    id: str
    text: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """The erasure of a person: `events` of theirs are anonymous so far, and with `done_at` all of them."""

    begun_at: datetime
    events: int
    done_at: datetime | None
