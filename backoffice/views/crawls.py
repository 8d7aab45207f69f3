"""The crawl runs: what each brought home, what it could not use, what its log says; sending a spider out, calling it back."""

from collections.abc import Set
from datetime import datetime, timedelta

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from backoffice.access import requires
from backoffice.formats import instant, market_name, parsed_instant
from backoffice.lists import ways
from backoffice.sentences import said
from backoffice.services import crawls, schedule
from backoffice.services.crawls import Start, at_work
from listino.domain.clock import utc_now
from listino.domain.crawl import Crawl
from listino.domain.errors import AlreadyDecided, QueueUnavailable
from listino.domain.market import market_of

blueprint = Blueprint("crawls", __name__, url_prefix="/crawls")

PAGE_SIZE = 20
REJECTS_SHOWN = 20  # on the run's page
REJECTS_PAGE = 50
LOG_PAGE = 200
# From the queue to the first word of its run a crawl takes a second or two.
BEGINNING = timedelta(seconds=30)


@blueprint.get("")
@requires("agent")
def runs() -> ResponseReturnValue:
    """Runs, newest first."""
    after = request.args.get("after")
    shown = crawls.page(after=after, count=PAGE_SIZE)
    newest = crawls.page(after=None, count=PAGE_SIZE).items if after else shown.items
    busy = {crawl.market for crawl in newest if at_work(crawl)}
    waiting = [crawl for crawl in crawls.waiting() if crawl.market not in busy]
    queued = {crawl.market for crawl in waiting}
    return render_template(
        "crawls/runs.html",
        runs=shown.items,
        busy=busy,
        waiting=waiting,
        queued=queued,
        schedule=schedule.entries(),
        asked=_what_became_of(newest, busy=busy, queued=queued),
        # Crawls begin without anybody here doing anything: by the schedule, by a colleague.
        live=not after,
        **ways("crawls.runs", after, shown),
    )


@blueprint.get("/<crawl_id>")
@requires("agent")
def page(crawl_id: str) -> ResponseReturnValue:
    crawl = crawls.one(crawl_id)
    return render_template(
        "crawls/page.html",
        crawl=crawl,
        coverage=crawls.coverage(crawl),
        rejects=crawls.rejects(crawl_id, count=REJECTS_SHOWN).items,
        live=at_work(crawl),
        stopping=crawls.stop_request(crawl),
    )


@blueprint.get("/<crawl_id>/rejects")
@requires("agent")
def rejects(crawl_id: str) -> ResponseReturnValue:
    """What the run could not use, page by page; `reason` is one of its reasons."""
    crawl = crawls.one(crawl_id)
    reason, after = request.args.get("reason") or None, request.args.get("after")
    found = crawls.rejects(crawl_id, reason=reason, after=after, count=REJECTS_PAGE)
    way = ways("crawls.rejects", after, found, crawl_id=crawl_id, reason=reason)
    return render_template("crawls/rejects.html", crawl=crawl, rejects=found.items, reason=reason, **way)


@blueprint.get("/<crawl_id>/log")
@requires("agent")
def lines(crawl_id: str) -> ResponseReturnValue:
    """The spider's log, newest first; `only=trouble` leaves out what is mere news."""
    crawl = crawls.one(crawl_id)
    only, after = request.args.get("only") == "trouble", request.args.get("after")
    found = crawls.log_lines(crawl_id, trouble=only, after=after, count=LOG_PAGE)
    return render_template(
        "crawls/log.html",
        crawl=crawl,
        lines=found.items,
        only=only,
        live=not after and at_work(crawl),
        **ways("crawls.lines", after, found, crawl_id=crawl_id, only="trouble" if only else None),
    )


@blueprint.post("/<crawl_id>/stop")
@requires("manager")
def stop(crawl_id: str) -> ResponseReturnValue:
    """Has the run stop where it is."""
    try:
        crawls.stop(crawl_id, by=g.member.email)
        flash(gettext("The crawl finishes what is under way and stops; the next one goes on from there."), "good")
    except AlreadyDecided as error:
        flash(said(error), "warn")
    return redirect(url_for("crawls.page", crawl_id=crawl_id), 303)


@blueprint.post("")
@requires("manager")
def start() -> ResponseReturnValue:
    """Queues one crawl of a market, unless one is at work or waiting already."""
    market, at = market_of(request.form.get("market", "")), utc_now()
    try:
        queued = crawls.start(market.code, by=g.member.email) is Start.QUEUED
    except QueueUnavailable:
        flash(
            gettext(
                "The crawl of %(market)s was not started: Redis, which holds the queue, is away. Tell the operator.",
                market=market_name(market.code),
            ),
            "bad",
        )
        return redirect(url_for("crawls.runs"), 303)
    return redirect(url_for("crawls.runs", asked=market.code, at=instant(at) if queued else None), 303)


@blueprint.post("/<crawl_id>/shops/<shop>/drift")
@requires("manager")
def accept_drift(crawl_id: str, shop: str) -> ResponseReturnValue:
    """Notes that the shop is as that run found it from now on: later runs are compared with it."""
    if crawls.accept_drift(crawl_id, shop, by=g.member.email):
        flash(gettext("%(shop)s is as this crawl found it: the next crawl is compared with it.", shop=shop), "good")
    else:
        flash(gettext("Nothing was changed: this crawl knows of no drift of %(shop)s that is open.", shop=shop), "warn")
    return redirect(url_for("crawls.page", crawl_id=crawl_id), 303)


blueprint.add_app_template_test(at_work, "at_work")


def _what_became_of(newest: list[Crawl], *, busy: Set[str], queued: Set[str]) -> tuple[str, str] | None:
    """Tone and words for the crawl that somebody has just asked for; None once it is over.

    The address keeps which one that was, so the list says it anew each time it brings itself up to date. `at` is when
    it was queued; without it there was one already.
    """
    code, at = request.args.get("asked"), _moment(request.args.get("at"))
    if code is None:
        return None
    name = market_name(market_of(code).code)
    if code in busy:
        if at:
            return "good", gettext("%(market)s is being crawled now.", market=name)
        return "warn", gettext("%(market)s is being crawled already.", market=name)
    if at and (code in queued or _is_beginning(code, at, newest)):
        return "good", gettext(
            "A crawl of %(market)s is queued. It appears below as soon as a worker takes it.", market=name
        )
    if code in queued:
        return "warn", gettext("A crawl of %(market)s is waiting for a worker already.", market=name)
    return None


def _is_beginning(market: str, at: datetime, newest: list[Crawl]) -> bool:
    """Whether a worker may have taken the crawl queued at that time, and has not written anything of it yet."""
    begun = any(crawl.market == market and crawl.started_at >= at for crawl in newest)
    return not begun and utc_now() - at < BEGINNING


def _moment(text: str | None) -> datetime | None:
    return parsed_instant(text) if text else None
