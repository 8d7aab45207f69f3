"""The crawl runs: what each brought home, what it could not use, and sending a spider out."""

from collections.abc import Set
from datetime import datetime, timedelta

import structlog
from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from backoffice.engines import engines
from backoffice.formats import instant, parsed_instant
from listino.domain.clock import utc_now
from listino.domain.crawl import Crawl, CrawlStatus
from listino.domain.market import market_of
from listino.jobs import WaitingCrawl
from listino.live.client import UNAVAILABLE
from listino.store.crawls import LEASE_SECONDS

log = structlog.get_logger("backoffice.crawls")

blueprint = Blueprint("crawls", __name__, url_prefix="/crawls")

PAGE_SIZE = 20
REJECTS_SHOWN = 200
# From the queue to the first word of its run a crawl takes a second or two.
BEGINNING = timedelta(seconds=30)
# A run that lost its lease this long ago has died, whatever it last wrote.
SILENT_AFTER = timedelta(seconds=2 * LEASE_SECONDS)


@blueprint.get("")
def runs() -> ResponseReturnValue:
    """Runs, newest first; `before` is the start of the last run of the page before."""
    before = _moment(request.args.get("before"))
    found = engines().store.crawls.latest(before=before, count=PAGE_SIZE + 1)
    shown = found[:PAGE_SIZE]
    newest = found if before is None else engines().store.crawls.latest(count=PAGE_SIZE)
    busy = {crawl.market for crawl in newest if at_work(crawl)}
    waiting = [crawl for crawl in _waiting() if crawl.market not in busy]
    queued = {crawl.market for crawl in waiting}
    return render_template(
        "crawls/runs.html",
        runs=shown,
        busy=busy,
        waiting=waiting,
        queued=queued,
        asked=_what_became_of(newest, busy=busy, queued=queued),
        # Crawls begin without anybody here doing anything: by the schedule, by a colleague.
        live=before is None,
        first=url_for("crawls.runs") if before else None,
        following=_following(shown[-1]) if len(found) > PAGE_SIZE else None,
    )


@blueprint.get("/<crawl_id>")
def page(crawl_id: str) -> ResponseReturnValue:
    crawl = engines().store.crawls.get(crawl_id)
    if crawl is None:
        abort(404)
    rejects = engines().store.crawls.rejects(crawl_id, count=REJECTS_SHOWN)
    return render_template("crawls/page.html", crawl=crawl, rejects=rejects, live=at_work(crawl))


@blueprint.post("")
def start() -> ResponseReturnValue:
    """Queues one crawl of a market, unless one is at work or waiting already."""
    market = market_of(request.form.get("market", ""))
    newest = engines().store.crawls.latest(market=market.code, count=1)
    if newest and at_work(newest[0]):
        return redirect(url_for("crawls.runs", asked=market.code), 303)
    at = utc_now()
    try:
        queued = engines().jobs.crawl(market.code, trigger=f"staff:{g.member.email}") is not None
    except UNAVAILABLE as error:
        log.warning("crawl.not_queued", market=market.code, error=str(error))
        flash(
            f"The crawl of {market.name} was not started: Redis, which holds the queue, is away. Tell the operator.",
            "bad",
        )
        return redirect(url_for("crawls.runs"), 303)
    if queued:
        log.info("crawl.queued", market=market.code, staff=g.member.email)
    return redirect(url_for("crawls.runs", asked=market.code, at=instant(at) if queued else None), 303)


@blueprint.post("/<crawl_id>/shops/<shop>/drift")
def accept_drift(crawl_id: str, shop: str) -> ResponseReturnValue:
    """Notes that the shop is as that run found it from now on: later runs are compared with it."""
    if engines().store.crawls.accept_drift(crawl_id, shop, by=g.member.email):
        flash(f"{shop} is as this crawl found it: the next crawl is compared with it.", "good")
    else:
        flash(f"Nothing was changed: this crawl knows of no drift of {shop} that is open.", "warn")
    return redirect(url_for("crawls.page", crawl_id=crawl_id), 303)


@blueprint.app_template_test("at_work")
def at_work(crawl: Crawl) -> bool:
    """Whether the run says it is running and has given a sign of life."""
    return crawl.status is CrawlStatus.RUNNING and utc_now() - crawl.heartbeat_at < SILENT_AFTER


def _what_became_of(newest: list[Crawl], *, busy: Set[str], queued: Set[str]) -> tuple[str, str] | None:
    """Tone and words for the crawl that somebody has just asked for; None once it is over.

    The address keeps which one that was, so the list says it anew each time it brings itself up to date. `at` is when
    it was queued; without it there was one already.
    """
    code, at = request.args.get("asked"), _moment(request.args.get("at"))
    if code is None:
        return None
    name = market_of(code).name
    if code in busy:
        return ("good", f"{name} is being crawled now.") if at else ("warn", f"{name} is being crawled already.")
    if at and (code in queued or _is_beginning(code, at, newest)):
        return "good", f"A crawl of {name} is queued. It appears below as soon as a worker takes it."
    return ("warn", f"A crawl of {name} is waiting for a worker already.") if code in queued else None


def _is_beginning(market: str, at: datetime, newest: list[Crawl]) -> bool:
    """Whether a worker may have taken the crawl queued at that time, and has not written anything of it yet."""
    begun = any(crawl.market == market and crawl.started_at >= at for crawl in newest)
    return not begun and utc_now() - at < BEGINNING


def _waiting() -> list[WaitingCrawl]:
    """What is on its way; nothing where Redis cannot say."""
    try:
        return engines().jobs.waiting_crawls()
    except UNAVAILABLE as error:
        log.warning("crawl.queue_unknown", error=str(error))
        return []


def _moment(text: str | None) -> datetime | None:
    return parsed_instant(text) if text else None


def _following(last: Crawl) -> str:
    return url_for("crawls.runs", before=instant(last.started_at))
