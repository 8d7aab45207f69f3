"""Crawls while not every declaration can be used."""

import shutil
from pathlib import Path

import pytest
from shopkeeper import PRODUCTS, RunningShop

from listino.crawling import run_crawl
from listino.domain.crawl import CrawlStatus
from listino.domain.errors import InvalidShop
from listino.settings import Settings
from listino.shops.declaration import Shops
from listino.store.client import Store
from scrapers.run import CrawlRun

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def broken(settings: Settings, german_shop: RunningShop) -> Path:
    """A second declaration of the German market, with a typo."""
    path = settings.shops_path / "de-apotheke.toml"
    path.write_text(
        '[shop]\nname = "apotheke"\nmarket = "de"\nplatform = "oscommerce"\nurl = "https://apotheke.example"\n'
    )
    return path


def test_a_broken_declaration_is_left_out_and_the_others_are_crawled(
    broken: Path, german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    run = run_crawl(settings, "de", trigger="test")
    assert (run.status, list(run.shops), run.total("products")) == (CrawlStatus.FINISHED, [german_shop.name], PRODUCTS)
    log = (settings.state_dir / "logs" / "crawl-de.log").read_text()
    (warning,) = [line for line in log.splitlines() if str(broken) in line]
    assert "WARNING: left out: " in warning
    assert "shop.platform" in warning


def test_a_broken_declaration_that_was_asked_for_is_an_error(broken: Path, settings: Settings, store: Store) -> None:
    with pytest.raises(InvalidShop, match=r"de-apotheke\.toml: shop\.platform"):
        run_crawl(settings, "de", shop="apotheke", trigger="test")
    assert store.crawls.latest() == []


def test_a_stopped_run_is_not_gone_on_with_when_other_shops_are_declared(
    german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    second = settings.shops_path / "de-zweite.toml"
    shutil.copy(next(settings.shops_path.glob("de-*.toml")), second)
    second.write_text(second.read_text().replace(german_shop.name, "zweite"))

    both = Shops.load(settings.shops_path).of_market("de")
    stopped = CrawlRun.begin(settings, store, both, shop=None, limit=None, trigger="test")
    stopped.mark(resumable=True)
    assert CrawlRun.begin(settings, store, both, shop=None, limit=None, trigger="test").id == stopped.id
    stopped.mark(resumable=True)
    assert CrawlRun.begin(settings, store, both[:1], shop=None, limit=None, trigger="test").id != stopped.id
