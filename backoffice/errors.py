"""Errors as pages: what went wrong and what to do, in the house look; a fragment where htmx asked."""

from dataclasses import dataclass

import structlog
from flask import Flask, g, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from backoffice.telemetry import metrics
from listino.domain.errors import EngineUnavailable, InvalidValue, ProductNotFound, UnknownMarket
from listino.store.outage import REFUSED, UNAVAILABLE, is_outage

log = structlog.get_logger("backoffice.errors")

RETRY_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Complaint:
    """What an error page says."""

    status: int
    title: str
    text: str


PAGES = {
    400: Complaint(400, "That request cannot be understood", "Check the address, or start again from the start page."),
    403: Complaint(403, "Not for your role", "Ask an administrator if you need this for your work."),
    404: Complaint(404, "There is no such page", "The address may be mistyped, or what it named was never here."),
    405: Complaint(405, "Not like that", "This address answers to a button on a page, not to a link."),
    413: Complaint(413, "That is too much", "The form holds more than can be taken at once."),
    429: Complaint(429, "Too many attempts", "Wait a minute, then sign in again."),
    500: Complaint(
        500, "Something broke on our side", "It has been logged. Tell the operator the request number below."
    ),
    503: Complaint(
        503,
        "MongoDB does not answer",
        "Products, crawls and staff accounts are kept there, so no page can be shown without it. "
        "The operator sees this too; try again in a minute.",
    ),
}


def attach(app: Flask) -> None:
    """Every way a request can fail, and the page it becomes."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(CSRFError, _forged)
    app.register_error_handler(
        ProductNotFound, lambda error: show(Complaint(404, "No such product", f"There is {error}."))
    )
    for rejected in (InvalidValue, UnknownMarket):
        app.register_error_handler(rejected, lambda error: show(Complaint(400, PAGES[400].title, f"{error}.")))
    for away in (*UNAVAILABLE, EngineUnavailable):
        app.register_error_handler(away, _unavailable)
    app.register_error_handler(REFUSED, _refused_by_store)
    app.register_error_handler(Exception, _unexpected)


def show(complaint: Complaint) -> ResponseReturnValue:
    """The complaint as an answer; without navigation where it is not known who asks."""
    if "HX-Request" in request.headers:
        body = render_template("errors/fragment.html", complaint=complaint)
    else:
        body = render_template("errors/page.html", complaint=complaint)
    response = make_response(body, complaint.status)
    if complaint.status in (429, 503):
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def _http(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    if status < 400:
        return error.get_response()
    page = PAGES.get(status) or Complaint(status, error.name, error.description or "")
    if status == 403 and error.description and error.description != type(error).description:
        page = Complaint(status, page.title, f"{error.description} {page.text}")
    if status == 429:
        metrics().logins.labels("limited").inc()
    return show(page)


def _forged(error: CSRFError) -> ResponseReturnValue:
    log.warning("csrf.refused", reason=error.description)
    return show(
        Complaint(400, "This page is out of date", "Load it again and repeat what you did: nothing was changed.")
    )


def _unavailable(error: Exception) -> ResponseReturnValue:
    # Whoever sees the page may not be signed in, so where the server stands is told to the log alone.
    log.error("store.unavailable", error=str(error)[:300])
    g.pop("member", None)
    return show(PAGES[503])


def _refused_by_store(error: REFUSED) -> ResponseReturnValue:
    return _unavailable(error) if is_outage(error) else _unexpected(error)


def _unexpected(error: Exception) -> ResponseReturnValue:
    log.error("request.failed", method=request.method, path=request.path, exc_info=error)
    return show(PAGES[500])
