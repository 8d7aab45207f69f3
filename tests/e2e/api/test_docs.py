"""The documentation in a browser, which its Content-Security-Policy lets load nothing from anywhere else."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from serving import served

from api.app import create_app
from api.openapi import DOCUMENT
from listino.settings import Settings

UNUSED = {"mongo_uri": "mongodb://127.0.0.1:1/", "redis_url": "redis://127.0.0.1:1/0"}


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Where the API listens, without engines: the documentation needs none."""
    with served(create_app(Settings(_env_file=None, env="test", state_dir=tmp_path, **UNUSED))) as address:
        yield address


@pytest.fixture
def complaints() -> list[str]:
    """What the browser refused to load, and what its console says."""
    return []


@pytest.fixture
def page(browser: Browser, complaints: list[str]) -> Iterator[Page]:
    with browser.new_context(viewport={"width": 1200, "height": 900}) as context:
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("requestfailed", lambda request: complaints.append(request.url))
        yield page


def test_every_operation_is_shown_with_its_answers_and_nothing_comes_from_elsewhere(
    page: Page, address: str, complaints: list[str]
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.goto(f"{address}/docs")
    expect(page.get_by_role("heading", name="Listino storefront API")).to_be_visible()
    expect(page.locator(".opblock")).to_have_count(len(DOCUMENT["paths"]))
    page.get_by_role("button", name="GET /products List products").click()
    expect(page.locator(".opblock-body").get_by_text("Moka Express").first).to_be_visible()
    for status in ("200", "304", "400", "405", "413", "414", "429", "431", "500", "503"):
        expect(page.locator(f'.opblock-body tr.response[data-code="{status}"]')).to_be_visible()

    assert [url for url in asked if not url.startswith((address, "data:"))] == []
    assert complaints == []


def test_an_operation_can_be_tried(page: Page, address: str, complaints: list[str]) -> None:
    page.goto(f"{address}/docs")
    page.get_by_role("button", name="GET /healthz Alive").click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".live-responses-table").get_by_text('"alive"').first).to_be_visible()
    assert complaints == []
