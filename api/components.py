"""What the operations of the OpenAPI document share: parameters, headers, and every error with an example."""

from http import HTTPStatus
from typing import Any

from api.bounds import MOST_ADDRESS_BYTES, MOST_HEADER_BYTES, MOST_HEADERS
from api.cursors import cursor_after
from api.event_body import MOST_BODY_BYTES
from api.parameters import MOST_ID_CHARACTERS
from api.problems import MEDIA_TYPE, RETRY_SECONDS, Problem, problem_body
from api.schemas import EXAMPLE_ID, SCHEMAS
from listino.domain.market import MARKETS
from listino.domain.product import Product
from listino.store.query import ProductQuery

Json = dict[str, Any]

_EXAMPLE_REQUEST = "5b0c6d3e9f5f4e6e8b1f0a7c2d4e6f80"
EXAMPLE_CURSOR = cursor_after(ProductQuery(), Product(id=EXAMPLE_ID, name="Moka Express"))
EXAMPLE_EVENT_ID = "49.90:EUR:InStock:fresh"
_EXAMPLE_ETAG = 'W/"0f9f1d1f3f1a2b3c4d5e6f70"'
# What may be on any answer, beside what is named for it.
ALWAYS = ("Access-Control-Allow-Origin", "Cache-Control", "Vary", "X-Request-Id")


def header(name: str) -> Json:
    return {"$ref": f"#/components/headers/{name}"}


def schema(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def headers(*names: str) -> Json:
    return {name: header(name) for name in (*names, *ALWAYS)}


def problems(*statuses: int) -> Json:
    """The answers of these statuses, as an operation lists them."""
    return {str(status): {"$ref": f"#/components/responses/{status}"} for status in statuses}


def _problem(
    status: int, description: str, detail: str, *named: str, parameter: str | None = None, reason: str | None = None
) -> Json:
    body = problem_body(Problem(status, detail, parameter, reason=reason), _EXAMPLE_REQUEST)
    content = {"schema": schema("Problem"), "examples": {HTTPStatus(status).name.lower(): {"value": body}}}
    return {"description": description, "headers": headers(*named), "content": {MEDIA_TYPE: content}}


PARAMETERS: Json = {
    "id": {
        "name": "id",
        "in": "path",
        "required": True,
        "description": "A product's id; encode a percent sign in it as %25.",
        "schema": {
            "type": "string",
            "maxLength": MOST_ID_CHARACTERS,
            "pattern": rf"^([0-9]{{1,18}}|({'|'.join(MARKETS)}):[a-z0-9][a-z0-9-]{{0,62}}:[A-Za-z0-9._~-]{{1,200}})$",
        },
        "examples": {
            "shop": {"summary": "Of a shop", "value": EXAMPLE_ID},
            "catalogue": {"summary": "Of an imported catalogue", "value": "500"},
        },
    },
    "last-event-id": {
        "name": "Last-Event-ID",
        "in": "header",
        "required": False,
        "description": "The id of the last event that was seen, which EventSource sends by itself when it comes again.",
        "schema": {"type": "string", "examples": [EXAMPLE_EVENT_ID]},
    },
    "if-none-match": {
        "name": "If-None-Match",
        "in": "header",
        "required": False,
        "description": "The ETag of what the caller holds; or several, with commas between them.",
        "schema": {"type": "string", "examples": [_EXAMPLE_ETAG]},
    },
}

HEADERS: Json = {
    "Access-Control-Allow-Origin": {
        "description": "Whose pages may read the answer, where pages of other origins may at all.",
        "schema": {"type": "string", "examples": ["https://shop.example", "*"]},
    },
    "Allow": {
        "description": "The methods that the address takes.",
        "required": True,
        "schema": {"type": "string", "examples": ["GET, HEAD", "POST"]},
    },
    "Cache-Control": {
        "description": "`no-cache`: keep it, and ask with If-None-Match whether it still holds. `no-store`: keep nothing.",
        "required": True,
        "schema": {"type": "string", "examples": ["no-cache"]},
    },
    "ETag": {
        "description": "Changes with the content.",
        "required": True,
        "schema": {"type": "string", "pattern": '^(W/)?"[^"]*"$', "examples": [_EXAMPLE_ETAG]},
    },
    "Link": {
        "description": "The next page, where there is one.",
        "schema": {
            "type": "string",
            "pattern": '^<[^>]+>; rel="next"$',
            "examples": [f'</products?count=5&cursor={EXAMPLE_CURSOR}>; rel="next"'],
        },
    },
    "Retry-After": {
        "description": "Seconds.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1, "examples": [RETRY_SECONDS]},
    },
    "Vary": {
        "description": "Which headers of the request another answer depends on.",
        "schema": {"type": "string", "examples": ["Accept-Encoding"]},
    },
    "X-Request-Id": {
        "description": "The caller's own where it was harmless, else a new one.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{8,64}$", "examples": [_EXAMPLE_REQUEST]},
    },
}

RESPONSES: Json = {
    "304": {"description": "The caller holds it already.", "headers": headers("ETag")},
    "400": _problem(
        400,
        "A parameter cannot be used, is unknown, or is there twice; `parameter` names it. Or a batch of events cannot: `body`, or "
        "`events` with all that is wrong in `refused`.",
        "count: an integer from 1 to 100, not '0'",
        parameter="count",
    ),
    "404": _problem(404, "There is no such product.", f"no product {EXAMPLE_ID}"),
    "405": _problem(
        405,
        "A method that the address does not take.",
        "This address does not take that method; the Allow header lists those it takes.",
        "Allow",
    ),
    "410": _problem(
        410,
        "The product is not sold, for a `reason`: its shop no longer has it, or we hold it from sale.",
        f"the shop no longer has product {EXAMPLE_ID}",
        reason="gone",
    ),
    "413": _problem(
        413,
        f"The request has a body, which nothing reads; or one of more than {MOST_BODY_BYTES} bytes.",
        "No address takes a body with this method; send none.",
    ),
    "414": _problem(
        414,
        f"Path and query have more than {MOST_ADDRESS_BYTES} bytes.",
        f"The address is too long: path and query may have {MOST_ADDRESS_BYTES} bytes.",
    ),
    "429": _problem(
        429,
        "Too many requests or event streams of one client.",
        "Too many requests from one client; ask again in 1 s.",
        "Retry-After",
    ),
    "431": _problem(
        431,
        f"More than {MOST_HEADERS} headers, or {MOST_HEADER_BYTES} bytes of them; through nginx also one of more than 8 KB.",
        f"The headers are too large: {MOST_HEADERS} may be sent, with {MOST_HEADER_BYTES} bytes in sum.",
    ),
    "500": _problem(
        500,
        "Our own mistake; the log has the details under the request's id.",
        "Our own mistake; the log has the details under this request's id.",
    ),
    "503": _problem(
        503,
        "The catalogue cannot be read at the moment, or no further event stream can be opened.",
        "The catalogue cannot be read at the moment; try again shortly.",
        "Retry-After",
    ),
}

COMPONENTS: Json = {"schemas": SCHEMAS, "parameters": PARAMETERS, "headers": HEADERS, "responses": RESPONSES}

# What any address may answer: a bad parameter, another method, and too much of anything.
EVERYWHERE = (400, 405, 413, 414, 431)
