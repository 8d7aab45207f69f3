"""The platform at work, on one page that brings itself up to date; managers put failed jobs right there."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from backoffice.access import requires
from backoffice.refresh import SHORT
from backoffice.sentences import said
from backoffice.services import operations
from listino.domain.errors import AlreadyDecided, QueueUnavailable
from listino.live.figures import LEGS, SLOT_SECONDS, SLOTS

blueprint = Blueprint("operations", __name__, url_prefix="/operations")


@blueprint.get("")
@requires("agent")
def page() -> ResponseReturnValue:
    seen = operations.platform()
    return render_template(
        "operations/page.html", seen=seen, LEGS=LEGS, WHY_NOT_FRESH=SHORT, minutes=SLOTS * SLOT_SECONDS // 60
    )


@blueprint.post("/jobs/requeue")
@requires("manager")
def requeue() -> ResponseReturnValue:
    """Puts a failed job back into its queue."""
    with _refusals_shown():
        job = operations.requeue_job(request.form.get("job", ""), by=g.member.email)
        flash(gettext("%(job)s waits in its queue again.", job=job.what), "good")
    return _back()


@blueprint.post("/jobs/remove")
@requires("manager")
def remove() -> ResponseReturnValue:
    """Forgets a job that waits or has failed."""
    with _refusals_shown():
        job = operations.remove_job(request.form.get("job", ""), by=g.member.email)
        flash(gettext("%(job)s was removed.", job=job.what), "good")
    return _back()


@blueprint.post("/parked/release")
@requires("manager")
def release() -> ResponseReturnValue:
    """Has a parked product asked for again."""
    product_id = request.form.get("product", "")
    with _refusals_shown():
        operations.release(product_id, by=g.member.email)
        flash(gettext("%(product)s is asked for again from the next viewer on.", product=product_id), "good")
    return _back()


@contextmanager
def _refusals_shown() -> Iterator[None]:
    """Why something cannot be done any more, or now, is said on the page that follows."""
    try:
        yield
    except (AlreadyDecided, QueueUnavailable) as error:
        flash(said(error), "warn" if isinstance(error, AlreadyDecided) else "bad")


def _back() -> ResponseReturnValue:
    return redirect(url_for("operations.page"), 303)
