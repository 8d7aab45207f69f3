"""The language and the theme that somebody chooses, kept by their browser so that they hold before anybody signs in, too.

The language goes with whoever is signed in to their other browsers; the theme is a matter of the screen.
"""

from datetime import timedelta
from typing import Final

from flask import Blueprint, abort, current_app, redirect, request
from flask.typing import ResponseReturnValue

from backoffice import languages, signed_in
from backoffice.access import PUBLIC, requires, safe_address
from backoffice.engines import engines

blueprint = Blueprint("preferences", __name__)

THEME_COOKIE: Final = "listino_theme"
THEMES: Final = ("light", "dark")
KEPT: Final = timedelta(days=365)


@blueprint.post("/preferences")
@requires(PUBLIC)
def choose() -> ResponseReturnValue:
    """Keeps the language or the theme and leads back to the page; the theme `auto` is that of the device."""
    answer = redirect(safe_address(request.form.get("back")), 303)
    reader = signed_in.current()
    for name, cookie, allowed in (
        ("language", languages.COOKIE, tuple(languages.LANGUAGES)),
        ("theme", THEME_COOKIE, (*THEMES, "auto")),
    ):
        value = request.form.get(name)
        if value is None:
            continue
        if value not in allowed:
            abort(400)
        if reader is not None and name == "language":
            engines().store.staff.reads(reader.member.email, value)
        answer.set_cookie(
            cookie,
            value,
            max_age=KEPT,
            httponly=True,
            samesite="Lax",
            secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
        )
    return answer


@blueprint.app_context_processor
def chosen() -> dict[str, str]:
    """The theme for the templates: light, dark, or auto."""
    theme = request.cookies.get(THEME_COOKIE, "")
    return {"theme": theme if theme in THEMES else "auto"}
