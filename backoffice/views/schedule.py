"""When crawls start by the clock; managers choose the times of markets, and have shops crawled alone besides."""

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from backoffice.access import requires, safe_address
from backoffice.engines import engines
from backoffice.sentences import said
from backoffice.services import schedule
from listino.domain.errors import InvalidShop, InvalidValue, UnknownMarket, UnknownShop
from listino.domain.schedule import EVERY_HOURS

blueprint = Blueprint("schedule", __name__, url_prefix="/schedule")


@blueprint.get("")
@requires("agent")
def page() -> ResponseReturnValue:
    return _page()


@blueprint.post("")
@requires("manager")
def choose() -> ResponseReturnValue:
    """New times for a market or a shop alone; what was typed stays where it cannot be used."""
    typed = {name: request.form.get(name, "") for name in ("key", "every_hours", "from", "active")}
    try:
        times = schedule.times_from(typed["every_hours"], typed["from"], typed["active"] == "on")
        chosen = schedule.choose(typed["key"], times, by=g.member.email)
    except (InvalidValue, UnknownMarket, UnknownShop, InvalidShop) as error:
        return _page(typed, said(error)), 422
    flash(gettext("%(what)s is crawled at the new times from now on.", what=chosen.planned.key), "good")
    return redirect(_back(), 303)


@blueprint.post("/forget")
@requires("manager")
def forget() -> ResponseReturnValue:
    """Back to the declared times, of which a shop has none."""
    key = request.form.get("key", "")
    if schedule.forget(key, by=g.member.email):
        flash(gettext("%(what)s is crawled at the declared times again.", what=key), "good")
    else:
        flash(gettext("Nothing was changed: these are the declared times."), "warn")
    return redirect(_back(), 303)


def _page(typed: dict[str, str] | None = None, error: str | None = None) -> str:
    entries = schedule.entries()
    known = {one.planned.key for one in entries}
    try:
        alone = [key for key in sorted(engines().shops.now()) if key not in known]
    except (InvalidShop, OSError):
        alone = []
    return render_template(
        "schedule/page.html", entries=entries, alone=alone, typed=typed or {}, error=error, EVERY_HOURS=EVERY_HOURS
    )


def _back() -> str:
    return safe_address(request.form.get("next") or url_for("schedule.page"))
