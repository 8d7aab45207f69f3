"""Runs one market's spider and tells its state as JSON lines: `python -m scrapers it --limit 20`.

Exit codes: 0 finished or stopped, 1 failed, 2 wrong usage. The last line is the run's document, or {"error", "kind"}.
"""

import logging
import sys

import click
import orjson
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.utils.project import get_project_settings

from listino.domain.errors import ListinoError
from listino.domain.market import MARKETS
from listino.garbage import collect_seldom


@click.command()
@click.argument("market", type=click.Choice(list(MARKETS)))
@click.option("--shop", help="Only this shop of the market.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many products.")
@click.option("--full", is_flag=True, help="Read everything, whether or not it has changed.")
@click.option("--trigger", default="scrapers", help="Who wanted the crawl; kept with the run.")
@click.option("--log-file", help="Where Scrapy's log goes; standard error otherwise.")
def main(market: str, shop: str | None, limit: int | None, full: bool, trigger: str, log_file: str | None) -> None:
    """Crawls the shops of MARKET. Example: python -m scrapers it --shop bottega --limit 20"""
    settings = get_project_settings()
    settings.setmodule("scrapers.settings")
    settings.setdict({"LISTINO_CRAWL_LINES": True, "LOG_FILE": log_file}, priority="cmdline")
    process = AsyncCrawlerProcess(settings)
    task = process.crawl(market, shop=shop, limit=limit, full=full, trigger=trigger)
    collect_seldom()
    process.start()
    error = task.exception() if task.done() and not task.cancelled() else None
    if error is not None:
        if not isinstance(error, ListinoError):
            logging.getLogger(__name__).error("the crawl failed", exc_info=error)
        told = {"error": str(error).partition(", full error")[0], "kind": type(error).__name__}
        sys.stdout.buffer.write(orjson.dumps(told) + b"\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
