"""The declared shops and how each is: whether it answers, what of its budget is in use, what came of crawls, when the next is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from backoffice.assortment import ShopSize
from backoffice.engines import engines
from backoffice.kept import Trouble
from backoffice.lists import Slice, sliced
from backoffice.panels import LiveState
from backoffice.services import crawls, schedule
from backoffice.services.schedule import Entry
from listino.domain.crawl import Crawl, ShopCounts
from listino.domain.errors import UnknownShop
from listino.domain.market import MARKETS, market_of
from listino.domain.politeness import Allowance
from listino.live.breakers import ShopState
from listino.live.figures import ShopFigures
from listino.live.host_states import HostState
from listino.shops.allowance import allowance_of
from listino.shops.broken import BrokenDeclaration
from listino.shops.declaration import Shops
from listino.shops.robots import Robots
from listino.shops.shop import Shop
from listino.store.holds import HeldQuery

# Among how many runs of its market a shop's last good crawl is looked for.
LOOKED_AT = 12
MOST_HELD = 5000  # held prices that are counted for the list


class Breaker(StrEnum):
    """CLOSED: the shop is asked, or nobody wanted anything of it lately; OPEN: its goods answer at once with the last known
    price; HALF_OPEN: the same, and one request finds out whether it answers again."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True)
class ShopRun:
    """What a run met in the shop."""

    crawl: Crawl
    counts: ShopCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopView:
    """A shop as it is now. `live`, `host` and `figures` are None where Redis cannot say; `stock` where it is not counted
    yet; `latest` and `whole` the last run that included it, and the last that saw it whole, among the latest of its market."""

    shop: Shop
    live: ShopState | None
    host: HostState | None
    figures: ShopFigures | None
    allowance: Allowance
    stock: ShopSize | None
    held: int
    latest: ShopRun | None
    whole: ShopRun | None
    next_at: datetime | None

    @property
    def key(self) -> str:
        return self.shop.key

    @property
    def breaker(self) -> Breaker | None:
        if self.live is None:
            return None
        if not self.live.down:
            return Breaker.CLOSED
        return Breaker.HALF_OPEN if self.live.probing else Breaker.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopPage:
    """Shops in the order of their keys, and those whose declaration cannot be used. `trouble`: why what Redis knows is missing or old."""

    shops: Slice[ShopView]
    broken: Sequence[BrokenDeclaration]
    trouble: Trouble | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopDetails:
    """One shop; `runs` are its latest, newest first; `running` the run of its market that is at work; `own_times`: those at
    which it is crawled alone."""

    view: ShopView
    runs: list[ShopRun]
    running: Crawl | None
    market_times: Entry | None
    own_times: Entry | None
    trouble: Trouble | None


def page(*, market: str | None = None, after: str | None, count: int) -> ShopPage:
    """At most `count` shops, all or those of a market; raises UnknownMarket, and InvalidShop where there is no folder of
    declarations."""
    if market is not None:
        market_of(market)
    declared = engines().shops.now()
    found = [
        shop for key, shop in sorted(declared.items()) if key > (after or "") and market in (None, shop.market.code)
    ]
    shown = sliced(found, count=count, after=lambda last: last.key)
    live = engines().panels.live.reading()
    held = engines().store.holds.by_shop(most=MOST_HELD)
    plan = schedule.entries()
    runs = {code: _runs(code) for code in MARKETS if any(shop.market.code == code for shop in shown.items)}
    stock = _stock()
    views = [
        _view(shop, declared, live.value, stock, held.get(shop.key, 0), runs[shop.market.code], plan)
        for shop in shown.items
    ]
    broken = [entry for entry in declared.broken if market in (None, entry.market)]
    return ShopPage(shops=Slice(views, shown.next), broken=broken, trouble=live.trouble)


def broken() -> Sequence[BrokenDeclaration]:
    """Declarations that cannot be used; raises InvalidShop."""
    return engines().shops.now().broken


def details(key: str) -> ShopDetails:
    """The shop `it:bottega`; raises UnknownShop."""
    declared = engines().shops.now()
    if key not in declared:
        raise UnknownShop(f"no shop {key} is declared")
    shop = declared[key]
    live = engines().panels.live.reading()
    held = engines().store.holds.count(HeldQuery(market=shop.market.code, shop=shop.name), most=MOST_HELD)
    plan = schedule.entries()
    runs = _runs(shop.market.code)
    view = _view(shop, declared, live.value, _stock(), held, runs, plan)
    return ShopDetails(
        view=view,
        runs=_runs_of(shop, runs),
        running=next((run for run in runs[:1] if crawls.at_work(run)), None),
        market_times=next((one for one in plan if one.planned.key == shop.market.code), None),
        own_times=next((one for one in plan if one.planned.key == key), None),
        trouble=live.trouble,
    )


def _view(
    shop: Shop,
    declared: Shops,
    live: LiveState | None,
    stock: dict[str, ShopSize] | None,
    held: int,
    runs: list[Crawl],
    plan: list[Entry],
) -> ShopView:
    host = live.hosts.get(shop.host) if live else None
    of_shop = _runs_of(shop, runs)
    return ShopView(
        shop=shop,
        live=live.shops.get(shop.key) if live else None,
        host=host,
        figures=live.figures.get(shop.key) if live else None,
        allowance=_allowance(shop, declared, host),
        stock=None if stock is None else stock.get(shop.key, ShopSize(shop.market.code, shop.name, 0, 0, 0)),
        held=held,
        latest=next(iter(of_shop), None),
        whole=next((run for run in of_shop if run.counts.complete), None),
        next_at=schedule.next_of_shop(plan, shop.key),
    )


def _allowance(shop: Shop, declared: Shops, host: HostState | None) -> Allowance:
    """What all of us together may ask of the shop's host, as far as its robots.txt is known."""
    rules = host.rules if host else None
    robots = Robots(rules.text, rules.trouble) if rules else Robots()
    return allowance_of(shop.host, declared.values(), robots, engines().settings.user_agent)


def _runs(market: str) -> list[Crawl]:
    return engines().store.crawls.latest(market=market, count=LOOKED_AT)


def _runs_of(shop: Shop, runs: list[Crawl]) -> list[ShopRun]:
    return [ShopRun(run, run.shops[shop.name]) for run in runs if shop.name in run.shops]


def _stock() -> dict[str, ShopSize] | None:
    sizes = engines().assortment.stock()
    return None if sizes is None else {f"{size.market}:{size.shop}": size for size in sizes}
