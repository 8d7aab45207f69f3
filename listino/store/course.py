"""How what shoppers did went over time: what visits came to, by the step in which they began."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from listino.domain.course import Moment, Step
from listino.domain.events import EventType
from listino.store.documents import Document

_NUMBERS = ("sessions", *(f"{kind}_count" for kind in EventType))

# What of a tile is counted.
_COUNTED = dict.fromkeys(("start", "until", *_NUMBERS), 1)


class Progress:
    """What some visits come to, step by step; what can be added can be taken away."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self._steps: defaultdict[datetime, Counter[str]] = defaultdict(Counter)

    @property
    def of_tiles(self) -> tuple[float, Document]:
        """How many hours tiles may have, so that each lies in one step, and what of them is wanted."""
        return 1 if self._step is Step.HOUR else 24, _COUNTED

    def rows(self, visits: Document) -> list[Document]:
        """The pipeline that gives a row for each step with what is counted of the visits that the filter finds."""
        begun = {"$dateTrunc": {"date": "$sums.first", "unit": self._step.value, "startOfWeek": "monday"}}
        counts = {f"{kind}_count": {"$sum": f"$sums.{kind}_count"} for kind in EventType}
        return [{"$match": visits}, {"$group": {"_id": begun, "sessions": {"$sum": 1}, **counts}}]

    def add_tile(self, tile: Mapping[str, Any]) -> None:
        self._add(tile["start"], tile)

    def add_row(self, row: Mapping[str, Any]) -> None:
        self._add(row["_id"], row)

    def add_visit(self, _owner: str, _session: str, sums: Mapping[str, Any], sign: int = 1) -> None:
        self._add(sums["first"], {**sums, "sessions": 1}, sign)

    def moments(self) -> Sequence[Moment]:
        """Those in which a visit began, the earliest first."""
        return [
            Moment(at, counts["sessions"], {kind: counts[f"{kind}_count"] for kind in EventType})
            for at, counts in sorted(self._steps.items())
            if counts["sessions"]
        ]

    def _add(self, at: datetime, numbers: Mapping[str, Any], sign: int = 1) -> None:
        counts = self._steps[self._step.begin(at)]
        for name in _NUMBERS:
            counts[name] += sign * numbers.get(name, 0)
