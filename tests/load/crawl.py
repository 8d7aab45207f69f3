"""A market spider with everything on, beside a bare Scrapy spider that only downloads the same pages of the same shop.

A demo shop of its own serves both in turn, politeness off in both: no delay, the same number of requests at a time. Ours
takes its turns at the host from Redis, reads robots.txt, extracts, checks, prices, and stores in a MongoDB cluster. Pages
a second are counted by the shop's own log, from the first product page asked for to the last one answered; documents a
second over our spider's whole run. Shop, spider and servers share this machine's cores.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import orjson
from click import ClickException, echo

from listino.local.engines import free_port, running_redis
from listino.local.readiness import refusal
from listino.local.throw_away_cluster import running_cluster
from listino.settings import Settings
from listino.store.client import Store
from listino.store.guard import Unguarded

DECLARATION = """\
[shop]
name = "mercado"
market = "es"
platform = "generic"
url = "{url}"

[crawl]
product = "/producto/[^/]+"
concurrency = {concurrency}
delay = 0
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One spider's run: product pages and how many a second; documents and how many a second, where it stores any."""

    pages: int
    pages_each_second: float
    documents: int = 0
    documents_each_second: float = 0.0


@contextmanager
def running_shop(products: int) -> Iterator[str]:
    """The Spanish demo shop, which is plain HTML pages, on a port of its own."""
    port = free_port()
    argv = (sys.executable, "-m", "listino.local.shops", "es", "--port", str(port), "--crawl-delay", "0")
    with subprocess.Popen([*argv, "--products", str(products)], stderr=subprocess.DEVNULL) as shop:
        try:
            url = f"http://127.0.0.1:{port}"
            deadline = time.monotonic() + 60
            while refusal(f"{url}/healthz") is not None:
                if time.monotonic() > deadline:
                    raise ClickException("the demo shop does not start")
                time.sleep(0.1)
            yield url
        finally:
            shop.terminate()


def pages_in(url: str) -> tuple[int, float]:
    """How many product pages the shop has answered since it was told to forget, and how many a second."""
    log = [entry for entry in httpx2.get(f"{url}/_shop/log", timeout=60).json() if "/producto/" in entry["path"]]
    if not log:
        raise ClickException("the shop was not asked for a single product page")
    seconds = max(entry["ended"] for entry in log) - min(entry["began"] for entry in log)
    return len(log), len(log) / seconds


def forget(url: str) -> None:
    httpx2.post(f"{url}/_shop/reset", json={}, timeout=10).raise_for_status()


def run_bare(url: str, concurrency: int) -> Run:
    forget(url)
    script = Path(__file__).with_name("bare_spider.py")
    subprocess.run([sys.executable, script, url, "--concurrency", str(concurrency)], check=True, stdout=subprocess.PIPE)
    return Run(*pages_in(url))


def run_ours(url: str, settings: dict[str, str], log: Path) -> Run:
    with Store(Settings(_env_file=None, **settings), Unguarded()) as store:  # type: ignore[arg-type, call-arg]  # typed by pydantic
        store.prepare()
    forget(url)
    environment = os.environ | {f"LISTINO_{name.upper()}": value for name, value in settings.items()}
    argv = [sys.executable, "-m", "scrapers", "es", "--log-file", str(log)]
    told = subprocess.run(argv, env=environment, check=False, stdout=subprocess.PIPE).stdout.splitlines()
    crawl: dict[str, Any] = orjson.loads(told[-1])
    if crawl.get("status") != "finished":
        raise ClickException(f"our crawl did not finish: {crawl}; its log is {log}")
    pages, each_second = pages_in(url)
    documents = sum(shop["new"] for shop in crawl["shops"].values())
    seconds = (datetime.fromisoformat(crawl["ended_at"]) - datetime.fromisoformat(crawl["started_at"])).total_seconds()
    return Run(pages, each_second, documents, documents / seconds)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Example: python tests/load/crawl.py --products 2000 --rounds 3",
    )
    parser.add_argument("--products", type=int, default=2000, help="products of the shop (default: 2000)")
    parser.add_argument("--concurrency", type=int, default=16, help="requests at a time (default: 16)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each spider, in turn (default: 3)")
    given = parser.parse_args()

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="listino-load-")))
        url = stack.enter_context(running_shop(given.products))
        cluster = stack.enter_context(running_cluster(folder))
        redis = stack.enter_context(running_redis(folder))
        shops = folder / "shops"
        shops.mkdir()
        declared = DECLARATION.format(url=url, concurrency=given.concurrency)
        (shops / "es-mercado.toml").write_text(declared, encoding="utf-8")
        settings = {
            "env": "test",
            "secret_key": "a secret of no worth, for tests only",
            "mongo_uri": cluster.uri,
            "redis_url": redis,
            "shops_dir": str(shops),
        }
        echo(f"{given.products} products, {given.concurrency} requests at a time, 2 shards of one server")
        echo(f"{'':6} {'bare pages/s':>13} {'our pages/s':>12} {'of it':>6} {'documents/s':>12}")
        shares = []
        for number in range(1, given.rounds + 1):
            bare = run_bare(url, given.concurrency)
            # A database and a folder of its own: what another run has read would not be read again.
            own = {"mongo_database": f"load_{number}", "state_dir": str(folder / f"state-{number}")}
            ours = run_ours(url, settings | own, folder / "spider.log")
            if bare.pages != ours.pages:
                raise ClickException(f"the bare spider met {bare.pages} product pages, ours {ours.pages}")
            shares.append(ours.pages_each_second / bare.pages_each_second)
            echo(
                f"{number:>6} {bare.pages_each_second:>13.0f} {ours.pages_each_second:>12.0f} {shares[-1]:>6.0%} "
                f"{ours.documents_each_second:>12.0f}"
            )
        echo(f"median: our spider fetches {statistics.median(shares):.0%} of the bare spider's pages a second")


if __name__ == "__main__":
    main()
