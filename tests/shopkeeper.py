"""Demo shops as real servers for the tests, and what a test may ask of them."""

import contextlib
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2

from listino.domain.offer import ShopProduct
from listino.local.declarations import DEMO_SHOPS, declaration
from listino.local.engines import free_port
from listino.local.shops.catalogue import Catalogue
from listino.settings import Settings

SEED = 7
PRODUCTS = 30


@dataclass(frozen=True, slots=True)
class RunningShop:
    """One demo shop that listens on loopback."""

    market: str
    name: str
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def key(self) -> str:
        return f"{self.market}:{self.name}"

    def admin(self, action: str, **fields: Any) -> dict[str, Any]:
        """Has the shop do something: drift, price, misprice, hide, stock, vanish, appear, behaviour, reset, restore."""
        answer = httpx2.post(f"{self.url}/_shop/{action}", json=fields, timeout=10)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def requests(self) -> dict[str, Any]:
        return dict(httpx2.get(f"{self.url}/_shop/requests", timeout=10).json())

    def log(self) -> list[dict[str, Any]]:
        """The requests since the last reset as the shop met them: path, began, ended (seconds), status."""
        return list(httpx2.get(f"{self.url}/_shop/log", timeout=10).json())

    def truth(self) -> dict[str, ShopProduct]:
        """What the shop sold before any operation, by the key its platform keeps stable."""
        return Catalogue(self.market, base_url=self.url, seed=SEED, count=PRODUCTS).truth()

    def declare(self, settings: Settings, **crawl: float) -> None:
        """Makes the shop known to everything that runs under these settings; `crawl` are keys of that table."""
        demo = next(shop for shop in DEMO_SHOPS if shop.market == self.market)
        text = declaration(demo, self.port)
        for key, value in crawl.items():
            text = re.sub(rf"^{key} = .*\n", "", text, count=1, flags=re.MULTILINE)
            text = text.replace("[crawl]\n", f"[crawl]\n{key} = {value}\n")
        settings.shops_path.mkdir(parents=True, exist_ok=True)
        (settings.shops_path / demo.file_name).write_text(text, encoding="utf-8")


@contextlib.contextmanager
def running_shop(market: str) -> Iterator[RunningShop]:
    """A demo shop of PRODUCTS goods; ended with the block."""
    port = free_port()
    name = next(shop.name for shop in DEMO_SHOPS if shop.market == market)
    command = [sys.executable, "-m", "listino.local.shops", market, "--port", str(port)]
    with subprocess.Popen([*command, "--products", str(PRODUCTS), "--seed", str(SEED)]) as process:
        try:
            wait_until(lambda: _answers(port), f"the shop of {market} listens on {port}")
            yield RunningShop(market, name, port)
        finally:
            process.terminate()


def wait_until(condition: Any, what: str, seconds: float = 60) -> Any:
    """The first true value of `condition`; fails when it does not come in time, of which a busy machine needs much."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError(f"in {seconds} s it did not happen that {what}")


def _answers(port: int) -> bool:
    with contextlib.suppress(httpx2.HTTPError):
        return httpx2.get(f"http://127.0.0.1:{port}/healthz", timeout=1).status_code == 200
    return False
