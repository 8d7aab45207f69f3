"""Crawls: what came of them, what is usual, starting one and having one stop."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import structlog

from backoffice import trail
from backoffice.engines import engines
from backoffice.formats import instant, parsed_instant
from backoffice.lists import Slice, sliced
from listino.domain.audit import StaffAction
from listino.domain.clock import utc_now
from listino.domain.crawl import Crawl, CrawlStatus, LogLine, Reject, ShopCounts, StopRequest
from listino.domain.drift import FIELDS, PAST_RUNS, DriftRule, Usual, past_of, usual_of
from listino.domain.errors import AlreadyDecided, CrawlNotFound, InvalidShop, QueueUnavailable
from listino.domain.market import market_of
from listino.jobs import WaitingCrawl
from listino.live.client import UNAVAILABLE
from listino.shops.shop import Shop
from listino.store.crawls import LEASE_SECONDS

log = structlog.get_logger("backoffice.crawls")

# A run that lost its lease this long ago has died, whatever it last wrote.
SILENT_AFTER = timedelta(seconds=2 * LEASE_SECONDS)
# Among how many runs of a market those before are looked for that saw a shop whole: some are limited, some failed.
_LOOKED_AT = 4 * PAST_RUNS
# What a log can be narrowed down to.
TROUBLE = ("WARNING", "ERROR", "CRITICAL")


class Start(StrEnum):
    """What came of asking for a crawl."""

    QUEUED = "queued"
    WAITING = "waiting"  # one waits for a worker already
    AT_WORK = "at work"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldCoverage:
    """A field's share of the products read, from 0 to 1: now, usually (None: not known), and in the runs before, the oldest
    first."""

    field: str
    now: float | None
    usual: float | None
    past: tuple[float, ...]
    fell: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopCoverage:
    """A shop of a run beside its past. `usual`: None where no run before saw it whole."""

    shop: str
    counts: ShopCounts
    usual: Usual | None
    fields: tuple[FieldCoverage, ...]
    products: tuple[int, ...]

    @property
    def by_name(self) -> Mapping[str, FieldCoverage]:
        return {one.field: one for one in self.fields}


def page(*, market: str | None = None, after: str | None, count: int) -> Slice[Crawl]:
    """Runs by the time they started, the newest first; `after` is the start of the last one of the page before. Raises
    UnknownMarket, and InvalidValue for an `after` that is no time."""
    code = market_of(market).code if market else None
    before = parsed_instant(after) if after else None
    found = engines().store.crawls.latest(market=code, before=before, count=count + 1)
    return sliced(found, count=count, after=lambda last: instant(last.started_at))


def one(crawl_id: str) -> Crawl:
    """Raises CrawlNotFound."""
    crawl = engines().store.crawls.get(crawl_id)
    if crawl is None:
        raise CrawlNotFound(f"no crawl {crawl_id[:60]}")
    return crawl


def rejects(crawl_id: str, *, reason: str | None = None, after: str | None = None, count: int) -> Slice[Reject]:
    """What the run could not use, for that reason or any, in the order it came. Raises InvalidValue for an `after` that no page
    gave."""
    found = engines().store.crawls.reject_page(crawl_id, reason=reason, after=after, count=count)
    return Slice(found.rejects, found.after)


def log_lines(crawl_id: str, *, trouble: bool = False, after: str | None = None, count: int) -> Slice[LogLine]:
    """The spider's log, the newest first; `trouble` leaves out what is mere news. Raises InvalidValue for an `after` that no page
    gave."""
    found = engines().store.crawls.log_page(crawl_id, levels=TROUBLE if trouble else None, before=after, count=count)
    return Slice(found.lines, found.before)


def at_work(crawl: Crawl) -> bool:
    """Whether the run says it is running and has given a sign of life."""
    return crawl.status is CrawlStatus.RUNNING and utc_now() - crawl.heartbeat_at < SILENT_AFTER


def waiting() -> list[WaitingCrawl]:
    """What is on its way; nothing where Redis cannot say."""
    try:
        return engines().jobs.waiting_crawls()
    except UNAVAILABLE as error:
        log.warning("crawl.queue_unknown", error=str(error))
        return []


def running(market: str) -> Crawl | None:
    """The run that is at work in the market."""
    newest = engines().store.crawls.latest(market=market, count=1)
    return newest[0] if newest and at_work(newest[0]) else None


def start(code: str, shop: str | None = None, *, by: str) -> Start:
    """Queues one crawl of a market, or of one shop of it, unless one is at work or waiting there already.

    Raises UnknownMarket, UnknownShop, InvalidShop, and QueueUnavailable, which says why.
    """
    market = market_of(code)
    if shop is not None:
        engines().shops.now().of_market(code, shop)
    if running(code) is not None:
        return Start.AT_WORK
    try:
        queued = engines().jobs.crawl(code, trigger=f"staff:{by}", shop=shop) is not None
    except UNAVAILABLE as error:
        log.warning("crawl.not_queued", market=code, error=str(error))
        raise QueueUnavailable(
            f"the crawl of {market.code} was not started: Redis, which holds the queue, is away"
        ) from None
    if not queued:
        return Start.WAITING
    subject = f"shop:{code}:{shop}" if shop else f"market:{code}"
    trail.record(StaffAction.CRAWL_QUEUED, subject, by=by)
    log.info("crawl.queued", market=code, shop=shop, staff=by)
    return Start.QUEUED


def stop(crawl_id: str, *, by: str) -> Crawl:
    """Has the run stop where it is; the next crawl of the same shops goes on from there. Raises CrawlNotFound, and
    AlreadyDecided where it is not at work (any more)."""
    crawl = one(crawl_id)
    if not at_work(crawl) or not engines().store.leases.ask_to_stop(crawl.market, by=by, at=utc_now()):
        raise AlreadyDecided(f"the crawl {crawl_id[:60]} is not at work")
    trail.record(StaffAction.CRAWL_STOPPED, f"crawl:{crawl_id}", by=by, detail={"market": crawl.market})
    log.info("crawl.stop_asked", crawl_id=crawl_id, staff=by)
    return crawl


def stop_request(crawl: Crawl) -> StopRequest | None:
    """Who wants it to stop, as long as it has not."""
    return engines().store.leases.stop_request(crawl.market) if at_work(crawl) else None


def accept_drift(crawl_id: str, shop: str, *, by: str) -> bool:
    """Notes that the shop is as that run found it from now on; False where it knows of no drift of it that is open."""
    accepted = engines().store.crawls.accept_drift(crawl_id, shop, by=by)
    if accepted:
        trail.record(StaffAction.DRIFT_ACCEPTED, f"crawl:{crawl_id}", by=by, detail={"shop": shop})
    return accepted


def coverage(crawl: Crawl) -> list[ShopCoverage]:
    """Each shop of the run beside the runs before it."""
    before = engines().store.crawls.latest(market=crawl.market, before=crawl.started_at, count=_LOOKED_AT)
    declared = _declared()
    return [
        _shop_coverage(name, counts, past_of(name, before), declared.get(f"{crawl.market}:{name}"))
        for name, counts in crawl.shops.items()
    ]


def _shop_coverage(name: str, counts: ShopCounts, past: list[ShopCounts], shop: Shop | None) -> ShopCoverage:
    rule = shop.drift if shop else DriftRule()
    usual = usual_of(past, rule)
    measured = [run for run in past if rule.measures(run)][:PAST_RUNS]
    shares = usual.coverage if usual else {}
    fell = {fall.field for fall in counts.drift}
    names = [field for field in FIELDS if field in counts.coverage or field in shares]
    fields = tuple(
        FieldCoverage(
            field=field,
            now=counts.coverage.get(field),
            usual=shares.get(field),
            past=tuple(run.coverage.get(field, 0.0) for run in reversed(measured)),
            fell=field in fell,
        )
        for field in names
    )
    met = tuple(run.products for run in reversed(past[:PAST_RUNS]))
    return ShopCoverage(shop=name, counts=counts, usual=usual, fields=fields, products=met)


def _declared() -> Mapping[str, Shop]:
    try:
        return engines().shops.now()
    except (InvalidShop, OSError):
        return {}
