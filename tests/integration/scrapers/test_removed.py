"""Shops that are declared no more: their products are not offered any longer."""

from pathlib import Path

import pytest
from shopkeeper import PRODUCTS, RunningShop

from listino.cli import main
from listino.crawling import run_crawl
from listino.domain.clock import utc_now
from listino.domain.crawl import CrawlStatus
from listino.domain.listing import list_goods
from listino.settings import Settings
from listino.shops.declaration import Shops
from listino.store.client import Store
from listino.store.query import ProductQuery

pytestmark = pytest.mark.timeout(240)
LIMIT = 4


@pytest.fixture
def second(german_shop: RunningShop, settings: Settings, store: Store) -> Path:
    """The file of a second shop of the German market; both have goods on sale, as crawls would have put them there."""
    kontor = next(settings.shops_path.glob("de-*.toml")).read_text()
    path = settings.shops_path / "de-apotheke.toml"
    path.write_text(kontor.replace(german_shop.name, "apotheke"))
    shops, goods = Shops.load(settings.shops_path), list(german_shop.truth().values())
    for key, sold in (("de:apotheke", goods[:LIMIT]), (german_shop.key, goods)):
        store.products.upsert([list_goods(one, shops[key].terms, at=utc_now(), crawl_id=f"of {key}") for one in sold])
    assert store.products.counts() == {"de:apotheke": LIMIT, german_shop.key: PRODUCTS}
    return path


@pytest.fixture(autouse=True)
def environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)


def test_a_full_crawl_of_the_market_takes_a_removed_shop_off_sale(
    second: Path, german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    second.unlink()
    run = run_crawl(settings, "de", trigger="test")
    assert (run.status, run.total("products"), run.total("gone")) == (CrawlStatus.FINISHED, PRODUCTS, LIMIT)
    assert run.shops["apotheke"].gone == LIMIT
    assert store.products.counts() == {german_shop.key: PRODUCTS}
    assert len(store.products.page(ProductQuery(market="de", shop="apotheke", gone=True), count=100)) == LIMIT
    again = run_crawl(settings, "de", trigger="test")
    assert (list(again.shops), again.total("gone")) == ([german_shop.name], 0)


@pytest.mark.parametrize("how", [{"limit": 2}, {"limit": 10 * PRODUCTS}, {"shop": "kontor"}])
def test_a_crawl_of_less_than_the_market_takes_nothing_off_sale(
    how: dict[str, object], second: Path, settings: Settings, store: Store
) -> None:
    second.unlink()
    run = run_crawl(settings, "de", trigger="test", **how)  # type: ignore[arg-type]
    assert run.total("gone") == 0
    assert store.products.counts()["de:apotheke"] == LIMIT


def test_a_shop_whose_declaration_is_broken_keeps_its_products(
    second: Path, german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    second.write_text("[shop")
    run = run_crawl(settings, "de", trigger="test")
    assert (list(run.shops), run.status, run.total("gone")) == ([german_shop.name], CrawlStatus.FINISHED, 0)
    assert store.products.counts()["de:apotheke"] == LIMIT


def test_the_command_takes_a_removed_shop_off_sale_at_once(
    second: Path, german_shop: RunningShop, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(["shops", "remove", "de:apotheke"]) == 2
    assert "de:apotheke is still declared in " in capsys.readouterr().err
    second.write_text("[shop")
    assert main.run(["shops", "remove", "de:apotheke"]) == 2
    assert f"{second} may declare de:apotheke, and cannot be read" in capsys.readouterr().err
    assert store.products.counts()["de:apotheke"] == LIMIT

    second.unlink()
    assert main.run(["shops", "remove", "de:apotheke"]) == 0
    assert capsys.readouterr().out == f"{LIMIT} products of de:apotheke are no longer on sale\n"
    assert store.products.counts() == {german_shop.key: PRODUCTS}
    assert main.run(["shops", "remove", "de:apotheke"]) == 0
    assert capsys.readouterr().out.startswith("0 products")


@pytest.mark.parametrize("shop", ["calzoleria", "it:", "uk:calzoleria"])
def test_what_names_no_shop_is_wrong_usage(shop: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["shops", "remove", shop]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
