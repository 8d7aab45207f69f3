"""Errors as pages: what went wrong and what to do, in the house look; a fragment where htmx asked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog
from flask import Flask, g, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from flask_babel.speaklater import LazyString
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from backoffice import bearer
from backoffice.problems import InvalidRequest, Wrong, problem
from backoffice.sentences import said
from backoffice.telemetry import metrics
from listino.domain.errors import (
    AccountNotFound,
    AlreadyDecided,
    CrawlNotFound,
    CustomerNotFound,
    EngineUnavailable,
    InvalidShop,
    InvalidValue,
    ListinoError,
    NotYours,
    OwnRights,
    ProductNotFound,
    QueueUnavailable,
    TooBroad,
    UnknownMarket,
    UnknownShop,
)
from listino.store.outage import REFUSED, UNAVAILABLE, is_outage

log = structlog.get_logger("backoffice.errors")

RETRY_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Complaint:
    """What an error page says; `wrong` names the parts of a program's request."""

    status: int
    title: str | LazyString
    text: str | LazyString
    wrong: Sequence[Wrong] = ()


PAGES = {
    400: Complaint(
        400,
        lazy_gettext("That request cannot be understood"),
        lazy_gettext("Check the address, or start again from the start page."),
    ),
    401: Complaint(
        401,
        lazy_gettext("Not signed in"),
        lazy_gettext("Send a token of yours that holds, as `Authorization: Bearer …`."),
    ),
    403: Complaint(
        403, lazy_gettext("Not for your role"), lazy_gettext("Ask an administrator if you need this for your work.")
    ),
    404: Complaint(
        404,
        lazy_gettext("There is no such page"),
        lazy_gettext("The address may be mistyped, or what it named was never here."),
    ),
    405: Complaint(
        405,
        lazy_gettext("Not like that"),
        lazy_gettext("This address answers to a button on a page, not to a link."),
    ),
    409: Complaint(
        409,
        lazy_gettext("That cannot be done any more"),
        lazy_gettext("Somebody or something was quicker. Load the page again."),
    ),
    413: Complaint(
        413,
        lazy_gettext("That is too much"),
        lazy_gettext("The form holds more than can be taken at once."),
    ),
    429: Complaint(
        429, lazy_gettext("Too many attempts"), lazy_gettext("Nothing was tried. Wait a while, then try again.")
    ),
    500: Complaint(
        500,
        lazy_gettext("Something broke on our side"),
        lazy_gettext("It has been logged. Tell the operator the request number below."),
    ),
    503: Complaint(
        503,
        lazy_gettext("MongoDB does not answer"),
        lazy_gettext(
            "Products, crawls and staff accounts are kept there, so no page can be shown without it. "
            "The operator sees this too; try again in a minute."
        ),
    ),
}

# What the domain refuses, and the page whose title it gets.
STATUSES: Mapping[type[ListinoError], int] = {
    InvalidValue: 400,
    TooBroad: 400,
    UnknownMarket: 400,
    NotYours: 403,
    OwnRights: 403,
    AccountNotFound: 404,
    CrawlNotFound: 404,
    AlreadyDecided: 409,
    InvalidShop: 409,
    UnknownShop: 409,
    QueueUnavailable: 503,
}


def attach(app: Flask) -> None:
    """Every way a request can fail, and the page it becomes."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(CSRFError, _forged)
    app.register_error_handler(
        ProductNotFound, lambda error: show(Complaint(404, gettext("No such product"), said(error)))
    )
    app.register_error_handler(
        CustomerNotFound, lambda error: show(Complaint(404, gettext("No such customer"), said(error)))
    )
    app.register_error_handler(
        InvalidRequest, lambda error: show(Complaint(400, PAGES[400].title, f"{error}.", error.wrong))
    )
    for kind, status in STATUSES.items():
        app.register_error_handler(kind, _said_with(status))
    for away in (*UNAVAILABLE, EngineUnavailable):
        app.register_error_handler(away, _unavailable)
    app.register_error_handler(REFUSED, _refused_by_store)
    app.register_error_handler(Exception, _unexpected)


def show(complaint: Complaint) -> ResponseReturnValue:
    """The complaint as an answer; without navigation where it is not known who asks."""
    if request.path.startswith(bearer.PREFIX):
        return _problem(complaint)
    if "HX-Request" in request.headers:
        body = render_template("errors/fragment.html", complaint=complaint)
    else:
        body = render_template("errors/page.html", complaint=complaint)
    response = make_response(body, complaint.status)
    if complaint.status in (429, 503):
        response.headers["Retry-After"] = _retry_after()
    return response


def _problem(complaint: Complaint) -> ResponseReturnValue:
    """The same for programs."""
    response = problem(complaint.status, str(complaint.text), complaint.wrong)
    if complaint.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if complaint.status in (429, 503):
        response.headers["Retry-After"] = _retry_after()
    return response


def _retry_after() -> str:
    """In seconds; an exceeded limit says itself how long."""
    return str(g.get("retry_after", RETRY_SECONDS))


def _http(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    if status < 400:
        return error.get_response()
    page = PAGES.get(status) or Complaint(status, error.name, error.description or "")
    if status == 403 and error.description and error.description != type(error).description:
        page = Complaint(status, page.title, f"{error.description} {page.text}")
    if status == 429 and request.endpoint == "session.login":
        metrics().logins.labels("limited").inc()
    answer = make_response(show(page))
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        answer.allow.update(error.valid_methods)
    return answer


def _said_with(status: int) -> Callable[[ListinoError], ResponseReturnValue]:
    return lambda error: show(Complaint(status, PAGES[status].title, said(error)))


def _forged(error: CSRFError) -> ResponseReturnValue:
    log.warning("csrf.refused", reason=error.description)
    return show(
        Complaint(
            400,
            gettext("This page is out of date"),
            gettext("Load it again and repeat what you did: nothing was changed."),
        )
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
