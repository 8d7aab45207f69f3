"""The crawl job: one market, from the schedule or from the back office."""

import structlog

from listino.crawling import run_crawl
from listino.domain.errors import CrawlRunning
from listino.settings import load_settings

log = structlog.get_logger(__name__)


def crawl(market: str, shop: str | None, trigger: str) -> str:
    """Crawls the market; returns what became of it. Safe to run twice: a market is crawled once at a time.

    Raises CrawlFailed, so that RQ counts the job as failed.
    """
    try:
        run = run_crawl(load_settings(), market, shop=shop, trigger=trigger)
    except CrawlRunning as already:
        log.info("crawl.skipped", market=market, reason=str(already))
        return f"skipped: {already}"
    log.info("crawl.ended", market=market, crawl_id=run.id, status=run.status, products=run.total("products"))
    return f"{run.status.value}: {run.id}"
