"""Starting a market's spider in a process of its own and following it, for the command line and the workers alike."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from listino.domain import errors
from listino.domain.crawl import Crawl, CrawlStatus
from listino.domain.market import market_of
from listino.settings import Settings
from listino.store.documents import crawl_from

Progress = Callable[[Crawl], None]


def run_crawl(
    settings: Settings,
    market: str,
    *,
    shop: str | None = None,
    limit: int | None = None,
    full: bool = False,
    trigger: str,
    progress: Progress | None = None,
    begun: Callable[["subprocess.Popen[bytes]"], None] | None = None,
) -> Crawl:
    """Crawls a market to its end and returns the run: finished, incomplete, or cleanly stopped.

    With `full` everything is read, whether or not it has changed.

    `progress` hears of the run about once a second. Whoever gives `begun` is handed the spider to stop it, with one
    SIGTERM; a terminal's Ctrl-C does not reach it then. Raises UnknownMarket, UnknownShop, CrawlRunning, EngineUnavailable,
    or CrawlFailed, which names the spider's log.
    """
    log = log_of(settings, market)
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists():
        log.replace(log.with_suffix(".previous.log"))
    # A spider holds connections and a reactor that live and die with it. A second signal would end it without order, so
    # it gets either its group's Ctrl-C or its caller's SIGTERM.
    with subprocess.Popen(
        [sys.executable, "-m", "scrapers", *_arguments(market, shop, limit, full, trigger, log)],
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        env=os.environ | settings.environment(),
        process_group=None if begun is None else 0,
    ) as spider:
        if begun is not None:
            begun(spider)
        try:
            last = _follow(spider, progress)
        except BaseException:
            spider.terminate()
            raise
    return _outcome(last, market, log)


def log_of(settings: Settings, market: str) -> Path:
    """Where the market's spider writes its log; raises UnknownMarket."""
    return settings.state_dir.resolve() / "logs" / f"crawl-{market_of(market).code}.log"


def _arguments(market: str, shop: str | None, limit: int | None, full: bool, trigger: str, log: Path) -> list[str]:
    arguments = [market, "--trigger", trigger, "--log-file", str(log)]
    if shop:
        arguments += ["--shop", shop]
    if limit:
        arguments += ["--limit", str(limit)]
    if full:
        arguments.append("--full")
    return arguments


def _follow(spider: "subprocess.Popen[bytes]", progress: Progress | None) -> dict[str, Any]:
    last: dict[str, Any] = {}
    said: list[str] = []
    for line in spider.stdout or ():
        try:
            told = orjson.loads(line)
        except orjson.JSONDecodeError:
            told = None
        if not isinstance(told, dict):
            said.append(line.decode(errors="replace").rstrip())
            continue
        last = told
        if progress and "_id" in last:
            progress(crawl_from(_timed(last)))
    if "_id" not in last and "error" not in last:
        return {"error": said[-1] if said else "the spider said nothing", "kind": "CrawlFailed"}
    return last


def _outcome(last: dict[str, Any], market: str, log: Path) -> Crawl:
    if "error" in last and "_id" not in last:
        kind = getattr(errors, last["kind"], None)
        if kind is not None and kind is not errors.CrawlFailed:
            raise kind(last["error"])
        raise errors.CrawlFailed(f"the crawl of market {market} failed: {last['error']}; its log is {log}")
    crawl = crawl_from(_timed(last))
    if crawl.status in (CrawlStatus.FINISHED, CrawlStatus.INCOMPLETE, CrawlStatus.STOPPED):
        return crawl
    reason = crawl.error or "its spider was killed; start it again"
    raise errors.CrawlFailed(f"the crawl of market {market} failed: {reason}; its log is {log}")


def _timed(document: dict[str, Any]) -> dict[str, Any]:
    """The document with its times as they are in the store; JSON has them as text."""
    return document | {
        name: datetime.fromisoformat(document[name])
        for name in ("started_at", "heartbeat_at", "ended_at")
        if document.get(name)
    }
