"""A newcomer's first hour, whole: `listino demo`, the storefront, the back office in a browser, and Ctrl-C."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from ports import free_base
from shopkeeper import wait_until

from listino.domain.money import Money
from listino.local.shops.catalogue import Catalogue
from listino.settings import PORT_OFFSETS

pytestmark = pytest.mark.timeout(240)

PRODUCTS = 25
ORDERLY = 130  # a demo ended with Ctrl-C may also end with this, as shells count it


@dataclass(frozen=True, slots=True)
class Demo:
    """A platform that `listino demo` brought up a second time, and what it printed; `once` is the first time."""

    once: "subprocess.CompletedProcess[str]"
    process: "subprocess.Popen[str]"
    told: dict[str, Any]
    base: int
    state: Path

    def url(self, part: str) -> str:
        return f"http://127.0.0.1:{self.base + PORT_OFFSETS[part]}"

    def processes(self) -> list[psutil.Process]:
        """Every process of this platform."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("LISTINO_INSTANCE") == str(self.state):
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
                continue
        return found


def _is_free(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) != 0


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("newcomer")
    base = free_base()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LISTINO_")}
    environment |= {
        "LISTINO_PORT_BASE": str(base),
        "LISTINO_STATE_DIR": str(folder / "state"),
        "LISTINO_DEMO_PRODUCTS": str(PRODUCTS),
        "LISTINO_STREAM_REFRESH_SECONDS": "1",  # while somebody watches a price, its shop is asked that often
    }
    once = subprocess.run(
        [sys.executable, "-m", "listino", "demo", "--once", "--json"],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=folder,
        timeout=180,
        check=False,
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "listino", "demo", "--json"],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=folder,
    )
    assert process.stdout is not None
    text = ""
    while not text.endswith("\n}\n") and (line := process.stdout.readline()):
        text += line
    try:
        yield Demo(once, process, json.loads(text), base, folder / "state")
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def test_the_demo_says_that_all_of_it_worked(demo: Demo) -> None:
    assert demo.once.returncode == 0
    told = json.loads(demo.once.stdout)
    assert told["ok"] is True
    assert told["markets"].keys() == {"it", "fr", "de", "es"}
    for code, result in told["markets"].items():
        truth = Catalogue(code, count=PRODUCTS).truth()
        assert (result["products"], result["rejected"], result["failed"]) == (len(truth), 0, 0)
        assert result["seconds"] > 0
    assert told["live_price"]["fresh"] is True
    assert told["live_price"]["elapsed_ms"] < 1000


def test_a_second_start_keeps_the_data_and_crawls_nothing_again(demo: Demo) -> None:
    first = json.loads(demo.once.stdout)
    assert demo.told["ok"] is True
    assert sum(demo.told["on_sale"].values()) == 4 * PRODUCTS
    assert {code: run["id"] for code, run in demo.told["markets"].items()} == {
        code: run["id"] for code, run in first["markets"].items()
    }
    assert demo.told["live_price"]["fresh"] is True


def test_a_moved_price_reaches_page_list_history_and_the_back_office(demo: Demo, browser: Browser) -> None:
    catalogue = Catalogue("it", count=PRODUCTS)
    goods = next(iter(catalogue.truth().values()))
    api, product = demo.url("nginx"), f"it:bottega:{goods.sku}"
    before = httpx2.get(f"{api}/products/{product}").json()["default_price"]

    shop_move(demo, goods.sku, "39.90")
    answer = httpx2.get(f"{api}/products/{product}/price").json()
    assert (answer["fresh"], answer["previous"]) == (True, before)
    moved = answer["price"]
    assert moved != before
    page = wait_until(lambda: _with_price(f"{api}/products/{product}", moved), "the product page shows the new price")
    assert page["price"]["amount"] == moved
    wait_until(lambda: _listed_at(f"{api}/products?count=100&market=it", product) == [moved], "the list shows it too")

    screen = sign_in(demo, browser, f"/products/{product}")
    expect(screen.get_by_role("heading", level=1)).to_have_text(goods.name)
    expect(screen.locator("main")).to_contain_text(moved)
    shop_move(demo, goods.sku, "33.30")
    screen.get_by_role("button", name="Refresh price").click()
    expect(screen.locator("main")).to_contain_text(f"was €{moved}")
    now = httpx2.get(f"{api}/products/{product}").json()["default_price"]
    assert now not in (before, moved)
    expect(screen.locator("main")).to_contain_text(f"€{now}")
    screen.context.close()


def test_a_page_that_stays_open_shows_what_the_shop_asks_by_now(demo: Demo, browser: Browser) -> None:
    goods = list(Catalogue("it", count=PRODUCTS).truth().values())[1]
    product = f"it:bottega:{goods.sku}"
    complaints: list[str] = []
    with browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark") as context:
        screen = context.new_page()
        screen.on("console", lambda message: complaints.append(message.text))
        screen.on("pageerror", lambda error: complaints.append(str(error)))
        screen.goto(f"{demo.url('nginx')}/demo/{product}")
        screen.evaluate("window.theSame = true")
        expect(screen.get_by_role("heading", level=1)).to_have_text(goods.name)
        expect(screen.locator(".availability")).to_have_text("Disponibile")
        price = screen.locator(".price")
        before = price.inner_text()
        for percent in (110, 120):  # a leap would be held
            shop_move(demo, goods.sku, str(Money(goods.offer.cost.minor * percent // 100)))
            expect(price).not_to_have_text(before, timeout=10_000)
            before = price.inner_text()
        shown = httpx2.get(f"{demo.url('nginx')}/products/{product}/price").json()["price"]
        expect(price).to_have_text(f"{shown.replace('.', ',')}\u00a0€")
        assert screen.evaluate("window.theSame") is True  # it was not loaded again
        assert screen.evaluate("document.documentElement.scrollWidth") == 390
        assert Axe().run(screen).response["violations"] == []
    assert complaints == []


def test_a_crawl_started_in_the_browser_is_done_by_a_worker_before_ones_eyes(demo: Demo, browser: Browser) -> None:
    screen = sign_in(demo, browser, "/crawls")
    screen.get_by_role("button", name="Crawl Germany").click()
    run = screen.locator("#runs tr", has_text=f"staff:{demo.told['staff']['email']}")
    expect(run).to_contain_text("Finished", timeout=60_000)
    expect(run).to_contain_text(str(PRODUCTS))
    screen.context.close()


def test_a_second_demo_is_told_that_one_is_running(demo: Demo) -> None:
    environment = os.environ | {"LISTINO_PORT_BASE": str(demo.base), "LISTINO_STATE_DIR": str(demo.state)}
    again = subprocess.run(
        [sys.executable, "-m", "listino", "up", "--detach"],
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
        check=False,
    )
    assert again.returncode == 0
    assert "already running" in again.stderr


def test_ctrl_c_stops_everything_and_keeps_the_data(demo: Demo) -> None:
    assert len(demo.processes()) >= len(PORT_OFFSETS)
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(60) in (0, ORDERLY)
    assert demo.processes() == []
    assert [part for part in PORT_OFFSETS if not _is_free(demo.base + PORT_OFFSETS[part])] == []
    assert (demo.state / "mongo").is_dir()


def sign_in(demo: Demo, browser: Browser, path: str) -> Page:
    """A back-office page, after the sign-in that it asks for."""
    screen = browser.new_context().new_page()
    screen.set_default_timeout(15_000)
    screen.goto(demo.url("backoffice") + path)
    screen.get_by_label("E-mail address").fill(demo.told["staff"]["email"])
    screen.get_by_label("Password").fill(demo.told["staff"]["password"])
    screen.get_by_role("button", name="Sign in").click()
    return screen


def shop_move(demo: Demo, sku: str, price: str) -> None:
    """Has the Italian demo shop ask another price, and waits until no earlier answer counts as fresh any more."""
    moved = httpx2.post(f"{demo.url('shop-it')}/_shop/price", json={"sku": sku, "price": price})
    assert moved.status_code == 200
    wait_until(lambda: _stale(demo, f"it:bottega:{sku}"), "the earlier answer is no longer fresh")


def _stale(demo: Demo, product: str) -> bool:
    from redis import Redis

    with Redis.from_url(f"redis://127.0.0.1:{demo.base + PORT_OFFSETS['redis']}/0") as redis:
        return not redis.exists(f"live:{{it:bottega}}:answer:{product}")


def _listed_at(url: str, product: str) -> list[str]:
    return [card["default_price"] for card in httpx2.get(url).json() if card["id"] == product]


def _with_price(url: str, price: str) -> dict[str, Any] | None:
    page: dict[str, Any] = httpx2.get(url).json()
    return page if page["default_price"] == price else None
