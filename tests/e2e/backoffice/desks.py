"""Somebody before the back office, on a desk or with a phone."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from integration.backoffice.goods import PASSWORD
from playwright.sync_api import Browser, ConsoleMessage, Page, Route

PHOTO = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><rect width="40" height="40" fill="teal"/></svg>'
)


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


WIDE: Final = {"viewport": {"width": 1280, "height": 860}}
PHONE: Final = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def desk_before(browser: Browser, address: str, **context: Any) -> Iterator[Desk]:
    """A desk until its context ends; what its browser complained of fails the test then."""
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
