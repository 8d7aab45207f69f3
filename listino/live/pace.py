"""The budget of one host while Redis is away: this process alone keeps to it, by the same rules, until Redis is back."""

import time
from collections.abc import Sequence

from listino.domain.politeness import (
    FAILURE_ALONE_AFTER,
    FIRST_FAILED_MS,
    FIRST_PAUSE_MS,
    FIRST_REFUSED_MS,
    LONGEST_PAUSE_MS,
    LONGEST_SLOWED_MS,
    LONGEST_TOLD_MS,
    RECOVERY_STEPS,
    Allowance,
)
from listino.live.budget import SLOT_LOOK_MS, Outcome, Report, Role, Slot, Taken


class LocalBudget:
    """What `listino.live.budget.Budget` promises, for one process that crawls or serves shoppers.

    It hears of all that this process takes from the common budget and gives back, to go on from there at any moment.
    """

    def __init__(self, role: Role) -> None:
        self._role = role
        self._held: dict[str, int] = {}  # names of slots, and when they were taken by this process's clock
        self._next_ms = self._pause_ms = self._since_ms = 0
        self._slowed_ms = self._step_ms = self._refusals = 0
        self._suspect = 0  # good answers that are wanted until a failure stands alone

    async def take(self, allowance: Allowance, names: Sequence[str], *, patience_ms: int) -> Taken:
        now = _now_ms()
        if self._pause_ms > now:
            return Taken((), self._pause_ms - now, refused=True)
        most = allowance.crawling if self._role is Role.CRAWL else allowance.concurrency
        interval = max(allowance.interval_ms, self._slowed_ms)
        if interval and self._next_ms > now:
            return Taken((), self._next_ms - now, refused=False)
        free = most - len(self._held)
        if free <= 0:
            return Taken((), SLOT_LOOK_MS, refused=False)
        due = (now - self._turn_ms(now, allowance)) // interval + 1 if interval else free
        given = names[: min(free, due)]
        self._start(given, allowance)
        wait = 0
        if len(given) < len(names):
            wait = max(self._next_ms - now, 1) if len(given) < free else SLOT_LOOK_MS
        # Its report may go to the common budget, which compares this with a clock of the day.
        taken_at = time.time_ns() // 1_000_000
        return Taken(tuple(Slot(name, taken_at) for name in given), wait, refused=False)

    def follow(self, allowance: Allowance, taken: Taken) -> None:
        """Hears what the common budget gave, or that it pauses."""
        if taken.refused:
            self._pause_ms = max(self._pause_ms, _now_ms() + taken.wait_ms)
        if taken.slots:
            self._start([slot.name for slot in taken.slots], allowance)

    @property
    def pause_left(self) -> float:
        """Seconds until the host may be asked again, as far as this process has heard; 0 where there is no pause."""
        return max(0, self._pause_ms - _now_ms()) / 1000

    async def give(self, allowance: Allowance, reports: Sequence[Report]) -> None:
        for report in reports:
            taken_at = self._held.pop(report.slot.name, _now_ms())
            # What was under way when the shop began to refuse says nothing about the pace that was chosen since.
            is_news = taken_at > self._since_ms
            match report.outcome:
                case Outcome.OK if is_news:
                    self._recover(allowance.interval_ms)
                case Outcome.REFUSED:
                    if is_news:
                        self._refusals += 1
                        self._slow_down(2, FIRST_REFUSED_MS, allowance.interval_ms)
                    self._pause(report.retry_after)
                case Outcome.FAILED if is_news:
                    if self._suspect:
                        self._slow_down(1.5, FIRST_FAILED_MS, allowance.interval_ms)
                    self._suspect = FAILURE_ALONE_AFTER

    def _start(self, names: Sequence[str], allowance: Allowance) -> None:
        now = _now_ms()
        self._held.update(dict.fromkeys(names, now))
        interval = max(allowance.interval_ms, self._slowed_ms)
        self._next_ms = self._turn_ms(now, allowance) + len(names) * interval

    def _turn_ms(self, now: int, allowance: Allowance) -> int:
        """When the turn was that is taken now: what was late is caught up, as far as that goes."""
        return max(self._next_ms, now - (0 if self._slowed_ms else allowance.catch_up_ms))

    def _slow_down(self, by: float, first: int, interval: int) -> None:
        slowed = min(by * max(self._slowed_ms, interval, first), LONGEST_SLOWED_MS)
        self._slowed_ms = int(max(slowed, interval))
        self._step_ms = -(-(self._slowed_ms - interval) // RECOVERY_STEPS)
        self._since_ms = _now_ms()

    def _pause(self, told: float | None) -> None:
        wait = min(round(told * 1000), LONGEST_TOLD_MS) if told else 0
        if wait <= 0:
            wait = min(FIRST_PAUSE_MS * 2 ** min(max(self._refusals, 1) - 1, 20), LONGEST_PAUSE_MS)
        self._pause_ms = max(self._pause_ms, _now_ms() + wait)

    def _recover(self, interval: int) -> None:
        self._refusals = 0
        self._suspect = max(self._suspect - 1, 0)
        self._slowed_ms -= self._step_ms
        if self._slowed_ms <= interval or not self._step_ms:
            self._slowed_ms = self._step_ms = 0


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000
