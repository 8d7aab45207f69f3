"""Errors as RFC 9457 problem details: which domain error becomes which status."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from listino.domain.errors import EngineUnavailable, InvalidValue, ListBeingPrepared, ListinoError, ProductNotFound
from listino.domain.product import ProductId
from listino.store.outage import UNAVAILABLE

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
STREAM_RETRY_SECONDS = 10  # until one of many streams may have ended
RETRY_SECONDS = 2  # a replica set has mostly chosen its next primary by the second try


class BadParameter(InvalidValue):
    """Raised when a parameter of the request cannot be used; the message says what is allowed."""

    def __init__(self, parameter: str, allowed: str) -> None:
        super().__init__(f"{parameter}: {allowed}")
        self.parameter = parameter


class ProductGone(ListinoError):
    """Raised when a product is asked for that its shop no longer has."""

    def __init__(self, product_id: ProductId) -> None:
        super().__init__(f"the shop no longer has product {product_id}")


class ProductStopped(ProductGone):
    """Raised when a product is asked for that we hold from sale, whether or not its shop has it."""

    def __init__(self, product_id: ProductId) -> None:
        ListinoError.__init__(self, f"product {product_id} is held from sale")


class TooManyStreams(ListinoError):
    """Raised when no further event stream is opened, for anybody or for one client."""

    def __init__(self, client: bool) -> None:
        super().__init__(
            "Too many event streams of one client; end one first."
            if client
            else "No further event stream can be opened at the moment; ask for /price instead."
        )
        self.status = 429 if client else 503


class ContentTooLarge(ListinoError):
    """Raised when a request carries more than its address takes."""

    def __init__(self, most_bytes: int) -> None:
        super().__init__(f"The body is too large: {most_bytes} bytes are taken; send fewer at once.")


class NoEventTaken(BadParameter):
    """Raised when no event of a batch can be kept; `refused` says why not, of each."""

    def __init__(self, refused: Sequence[Mapping[str, Any]]) -> None:
        first = refused[0]
        super().__init__("events", f"none can be kept; [{first['index']}] {first['field'] or 'it'} {first['reason']}")
        self.refused = refused


@dataclass(frozen=True, slots=True)
class Problem:
    """What goes wrong for the caller. `detail` is for people; `parameter` names the culprit where there is one, `refused` the
    events at fault, `reason` why a product is not sold."""

    status: int
    detail: str
    parameter: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    refused: Sequence[Mapping[str, Any]] = ()
    reason: str | None = None


def _of_http(error: HTTPException) -> Problem:
    details = {
        HTTPStatus.NOT_FOUND: "Nothing is served at this address; /docs lists what is.",
        HTTPStatus.METHOD_NOT_ALLOWED: "This address does not take that method; the Allow header lists those it takes.",
    }
    status = HTTPStatus(error.status_code)
    return Problem(status, details.get(status, error.detail), headers=error.headers or {})


def _away(error: Exception) -> Problem:
    # The error names our servers: that is for the log, not for shoppers.
    log.error("api.store_away", error=str(error))
    retry = {"Retry-After": str(RETRY_SECONDS)}
    return Problem(503, "The catalogue cannot be read at the moment; try again shortly.", headers=retry)


def _later(error: ListBeingPrepared) -> Problem:
    return Problem(503, str(error), headers={"Retry-After": "1"})


PROBLEMS: Mapping[type[Exception], Callable[[Any], Problem]] = {
    HTTPException: _of_http,
    BadParameter: lambda error: Problem(400, str(error), error.parameter),
    NoEventTaken: lambda error: Problem(400, str(error), error.parameter, refused=error.refused),
    ContentTooLarge: lambda error: Problem(413, str(error), headers={"Connection": "close"}),
    ProductNotFound: lambda error: Problem(404, str(error)),
    ProductGone: lambda error: Problem(410, str(error), reason="gone"),
    ProductStopped: lambda error: Problem(410, str(error), reason="held_from_sale"),
    ListBeingPrepared: _later,
    TooManyStreams: lambda error: Problem(error.status, str(error), headers={"Retry-After": str(STREAM_RETRY_SECONDS)}),
    EngineUnavailable: _away,
    **dict.fromkeys(UNAVAILABLE, _away),
}


# Python 3.11 has them as they were before RFC 9110.
_TITLES = {413: "Content Too Large", 414: "URI Too Long"}


def problem_body(problem: Problem, request_id: str) -> dict[str, Any]:
    """The members of the problem; `about:blank` says that the status alone tells its kind (RFC 9457, 4.2.1)."""
    body = {
        "type": "about:blank",
        "title": _TITLES.get(problem.status) or HTTPStatus(problem.status).phrase,
        "status": int(problem.status),
        "detail": problem.detail,
        "request_id": request_id,
    }
    if problem.parameter is not None:
        body["parameter"] = problem.parameter
    if problem.refused:
        body["refused"] = list(problem.refused)
    if problem.reason is not None:
        body["reason"] = problem.reason
    return body


def problem_response(problem: Problem, request_id: str) -> Response:
    """The answer, which nobody may keep."""
    headers = {"Cache-Control": "no-store", **problem.headers}
    body = orjson.dumps(problem_body(problem, request_id))
    return Response(body, problem.status, headers=headers, media_type=MEDIA_TYPE)


def problem_of(error: Exception) -> Problem | None:
    """The problem that an error becomes; None for a mistake of ours."""
    for kind in type(error).__mro__:
        if kind in PROBLEMS:
            return PROBLEMS[kind](error)
    return None


def problem_handlers() -> dict[Any, Callable[[Request, Exception], Awaitable[Response]]]:
    """PROBLEMS as Starlette wants them."""
    return {error: _handler(explain) for error, explain in PROBLEMS.items()}


def _handler(explain: Callable[[Any], Problem]) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def handle(request: Request, error: Exception) -> Response:
        return problem_response(explain(error), request.state.request_id)

    return handle
