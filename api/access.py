"""The one middleware of our own: request id, security headers, log line, metrics, and the last resort against errors."""

import os
import re
import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import Metrics
from api.problems import Problem, problem_response

log = structlog.get_logger(__name__)

_SANE_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_ALWAYS = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer")]
# Asked every few seconds by machines: logged at level DEBUG only.
_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
UNMATCHED = "unmatched"


class Access:
    """Gives each request an id, and writes one line and one measurement when it is over.

    The caller's `X-Request-Id` is kept if it is harmless. An error that nothing else caught is logged with its
    traceback and answered as a problem that names the id only.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics
        self._log = log.bind()  # once: to be bound anew for each line costs as much as the line

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        extra = [*_ALWAYS, (b"x-request-id", request_id.encode())]
        status: int | None = None

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *extra]
            await send(message)

        try:
            await self._app(scope, receive, send_marked)
        except Exception:
            log.exception("api.failed", path=scope["path"][:300], request_id=request_id)
            if status is not None:
                raise  # Half an answer is out: only breaking the connection tells the caller.
            problem = Problem(500, "Our own mistake; the log has the details under this request's id.")
            await problem_response(problem, request_id)(scope, receive, send_marked)
        finally:
            self._finish(scope, status or 500, time.perf_counter() - started, request_id)

    def _finish(self, scope: Scope, status: int, seconds: float, request_id: str) -> None:
        route = route_template(scope)
        self._metrics.request(route, status, seconds)
        write = self._log.debug if route in _QUIET else self._log.info
        write(
            "api.request",
            method=scope["method"],
            path=scope["path"][:300],
            route=route,
            status=status,
            ms=round(seconds * 1000, 2),
            request_id=request_id,
        )


def route_template(scope: Scope) -> str:
    """`/products/{id}` for `/products/it:bottega:1`: a bounded set, fit for a label."""
    route = scope.get("route")
    return UNMATCHED if route is None else getattr(route, "path_format", route.path)


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _SANE_ID.fullmatch(value):
            return bytes(value).decode()
    return os.urandom(16).hex()
