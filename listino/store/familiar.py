"""What this node has written of customers and sessions moments ago, and need not write again (docs/decisions/0038-written-moments-ago.md)."""

import time
from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

from listino.domain.events import Customer, Event
from listino.store.collections import CUSTOMERS, SESSIONS
from listino.store.event_writes import completed, customer_writes, customers_told, network_writes, networks_told
from listino.store.summing import upserted

SECONDS = 60.0  # so far a customer's `seen_at` may lag behind
MOST = 20_000  # of each kind: some megabytes

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Lately(Generic[Key, Value]):
    """Values of the last SECONDS, at most MOST of them: the oldest go first. `clock`: seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: dict[Key, tuple[float, Value]] = {}  # in the order of their times

    def get(self, key: Key) -> Value | None:
        at, value = self._kept.get(key, (None, None))
        return value if at is not None and at > self._clock() - SECONDS else None

    def note(self, key: Key, value: Value) -> None:
        self._kept.pop(key, None)
        self._kept[key] = (self._clock(), value)
        self.forget()

    def forget(self) -> None:
        """Drops what is too old, or too much."""
        oldest = self._clock() - SECONDS
        while self._kept and (len(self._kept) > MOST or next(iter(self._kept.values()))[0] <= oldest):
            del self._kept[next(iter(self._kept))]

    def __len__(self) -> int:
        return len(self._kept)


class Familiar:
    """`database`: as Motor has it. Nothing is believed to be written before a majority has acknowledged it."""

    def __init__(self, database: Any, clock: Callable[[], float] = time.monotonic) -> None:
        self._customers = database[CUSTOMERS.name]
        self._sessions = database[SESSIONS.name]
        self._seen: Lately[str, Customer] = Lately(clock)
        self._networks: Lately[tuple[str, str], str] = Lately(clock)

    async def keep_customers(self, events: Sequence[Event], *, at: datetime) -> None:
        """Writes who is known by the events, but for those of whom they tell nothing else than was written moments ago."""
        news, known = {}, {}
        for owner, told in customers_told(events).items():
            seen = self._seen.get(owner)
            customer = completed(told, seen) if seen is not None else told
            if customer != seen:
                # As it was told: what only we remember, another node may have written anew since.
                news[owner], known[owner] = told, customer
        await upserted(self._customers, customer_writes(news, at=at))
        for owner, customer in known.items():
            self._seen.note(owner, customer)

    def forget(self) -> None:
        """To be called now and then: nobody's name stays here for longer because nobody else comes."""
        self._seen.forget()
        self._networks.forget()

    async def keep_networks(self, events: Sequence[Event]) -> None:
        """Writes the networks of sessions, which are there."""
        news = {part: network for part, network in networks_told(events).items() if self._networks.get(part) != network}
        if news:
            await self._sessions.bulk_write(network_writes(news), ordered=False)
        for part, network in news.items():
            self._networks.note(part, network)
