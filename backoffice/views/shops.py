"""The declared shops: how each is, what is kept of it, and when it is crawled."""

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from backoffice.access import requires
from backoffice.engines import engines
from backoffice.lists import ways
from backoffice.sentences import said
from backoffice.services import crawls, shops
from backoffice.services.crawls import Start
from listino.domain.errors import InvalidShop, QueueUnavailable, UnknownShop
from listino.domain.schedule import EVERY_HOURS

blueprint = Blueprint("shops", __name__, url_prefix="/shops")

PAGE_SIZE = 50


@blueprint.get("")
@requires("agent")
def listed() -> ResponseReturnValue:
    """All shops, or those of a `market`; `after` is the key of the last one of the page before."""
    market, after = request.args.get("market") or None, request.args.get("after")
    try:
        found = shops.page(market=market, after=after, count=PAGE_SIZE)
    except InvalidShop as error:
        return render_template("shops/none.html", error=str(error), folder=engines().settings.shops_path)
    return render_template(
        "shops/shops.html",
        found=found,
        market=market,
        **ways("shops.listed", after, found.shops, market=market),
        live=not after,
    )


@blueprint.get("/<key>")
@requires("agent")
def page(key: str) -> ResponseReturnValue:
    """A shop by its key, `it:bottega`."""
    try:
        found = shops.details(key)
    except (UnknownShop, InvalidShop):
        abort(404)
    return render_template("shops/page.html", found=found, view=found.view, EVERY_HOURS=EVERY_HOURS)


@blueprint.post("/<key>/crawl")
@requires("manager")
def crawl(key: str) -> ResponseReturnValue:
    """Queues a crawl of the shop alone."""
    market, _, name = key.partition(":")
    try:
        started = crawls.start(market, name, by=g.member.email)
    except (UnknownShop, InvalidShop):
        abort(404)
    except QueueUnavailable as error:
        flash(said(error), "bad")
    else:
        tone, words = {
            Start.QUEUED: ("good", gettext("A crawl of %(shop)s is queued.", shop=key)),
            Start.WAITING: ("warn", gettext("A crawl of this market is waiting for a worker already.")),
            Start.AT_WORK: ("warn", gettext("This market is being crawled already.")),
        }[started]
        flash(words, tone)
    return redirect(url_for("shops.page", key=key), 303)
