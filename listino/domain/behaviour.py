"""What shoppers did within some time, in figures."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from listino.domain.events import STEPS, EventType


@dataclass(slots=True)
class Figures:
    """`timed` of `count` events told the time spent on them, `ms` in all."""

    count: int = 0
    timed: int = 0
    ms: int = 0

    def add(self, count: int, timed: int, ms: int) -> None:
        self.count += count
        self.timed += timed
        self.ms += ms

    @property
    def mean_seconds(self) -> float | None:
        return self.ms / self.timed / 1000 if self.timed else None


@dataclass(slots=True)
class Behaviour:
    """The figures of all events of some time.

    A session is all events of one session id, from its first to its last event within the time; `session_ms` is all
    sessions' length together. A user is a customer, or a session in which none is known: what somebody did before
    signing in is theirs. `reached`: sessions with events of this step of a sale and of all steps before it.
    """

    users: int = 0
    sessions: int = 0
    session_ms: int = 0
    types: dict[EventType, Figures] = field(default_factory=lambda: {kind: Figures() for kind in EventType})
    reached: dict[EventType, int] = field(default_factory=lambda: dict.fromkeys(STEPS, 0))

    @property
    def mean_session_seconds(self) -> float | None:
        return self.session_ms / self.sessions / 1000 if self.sessions else None

    @property
    def conversion(self) -> dict[EventType, float | None]:
        """Of the sessions that reached the step before, the share (0 to 1) that reached this one; of the first step, of all."""
        before = [self.sessions, *(self.reached[step] for step in STEPS)]
        return {
            step: self.reached[step] / all_of if all_of else None for step, all_of in zip(STEPS, before, strict=False)
        }

    def add_types(self, types: Mapping[str, Figures]) -> None:
        """Adds the figures of some events by type."""
        for name, figures in types.items():
            self.types[EventType(name)].add(figures.count, figures.timed, figures.ms)

    def add_session(self, first: datetime, last: datetime, types: Collection[str]) -> None:
        """Counts a session by its first and last event and the types of its events; its user is counted apart."""
        self.sessions += 1
        self.session_ms += round((last - first).total_seconds() * 1000)
        for step in STEPS:
            if step not in types:
                break
            self.reached[step] += 1


@dataclass(frozen=True, slots=True)
class PageFigures:
    """How often a page was viewed."""

    page: str
    figures: Figures


def most_viewed(pages: Mapping[str, Figures], count: int) -> Sequence[PageFigures]:
    """The pages that were viewed most, most first; equal ones in the order of their names."""
    order = sorted(pages, key=lambda page: (-pages[page].count, page))
    return [PageFigures(page, pages[page]) for page in order[:count]]
