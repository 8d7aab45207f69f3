"""Answers in JSON, and what a caller that has them already is told instead."""

import gzip
import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from listino.live.product_page import entity_tag

MEDIA_TYPE = "application/json"
GZIP_BYTES = 1024  # smaller bodies fit one packet anyway
_ACCEPTED = re.compile(rb"(?:^|[\s,])gzip\s*(?:,|$|;(?!\s*q=0(?:\.0*)?\s*(?:,|$)))")
GZIP_LEVEL = 5  # of 9: product pages come out within 2 % of level 9's size, in half the time


def json_answer(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """The value as JSON."""
    return Response(orjson.dumps(value), status, headers=headers, media_type=MEDIA_TYPE)


def tagged_answer(request: Request, value: Any, headers: Mapping[str, str] | None = None) -> Response:
    """The value as JSON with an ETag, or 304 for a caller that holds it already."""
    body = orjson.dumps(value)
    etag = entity_tag(body)
    # To be kept, but never used without asking whether it is still so.
    marked = {"ETag": etag, "Cache-Control": "no-cache", **(headers or {})}
    if holds(request.headers.get("if-none-match"), etag):
        if len(body) >= GZIP_BYTES:
            marked["Vary"] = "Accept-Encoding"  # as the answer with a body says
        return Response(status_code=304, headers=marked)
    return Response(body, headers=marked, media_type=MEDIA_TYPE)


class Compression(GZipMiddleware):
    """Compresses answers for those who accept it: Starlette's takes `gzip;q=0` for a yes."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = scope.get("headers", ())
        if any(name == b"accept-encoding" and not accepts_gzip(value) for name, value in headers):
            scope = {**scope, "headers": [header for header in headers if header[0] != b"accept-encoding"]}
        await super().__call__(scope, receive, send)


def accepts_gzip(header: bytes) -> bool:
    """Whether an Accept-Encoding header names gzip and does not refuse it (deploy/nginx has the same rule)."""
    return b"gzip" in header and _ACCEPTED.search(header) is not None


class ReadyAnswer(Response):
    """JSON that was rendered before, tag and all; nothing is left to be worked out."""

    def __init__(self, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> None:
        # What Response.__init__ does for any content and any headers costs more than the rest of the answer.
        self.status_code = status
        self.raw_headers = list(headers)
        self.body = body
        self.background = None


def compressed(body: bytes) -> bytes:
    """In gzip."""
    return gzip.compress(body, GZIP_LEVEL, mtime=0)


def holds(if_none_match: str | None, etag: str) -> bool:
    """Whether an If-None-Match header names the tag, compared weakly (RFC 9110, 13.1.2)."""
    if if_none_match is None:
        return False
    named = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return "*" in named or etag.removeprefix("W/") in named
