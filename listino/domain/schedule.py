"""When crawls start by the clock: each market every few hours, and a shop besides, alone, where somebody wants that."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from listino.domain.errors import InvalidValue
from listino.domain.market import MARKETS

# They divide the day, so the times are the same every day.
EVERY_HOURS: Final = (1, 2, 3, 4, 6, 8, 12, 24)
_DAY: Final = 24 * 60  # minutes


@dataclass(frozen=True, slots=True)
class Times:
    """Every `every_hours` hours, one of them at `minute` of the day (0 to 1439, UTC); none at all unless `active`.

    Raises InvalidValue for others.
    """

    every_hours: int
    minute: int
    active: bool = True

    def __post_init__(self) -> None:
        if self.every_hours not in EVERY_HOURS:
            raise InvalidValue(f"a crawl starts every {', '.join(map(str, EVERY_HOURS))} hours, not {self.every_hours}")
        if not 0 <= self.minute < _DAY:
            raise InvalidValue(f"{self.minute} is no minute of the day")

    @property
    def clock(self) -> str:
        """The minute of the day as one writes it: `00:15`."""
        return f"{self.minute // 60:02d}:{self.minute % 60:02d}"

    @property
    def starts(self) -> list[int]:
        """The minutes of the day at which a crawl starts, in order."""
        step = 60 * self.every_hours
        return list(range(self.minute % step, _DAY, step))

    @property
    def cron(self) -> str:
        """The same as a five-field cron expression."""
        return f"{self.minute % 60} {','.join(str(start // 60) for start in self.starts)} * * *"

    def next_after(self, at: datetime) -> datetime | None:
        """The next start, later than that moment; None where there is none."""
        if not self.active:
            return None
        midnight = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        starts = (midnight + timedelta(minutes=start) for start in (*self.starts, self.starts[0] + _DAY))
        return next(start for start in starts if start > at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """The times of what `key` names: a market (`it`), or a shop alone (`it:bottega`). Who set them and when; nobody, where
    they are the declared ones."""

    key: str
    times: Times
    by: str | None = None
    at: datetime | None = None

    @property
    def market(self) -> str:
        return self.key.partition(":")[0]

    @property
    def shop(self) -> str | None:
        return self.key.partition(":")[2] or None


# Each market every six hours, a quarter of an hour apart, so that four spiders do not start at once.
DECLARED: Final[Mapping[str, Planned]] = {
    code: Planned(key=code, times=Times(6, 15 * number)) for number, code in enumerate(MARKETS)
}


def in_force(chosen: Mapping[str, Planned]) -> dict[str, Planned]:
    """The whole schedule by key: what somebody chose, and what is declared where nobody did; markets first."""
    return {**DECLARED, **dict(sorted(chosen.items()))}
