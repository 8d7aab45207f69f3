import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from listino.cli import crawl as module
from listino.cli import main
from listino.domain.crawl import Crawl, CrawlStatus, Fall, ShopCounts
from listino.domain.errors import CrawlFailed
from listino.local.declarations import write_declarations
from listino.settings import load_settings

AT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def declared() -> None:
    write_declarations(load_settings())


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The crawls that were asked for; none is really run. The German one fails."""
    made: list[Any] = []

    def run_crawl(settings: Any, market: str, **how: Any) -> Crawl:
        made.append((market, how["shop"], how["limit"], how["trigger"]))
        if market == "de":
            raise CrawlFailed("the crawl of market de failed: no reason")
        return Crawl(
            id=f"{market}-1", market=market, status=CrawlStatus.FINISHED, trigger="t", started_at=AT, heartbeat_at=AT,
            ended_at=AT + timedelta(seconds=2), shops={"demo": ShopCounts(products=7, new=3)},
        )  # fmt: skip

    monkeypatch.setattr(module, "run_crawl", run_crawl)
    return made


@pytest.mark.usefixtures("declared")
def test_one_market(asked: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["crawl", "it", "--shop", "bottega", "--limit", "5", "--json"]) == 0
    assert asked == [("it", "bottega", 5, "command line")]
    told = json.loads(capsys.readouterr().out)
    assert list(told) == ["it"]
    assert {name: told["it"][name] for name in ("status", "products", "new", "seconds", "id")} == {
        "status": "finished", "products": 7, "new": 3, "seconds": 2.0, "id": "it-1",
    }  # fmt: skip


@pytest.mark.usefixtures("declared")
def test_what_was_not_read_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    counts = ShopCounts(products=250, unchanged=240, skipped=200, unmodified=1)
    run = Crawl(
        id="it-1", market="it", status=CrawlStatus.FINISHED, trigger="t", started_at=AT, heartbeat_at=AT, shops={"demo": counts}
    )  # fmt: skip
    monkeypatch.setattr(module, "run_crawl", lambda *_, **__: run)
    assert main.run(["crawl", "it"]) == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("it:"))
    assert line == (
        "it: 201 of the 240 unchanged were not read: 200 by the sitemap's dates, 1 because the shop said so; "
        "--full reads everything"
    )


@pytest.mark.usefixtures("declared")
def test_all_markets_and_one_that_fails(asked: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["crawl", "all"]) == 1
    assert sorted(market for market, *_ in asked) == ["de", "es", "fr", "it"]
    said = capsys.readouterr()
    assert [line.split()[0] for line in said.out.splitlines()] == ["market", "it", "fr", "es"]
    assert "listino: the crawl of market de failed: no reason" in said.err


@pytest.mark.usefixtures("declared")
@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["it", "--shop", "nope"], "no shop 'nope' in market it: declared there: bottega"),
        (["all", "--shop", "bottega"], "--shop names a shop of one market"),
        (["uk"], "'uk' is not one of"),
        (["it", "--limit", "0"], "--limit"),
        ([], "Missing argument"),
    ],
)
def test_wrong_usage_crawls_nothing(
    arguments: list[str], complaint: str, asked: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(["crawl", *arguments]) == 2
    said = capsys.readouterr()
    assert (said.out, asked) == ("", [])
    assert complaint in said.err


def test_nothing_declared_says_what_to_do(asked: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["crawl", "it"]) == 2
    assert capsys.readouterr().err.startswith(f"listino: there is no folder {tmp_path / 'state' / 'shops'}")
    (tmp_path / "state" / "shops").mkdir(parents=True)
    for market in ("it", "all"):
        assert main.run(["crawl", market]) == 2
        assert "listino: no shop in market it: declare one in" in capsys.readouterr().err
    assert asked == []


def bad(tmp_path: Path, name: str) -> Path:
    """A declaration with a typo."""
    path = tmp_path / "state" / "shops" / name
    path.write_text("[shop\n")
    return path


@pytest.mark.usefixtures("declared")
@pytest.mark.parametrize("market", ["it", "all"])
def test_a_bad_declaration_is_left_out_with_one_line(
    market: str, asked: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = bad(tmp_path, "it-osteria.toml")
    main.run(["crawl", market])
    assert ("it", None, None, "command line") in asked
    told = [line for line in capsys.readouterr().err.splitlines() if str(path) in line]
    assert len(told) == 1
    assert told[0].startswith(f"listino: left out: {path}: ")


@pytest.mark.usefixtures("declared")
def test_a_bad_declaration_that_was_asked_for_is_an_error(
    asked: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = bad(tmp_path, "it-osteria.toml")
    assert main.run(["crawl", "it", "--shop", "osteria"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"listino: shop 'osteria' of market it cannot be used: {path}: ")
    assert asked == []


@pytest.mark.usefixtures("declared")
def test_a_market_without_a_usable_declaration_is_an_error(
    asked: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad(tmp_path, "it-bottega.toml")
    assert main.run(["crawl", "it"]) == 2
    assert "no shop of market it can be used: " in capsys.readouterr().err
    assert asked == []
    assert main.run(["crawl", "all"]) == 1
    assert sorted(market for market, *_ in asked) == ["de", "es", "fr"]
    assert "listino: market it was not crawled: no declaration of its shops can be used" in capsys.readouterr().err


def test_a_crawl_that_drifted_says_what_fell() -> None:
    fall = Fall(field="brand", now=0.1, usual=0.9)
    counts = {"bottega": ShopCounts(products=7, held=2, drift=(fall,)), "altra": ShopCounts(products=3)}
    run = Crawl(
        id="it-1", market="it", status=CrawlStatus.INCOMPLETE, trigger="t", started_at=AT, heartbeat_at=AT, shops=counts
    )
    told = module.Result(crawl=run).as_json()
    assert (told["products"], told["held"]) == (10, 2)
    assert told["drifted"] == {"bottega": ["brand at 10% of products where 90% are usual"]}
