import os
import tomllib
from decimal import Decimal

import pytest

from listino.local.declarations import DEMO_SHOPS, declaration, write_declarations
from listino.local.shops.vocabulary.french import FRENCH
from listino.local.shops.vocabulary.german import GERMAN
from listino.local.shops.vocabulary.italian import ITALIAN
from listino.local.shops.vocabulary.spanish import SPANISH
from listino.settings import Settings


def test_four_shops_are_declared_at_their_ports(settings: Settings) -> None:
    write_declarations(settings)
    found = {path.name: tomllib.loads(path.read_text()) for path in settings.shops_path.glob("*.toml")}
    assert {name: told["shop"] for name, told in found.items()} == {
        "it-bottega.toml": {
            "name": "bottega",
            "market": "it",
            "platform": "woocommerce",
            "url": "http://127.0.0.1:18101",
        },
        "fr-atelier.toml": {
            "name": "atelier",
            "market": "fr",
            "platform": "prestashop",
            "url": "http://127.0.0.1:18102",
        },
        "de-kontor.toml": {"name": "kontor", "market": "de", "platform": "shopify", "url": "http://127.0.0.1:18103"},
        "es-mercado.toml": {
            "name": "mercado",
            "market": "es",
            "platform": "generic",
            "url": "http://127.0.0.1:18104",
        },
    }


def test_a_declaration_tells_costs_pricing_and_politeness() -> None:
    told = tomllib.loads(declaration(DEMO_SHOPS[2], 18103))
    assert Decimal(told["shipping"]["cost"]) == Decimal("3.95")
    assert told["pricing"] == {
        "markup_percent": 28,
        "minimum_margin": "3.00",
        "ending": 99,
        "categories": {"Kaffee": 18},
    }
    assert told["crawl"] == {"concurrency": 4, "gone_after": 1}
    assert told["live"] == {"concurrency": 8}


@pytest.mark.parametrize(
    ("market", "vocabulary"),
    [("it", ITALIAN), ("fr", FRENCH), ("de", GERMAN), ("es", SPANISH)],
    ids=lambda value: str(value)[:2],
)
def test_priced_categories_are_ones_the_shop_has(market: str, vocabulary: object) -> None:
    (shop,) = [shop for shop in DEMO_SHOPS if shop.market == market]
    leaves = {category for _, category in vocabulary.kinds.values()}  # type: ignore[attr-defined]
    assert shop.categories
    assert set(shop.categories) <= leaves


def test_other_files_and_unchanged_ones_are_not_touched(settings: Settings) -> None:
    settings.shops_path.mkdir(parents=True)
    mine = settings.shops_path / "it-mine.toml"
    mine.write_text("# mine")
    write_declarations(settings)
    for path in settings.shops_path.iterdir():
        os.utime(path, (1, 1))

    write_declarations(settings)

    assert {path.stat().st_mtime for path in settings.shops_path.iterdir()} == {1}
    assert mine.read_text() == "# mine"


def test_a_changed_declaration_is_written_again(settings: Settings) -> None:
    write_declarations(settings)
    path = settings.shops_path / "it-bottega.toml"
    path.write_text("[shop]\n")
    write_declarations(settings)
    assert tomllib.loads(path.read_text())["shop"]["name"] == "bottega"
