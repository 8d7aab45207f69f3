"""What a member of staff sees and changes of the own account: sessions, password, second factor, tokens."""

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from backoffice import second_factor, signed_in, trail
from backoffice.access import ROLE_NAMES, Step, demands_second_factor, requires, safe_address
from backoffice.engines import engines
from backoffice.sentences import said
from listino.domain.audit import StaffAction
from listino.domain.errors import InvalidValue
from listino.store.tokens import LONGEST_DAYS, LONGEST_NAME, SCOPES

blueprint = Blueprint("account", __name__, url_prefix="/account")


@blueprint.get("")
@requires("agent")
def page() -> ResponseReturnValue:
    return _page()


@blueprint.post("/sessions/<session_id>/end")
@requires("agent")
def end_session(session_id: str) -> ResponseReturnValue:
    """Signs one of the own sessions out; it may be this one."""
    if engines().store.staff_sessions.end(g.member.email, session_id):
        trail.record(StaffAction.SESSION_REVOKED, _me(), detail={"session": session_id[:8]})
    return redirect(url_for("account.page"), 303)


@blueprint.post("/sessions/end-others")
@requires("agent")
def end_other_sessions() -> ResponseReturnValue:
    ended = engines().store.staff_sessions.end_all(g.member.email, but=g.staff_session.id)
    trail.record(StaffAction.SESSION_REVOKED, _me(), detail={"sessions": ended})
    flash(gettext("You are signed out everywhere else."), "good")
    return redirect(url_for("account.page"), 303)


@blueprint.route("/password", methods=["GET", "POST"])
@requires("agent", step=Step.PASSWORD)
def password() -> ResponseReturnValue:
    """The form; a new password ends all sessions but this one, which gets a new key."""
    wanted, wrong = safe_address(request.values.get("next")), None
    if request.method == "POST":
        try:
            wrong = _change_password(request.form)
        except InvalidValue as error:
            wrong = said(error)
        if wrong is None:
            flash(gettext("Your password is changed."), "good")
            return redirect(wanted, 303)
    return render_template("account/password.html", wrong=wrong, wanted=wanted), 422 if wrong else 200


@blueprint.get("/two-factor")
@requires("agent", step=Step.ENROLMENT)
def two_factor() -> ResponseReturnValue:
    return _two_factor()


@blueprint.post("/two-factor/begin")
@requires("agent", step=Step.ENROLMENT)
def begin_two_factor() -> ResponseReturnValue:
    """Makes a secret for the app; whoever has found an open screen cannot: it takes the password."""
    if engines().store.staff.authenticate(g.member.email, request.form.get("password", "")) is None:
        return _two_factor(gettext("That is not your password."))
    engines().store.staff.begin_two_factor(g.member.email, second_factor.new_secret())
    return redirect(url_for("account.two_factor", next=request.form.get("next") or None), 303)


@blueprint.post("/two-factor")
@requires("agent", step=Step.ENROLMENT)
def confirm_two_factor() -> ResponseReturnValue:
    """A code of the app proves that it has the secret, which counts from now on; shows the recovery codes, once."""
    sealed = g.member.pending_totp
    step = second_factor.step_of(sealed, request.form.get("code", "")) if sealed else None
    if sealed is None or step is None:
        return _two_factor(gettext("That is not the code your app shows now."))
    codes, before = second_factor.recovery_codes(), g.member.told
    member = engines().store.staff.enable_two_factor(g.member.email, sealed, step=step, recovery_codes=codes)
    _renew_alone(verified=True)
    trail.record(StaffAction.TWO_FACTOR_ENABLED, _me(), before=before, after=member.told)
    return render_template("account/recovery.html", codes=codes, wanted=safe_address(request.form.get("next")))


@blueprint.post("/two-factor/end")
@requires("agent")
def end_two_factor() -> ResponseReturnValue:
    """Without a second factor from now on, where the role may do without."""
    if demands_second_factor(g.member.role):
        abort(403, gettext("The role %(role)s must have a second factor.", role=ROLE_NAMES[g.member.role]))
    if engines().store.staff.authenticate(g.member.email, request.form.get("password", "")) is None:
        return _two_factor(gettext("That is not your password."))
    before = g.member.told
    member = engines().store.staff.reset_two_factor(g.member.email)
    _renew_alone(verified=False)
    trail.record(StaffAction.TWO_FACTOR_RESET, _me(), before=before, after=member.told)
    flash(gettext("You sign in without a second factor from now on."), "warn")
    return redirect(url_for("account.page"), 303)


@blueprint.post("/tokens")
@requires("agent")
def make_token() -> ResponseReturnValue:
    """A token for a program of this member; its text is on this one answer, and nowhere else."""
    try:
        days = int(request.form.get("days", ""))
    except ValueError:
        days = 0
    try:
        made, text = engines().store.tokens.make(
            g.member.email, request.form.get("name", ""), request.form.getlist("scopes"), days=days
        )
    except InvalidValue as error:
        return _page(wrong=said(error))
    told = {"token": made.id, "name": made.name, "scopes": list(made.scopes), "until": made.until}
    trail.record(StaffAction.TOKEN_MADE, _me(), after=told)
    return _page(token=text)


@blueprint.post("/tokens/<token_id>/revoke")
@requires("agent")
def revoke_token(token_id: str) -> ResponseReturnValue:
    if engines().store.tokens.revoke(g.member.email, token_id):
        trail.record(StaffAction.TOKEN_REVOKED, _me(), before={"token": token_id})
        flash(gettext("The token opens nothing any more."), "good")
    return redirect(url_for("account.page"), 303)


def _me() -> str:
    return g.member.subject


def _page(*, wrong: str | None = None, token: str | None = None) -> ResponseReturnValue:
    store = engines().store
    page = render_template(
        "account/page.html",
        sessions=store.staff_sessions.of(g.member.email, idle=signed_in.idle()),
        tokens=store.tokens.of(g.member.email),
        scopes=SCOPES,
        longest_days=LONGEST_DAYS,
        longest_name=LONGEST_NAME,
        wrong=wrong,
        token=token,
    )
    return page, 422 if wrong else 200


def _two_factor(wrong: str | None = None) -> ResponseReturnValue:
    pending = g.member.pending_totp
    secret = second_factor.readable(pending) if pending else None
    page = render_template(
        "account/two_factor.html",
        secret=secret,
        picture=second_factor.picture(g.member, secret) if secret else None,
        demanded=demands_second_factor(g.member.role),
        wanted=safe_address(request.values.get("next")),
        wrong=wrong,
    )
    return page, 422 if wrong else 200


def _change_password(sent: dict[str, str]) -> str | None:
    """What speaks against it, None once it is done. Raises InvalidValue."""
    wanted = sent.get("wanted", "")
    if wanted != sent.get("again", ""):
        return gettext("The new password was typed in two ways.")
    before = g.member.told
    g.member = engines().store.staff.change_password(g.member.email, sent.get("present", ""), wanted)
    _renew_alone(verified=g.staff_session.verified)
    trail.record(StaffAction.PASSWORD_CHANGED, _me(), before=before, after=g.member.told)
    return None


def _renew_alone(*, verified: bool) -> None:
    """Ends all other sessions, and gives this one a new key."""
    engines().store.staff_sessions.end_all(g.member.email, but=g.staff_session.id)
    signed_in.renew(g.member, verified=verified)
