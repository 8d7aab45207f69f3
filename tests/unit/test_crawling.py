"""Following a spider that is a few lines of Python; real spiders are crawled with in the integration tests."""

import sys
from pathlib import Path

import orjson
import pytest

from listino import crawling
from listino.crawling import run_crawl
from listino.domain import errors
from listino.domain.crawl import Crawl, CrawlStatus
from listino.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(_env_file=None, state_dir=tmp_path)  # type: ignore[call-arg]


@pytest.fixture
def spider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A script that runs instead of `python -m scrapers`."""
    script, python = tmp_path / "spider.py", tmp_path / "python"
    python.write_text(f'#!/bin/sh\nshift 2\nexec {sys.executable} {script} "$@"\n')
    python.chmod(0o700)
    monkeypatch.setattr(crawling.sys, "executable", str(python))
    return script


def document(status: str, **fields: object) -> str:
    at = "2026-03-01T09:30:00+00:00"
    told = {"_id": "it-1", "market": "it", "status": status, "trigger": "test", "started_at": at, "heartbeat_at": at,
            "ended_at": None, "shops": {"bottega": {"products": 2}}, **fields}  # fmt: skip
    return orjson.dumps(told).decode()


def say(spider: Path, *lines: str, code: int = 0) -> None:
    spider.write_text(f"import sys\nfor line in {lines!r}:\n    print(line, flush=True)\nsys.exit({code})\n")


def test_a_crawl_is_followed_to_its_end(spider: Path, settings: Settings) -> None:
    say(spider, "a warning", document("running"), document("running"), document("finished", requests=7))
    heard: list[Crawl] = []
    crawl = run_crawl(settings, "it", trigger="test", progress=heard.append)
    assert [run.status for run in heard] == ["running", "running", "finished"]
    assert (crawl.status, crawl.requests, crawl.total("products")) == (CrawlStatus.FINISHED, 7, 2)


def test_what_the_spider_is_told(spider: Path, settings: Settings, tmp_path: Path) -> None:
    spider.write_text(
        f"import sys, pathlib\npathlib.Path({str(tmp_path / 'told')!r}).write_text(' '.join(sys.argv[1:]))\nprint({document('stopped')!r})\n"
    )
    assert run_crawl(settings, "it", shop="bottega", limit=5, trigger="me").status is CrawlStatus.STOPPED
    told = (tmp_path / "told").read_text()
    log = tmp_path / "logs" / "crawl-it.log"
    assert told == f"it --trigger me --log-file {log} --shop bottega --limit 5"
    assert log.parent.is_dir()


@pytest.mark.parametrize("kind", ["CrawlRunning", "UnknownShop", "EngineUnavailable"])
def test_an_error_of_ours_comes_back_as_itself(kind: str, spider: Path, settings: Settings) -> None:
    say(spider, orjson.dumps({"error": "what happened", "kind": kind}).decode(), code=1)
    with pytest.raises(getattr(errors, kind), match="what happened"):
        run_crawl(settings, "it", trigger="test")


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ((), "the spider said nothing"),
        (("Traceback", "ImportError: no module"), "ImportError: no module"),
        ((orjson.dumps({"error": "zero", "kind": "ZeroDivisionError"}).decode(),), "zero"),
        ((document("running"),), "its spider was killed"),
        ((document("failed", error="lease lost"),), "lease lost"),
    ],
)
def test_a_failed_crawl_names_reason_and_log(
    lines: tuple[str, ...], reason: str, spider: Path, settings: Settings, tmp_path: Path
) -> None:
    say(spider, *lines, code=1)
    with pytest.raises(errors.CrawlFailed) as raised:
        run_crawl(settings, "it", trigger="test")
    assert reason in str(raised.value)
    assert str(tmp_path / "logs" / "crawl-it.log") in str(raised.value)


def test_an_unknown_market_starts_nothing(spider: Path, settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(errors.UnknownMarket):
        run_crawl(settings, "uk", trigger="test")
    assert not (tmp_path / "logs").exists()
