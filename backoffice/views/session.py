"""Signing in and out."""

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import EmailField, PasswordField
from wtforms.validators import InputRequired, Length

from backoffice.access import safe_address, sign_in
from backoffice.engines import engines
from backoffice.telemetry import metrics

blueprint = Blueprint("session", __name__)


class LoginForm(FlaskForm):
    """E-mail address and password, no longer than anybody's."""

    email = EmailField("E-mail address", [InputRequired(), Length(max=254)])
    password = PasswordField("Password", [InputRequired(), Length(max=1024)])


@blueprint.route("/login", methods=["GET", "POST"])
def login() -> ResponseReturnValue:
    """The form; once it is right, on to the page that was asked for."""
    wanted = safe_address(request.values.get("next"))
    form = LoginForm()
    if form.validate_on_submit():
        member = engines().store.staff.authenticate(form.email.data, form.password.data)
        metrics().logins.labels("ok" if member else "wrong").inc()
        if member:
            sign_in(member)
            return redirect(wanted)
    elif request.method == "GET" and current_user.is_authenticated:
        return redirect(wanted)
    page = render_template("session/login.html", form=form, wanted=wanted, wrong=request.method == "POST")
    return page, 422 if request.method == "POST" else 200


@blueprint.post("/logout")
def logout() -> ResponseReturnValue:
    session.clear()
    flash("You are signed out.", "good")
    return redirect(url_for("session.login"))
