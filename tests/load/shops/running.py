"""The load shops as a process of their own, and what a measurement may have them do."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import takewhile
from pathlib import Path
from typing import Any

import httpx2
import orjson

from listino.domain.clock import utc_now
from listino.domain.listing import list_goods
from listino.live.page_guard import PageGuard
from listino.local.engines import free_port
from listino.settings import Settings
from listino.shops.declaration import Shops as Declared
from listino.store.client import Store
from shops.goods import LoadShop
from shops.server import BACK_DOOR, Conduct, Visit

LOAD = Path(__file__).parents[1]
PLATFORMS = {"it": "woocommerce", "fr": "shopify", "de": "shopify", "es": "generic"}
PAGE_KB = 64
MOST_AT_ONCE = 16
STARTING_SECONDS = 20
QUIET_SECONDS = 60
LOOK_SECONDS = 0.5
BATCH = 500
_FIRST = 1_000_000

_DECLARATION = """\
[shop]
name = "{shop.name}"
market = "{shop.market}"
platform = "{shop.platform}"
url = "{shop.url}"

[shipping]
cost = "4.90"

[pricing]
markup_percent = 28
ending = 90

[crawl]
concurrency = 4
delay = {delay}

[live]
concurrency = {concurrency}
"""


class RunningShops:
    """The four shops while they run. Their logs are read from where they were read last."""

    def __init__(self, shops: Sequence[LoadShop]) -> None:
        self.shops = shops
        self._read = dict.fromkeys((shop.key for shop in shops), 0)

    def declare(self, settings: Settings, rate: float) -> None:
        """Lets each shop be asked `rate` times a second, as its keeper allows partners, and MOST_AT_ONCE times at once."""
        settings.shops_path.mkdir(parents=True, exist_ok=True)
        for shop in self.shops:
            text = _DECLARATION.format(shop=shop, delay=round(1 / rate, 4), concurrency=MOST_AT_ONCE)
            unfinished = settings.shops_path / f"{shop.name}.new"
            unfinished.write_text(text, encoding="utf-8")
            unfinished.replace(unfinished.with_suffix(".toml"))  # at once, because a worker may be reading it

    def stock(self, settings: Settings) -> None:
        """Puts all goods into the store, as a crawl does."""
        declared = Declared.load(settings.shops_path)
        with Store(settings, PageGuard(settings)) as store:
            for shop in self.shops:
                terms, now = declared[shop.key].terms, utc_now()
                goods = [
                    list_goods(shop.goods(number, now.timestamp()), terms, at=now, crawl_id="load")
                    for number in shop.numbers()
                ]
                for first in range(0, len(goods), BATCH):
                    store.products.upsert(goods[first : first + BATCH], terms=terms)

    def behave(self, conduct: Conduct) -> None:
        for shop in self.shops:
            self._ask(shop, "conduct", asdict(conduct))

    def hang(self, shop: LoadShop, seconds: float) -> None:
        """From now on the shop takes requests and answers none before that time is over."""
        self._ask(shop, "hang", seconds)

    def processor_seconds(self) -> float:
        """What all of them have used of a processor until now."""
        return self._ask(self.shops[0], "state")["processor_ms"] / 1000

    def news(self) -> Mapping[str, list[Visit]]:
        """By the shop's key, the visits since they were asked for last, in the order they came.

        Waits until nobody asks the shops any more, for QUIET_SECONDS at most; visits that are still under way then, and those
        that came after them, are left to the next time.
        """
        self._await_quiet()
        news = {
            shop.key: list(takewhile(lambda visit: visit.ended is not None, self._visits(shop))) for shop in self.shops
        }
        for key, visits in news.items():
            self._read[key] += len(visits)
        return news

    def _await_quiet(self) -> None:
        deadline, before = time.monotonic() + QUIET_SECONDS, None
        while time.monotonic() < deadline:
            states = [self._ask(shop, "state") for shop in self.shops]
            visits = [state["visits"] for state in states]
            if visits == before and not any(state["under_way"] for state in states):
                return
            before = visits
            time.sleep(LOOK_SECONDS)

    def _visits(self, shop: LoadShop) -> list[Visit]:
        answer = httpx2.get(f"{shop.url}{BACK_DOOR}log", params={"first": self._read[shop.key]}, timeout=30)
        return [Visit(**visit) for visit in orjson.loads(answer.content)]

    @staticmethod
    def _ask(shop: LoadShop, what: str, body: Any = None) -> Mapping[str, int]:
        answer = httpx2.post(f"{shop.url}{BACK_DOOR}{what}", content=orjson.dumps(body), timeout=10).raise_for_status()
        state: Mapping[str, int] = orjson.loads(answer.content)
        return state


@contextlib.contextmanager
def running_shops(products: int, *, seed: int = 1, conduct: Conduct | None = None) -> Iterator[RunningShops]:
    """Four shops with so many products together; ended with the block."""
    each = products // len(PLATFORMS)
    shops = [
        LoadShop(market, platform, free_port(), _FIRST * (1 + place), each)
        for place, (market, platform) in enumerate(PLATFORMS.items())
    ]
    told = {
        "seed": seed,
        "page_kb": PAGE_KB,
        "conduct": asdict(conduct or Conduct()),
        "shops": [asdict(s) for s in shops],
    }
    argv = [sys.executable, "-m", "shops", orjson.dumps(told).decode()]
    with subprocess.Popen(argv, env={**os.environ, "PYTHONPATH": str(LOAD)}) as process:
        try:
            _until_answering(shops, process)
            yield RunningShops(shops)
        finally:
            process.terminate()


def _until_answering(shops: Sequence[LoadShop], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTING_SECONDS
    for shop in shops:
        while True:
            with contextlib.suppress(httpx2.HTTPError):
                httpx2.get(f"{shop.url}{BACK_DOOR}log", timeout=1)
                break
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the load shops did not start")
            time.sleep(0.05)
