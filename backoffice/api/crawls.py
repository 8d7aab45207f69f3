"""The crawls: what came of them, starting one and having one stop."""

from typing import Annotated

from flask import abort, g
from pydantic import Field

from backoffice.access import requires
from backoffice.api.operation import operation, subject
from backoffice.api.shapes import Absent, ListQuery, Market, Moment, Page, Sent, Text, Told
from backoffice.services import crawls
from backoffice.services.crawls import Start
from listino.domain.crawl import CrawlStatus

blueprint = subject("crawls", "/crawls", __name__)


class CrawlQuery(ListQuery):
    """Which crawls, those that started last first."""

    market: Market | Absent = None


class RejectQuery(ListQuery):
    """Which items, in the order in which they came."""

    reason: Annotated[Text | Absent, Field(description="One of the crawl's `rejected`.", examples=["no_price"])] = None


class LogQuery(ListQuery):
    """Which lines, the newest first."""

    trouble: Annotated[bool, Field(description="Warnings and errors alone.")] = False


class Wanted(Sent):
    """What is to be crawled: a market, or one shop of it alone."""

    market: Market
    shop: Annotated[Text | Absent, Field(examples=["bottega"])] = None


class Drift(Told):
    """A field that fewer products have than usual, or fewer `products`; shares are from 0 to 1."""

    field: str
    now: float
    usual: float


class ShopCounts(Told):
    """What the crawl met in one shop. `complete`: all of it, so what was not met is gone. `unmodified` and `skipped` are of the
    unchanged ones and were not read. `coverage`: the share (0 to 1) of the `measured` products that have a field."""

    products: int
    new: int
    changed: int
    unchanged: int
    returned: int
    held: int
    unmodified: int
    skipped: int
    gone: int
    rejected: int
    failed: int
    expected: int | None
    complete: bool
    trouble: Annotated[str | None, Field(description="Why the first request that was given up failed.")]
    measured: int
    coverage: dict[str, float]
    drift: list[Drift]
    drift_accepted_by: str | None


class Crawl(Told):
    """One crawl of a market, or of a shop of it. `coverage`: the share (0 to 1) of products that have a field."""

    id: Annotated[str, Field(examples=["it-20260501T120000-5f0c8a"])]
    market: str
    status: CrawlStatus
    trigger: Annotated[str, Field(examples=["schedule", "staff:anna@example.com"])]
    started_at: Moment
    heartbeat_at: Moment
    ended_at: Moment | None
    limit: int | None
    shops: dict[str, ShopCounts]
    coverage: dict[str, float]
    rejected: Annotated[dict[str, int], Field(description="How many items could not be used, by reason.")]
    requests: int
    error: str | None
    stopped_by: str | None


class Reject(Told):
    """An item that could not be used."""

    shop: str
    reason: str
    url: str
    detail: str
    at: Moment


class LogLine(Told):
    """A line of the spider's log, or several with their traceback."""

    at: Moment
    level: Annotated[str, Field(examples=["WARNING"])]
    source: str
    text: str


class Started(Told):
    """What came of it: it is `queued`, one is `waiting` for a worker already, or one is `at work` already."""

    outcome: Start


@blueprint.get("")
@requires("agent", scopes=("read",))
@operation()
def runs(query: CrawlQuery) -> Page[Crawl]:
    """List crawls"""
    found = crawls.page(market=query.market, after=query.after, count=query.count)
    return Page[Crawl].of(found, Crawl.model_validate)


@blueprint.post("")
@requires("manager", scopes=("write",))
@operation(status=202, problems=(409,))
def start(body: Wanted) -> Started:
    """Start a crawl

    Of a market one crawl waits or is at work at a time. 409: no such shop is declared."""
    return Started(outcome=crawls.start(body.market, body.shop or None, by=g.member.email))


@blueprint.get("/<crawl_id>")
@requires("agent", scopes=("read",))
@operation(problems=(404,))
def one(crawl_id: str) -> Crawl:
    """Read a crawl"""
    return Crawl.model_validate(crawls.one(crawl_id))


@blueprint.get("/<crawl_id>/rejects")
@requires("agent", scopes=("read",))
@operation(problems=(404,))
def rejects(crawl_id: str, query: RejectQuery) -> Page[Reject]:
    """List what a crawl could not use

    Kept for thirty days."""
    run = crawls.one(crawl_id)
    found = crawls.rejects(run.id, reason=query.reason or None, after=query.after, count=query.count)
    return Page[Reject].of(found, Reject.model_validate)


@blueprint.get("/<crawl_id>/log")
@requires("agent", scopes=("read",))
@operation(problems=(404,))
def log(crawl_id: str, query: LogQuery) -> Page[LogLine]:
    """Read a crawl's log"""
    run = crawls.one(crawl_id)
    found = crawls.log_lines(run.id, trouble=query.trouble, after=query.after, count=query.count)
    return Page[LogLine].of(found, LogLine.model_validate)


@blueprint.post("/<crawl_id>/stop")
@requires("manager", scopes=("write",))
@operation(status=202, problems=(404, 409))
def stop(crawl_id: str) -> Crawl:
    """Have a crawl stop

    It finishes what is under way; the next one goes on from there. 409: it is not at work."""
    return Crawl.model_validate(crawls.stop(crawl_id, by=g.member.email))


@blueprint.post("/<crawl_id>/shops/<shop>/accept-drift")
@requires("manager", scopes=("write",))
@operation(problems=(404, 409))
def accept_drift(crawl_id: str, shop: str) -> Crawl:
    """Accept how a shop is now

    Later crawls are compared with it. 409: there is no drift of the shop that is open."""
    run = crawls.one(crawl_id)
    if not crawls.accept_drift(run.id, shop, by=g.member.email):
        abort(409)
    return Crawl.model_validate(crawls.one(crawl_id))
