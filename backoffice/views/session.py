"""Signing in and out."""

from flask import Blueprint, current_app, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from wtforms import EmailField, PasswordField
from wtforms.validators import InputRequired, Length

from backoffice import devices, signed_in, trail
from backoffice.access import PUBLIC, Step, requires, safe_address
from backoffice.engines import engines
from backoffice.second_factor import prove_by_app, prove_by_paper
from backoffice.telemetry import metrics
from listino.domain.audit import StaffAction
from listino.domain.clock import utc_now
from listino.store.staff import StaffMember, is_address, subject_of

blueprint = Blueprint("session", __name__)


class LoginForm(FlaskForm):
    """E-mail address and password, no longer than anybody's."""

    email = EmailField(lazy_gettext("E-mail address"), [InputRequired(), Length(max=254)])
    password = PasswordField(lazy_gettext("Password"), [InputRequired(), Length(max=1024)])


@blueprint.route("/login", methods=["GET", "POST"])
@requires(PUBLIC)
def login() -> ResponseReturnValue:
    """The form; once it is right, on to the page that was asked for."""
    wanted = safe_address(request.values.get("next"))
    form = LoginForm()
    if form.validate_on_submit():
        member = engines().store.staff.authenticate(form.email.data, form.password.data)
        metrics().logins.labels("ok" if member else "wrong").inc()
        if member:
            signed_in.begin(member)
            return redirect(wanted) if member.two_factor else _welcome(member, wanted)
        _note_failure(form.email.data.strip().lower(), "password")
    elif request.method == "GET" and signed_in.current() is not None:
        return redirect(wanted)
    page = render_template("session/login.html", form=form, wanted=wanted, wrong=request.method == "POST")
    return page, 422 if request.method == "POST" else 200


@blueprint.route("/login/second-factor", methods=["GET", "POST"])
@requires("agent", step=Step.SECOND_FACTOR)
def second_factor() -> ResponseReturnValue:
    """The code of the app, or one of the codes on paper; then on to the page that was asked for."""
    wanted, member, code = safe_address(request.values.get("next")), g.member, request.form.get("code", "")
    if not member.two_factor or g.staff_session.verified:
        return redirect(wanted)
    if request.method == "POST":
        by_app = prove_by_app(member, code)
        if by_app or prove_by_paper(member, code):
            if not by_app:
                trail.record(StaffAction.RECOVERY_CODE_USED, member.subject)
            signed_in.renew(member, verified=True)
            return _welcome(member, wanted)
        _note_failure(member.email, "second factor")
    page = render_template("session/second_factor.html", wanted=wanted, wrong=request.method == "POST")
    return page, 422 if request.method == "POST" else 200


@blueprint.post("/logout")
@requires("agent", step=Step.ANY)
def logout() -> ResponseReturnValue:
    trail.record(StaffAction.LOGOUT, g.member.subject)
    signed_in.end()
    flash(gettext("You are signed out."), "good")
    return redirect(url_for("session.login"))


def _welcome(member: StaffMember, wanted: str) -> ResponseReturnValue:
    """All that signing in asks for was given."""
    engines().store.staff.signed_in(member.email, utc_now())
    trail.record(
        StaffAction.LOGIN,
        member.subject,
        by=member.email,
        detail={"second_factor": member.two_factor, "browser": request.user_agent.string[:200]},
    )
    response = current_app.make_response(redirect(wanted))
    devices.remember(response, member.email)
    return response


def _note_failure(address: str, lacking: str) -> None:
    # Some people type their password into the first field: what is no address is not kept.
    who = address if is_address(address) else "?"
    trail.record(StaffAction.LOGIN_FAILED, subject_of(who), by=who, detail={"wrong": lacking})
