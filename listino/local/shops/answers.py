"""HTTP answers as the demo shops give them: entity tags, 304, and a body already encoded."""

import hashlib
from datetime import datetime
from email.utils import format_datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

HTML_UTF8 = "text/html; charset=utf-8"
JSON_UTF8 = "application/json; charset=utf-8"


def answer(
    request: Request,
    body: bytes,
    content_type: str,
    *,
    status: int = 200,
    changed_at: datetime | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """The body with its ETag, or an empty 304 when the visitor already holds it."""
    tag = f'"{hashlib.blake2b(body, digest_size=10).hexdigest()}"'
    told = {"content-type": content_type, "etag": tag, **(headers or {})}
    if changed_at:
        told["last-modified"] = format_datetime(changed_at.replace(microsecond=0), usegmt=True)
    if status == 200 and request.headers.get("if-none-match") == tag:
        return Response(
            status_code=304, headers={name: value for name, value in told.items() if name != "content-type"}
        )
    return Response(body, status_code=status, headers=told)


def json_answer(
    request: Request,
    payload: Any,
    *,
    status: int = 200,
    changed_at: datetime | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """The payload as JSON, non-ASCII characters as they are."""
    return answer(request, orjson.dumps(payload), JSON_UTF8, status=status, changed_at=changed_at, headers=headers)
