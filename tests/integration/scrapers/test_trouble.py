"""Crawls of shops that cannot be reached: which one it was and why is told to everybody."""

import pytest
from shopkeeper import PRODUCTS, RunningShop

from listino.cli import main
from listino.crawling import run_crawl
from listino.domain.crawl import CrawlStatus
from listino.local.engines import free_port
from listino.settings import Settings
from listino.store.client import Store

pytestmark = pytest.mark.timeout(120)


def declare(settings: Settings, name: str, url: str) -> None:
    """Another shop of the German market."""
    settings.shops_path.mkdir(parents=True, exist_ok=True)
    text = f'[shop]\nname = "{name}"\nmarket = "de"\nplatform = "shopify"\nurl = "{url}"\n'
    (settings.shops_path / f"de-{name}.toml").write_text(text)


@pytest.mark.parametrize("limit", [None, 2 * PRODUCTS])
def test_a_shop_that_cannot_be_reached_is_named_with_the_reason_beside_one_that_can(
    limit: int | None, german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    port = free_port()
    declare(settings, "apotheke", "http://apotheke.invalid")
    declare(settings, "buchladen", f"http://127.0.0.1:{port}")
    run = run_crawl(settings, "de", limit=limit, trigger="test")
    assert (run.status, run.total("products")) == (CrawlStatus.INCOMPLETE, PRODUCTS)
    assert {name: counts.trouble for name, counts in run.shops.items()} == {
        "apotheke": "its address apotheke.invalid could not be found",
        "buchladen": f"127.0.0.1:{port} refused the connection",
        german_shop.name: None,
    }
    assert run.shops[german_shop.name].complete is (limit is None)
    (kept,) = store.crawls.latest()
    assert kept.error == (
        f"apotheke: its address apotheke.invalid could not be found; buchladen: 127.0.0.1:{port} refused the connection"
    )


def test_a_shop_that_wants_to_be_left_alone_for_an_hour_is_told_so_on_the_command_line(
    german_shop: RunningShop,
    settings: Settings,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    german_shop.admin("behaviour", fault="503", retry_after=3600)
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert main.run(["crawl", "de", "--limit", "5"]) == 1
    closing = capsys.readouterr().err.splitlines()[-1]
    host = german_shop.url.removeprefix("http://")
    assert closing.startswith(
        f"listino: market de was not seen whole: {german_shop.name}: {host} asked us to come back in 60 minutes; its log is "
    )
    assert closing.endswith("/logs/crawl-de.log")
