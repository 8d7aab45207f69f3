"""The hosts that a live worker asks, by their rules and in its turn: a shopper goes before the crawls, not beyond the budget."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterable
from urllib.parse import urljoin, urlsplit

import httpx2

from listino.live.budget import Outcome, Report, Slot
from listino.live.rules import Rules
from listino.live.turns import Turns
from listino.shops.allowance import allowance_of
from listino.shops.robots import MOST_BYTES, Robots
from listino.shops.shop import Shop
from workers.client import ShopClient

_LOOK_AGAIN_SECONDS = 60.0  # at what all processes know of a host's rules
_MOST_REDIRECTS = 5  # RFC 9309, section 2.3.1.2
_REDIRECTS = (301, 302, 303, 307, 308)


class Turn:
    """One request that may be sent now. Unless it is told what was answered, the host counts as having failed."""

    def __init__(self, slot: Slot) -> None:
        self._slot = slot
        self.report = Report(slot, Outcome.FAILED)

    def answered(self, response: httpx2.Response) -> None:
        """Hears what the host answered, and for how long it wants to be left alone."""
        self.report = Report.of_answer(self._slot, response.status_code, response.headers.get("retry-after"))

    def unsent(self) -> None:
        """Has the request say nothing of the host."""
        self.report = Report(self._slot, Outcome.UNSENT)


class Hosts:
    """`shops` gives all that are declared now: two markets' shops may share a host and its budget."""

    def __init__(
        self, client: ShopClient, turns: Turns, agent: str, shops: Callable[[], Iterable[Shop]], seconds: float
    ) -> None:
        self._client = client
        self._turns = turns
        self._agent = agent
        self._shops = shops
        self._seconds = seconds
        self._known: dict[str, tuple[float, Robots]] = {}
        self._asking: dict[str, asyncio.Task[Robots]] = {}

    async def rules(self, shop: Shop) -> Robots:
        """The host's rules; asked of it only where no process has asked it for hours.

        Raises HostBusy, TimeoutError or an error of httpx2 where the host does not say.
        """
        until, robots = self._known.get(shop.host, (0.0, Robots()))
        if until > time.monotonic():
            return robots
        # All who want to know them wait for one answer; a host that hangs keeps none of them longer than the first.
        if shop.host not in self._asking:
            self._asking[shop.host] = task = asyncio.create_task(self._learn(shop))
            task.add_done_callback(lambda _: self._asking.pop(shop.host))
        return await asyncio.shield(self._asking[shop.host])

    def forbids(self, robots: Robots, url: str) -> bool:
        """Whether the rules keep us from asking for the address."""
        return not robots.allows(url, self._agent)

    @contextlib.asynccontextmanager
    async def turn(self, shop: Shop, robots: Robots, *, probing: bool = False) -> AsyncIterator[Turn]:
        """A request's turn at the shop's host; raises HostBusy as soon as there is to be none in the time of a live price.

        `probing`: the shop's breaker is open. A probe that fails as well does not slow everybody down any further: the
        breaker lets one a second through, and after the shop's recovery the pace of before is wanted.
        """
        allowance = allowance_of(shop.host, self._shops(), robots, self._agent)
        turn = Turn(await self._turns.take(shop.host, allowance, patience=self._seconds))
        try:
            yield turn
        except asyncio.CancelledError:
            turn.unsent()  # we broke it off; the host did nothing wrong
            raise
        finally:
            if probing and turn.report.outcome is Outcome.FAILED:
                turn.unsent()
            await self._turns.give(shop.host, allowance, turn.report)

    async def _learn(self, shop: Shop) -> Robots:
        kept = await self._turns.rules(shop.host)
        if kept is None:
            robots = await self._read(shop)
            await self._turns.keep_rules(shop.host, Rules(robots.text, robots.trouble))
        else:
            robots = Robots(kept.text, kept.trouble)
        self._known[shop.host] = (time.monotonic() + _LOOK_AGAIN_SECONDS, robots)
        return robots

    async def _read(self, shop: Shop) -> Robots:
        parts = urlsplit(shop.url)
        url = f"{parts.scheme}://{parts.netloc}/robots.txt"
        for _ in range(_MOST_REDIRECTS + 1):
            async with self.turn(shop, Robots()) as turn, asyncio.timeout(self._seconds):
                answer = await self._client.ask("GET", url, turn.answered, most=MOST_BYTES)
            if answer.status not in _REDIRECTS or "location" not in answer.headers:
                return Robots.answered(answer.status, answer.body)
            url = urljoin(url, answer.headers["location"])
            if not shop.allows(url):
                return Robots(trouble=f"its robots.txt is on another host ({url}): declare the shop with that one")
        return Robots()  # more redirects than that count as no rules
