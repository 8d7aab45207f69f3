"""Taking turns at hosts: what a spider and a live worker do before each request, and after it.

All that one process wants of a host, and gives back to it, goes to Redis together: a crawl that is held back by nothing
but the shop pays for little more than one step of Redis's for several requests.
"""

import asyncio
import contextlib
import itertools
import logging
import secrets
from collections import deque
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from redis.exceptions import RedisError

from listino.domain.politeness import Allowance
from listino.live.budget import Budget, Outcome, Report, Role, Slot, Taken
from listino.live.client import connect_async
from listino.live.exchange import Exchange
from listino.live.news import heard
from listino.live.pace import LocalBudget
from listino.live.rules import KeptRules, Rules
from listino.settings import Settings, masked

log = logging.getLogger(__name__)

Result = TypeVar("Result")

BUDGET_SECONDS = 0.7  # a Redis that needs longer for one step is as good as away: a shopper has one second in all
_PROBE_SECONDS = 2.0  # between two looks whether Redis is back
_CLOSING_SECONDS = 2.0
_MOST_AT_ONCE = 32


class HostBusy(Exception):
    """Raised when a turn would not come in time. `wait`: seconds until it might; `refused`: the host asked for the pause."""

    def __init__(self, host: str, wait: float, *, refused: bool) -> None:
        why = "has asked us to wait" if refused else "is asked as much as it allows already"
        super().__init__(f"{host} {why}: its next turn comes in {wait:.1f} s")
        self.wait = wait
        self.refused = refused


class Turns:
    """The turns of one process, at all hosts, for one role. Use it inside one event loop, and close it."""

    def __init__(self, settings: Settings, role: Role) -> None:
        self._redis = connect_async(settings, seconds=BUDGET_SECONDS)
        self._exchange = Exchange(self._redis)
        self._rules = KeptRules(self._redis)
        self._address = masked(settings.redis_address)
        self._role = role
        self._hosts: dict[str, _Host] = {}
        self._probe: asyncio.Task[None] | None = None

    async def take(self, host: str, allowance: Allowance, *, patience: float) -> Slot:
        """A slot at the host, at the latest after `patience` seconds; raises HostBusy as soon as that is not to be."""
        return await self._host(host, allowance).take(patience)

    async def give(self, host: str, allowance: Allowance, report: Report) -> None:
        """Gives a slot back, with what became of it."""
        await self._host(host, allowance).give(report)

    async def rules(self, host: str) -> Rules | None:
        """The host's robots.txt as some process of ours read it a few hours ago; None where nobody has."""
        return await self.unless_away(self._rules.get(host))

    async def keep_rules(self, host: str, rules: Rules) -> None:
        """Lets all processes know of the host's robots.txt."""
        await self.unless_away(self._rules.keep(host, rules))

    async def unless_away(self, step: Coroutine[Any, Any, Result]) -> Result | None:
        """What a step of Redis's gives; None where Redis cannot be asked, and then it is away."""
        if self.away:
            step.close()
            return None
        try:
            return await step
        except RedisError as error:
            self._lost(error)
            return None

    async def close(self) -> None:
        """Ends it; slots that are still held run out by themselves."""
        tasks = [task for host in self._hosts.values() if (task := host.worker)] + (
            [self._probe] if self._probe else []
        )
        for task in tasks:
            task.cancel()
        if tasks:
            # A question to a Redis that hangs may outlive its being cancelled; nobody's end waits for it.
            await asyncio.wait(tasks, timeout=_CLOSING_SECONDS)
        await self._redis.aclose()

    @property
    def away(self) -> bool:
        """Whether Redis is away, and each process keeps to the budgets by itself."""
        return self._probe is not None

    def _lost(self, error: Exception) -> None:
        """Redis did not answer: until it does again this process goes by its own clock. Said once."""
        if self._probe is None:
            log.warning("Redis at %s is away: this process paces itself until it is back (%s)", self._address, error)
            self._probe = asyncio.create_task(self._until_back())

    async def _until_back(self) -> None:
        while True:
            await asyncio.sleep(_PROBE_SECONDS)
            with contextlib.suppress(RedisError):
                await self._redis.ping()
                break
        log.warning("Redis at %s is back: hosts are asked by the common budgets again", self._address)
        self._probe = None

    def _host(self, host: str, allowance: Allowance) -> "_Host":
        if host not in self._hosts:
            self._hosts[host] = _Host(self, self._exchange, host, self._role)
        self._hosts[host].allowance = allowance
        return self._hosts[host]


@dataclass(slots=True)
class _Wish:
    """Somebody who waits for a slot, until `deadline` by the loop's clock."""

    deadline: float
    slot: asyncio.Future[Slot] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class _Host:
    """One host's turns. Its worker runs while somebody waits, has something to give back, or holds a slot."""

    def __init__(self, turns: Turns, exchange: Exchange, name: str, role: Role) -> None:
        self.allowance = Allowance(concurrency=1, crawling=1)
        self.worker: asyncio.Task[None] | None = None
        self._turns = turns
        self._name = name
        self._common, self._own = Budget(exchange, name, role), LocalBudget(role)
        self._wishes: deque[_Wish] = deque()
        self._reports: list[tuple[Report, asyncio.Future[None]]] = []
        self._held: dict[str, tuple[Slot, float]] = {}  # and until when, by the loop's clock, it needs no renewal
        self._pause_untold = False  # the host refused while Redis was away
        self._news = asyncio.Event()
        self._prefix, self._count = secrets.token_hex(4), itertools.count()

    async def take(self, patience: float) -> Slot:
        wish = _Wish(asyncio.get_running_loop().time() + patience)
        self._wishes.append(wish)
        self._look()
        try:
            return await wish.slot
        except asyncio.CancelledError:
            if wish.slot.done() and not wish.slot.cancelled() and wish.slot.exception() is None:
                self._report(Report(wish.slot.result(), Outcome.UNSENT))
            raise

    async def give(self, report: Report) -> None:
        await self._report(report)

    def _report(self, report: Report) -> asyncio.Future[None]:
        self._held.pop(report.slot.name, None)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._reports.append((report, done))
        self._look()
        return done

    def _look(self) -> None:
        self._news.set()
        if self.worker is None or self.worker.done():
            self.worker = asyncio.create_task(self._work(), name=f"turns at {self._name}")
            self.worker.add_done_callback(self._ended)

    def _ended(self, worker: asyncio.Task[None]) -> None:
        """A mistake of ours, or the end: nobody is left waiting for a worker that is no more."""
        error = None if worker.cancelled() else worker.exception()
        for wish in self._wishes if worker.cancelled() or error else ():
            if error is None:
                wish.slot.cancel()
            elif not wish.slot.done():
                wish.slot.set_exception(error)

    async def _work(self) -> None:
        renew_seconds = self._common.renew_seconds
        while self._wishes or self._reports or self._held:
            self._news.clear()
            await self._give_back()
            wait = await self._hand_out() if self._wishes else renew_seconds
            await self._renew()
            await heard(self._news, min(wait, renew_seconds))

    async def _renew(self) -> None:
        """Holds for longer what has been held for a while; most requests have come to their end by then."""
        now = asyncio.get_running_loop().time()
        due = [slot for slot, until in self._held.values() if until <= now]
        if due:
            for slot in due:
                self._hold(slot, now)
            await self._turns.unless_away(self._common.renew(due))

    def _hold(self, slot: Slot, now: float) -> None:
        self._held[slot.name] = (slot, now + self._common.renew_seconds)

    async def _give_back(self) -> None:
        reports, self._reports = self._reports, []
        if not reports:
            return
        try:
            told = [report for report, _ in reports]
            await self._own.give(self.allowance, told)
            await self._turns.unless_away(self._common.give(self.allowance, told))
            if self._turns.away and any(report.outcome is Outcome.REFUSED for report in told):
                self._pause_untold = True
        finally:
            for _, done in reports:
                if not done.done():
                    done.set_result(None)

    async def _hand_out(self) -> float:
        """Serves those who wait as far as there are slots; the seconds until it is worth trying again."""
        while self._wishes and self._wishes[0].slot.done():
            self._wishes.popleft()  # its caller has gone
        clock = asyncio.get_running_loop().time
        waiting = [wish for wish in self._wishes if not wish.slot.done()][:_MOST_AT_ONCE]
        if not waiting:
            return 0.0
        patience_ms = max(0, int(1000 * (max(wish.deadline for wish in waiting) - clock())))
        names = [f"{self._prefix}-{next(self._count)}" for _ in waiting]
        taken = await self._taken(names, patience_ms)
        unused = list(taken.slots)
        for wish in waiting:
            if unused and not wish.slot.done():
                slot = unused.pop(0)
                self._hold(slot, clock())
                wish.slot.set_result(slot)
        for slot in unused:
            self._report(Report(slot, Outcome.UNSENT))
        wait = taken.wait_ms / 1000
        for wish in waiting:
            if not wish.slot.done() and wish.deadline < clock() + wait:
                wish.slot.set_exception(HostBusy(self._name, wait, refused=taken.refused))
        self._wishes = deque(wish for wish in self._wishes if not wish.slot.done())
        return wait

    async def _taken(self, names: Sequence[str], patience_ms: int) -> Taken:
        """What the common budget gives; this process's own where Redis cannot be asked."""
        if self._pause_untold:
            await self._tell_pause()
        taken = await self._turns.unless_away(self._common.take(self.allowance, names, patience_ms=patience_ms))
        if taken is None:
            return await self._own.take(self.allowance, names, patience_ms=patience_ms)
        self._own.follow(self.allowance, taken)
        return taken

    async def _tell_pause(self) -> None:
        """Lets everybody know of a pause that was heard while Redis was away, as far as it is not over."""
        left = self._own.pause_left
        if left:
            # A slot that was taken at the beginning of time says nothing about the pace.
            pause = Report(Slot("", 0), Outcome.REFUSED, left)
            await self._turns.unless_away(self._common.give(self.allowance, [pause]))
        self._pause_untold = self._turns.away
