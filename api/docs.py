"""The API's own documentation: OpenAPI, and Swagger UI to read it with. Everything is served from here, no CDN."""

import base64
import hashlib
from importlib.util import find_spec
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from api.answers import tagged_answer
from api.openapi import DOCUMENT

_PACKAGE = "flask_swagger_ui"
_START = """
window.onload = () => SwaggerUIBundle({url: "/openapi.json", dom_id: "#ui", deepLinking: true});
"""
_PAGE = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Listino storefront API</title>
<link rel="icon" href="/docs/assets/favicon-32x32.png">
<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
</head>
<body>
<main id="ui"></main>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script>{_START}</script>
</body>
</html>
"""
_START_HASH = base64.b64encode(hashlib.sha256(_START.encode()).digest()).decode()
# Swagger UI writes style attributes and data: images, and asks for nothing from anywhere else.
_POLICY = (
    f"default-src 'none'; script-src 'self' 'sha256-{_START_HASH}'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


async def openapi(request: Request) -> Response:
    """The OpenAPI 3.1 document."""
    return tagged_answer(request, DOCUMENT)


async def page(_: Request) -> Response:
    """Swagger UI on that document."""
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache"})


async def begin(_: Request) -> Response:
    """Leads whoever opens the API's bare address to that page."""
    return RedirectResponse("/docs", 307)


def assets() -> StaticFiles:
    """Swagger UI's own files, found in the package that carries them; its code, which wants Flask, is not imported.

    Raises ModuleNotFoundError when the package is not installed.
    """
    found = find_spec(_PACKAGE)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"{_PACKAGE} is not installed: it carries the files of Swagger UI")
    return StaticFiles(directory=Path(found.origin).parent / "dist")
