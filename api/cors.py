"""Cross-origin resource sharing: which pages' scripts browsers let read the API (fetch.spec.whatwg.org).

Starlette's own middleware says `Vary: Origin` only to those who send an Origin. A cache that was asked without one would
hand that answer on to a page, whose browser then refuses it. Here an answer says the same to everybody where there is one
origin, or any. Where there are more it says that it varies, and what an origin was told is kept by no cache of ours; that
cache must only not tell it what it keeps for those who send none (deploy/nginx/storefront.conf).
"""

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from listino.settings import Settings

EXPOSED = "ETag, Link, Retry-After, X-Request-Id"
PREFLIGHT_SECONDS = 7200  # the longest that Chromium keeps one

Headers = list[tuple[bytes, bytes]]

_ORIGIN = b"access-control-allow-origin"
_EXPOSE = (b"access-control-expose-headers", EXPOSED.encode())
_PREFLIGHT: Headers = [
    (b"access-control-allow-methods", b"GET, HEAD, POST"),
    (b"access-control-allow-headers", b"*, Authorization"),  # the one header that the star leaves out
    (b"access-control-max-age", str(PREFLIGHT_SECONDS).encode()),
    (b"cache-control", b"no-store"),  # browsers keep preflights by max-age; nobody else is to
]


class Cors:
    """Grants pages of the origins to read answers. It is the outermost layer: a page may read our own mistakes too.

    It adds headers and answers nothing itself: preflights are logged and limited like other requests (see Preflights).
    """

    def __init__(self, app: ASGIApp, *, origins: tuple[str, ...]) -> None:
        self._app = app
        self._origins = frozenset(origin.encode() for origin in origins)
        self._varies = len(origins) > 1
        self._same: Headers = [] if self._varies else [(_ORIGIN, origins[0].encode()), _EXPOSE]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        origin = _header(scope, b"origin")
        granted = self._granted(origin)

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.get("headers", [])
                if self._varies:
                    headers = _varying(headers if origin is None else _kept_by_nobody(headers))
                message["headers"] = [*headers, *granted]
            await send(message)

        await self._app(scope, receive, send_marked)

    def _granted(self, origin: bytes | None) -> Headers:
        if not self._varies:
            return self._same
        return [(_ORIGIN, origin), _EXPOSE] if origin in self._origins and origin is not None else []


class Preflights:
    """Answers what browsers ask before a request of another origin; who may, Cors adds."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "OPTIONS" and _is_preflight(scope):
            await send({"type": "http.response.start", "status": 204, "headers": list(_PREFLIGHT)})
            await send({"type": "http.response.body", "body": b""})
        else:
            await self._app(scope, receive, send)


def _is_preflight(scope: Scope) -> bool:
    return all(_header(scope, name) is not None for name in (b"origin", b"access-control-request-method"))


def _header(scope: Scope, wanted: bytes) -> bytes | None:
    for name, value in scope["headers"]:
        if name == wanted:
            return bytes(value)
    return None


def _kept_by_nobody(headers: Headers) -> Headers:
    """The headers for an answer that the cache before us is not to keep: it would have to keep one for each origin."""
    return [*((name, value) for name, value in headers if name != b"x-accel-expires"), (b"x-accel-expires", b"0")]


def _varying(headers: Headers) -> Headers:
    """The headers with Origin in their Vary, of which there is one: not every cache reads a second."""
    varies = [value for name, value in headers if name == b"vary"]
    others = [(name, value) for name, value in headers if name != b"vary"]
    return [*others, (b"vary", b", ".join([*varies, b"Origin"]))]


def cors(settings: Settings) -> list[Middleware]:
    """The outermost middleware under these settings: none where no page of another origin may read."""
    return [Middleware(Cors, origins=settings.cors_origins)] if settings.cors_origins else []


def preflights(settings: Settings) -> list[Middleware]:
    """The middleware that goes with it, behind all that logs, bounds and limits."""
    return [Middleware(Preflights)] if settings.cors_origins else []
