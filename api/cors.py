"""Cross-origin resource sharing: which pages' scripts browsers let read the API (fetch.spec.whatwg.org).

Starlette's own middleware says `Vary: Origin` only to those who send an Origin. A cache that was asked without one would
hand that answer on to a page, whose browser then refuses it. Here an answer says the same to everybody where it can, and
that it varies where it cannot; so a cache in front needs to know nothing of origins.
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
    (b"access-control-allow-methods", b"GET, HEAD"),
    (b"access-control-allow-headers", b"*, Authorization"),  # the one header that the star leaves out
    (b"access-control-max-age", str(PREFLIGHT_SECONDS).encode()),
    (b"cache-control", b"no-store"),  # browsers keep preflights by max-age; nobody else is to
]


class Cors:
    """Grants pages of the origins to read answers. It is the outermost layer: a page may read our own mistakes too."""

    def __init__(self, app: ASGIApp, *, origins: tuple[str, ...]) -> None:
        self._app = app
        self._origins = frozenset(origin.encode() for origin in origins)
        self._varies = len(origins) > 1
        self._same: Headers = [] if self._varies else [(_ORIGIN, origins[0].encode()), _EXPOSE]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        origin, preflight = None, False
        for name, value in scope["headers"]:
            if name == b"origin":
                origin = value
            elif name == b"access-control-request-method":
                preflight = scope["method"] == "OPTIONS"
        granted = self._granted(origin)
        if preflight and origin is not None:
            await send({"type": "http.response.start", "status": 204, "headers": self._marked(_PREFLIGHT, granted)})
            await send({"type": "http.response.body", "body": b""})
            return

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = self._marked(message.get("headers", []), granted)
            await send(message)

        await self._app(scope, receive, send_marked)

    def _granted(self, origin: bytes | None) -> Headers:
        if not self._varies:
            return self._same
        return [(_ORIGIN, origin), _EXPOSE] if origin in self._origins and origin is not None else []

    def _marked(self, headers: Headers, granted: Headers) -> Headers:
        return [*(_varying(headers) if self._varies else headers), *granted]


def _varying(headers: Headers) -> Headers:
    """The headers with Origin in their Vary, of which there is one: not every cache reads a second."""
    varies = [value for name, value in headers if name == b"vary"]
    others = [(name, value) for name, value in headers if name != b"vary"]
    return [*others, (b"vary", b", ".join([*varies, b"Origin"]))]


def cors(settings: Settings) -> list[Middleware]:
    """The middleware under these settings: none where no page of another origin may read."""
    return [Middleware(Cors, origins=settings.cors_origins)] if settings.cors_origins else []
