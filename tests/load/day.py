"""The simulated day: the platform, four load shops and their goods; shoppers open pages, and every answer is checked."""

import contextlib
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import orjson
import psutil
from budgets import asked, complaint
from click import echo
from deliveries import Delivery, Listener
from generators import k6_lines
from ledger import Ledger
from shops.running import MOST_AT_ONCE, RunningShops, running_shops
from shops.server import Conduct, Visit
from truth import Truth
from usage import Usage, usage_of
from views import View

from api.parameters import DEFAULT_WAIT_MS
from listino.cli.platform import furnishing
from listino.domain.clock import utc_now
from listino.domain.history import with_unfiled
from listino.domain.money import Money
from listino.domain.product import parse_product_id
from listino.local.platform import Platform
from listino.settings import Settings
from listino.shops.declaration import Shops as Declared
from listino.store.client import Store

# What a live price needs of the platform.
WANTED = frozenset({"mongo", "redis", "api-1", "api-2", "nginx", "live"})
BUDGET = 40.0  # requests a second that each shop allows
_TOLD_EVERY = 10.0
_EXAMPLES = 3  # that are named of what was not as it should be


@dataclass(frozen=True, slots=True)
class Run:
    """What came of some views: the shoppers' side, the shops' logs by shop, and what the workers delivered meanwhile."""

    views: Sequence[View]
    visits: Mapping[str, Sequence[Visit]]
    deliveries: Sequence[Delivery] = ()
    dropped: int = 0  # views that k6 could not begin
    used: Usage = field(default_factory=Usage)

    def own(self) -> list[Visit]:
        """The visits by which goods were asked for."""
        return [visit for of_shop in self.visits.values() for visit in of_shop if visit.asked]


class Day:
    """Runs of one day. Each is checked against the shops' budgets and their truth; `close` notes what that found."""

    def __init__(self, platform: Platform, shops: RunningShops, ledger: Ledger) -> None:
        self.platform, self.shops, self.ledger = platform, shops, ledger
        self.settings = platform.settings
        self.conduct = Conduct()
        self._budget = BUDGET
        self._log: dict[str, list[Visit]] = {shop.key: [] for shop in shops.shops}
        self._beyond: list[str] = []
        self._untrue: list[str] = []
        self._unknown: list[str] = []
        self._fresh = self._early = self._seeds = self._requests = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.settings.port('nginx')}"

    def allow(self, rate: float) -> None:
        """Has every shop allow so many requests a second from now on."""
        self._budget = rate
        self.shops.declare(self.settings, rate)

    def view(
        self,
        title: str,
        *,
        rate: float,
        seconds: float,
        wait_ms: int = DEFAULT_WAIT_MS,
        during: Callable[[], None] = lambda: None,
        linger: float = 0,
    ) -> Run:
        """Pages of all goods opened at that rate by k6, while `during` has its way; the shops' logs are read `linger` seconds
        after the last one."""
        self._seeds += 1
        environment = {
            "URL": self.url,
            "RATE": round(rate),
            "SECONDS": round(seconds),
            "WAIT": "" if wait_ms == DEFAULT_WAIT_MS else wait_ms,
            "SEED": round(self._seeds),
            "SHOPS": orjson.dumps(
                [{"prefix": f"{shop.key}:", "first": shop.first, "count": shop.count} for shop in self.shops.shops]
            ).decode(),
        }
        self.news()  # what was asked before is no part of it
        shops_used = self.shops.processor_seconds()
        with (
            Listener(self.settings.redis_address) as listener,
            usage_of(self.platform) as used,
            ThreadPoolExecutor(1) as pool,
        ):
            under_way = pool.submit(k6_lines, "live.js", environment)
            began = told = time.monotonic()
            during()
            while not under_way.done():
                time.sleep(0.1)
                if time.monotonic() - told >= _TOLD_EVERY:
                    told = time.monotonic()
                    echo(f"{title}: {told - began:.0f} of {seconds:.0f} s", err=True)
            lines, dropped = under_way.result()
            time.sleep(linger)
            visits = self.news()
        used.beside += self.shops.processor_seconds() - shops_used
        run = Run([View.of(line) for line in lines if line.startswith("{")], visits, listener.heard, dropped, used)
        self.check(title, run)
        return run

    def news(self) -> Mapping[str, list[Visit]]:
        """What the shops' logs have that was not read before."""
        news = self.shops.news()
        for key, visits in news.items():
            self._log[key] += visits
        return news

    def truth(self) -> Truth:
        """What the shops have told since the day began: a price may have been told before the run in which it is shown."""
        return Truth(self._log, self._price_of())

    def check(self, title: str, run: Run) -> None:
        """Holds the run against the shops' budgets, their truth, and the price history."""
        for shop, visits in run.visits.items():
            found = asked(visits, self._budget)
            self._early = max(self._early, found.early)
            self._requests += found.requests
            if said := complaint(found, self._budget, MOST_AT_ONCE):
                self._beyond.append(f"{title}: {shop}: {said}")
        truth = self.truth()
        self._fresh += sum(view.fresh for view in run.views)
        self._untrue += [f"{title}: {said}" for view in run.views if (said := truth.complaint(view))]
        self._unknown += [f"{title}: {said}" for said in self._not_in_history(run.views)]

    def _price_of(self) -> Callable[[str, int], int]:
        """What we ask for a product for which its shop asks so many cents, by the rules that the workers go by."""
        declared, at = Declared.load(self.settings.shops_path), utc_now()

        @cache
        def price(product_id: str, minor: int) -> int:
            terms = declared[product_id.rpartition(":")[0]].terms
            return terms.price(Money(minor), None, at).amount.minor

        return price

    def _not_in_history(self, views: Sequence[View]) -> Iterator[str]:
        told: dict[str, set[int]] = {}
        for view in views:
            if view.fresh and view.price is not None:
                told.setdefault(view.product_id, set()).add(view.price)
        with Store(self.settings) as store:
            for product_id, prices in told.items():
                carried = store.products.get(parse_product_id(product_id)).unfiled
                points = with_unfiled(store.products.history(product_id), carried)
                known = {point.price.minor for point in points if point.price}
                if lost := prices - known:
                    yield f"{product_id} was sold at {sorted(lost)}, which its history does not know"

    def idle(self, seconds: float) -> Usage:
        """What the platform's servers use while nobody asks for anything."""
        with usage_of(self.platform) as used:
            time.sleep(seconds)
        return used

    def kill(self, part: str) -> None:
        """`kill -9`; the supervisor starts the part anew. Of live workers the oldest process is killed, which its pool replaces."""
        pid = next((one.pid for one in self.platform.status() if one.name == part), None)
        if pid is not None and part == "live":
            pid = min(psutil.Process(pid).children(), key=psutil.Process.create_time).pid
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            echo(f"killed {part} ({pid})", err=True)

    def behave(self, conduct: Conduct) -> None:
        self.conduct = conduct
        self.shops.behave(conduct)

    def close(self) -> None:
        """Notes what holds for all runs together."""
        self._note("d: shops asked beyond their budget", f"of {self._requests:.0f} requests", self._beyond)
        self.ledger.note("d: earliest request", f"{1000 * self._early:.0f} ms before its turn")
        of_prices = f"of {self._fresh:.0f} fresh prices"
        self._note("g: prices called fresh that were not the truth", of_prices, self._untrue)
        self._note("g: prices told and not in the history", of_prices, self._unknown)

    def _note(self, what: str, of: str, wrong: Sequence[str]) -> None:
        examples = f" ({'; '.join(wrong[:_EXAMPLES])})" if wrong else ""
        self.ledger.note(what, f"{len(wrong)} {of}{examples}", "0", kept=not wrong)


@contextlib.contextmanager
def simulated_day(products: int, ledger: Ledger) -> Iterator[Day]:
    """The platform with four load shops and so many of their goods in its store; everything is stopped with the block."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="listino-load-")))
        # Engines and shops of its own, whatever the environment names.
        settings = Settings(_env_file=None, state_dir=folder, mongo_uri=None, redis_url=None, shops_dir=None)  # type: ignore[call-arg]  # typed by pydantic
        echo("starting the load shops and the platform", err=True)
        shops = stack.enter_context(running_shops(products))
        shops.declare(settings, BUDGET)
        platform = Platform(settings, only=WANTED)
        stack.callback(platform.down)
        platform.up(furnish=furnishing(settings))
        began = time.monotonic()
        shops.stock(settings)
        echo(f"{products} products stored in {time.monotonic() - began:.1f} s", err=True)
        day = Day(platform, shops, ledger)
        yield day
        day.close()
