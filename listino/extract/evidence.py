"""Evidence: what several parts of a page say of one field, each with its weight, and what follows from all of it."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value was read: `json-ld`, `microdata`, `rdfa`, `meta`, `state`, `page`, `address` or `selector`.

    `sureness`, from 0 to 1, grows with the evidence for the value and falls with the evidence for another one.
    """

    name: str
    sureness: float


@dataclass(frozen=True, slots=True)
class Evidence(Generic[Value]):
    """One part of the page says so; negative points speak against the value."""

    value: Value
    source: str
    points: float


CERTAIN = 3.0  # points between a value and the next likely one at which the value is as good as certain


def weigh(
    evidence: Iterable[Evidence[Value]],
    *,
    key: Callable[[Value], Hashable] = lambda value: value,
    least: float = 0.0,
) -> tuple[Value, Source] | None:
    """The value with most points, as its best source writes it; None where none has more than the least.

    Values with the same key are one value: what says the same adds up.
    """
    sums: dict[Hashable, float] = {}
    best: dict[Hashable, Evidence[Value]] = {}
    for piece in evidence:
        known = key(piece.value)
        sums[known] = sums.get(known, 0.0) + piece.points
        if known not in best or piece.points > best[known].points:
            best[known] = piece
    if not sums:
        return None
    winner = max(sums, key=sums.__getitem__)
    if sums[winner] <= least:
        return None
    runner_up = max((points for known, points in sums.items() if known != winner), default=0.0)
    margin = sums[winner] - max(runner_up, 0.0)
    sureness = round(min(margin / CERTAIN, 1.0) * min(sums[winner] / CERTAIN, 1.0), 2)
    return best[winner].value, Source(best[winner].source, sureness)
