import json
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from listino.cli import extract as module
from listino.cli import main

PAGE = """<html lang="it"><script type="application/ld+json">{"@type": "Product", "name": "Caffè Moka", "sku": "8411",
"image": "/a.jpg", "offers": {"price": "19,90", "priceCurrency": "EUR", "availability": "InStock"}}</script></html>"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "page.html"
    path.write_text(PAGE, encoding="utf-8")
    return path


def test_a_file_for_people(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["extract", str(file), "--url", "https://shop.example/p/1"]) == 0
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert lines == {
        "url": "https://shop.example/p/1",
        "name": "Caffè Moka  [json-ld, 90% sure]",
        "sku": "8411  [json-ld, 100% sure]",
        "price": "19.90  [json-ld, 100% sure]",
        "currency": "EUR  [json-ld, 100% sure]",
        "availability": "InStock  [json-ld, 44% sure]",
        "images": "https://shop.example/a.jpg  [json-ld, 90% sure]",
    }


def test_a_file_for_machines(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["extract", str(file), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["name"], told["price"], told["images"], told["brand"]) == ("Caffè Moka", "19.90", ["/a.jpg"], None)
    assert told["sources"]["price"] == {"name": "json-ld", "sureness": 1.0}
    assert "brand" not in told["sources"]


def test_a_page_that_shows_nothing_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty.html").write_text("<p>", encoding="utf-8")
    assert main.run(["extract", "empty.html"]) == 1
    assert "empty.html shows no product" in capsys.readouterr().err


def test_a_page_of_another_encoding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "latin.html").write_bytes(PAGE.encode("cp1252"))
    assert main.run(["extract", "latin.html"]) == 0
    assert "Caffè Moka" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["absent.html", "."])
def test_a_file_that_cannot_be_read_is_one_line(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["extract", name]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith(f"listino: {name} cannot be read: ")


def fetching(monkeypatch: pytest.MonkeyPatch, answer: Callable[[httpx2.Request], httpx2.Response]) -> None:
    def get(url: str, *, headers: dict[str, str], follow_redirects: bool, timeout: float) -> httpx2.Response:
        with httpx2.Client(transport=httpx2.MockTransport(answer), follow_redirects=follow_redirects) as client:
            return client.get(url, headers=headers, timeout=timeout)

    monkeypatch.setattr(module.httpx2, "get", get)


def test_an_address_is_fetched_in_our_name(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        if request.url.path == "/old":
            return httpx2.Response(301, headers={"Location": "/p/1"})
        return httpx2.Response(
            200, content=PAGE.encode("cp1252"), headers={"Content-Type": "text/html; charset=latin-1"}
        )

    fetching(monkeypatch, answer)
    assert main.run(["extract", "https://shop.example/old", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["url"], told["name"]) == ("https://shop.example/p/1", "Caffè Moka")
    assert len(asked) == 2
    assert asked[0].headers["User-Agent"].startswith("Listino/")


@pytest.mark.parametrize("url", ["https://shop.example/", "http://[x"])
def test_an_address_that_cannot_be_fetched_is_one_line(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fetching(monkeypatch, lambda request: httpx2.Response(500))
    assert main.run(["extract", url]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith(f"listino: {url} cannot be fetched: ")
    assert "Traceback" not in said.err
