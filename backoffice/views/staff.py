"""The people of the back office, for its administrators."""

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from backoffice import trail
from backoffice.access import ROLE_NAMES, requires
from backoffice.sentences import said
from backoffice.services import staff
from backoffice.services.staff import OneTime
from listino.domain.errors import InvalidValue
from listino.store.staff import ONE_TIME, ROLES, subject_of

blueprint = Blueprint("staff", __name__, url_prefix="/staff")


@blueprint.get("")
@requires("admin")
def people() -> ResponseReturnValue:
    return _people()


@blueprint.post("")
@requires("admin")
def add() -> ResponseReturnValue:
    """A new account; its one-time password is on this one answer, and nowhere else."""
    try:
        return _one_time(staff.add(request.form.get("email", ""), request.form.get("role", "")))
    except InvalidValue as error:
        return _people(wrong=said(error))


@blueprint.get("/<email>")
@requires("admin")
@trail.shows_personal_data(subject_of)
def page(email: str) -> ResponseReturnValue:
    """One account, where its owner is signed in and from which addresses, and the owner's tokens."""
    member = staff.known(email)
    return render_template(
        "staff/page.html",
        person=member,
        sessions=staff.sessions(member),
        tokens=staff.tokens(member),
        roles=ROLES,
        oneself=member.email == g.member.email,
    )


@blueprint.post("/<email>/role")
@requires("admin")
def change_role(email: str) -> ResponseReturnValue:
    after = staff.change_role(email, request.form.get("role", ""), by=g.member)
    told = gettext("%(email)s has the role %(role)s now.", email=after.email, role=ROLE_NAMES[after.role])
    return _done(after.email, told)


@blueprint.post("/<email>/disable")
@requires("admin")
def disable(email: str) -> ResponseReturnValue:
    after = staff.disable(email, by=g.member)
    return _done(after.email, gettext("%(email)s cannot sign in any more.", email=after.email))


@blueprint.post("/<email>/enable")
@requires("admin")
def enable(email: str) -> ResponseReturnValue:
    after = staff.enable(email, by=g.member)
    return _done(after.email, gettext("%(email)s may sign in again.", email=after.email))


@blueprint.post("/<email>/reset-password")
@requires("admin")
def reset_password(email: str) -> ResponseReturnValue:
    """A one-time password, on this one answer."""
    return _one_time(staff.reset_password(email, by=g.member))


@blueprint.post("/<email>/reset-two-factor")
@requires("admin")
def reset_two_factor(email: str) -> ResponseReturnValue:
    after = staff.reset_two_factor(email, by=g.member)
    return _done(after.email, gettext("%(email)s has no second factor any more.", email=after.email))


@blueprint.post("/<email>/sessions/end")
@requires("admin")
def end_sessions(email: str) -> ResponseReturnValue:
    """Signs the person out: of the session that the form names, or everywhere."""
    ended = staff.end_sessions(email, session_id=request.form.get("session"))
    return _done(email, ngettext("%(num)s session ended.", "%(num)s sessions ended.", ended))


@blueprint.post("/<email>/tokens/<token_id>/revoke")
@requires("admin")
def revoke_token(email: str, token_id: str) -> ResponseReturnValue:
    revoked = staff.revoke_token(email, token_id)
    return _done(email, gettext("The token opens nothing any more.") if revoked else None)


def _done(email: str, told: str | None) -> ResponseReturnValue:
    if told:
        flash(told, "good")
    return redirect(url_for("staff.page", email=email), 303)


def _people(*, wrong: str | None = None) -> ResponseReturnValue:
    page = render_template("staff/people.html", people=staff.everybody(), roles=ROLES, wrong=wrong, sent=request.form)
    return page, 422 if wrong else 200


def _one_time(made: OneTime) -> ResponseReturnValue:
    return render_template("staff/one_time.html", person=made.member, password=made.password, days=ONE_TIME.days)
