"""Whether a shop was asked more than it allows, by its own log."""

import heapq
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from shops.server import Visit

# How far a request may come before its turn. Turns are given to the millisecond, but on a busy machine a process that has
# one may be held up, and what it sends then comes together with what follows. A pace that is too quick exceeds any such time.
EARLY_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Asked:
    """How a shop was asked: `early` is the most, in seconds, that a request came before the pace allowed it."""

    requests: int
    most_in_a_second: int
    most_at_once: int
    early: float


def asked(visits: Sequence[Visit], rate: float) -> Asked:
    """What the visits amount to, beside a pace of `rate` a second."""
    came = sorted(visit.came for visit in visits)
    second: deque[float] = deque()
    under_way: list[float] = []
    most_in_a_second = most_at_once = 0
    early, due = 0.0, 0.0
    for visit in sorted(visits, key=lambda visit: visit.came):
        while second and second[0] <= visit.came - 1:
            second.popleft()
        while under_way and under_way[0] <= visit.came:
            heapq.heappop(under_way)
        second.append(visit.came)
        heapq.heappush(under_way, visit.ended if visit.ended is not None else visit.came)
        most_in_a_second = max(most_in_a_second, len(second))
        most_at_once = max(most_at_once, len(under_way))
        # Who is early does not move what is due after him: a pace that is too quick adds up.
        early = max(early, due - visit.came)
        due = max(due, visit.came) + 1 / rate
    return Asked(len(came), most_in_a_second, most_at_once, early)


def complaint(found: Asked, rate: float, at_once: int) -> str | None:
    """In which way the shop was asked more than it allows; None where it was not."""
    if found.most_at_once > at_once:
        return f"{found.most_at_once} requests at once, {at_once} are allowed"
    if found.early > EARLY_SECONDS:
        return (
            f"{found.most_in_a_second} requests in a second, {rate:g} are allowed ({1000 * found.early:.0f} ms early)"
        )
    return None
