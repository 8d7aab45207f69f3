"""`listino shops detect` and `check`, at demo shops that answer without a network."""

import functools
import json
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx2
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
Answering = Callable[[Mapping[str, str]], None]
PRODUCT_PAGE = """<html lang="it"><h1>Moka nera</h1><script type="application/ld+json">
{"@type": "Product", "name": "Moka", "sku": "8411", "offers":
 {"price": "19.90", "priceCurrency": "EUR", "availability": "InStock"}}</script></html>"""


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
def answering(monkeypatch: pytest.MonkeyPatch) -> Answering:
    """Lets URL answer these paths by http, and 404 to all others; https it does not speak."""

    def pages(pages: Mapping[str, str]) -> None:
        def answer(request: httpx2.Request) -> httpx2.Response:
            if request.url.scheme == "https":
                raise httpx2.ConnectError("[SSL] record layer failure") from ssl.SSLError()
            page = pages.get(request.url.path)
            return httpx2.Response(404) if page is None else httpx2.Response(200, text=page)

        client = httpx2.Client(transport=httpx2.MockTransport(answer))
        monkeypatch.setattr(module, "Visitor", functools.partial(Visitor, client=client, sleep=lambda seconds: None))

    return pages


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
    assert f"move it to {folder / 'it-bottega.toml'}, then try it with: listino shops check it:bottega" in said.err
    assert main.run(["shops", "detect", URL, "--output", str(folder / "it-bottega.toml")]) == 0
    assert "is written; try it with: listino shops check it:bottega" in capsys.readouterr().err
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


def test_a_page_that_is_no_shop_has_no_draft(
    answering: Answering, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answering({"/": "<html><p>Ciao</p></html>"})
    path = tmp_path / "draft.toml"
    assert main.run(["shops", "detect", URL, "--output", str(path)]) == 1
    said = capsys.readouterr()
    assert (said.out, path.exists()) == ("", False)
    assert f"listino: no product could be found at {URL}: is this a shop?" in said.err
    assert main.run(["shops", "detect", URL, "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["declaration"] is None
    assert "is this a shop?" in told["error"]


@pytest.mark.parametrize(("address", "hint"), [("bottega.it", True), ("https://bottega.it", False)])
def test_where_https_was_assumed_that_is_said(
    address: str, hint: bool, answering: Answering, capsys: pytest.CaptureFixture[str]
) -> None:
    answering({})
    assert main.run(["shops", "detect", address]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "no secure connection to bottega.it could be made" in line
    assert ("https was assumed: if the shop speaks http, give http://bottega.it" in line) is hint


def test_a_shop_without_robots_txt_is_read_and_vain_selectors_are_noted(
    answering: Answering, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sitemap = f"<urlset><url><loc>{URL}/p/1</loc></url></urlset>"
    answering({"/sitemap.xml": sitemap, "/p/1": PRODUCT_PAGE})
    declare(folder, "generic", more='[selectors]\nname = "h1"\nprice = ".asked"\n')
    assert main.run(["shops", "check", "bottega", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["failures"], len(told["samples"])) == ([], 1)
    assert told["samples"][0]["fields"]["name"] == {"value": "Moka nera", "source": "selector, 100% sure"}
    assert told["notes"] == ["selectors.price: '.asked' matched nothing on the 1 page read"]
    assert main.run(["shops", "check", "bottega"]) == 0
    assert "Note: selectors.price: '.asked' matched nothing" in capsys.readouterr().out


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
    assert "it:bottega (woocommerce): 1 product read, 1 could be sold; 4 requests" in said


def test_a_check_keeps_to_the_declared_delay(
    opened: Open, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened("it")
    slept: list[float] = []
    monkeypatch.setattr(module, "Visitor", functools.partial(module.Visitor, sleep=slept.append))
    declare(folder, "woocommerce", more="[crawl]\ndelay = 40\n")
    assert main.run(["shops", "check", "bottega", "--count", "1"]) == 0
    assert "1 could be sold" in capsys.readouterr().out
    assert len(slept) > 1
    assert slept[1:] == [pytest.approx(40, abs=5)] * (len(slept) - 1)


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
