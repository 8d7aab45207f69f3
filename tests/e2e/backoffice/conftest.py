import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from integration.backoffice.goods import AGENT, MANAGER, PASSWORD, employ, fill_shelves, keep_crawls
from playwright.sync_api import Browser, ConsoleMessage, Page, Route
from werkzeug.serving import make_server

from backoffice.app import create_app
from listino.settings import Settings
from listino.store.client import Store

PHOTO = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><rect width="40" height="40" fill="teal"/></svg>'
)


@pytest.fixture
def filled(store: Store) -> Store:
    fill_shelves(store)
    employ(store)
    keep_crawls(store, older=25)
    return store


@pytest.fixture
def address(filled: Store, settings: Settings) -> Iterator[str]:
    """Where the back office listens."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app = create_app(settings)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, name="back office", daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(5)
    app.extensions["listino"].close()


@dataclass
class Desk:
    """Somebody before a screen, and what the browser complained of meanwhile."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        self.page.goto(self.address + path)

    def sign_in(self, email: str) -> None:
        self.go("/login")
        self.page.get_by_label("E-mail address").fill(email)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(f"{self.address}/")


def _desk(browser: Browser, address: str, **context: object) -> Iterator[Desk]:
    opened = browser.new_context(**context)
    opened.set_default_timeout(10_000)
    opened.route("https://photos.example/**", lambda route: _photo(route))
    page = opened.new_page()
    desk = Desk(page, address)

    def hear(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            desk.complaints.append(message.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: desk.complaints.append(str(error)))
    page.on("request", lambda request: _must_be_ours(desk, request.url))
    yield desk
    opened.close()
    assert desk.complaints == []


def _photo(route: Route) -> None:
    route.fulfill(content_type="image/svg+xml", body=PHOTO)


def _must_be_ours(desk: Desk, url: str) -> None:
    if not url.startswith((desk.address, "https://photos.example/", "data:")):
        desk.complaints.append(f"asked for {url}")


@pytest.fixture
def desk(browser: Browser, address: str) -> Iterator[Desk]:
    yield from _desk(browser, address, viewport={"width": 1280, "height": 860})


@pytest.fixture
def dark_desk(browser: Browser, address: str) -> Iterator[Desk]:
    yield from _desk(browser, address, viewport={"width": 1280, "height": 860}, color_scheme="dark")


@pytest.fixture
def phone(browser: Browser, address: str) -> Iterator[Desk]:
    yield from _desk(browser, address, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)


@pytest.fixture
def scriptless(browser: Browser, address: str) -> Iterator[Desk]:
    yield from _desk(browser, address, java_script_enabled=False)


@pytest.fixture
def agent_desk(desk: Desk) -> Desk:
    desk.sign_in(AGENT)
    return desk


@pytest.fixture
def manager_desk(desk: Desk) -> Desk:
    desk.sign_in(MANAGER)
    return desk
