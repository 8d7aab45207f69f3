"""`listino shops detect` and `check`, at demo shops that answer without a network."""

import functools
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from listino.cli import main
from listino.cli import shops as module
from listino.local.shops.app import create_app
from listino.local.shops.catalogue import Catalogue
from listino.shops.declaration import load_shop
from listino.shops.visitor import Visitor

URL = "http://bottega.it"
Open = Callable[[str], Catalogue]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens the demo shop of a market at URL."""

    def of(market: str) -> Catalogue:
        catalogue = Catalogue(market, base_url=URL, seed=3, count=30)
        client = TestClient(create_app(catalogue), base_url=URL)
        monkeypatch.setattr(module, "Visitor", functools.partial(Visitor, client=client, sleep=lambda seconds: None))
        return catalogue

    return of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shops folder."""
    path = tmp_path / "state" / "shops"
    path.mkdir(parents=True)
    return path


def declare(folder: Path, platform: str, market: str = "it", more: str = "") -> None:
    text = f'[shop]\nname = "bottega"\nmarket = "{market}"\nplatform = "{platform}"\nurl = "{URL}"\n{more}'
    (folder / f"{market}-bottega.toml").write_text(text, encoding="utf-8")


@pytest.mark.parametrize("command", ["shops", "shop"])
def test_a_draft_goes_to_standard_output(command: str, opened: Open, capsys: pytest.CaptureFixture[str]) -> None:
    opened("it")
    assert main.run([command, "detect", "bottega.it"]) == 0
    assert 'url = "https://bottega.it"' in capsys.readouterr().out
    assert main.run([command, "detect", URL]) == 0
    said = capsys.readouterr()
    assert 'platform = "woocommerce"' in said.out
    assert 'name = "bottega"' in said.out
    assert said.err == ""


def test_a_draft_goes_to_a_file_that_is_new(opened: Open, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    opened("it")
    path = folder / "new" / "it-bottega.toml"
    assert main.run(["shops", "detect", URL, "--output", str(path)]) == 0
    said = capsys.readouterr()
    assert said.out.startswith(f"{URL} runs woocommerce: ")
    assert "listino shops check it:bottega" in said.err
    assert load_shop(path).key == "it:bottega"
    path.write_text("mine")
    assert main.run(["shops", "detect", URL, "--output", str(path)]) == 2
    assert path.read_text() == "mine"


def test_what_was_found_out_for_machines(opened: Open, capsys: pytest.CaptureFixture[str]) -> None:
    opened("es")
    assert main.run(["shops", "detect", URL, "--market", "es", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["platform"], told["market"], told["currency"]) == ("generic", "es", "EUR")
    assert told["evidence"]
    assert told["requests"] <= 9
    assert "[shop]" in told["declaration"]


@pytest.mark.parametrize(
    ("market", "platform"), [("it", "woocommerce"), ("fr", "prestashop"), ("de", "shopify"), ("es", "generic")]
)
def test_a_check_shows_fields_and_where_they_came_from(
    market: str, platform: str, opened: Open, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = opened(market).truth()
    declare(folder, platform, market, '[crawl]\nproduct = "/producto/[^/]+"\n' if market == "es" else "")
    assert main.run(["shops", "check", "bottega", "--count", "2", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["shop"], told["ok"], len(told["samples"])) == (f"{market}:bottega", True, 2)
    for sample in told["samples"]:
        fields = sample["fields"]
        expected = truth[fields["sku"]["value"]]
        assert fields["name"]["value"] == expected.name
        assert fields["price"]["value"] == f"{expected.offer.cost} EUR"
        assert all(fields[name]["source"] for name in ("sku", "name", "price", "availability"))
        assert sample["live"].startswith(f"{expected.offer.cost} EUR")
        assert sample["complaints"] == []


def test_a_check_for_people(opened: Open, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    opened("it")
    declare(folder, "woocommerce")
    assert main.run(["shops", "check", "it:bottega", "--count", "1"]) == 0
    said = capsys.readouterr().out
    assert "Store API prices" in said
    assert "it:bottega (woocommerce): 1 products read, 1 could be sold" in said


def test_what_cannot_be_read_is_said(opened: Open, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    opened("it")
    declare(folder, "shopify")
    assert main.run(["shops", "check", "bottega"]) == 1
    said = capsys.readouterr().out
    assert "Not read: http://bottega.it/products.json" in said
    assert "0 products read" in said


def test_a_shop_that_is_not_declared(opened: Open, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    opened("it")
    assert main.run(["shops", "check", "bottega"]) == 2
    assert "no shop 'bottega' is declared" in capsys.readouterr().err
    declare(folder, "woocommerce", more="[platform]\nstore = 'x'\n")
    assert main.run(["shops", "check", "bottega"]) == 2
    assert "platform.store: no option of woocommerce" in capsys.readouterr().err
    declare(folder, "woocommerce")
    declare(folder, "woocommerce", "fr")
    assert main.run(["shops", "check", "bottega"]) == 2
    assert "say fr:bottega or it:bottega" in capsys.readouterr().err


def test_the_other_name_of_the_group_is_not_listed_twice(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["--help"]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line.startswith("  shop")]
    assert listed == ["shops"]
