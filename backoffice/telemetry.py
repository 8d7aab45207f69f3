"""What the operator sees: one JSON line a request, and metrics."""

import re
import time
import uuid

import structlog
from flask import Flask, Response, current_app, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram

log = structlog.get_logger("backoffice.access")

_KEY = "listino.metrics"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
# Asked for all the time, and never a question.
_QUIET = frozenset({"static", "bootstrap.static", "htmx.static", "probes.healthz", "probes.readyz", "probes.metrics"})


class Metrics:
    """The figures of one worker process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Histogram(
            "listino_backoffice_request_seconds",
            "Time to answer a request",
            ("endpoint", "method", "status"),
            registry=self.registry,
            # A refresh may wait for its shop as long as REFRESH_WAIT_MS.
            buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0),
        )
        self.logins = Counter(
            "listino_backoffice_logins",
            "Attempts to sign in: ok, wrong or limited",
            ("outcome",),
            registry=self.registry,
        )
        self.refreshes = Counter(
            "listino_backoffice_refreshes",
            "Prices asked for: fresh, or the reason why not",
            ("outcome",),
            registry=self.registry,
        )


def metrics() -> Metrics:
    """The figures of the application that serves this request."""
    found: Metrics = current_app.extensions[_KEY]
    return found


def attach(app: Flask) -> None:
    """Logs and measures every request. A request id that a proxy gave is kept, else one is made."""
    app.extensions[_KEY] = Metrics()
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
    g.began = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _end(response: Response) -> Response:
    seconds = time.perf_counter() - g.began
    endpoint, member = request.endpoint or "none", g.get("member")
    response.headers["X-Request-ID"] = g.request_id
    metrics().requests.labels(endpoint, request.method, response.status_code).observe(seconds)
    if endpoint not in _QUIET:
        log.info(
            "request",
            method=request.method,
            path=request.path,
            status=response.status_code,
            ms=round(seconds * 1000, 1),
            staff=member.email if member else None,
        )
    return response
