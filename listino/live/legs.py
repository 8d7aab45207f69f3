"""The way of a live refresh, moment by moment, on one clock: the Redis server's, which the scripts read with TIME.

A process knows that clock by what the scripts tell it (ServerClock), so moments that different machines noted can be
compared; each is off by half a round trip to Redis at the most.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Literal, NamedTuple, Self

MICROSECONDS = 1_000_000
# The offset that was told in the shortest round trip is the best one; after so long, in seconds, the next one counts
# whatever it took, for clocks drift and a Redis gives way to its replica.
_TRUSTED_SECONDS = 10.0
# Clocks of one refresh may be off by so much, in microseconds, and the order of its moments is known all the same.
_OFF_US = 1000


class Leg(NamedTuple):
    """One leg of the way: `from_ms` after the first moment that is known, and how long it took."""

    name: str
    from_ms: float
    ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Legs:
    """When each moment of a refresh came, in microseconds of the Redis server's clock since 1970; None: it never did.

    A leg has the name of the moment it ends with, and begins with the last moment before that came.
    """

    requested: int | None = None  # the viewer's process was asked; None of a viewer who joined what was queued before
    queued: int | None = None  # the product waited for its shop
    started: int | None = None  # a worker took it
    asked: int | None = None  # its turn at the shop's host had come, and the request that brought the answer was sent
    answered: int | None = None  # the shop's whole answer was there, or the shop had failed
    stored: int | None = None  # product and price history were acknowledged by MongoDB
    delivered: int | None = None  # the viewer's process heard of it

    def spans(self) -> Iterator[tuple[str, int, int]]:
        """Each leg that was gone: its name, and its beginning and end in microseconds of the server's clock.

        No leg is shorter than nothing: what two machines noted may be out of order by what their clocks are off.
        """
        before: int | None = None
        for name, at in self.moments().items():
            if before is not None:
                yield name, before, max(before, at)
            before = at if before is None else max(before, at)

    def waterfall(self) -> list[Leg]:
        """The legs that were gone, in ms to the microsecond."""
        first = min(self.moments().values(), default=0)
        return [
            Leg(name, round((began - first) / 1000, 3), round((ended - began) / 1000, 3))
            for name, began, ended in self.spans()
        ]

    def moments(self) -> dict[str, int]:
        """The moments that came, in the order of the way."""
        return {name: at for name in MOMENTS if (at := getattr(self, name)) is not None}

    def with_those_of(self, other: Self | None) -> Self:
        """These moments, and those that the other has besides."""
        return self if other is None else replace(self, **other.moments())

    def met(self, *, requested: int, delivered: int | None) -> Self:
        """The same refresh as a viewer met it who asked then and heard of it then."""
        joined = self.queued is None or requested > self.queued + _OFF_US
        return replace(
            self, requested=None if joined else min(requested, self.queued or requested), delivered=delivered
        )

    @classmethod
    def of(cls, moments: dict[str, int]) -> Self:
        """The legs with these moments; what another release may have noted besides is left out."""
        return cls(**{name: int(at) for name, at in moments.items() if name in MOMENTS})


MOMENTS = tuple(field.name for field in fields(Legs))


@dataclass(slots=True)
class ShopTimes:
    """What a worker notes of one request to a shop: times of its own clock, in seconds of `time.monotonic`."""

    asked: float | None = None
    answered: float | None = None
    stored: float | None = None

    def note(self, moment: Literal["asked", "answered", "stored"]) -> None:
        setattr(self, moment, time.monotonic())


class ServerClock:
    """The Redis server's clock, as this process's own tells it. Of use after the first `told`; thread-safe."""

    def __init__(self) -> None:
        self._known: tuple[float, float, float] | None = None  # offset in s, round trip in s, when it was told

    def told(self, server_us: int, began: float) -> None:
        """Hears that Redis read `server_us` during a command that began then and has just ended."""
        ended = time.monotonic()
        round_trip = ended - began
        known = self._known
        if known is None or round_trip <= known[1] or ended - known[2] > _TRUSTED_SECONDS:
            self._known = (server_us / MICROSECONDS - (began + ended) / 2, round_trip, ended)

    def at(self, monotonic: float) -> int | None:
        """What the server's clock showed then, in microseconds; None while nobody has told."""
        known = self._known
        return None if known is None else round((monotonic + known[0]) * MICROSECONDS)

    def legs(self, times: ShopTimes) -> Legs:
        """Those times as moments of the server's clock."""
        noted = {name: at for name in ("asked", "answered", "stored") if (at := getattr(times, name)) is not None}
        return Legs(**{name: self.at(at) for name, at in noted.items()})
