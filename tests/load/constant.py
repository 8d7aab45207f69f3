"""What the storefront is measured against: Starlette on uvicorn with one route, which answers the same few bytes."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_BODY = b'{"status":"alive"}'


async def _answer(_: Request) -> Response:
    return Response(_BODY, media_type="application/json")


def create_app() -> Starlette:
    """No middleware, no logs, no engines."""
    return Starlette(routes=[Route("/healthz", _answer)])
