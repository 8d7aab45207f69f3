"""The budget of one host while Redis is away: this process alone keeps to it, by the same rules, until Redis is back."""

import time
from collections.abc import Sequence

from listino.domain.politeness import (
    FIRST_PAUSE_MS,
    FIRST_SLOWED_MS,
    LONGEST_PAUSE_MS,
    LONGEST_SLOWED_MS,
    LONGEST_TOLD_MS,
    RECOVERY_STEPS,
    Allowance,
)
from listino.live.budget import SLOT_LOOK_MS, Outcome, Report, Role, Slot, Taken


class LocalBudget:
    """What `listino.live.budget.Budget` promises, for one process that crawls or serves shoppers."""

    def __init__(self, role: Role) -> None:
        self._role = role
        self._held: set[str] = set()
        self._next_ms = self._pause_ms = self._since_ms = 0
        self._slowed_ms = self._step_ms = self._refusals = 0

    async def take(self, allowance: Allowance, names: Sequence[str], *, patience_ms: int) -> Taken:
        now = _now_ms()
        if self._pause_ms > now:
            return Taken((), self._pause_ms - now, refused=True)
        most = allowance.crawling if self._role is Role.CRAWL else allowance.concurrency
        interval = max(allowance.interval_ms, self._slowed_ms)
        free = min(most - len(self._held), len(names), 1 if interval else len(names))
        if interval and self._next_ms > now:
            return Taken((), self._next_ms - now, refused=False)
        if free <= 0:
            return Taken((), SLOT_LOOK_MS, refused=False)
        self._held.update(names[:free])
        self._next_ms = now + interval
        wait = max(interval, SLOT_LOOK_MS) if free < len(names) else 0
        return Taken(tuple(Slot(name, now) for name in names[:free]), wait, refused=False)

    async def give(self, allowance: Allowance, reports: Sequence[Report]) -> None:
        for report in reports:
            self._held.discard(report.slot.name)
            # What was under way when the shop began to refuse says nothing about the pace that was chosen since.
            is_news = report.slot.taken_at > self._since_ms
            match report.outcome:
                case Outcome.OK if is_news:
                    self._recover(allowance.interval_ms)
                case Outcome.REFUSED:
                    if is_news:
                        self._refusals += 1
                        self._slow_down(2, allowance.interval_ms)
                    self._pause(report.retry_after)
                case Outcome.FAILED if is_news:
                    self._slow_down(1.5, allowance.interval_ms)

    async def renew(self, slots: Sequence[Slot]) -> None:
        """Nothing to do: no other process could take them."""

    def _slow_down(self, by: float, interval: int) -> None:
        slowed = min(by * max(self._slowed_ms, interval, FIRST_SLOWED_MS), LONGEST_SLOWED_MS)
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
        self._slowed_ms -= self._step_ms
        if self._slowed_ms <= interval or not self._step_ms:
            self._slowed_ms = self._step_ms = 0


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000
