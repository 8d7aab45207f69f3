"""The script for storefronts on a page of somebody else's, where the API does not always do what it should."""

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from playwright.sync_api import Browser, Page, Route, expect
from serving import served

from api.app import create_app
from listino.settings import Settings

UNUSED = {"mongo_uri": "mongodb://127.0.0.1:1/", "redis_url": "redis://127.0.0.1:1/0"}
HEAD = {"Content-Type": "text/event-stream"}


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """A page that shows what its body says, with the script; `page.url` is where the API is."""
    settings = Settings(_env_file=None, env="test", state_dir=tmp_path, **UNUSED)
    with served(create_app(settings)) as address, browser.new_context() as context:
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.goto(f"{address}/healthz")
        yield page


def show(page: Page, body: str, language: str = "de") -> None:
    html = f'<html lang="{language}"><script src="/static/listino-price.js" defer></script><body>{body}</body></html>'
    address = page.url.replace("/healthz", "/shop")
    page.route("**/shop", lambda route: route.fulfill(body=html, content_type="text/html; charset=utf-8"))
    page.goto(address)


def told(price: str, availability: str = "InStock") -> bytes:
    return orjson.dumps({"price": price, "currency": "EUR", "availability": availability, "fresh": True})


def event(name: str, data: bytes) -> bytes:
    return b"retry: 600000\nevent: %b\ndata: %b\n\n" % (name.encode(), data)


def test_without_streams_prices_are_asked_for(page: Page) -> None:
    def answer(route: Route) -> None:
        if route.request.url.endswith("/events"):
            route.fulfill(status=503)
        else:
            route.fulfill(body=told("1299.00", "OutOfStock"), content_type="application/json")

    page.route("**/products/**", answer)
    show(page, '<span data-listino-price="de:kontor:1">1.200,00\u00a0€</span>')
    expect(page.locator("span")).to_have_text("1.299,00\u00a0€ · Nicht auf Lager")
    assert page.locator("span").get_attribute("aria-live") == "polite"


def test_what_is_gone_is_said_and_not_asked_for_again(page: Page) -> None:
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(body=event("price", told("5.00")) + event("gone", b"{}"), headers=HEAD)

    page.route("**/products/**", answer)
    show(page, '<b data-listino-price="fr:a:1">–</b> <i data-listino-availability="fr:a:1"></i>', "fr")
    expect(page.locator("i")).to_have_text("N’est plus en vente")
    expect(page.locator("b")).to_have_text("–")
    assert [url.partition("/products/")[2] for url in asked] == ["fr%3Aa%3A1/price/events"]


def test_a_product_that_does_not_exist_is_named_in_the_console(page: Page) -> None:
    page.route("**/products/**", lambda route: route.fulfill(status=404))
    with page.expect_console_message(lambda message: message.type == "warning") as warned:
        show(page, '<b data-listino-price="fr:a:404">5,00 €</b>', "fr")
    assert warned.value.text == "listino-price: no product fr:a:404"
    expect(page.locator("b")).to_have_text("5,00 €")


def test_many_products_take_few_streams_and_what_stays_the_same_is_not_touched(page: Page) -> None:
    streams: list[str] = []

    def answer(route: Route) -> None:
        if route.request.url.endswith("/events"):
            streams.append(route.request.url)
            route.fulfill(body=event("price", told("5.00")), headers=HEAD)
        else:
            route.fulfill(body=told("6.00"), content_type="application/json")

    page.route("**/products/**", answer)
    spans = "".join(f'<p><span data-listino-price="it:b:{one}">5,00\u00a0€</span></p>' for one in range(6))
    watch = """<script>
        window.touched = 0;
        const observer = new MutationObserver((all) => window.touched += all.length);
        for (const span of document.querySelectorAll("span")) observer.observe(span, {childList: true, subtree: true});
        </script>"""
    show(page, spans + watch, "it")
    expect(page.get_by_text("6,00\u00a0€")).to_have_count(2)
    expect(page.locator('[data-listino-state="InStock"]')).to_have_count(6)
    expect(page.get_by_text("5,00\u00a0€")).to_have_count(4)
    assert len(streams) == 4
    # Of six texts two have changed; each is one change.
    assert page.evaluate("window.touched") == 2


@pytest.mark.parametrize("late", ["6.00", None], ids=["answered", "failed"])
def test_an_answer_that_was_overtaken_by_a_stream_is_not_heard(page: Page, late: str | None) -> None:
    """A stream is refused, the price is asked for, and before that is answered the page is hidden and shown again."""
    streams: list[str] = []

    def answer(route: Route) -> None:
        streams.append(route.request.url)
        if len(streams) == 1:
            route.fulfill(status=503)
        else:
            route.fulfill(body=event("price", told("5.00")), headers=HEAD)

    page.route("**/products/**", answer)
    head = """<script>
        window.answers = [];
        window.fetch = () => new Promise((...both) => answers.push(both));
        window.closings = 0;
        const close = EventSource.prototype.close;
        EventSource.prototype.close = function () { closings += 1; close.call(this); };
        function look(hidden) {
          Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }
        async function tell(amount) {
          const [resolve, reject] = answers.shift();
          const told = { price: amount, currency: "EUR", availability: "InStock" };
          if (amount) resolve({ ok: true, status: 200, headers: new Headers(), json: async () => told });
          else reject(new TypeError());
          for (let turn = 0; turn < 20; turn++) await null;
        }
        </script>"""
    show(page, head + '<span data-listino-price="it:b:1">–</span>', "it")
    page.wait_for_function("answers.length === 1")
    page.evaluate("look(true); look(false)")
    expect(page.locator("span")).to_have_text("5,00\u00a0€")
    before = page.evaluate("closings")
    page.evaluate("(amount) => tell(amount)", late)
    assert page.locator("span").text_content() == "5,00\u00a0€"
    assert page.evaluate("closings") == before > 0
