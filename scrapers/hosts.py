"""The hosts that a spider asks: the rules of each, what all of us may ask of it, and the spider's turns there."""

import asyncio
from collections.abc import Iterable
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http.request import NO_CALLBACK

from listino.domain.politeness import Allowance
from listino.live.budget import Report, Role, Slot
from listino.live.rules import Rules
from listino.live.turns import Turns
from listino.settings import Settings
from listino.shops.allowance import allowance_of
from listino.shops.robots import Robots
from listino.shops.shop import Shop
from scrapers.trouble import NotNow, trouble

ASKS_FOR_RULES = "asks_for_rules"  # marks a request for a robots.txt, which no rule forbids
_MOST_REFUSALS = (
    3  # of that request; a shop whose rules cannot be had is not crawled, so there is no use in waiting long
)


class Hosts:
    """`shops` are all that are declared, in whatever market: two of them may share a host and its budget."""

    def __init__(self, settings: Settings, shops: Iterable[Shop]) -> None:
        self._agent = settings.user_agent
        self._shops = tuple(shops)
        self._turns = Turns(settings, Role.CRAWL)
        self._rules: dict[str, asyncio.Task[Robots]] = {}

    def allowance(self, host: str) -> Allowance:
        """What may be asked of the host, as far as its rules are known by now."""
        reading = self._rules.get(host)
        known = reading is not None and reading.done() and not reading.cancelled() and reading.exception() is None
        return allowance_of(host, self._shops, reading.result() if reading and known else Robots(), self._agent)

    async def rules(self, crawler: Crawler, request: Request) -> Robots:
        """The rules that hold for the request's address, asked for once a run and host."""
        host = host_of(request)
        if host not in self._rules:
            self._rules[host] = asyncio.create_task(self._read(crawler, request))
        return await asyncio.shield(self._rules[host])

    def allows(self, rules: Robots, url: str) -> bool:
        """Whether the rules let us ask for the address."""
        return rules.allows(url, self._agent)

    async def take(self, host: str, *, patience: float) -> Slot:
        """A slot at the host; raises HostBusy."""
        return await self._turns.take(host, self.allowance(host), patience=patience)

    async def give(self, host: str, report: Report) -> None:
        """Gives a slot back, with what became of the request."""
        await self._turns.give(host, self.allowance(host), report)

    async def close(self) -> None:
        await self._turns.close()

    async def _read(self, crawler: Crawler, request: Request) -> Robots:
        parts = urlsplit(request.url)
        url = f"{parts.scheme}://{parts.netloc}/robots.txt"
        meta = {ASKS_FOR_RULES: True, "most_refusals": _MOST_REFUSALS, "download_slot": host_of(request)}
        shop = {"shop": request.cb_kwargs["shop"]} if "shop" in request.cb_kwargs else {}
        asked = Request(url, callback=NO_CALLBACK, cb_kwargs=shop, meta=meta, priority=1000)
        try:
            answer = await crawler.engine.download_async(asked)
        except NotNow:
            raise
        except IgnoreRequest:
            robots = Robots(trouble=f"{url} leads to another host than the shop declares")
        except Exception as error:
            robots = Robots(trouble=trouble(error, url))
        else:
            robots = Robots.answered(answer.status, answer.body)
            await self._turns.keep_rules(host_of(request), Rules(robots.text, robots.trouble))
        crawler.stats.inc_value("listino/robots_unknown" if robots.trouble else "listino/robots_read")
        return robots


def host_of(request: Request) -> str:
    """The host whose budget the request is part of."""
    slot = request.meta.get("download_slot")
    return slot if isinstance(slot, str) else str(urlsplit(request.url).netloc.lower())


def put_back(crawler: Crawler, request: Request) -> None:
    """Has a request that had no turn when the crawl was told to stop wait in the queue, for the run that goes on with it.

    One for a robots.txt does not: every run asks for the rules anew.
    """
    if not request.meta.get(ASKS_FOR_RULES):
        crawler.stats.inc_value("listino/put_back")
        crawler.engine.crawl(request.replace(dont_filter=True))
