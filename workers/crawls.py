"""The crawl job: one market, from the schedule or from the back office."""

from dataclasses import replace
from datetime import datetime

import structlog

from listino.crawling import run_crawl
from listino.domain.clock import utc_now
from listino.domain.crawl import Crawl, CrawlStatus
from listino.domain.errors import CrawlRunning, ListinoError, UnknownShop
from listino.jobs import SCHEDULE
from listino.settings import Settings, load_settings
from listino.store.client import Store
from listino.store.outage import UNAVAILABLE, outages_told

log = structlog.get_logger(__name__)

_NEWEST = 5  # runs of a market among which the one of a job must be


def crawl(market: str, shop: str | None, trigger: str) -> str:
    """Crawls the market; returns what became of it. Safe to run twice: a market is crawled once at a time.

    Raises what kept the crawl from its end, so that RQ counts the job as failed; if there was no run yet, one is kept
    that says why, because the back office shows runs and nothing else.
    """
    settings, began = load_settings(), utc_now()
    try:
        run = run_crawl(settings, market, shop=shop, trigger=trigger)
    except CrawlRunning as already:
        log.info("crawl.skipped", market=market, reason=str(already))
        return f"skipped: {already}"
    except Exception as error:
        if trigger == SCHEDULE and isinstance(error, UnknownShop):
            # The schedule knows all markets; one in which nobody declared a shop is left alone.
            log.info("crawl.skipped", market=market, reason=str(error))
            return f"skipped: {error}"
        _keep_unless_begun(settings, _failed(market, shop, trigger, error, began), since=began)
        raise
    log.info("crawl.ended", market=market, crawl_id=run.id, status=run.status, products=run.total("products"))
    return f"{run.status.value}: {run.id}"


def _failed(market: str, shop: str | None, trigger: str, error: Exception, began: datetime) -> Crawl:
    never_begun = Crawl.begun(market, trigger=trigger, at=began, shops=[shop] if shop else [])
    return replace(never_begun, status=CrawlStatus.FAILED, ended_at=utc_now(), error=_in_words(error))


def _in_words(error: Exception) -> str:
    if isinstance(error, ListinoError):
        return str(error)
    return f"a mistake of Listino's own ({type(error).__name__}: {error}); the crawl worker's log has more"


def _keep_unless_begun(settings: Settings, failed: Crawl, *, since: datetime) -> None:
    """Keeps the run that never was, unless the spider got as far as to keep its own."""
    try:
        with outages_told(), Store(settings) as store:
            newest = store.crawls.latest(market=failed.market, count=_NEWEST)
            if not any(run.heartbeat_at >= since for run in newest):
                store.crawls.save(failed)
    except UNAVAILABLE as error:
        log.warning("crawl.failure_not_kept", market=failed.market, reason=failed.error, error=str(error)[:300])
