"""The OpenAPI 3.1 document of the API, as data. A test holds it to the routes."""

from typing import Any

from api.cursors import MOST_CHARACTERS as MOST_CURSOR_CHARACTERS
from api.parameters import (
    DEFAULT_ORDER,
    DEFAULT_WAIT_MS,
    MOST_CHARACTERS,
    MOST_COUNT,
    MOST_GTIN_DIGITS,
    MOST_ID_CHARACTERS,
    MOST_PAGE,
    MOST_SEARCHED,
    MOST_WAIT_MS,
    MOST_WALKED,
    MOST_WORDS,
)
from api.schemas import SCHEMAS
from listino.domain.market import MARKETS
from listino.store.query import FILTERS_OF, Order

Json = dict[str, Any]


def _query(name: str, description: str, **schema: Any) -> Json:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


def _filter(name: str, description: str) -> Json:
    return _query(name, description, type="string", maxLength=MOST_CHARACTERS)


def _schema(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(description: str, schema: Json, *headers: str) -> Json:
    answer: Json = {"description": description, "content": {"application/json": {"schema": schema}}}
    named = {name: {"$ref": f"#/components/headers/{name}"} for name in (*headers, "X-Request-Id")}
    return {**answer, "headers": named}


def _problems(*statuses: int) -> Json:
    return {str(status): {"$ref": f"#/components/responses/{status}"} for status in statuses}


def _get(summary: str, description: str, responses: Json, *, tag: str, parameters: tuple[Json, ...] = ()) -> Json:
    operation: Json = {
        "operationId": summary.lower().replace(" ", "_"),
        "summary": summary,
        "description": description,
        "tags": [tag],
        "responses": {**responses, **_problems(400, 500)},
    }
    if parameters:
        operation["parameters"] = list(parameters)
    return {"get": operation}


_ID: Json = {"$ref": "#/components/parameters/id"}
_NONE_MATCH: Json = {"$ref": "#/components/parameters/if-none-match"}
_ONE = _problems(304, 404, 410, 503)

_SORTS = (
    "In each order, what is equal lies in the order of ids; goods without a price, or of which is not known since when they are here, are left out. "
    + " ".join(
        f"`{order}` goes with {' and '.join(filters)} only."
        for order, filters in FILTERS_OF.items()
        if order is not DEFAULT_ORDER
    )
)

_PATHS: Json = {
    "/products": _get(
        "List products",
        "Goods on sale in the order of their ids, or sorted. A page costs the same wherever it is, by Link header or by "
        "number; one that is deep in a list that nobody asked for lately may answer 503 once, while the list is prepared.",
        {"200": _json("A page.", {"type": "array", "items": _schema("Card")}, "ETag", "Link")} | _problems(304, 503),
        tag="products",
        parameters=(
            _query("count", "Products on a page.", type="integer", minimum=1, maximum=MOST_COUNT, default=5),
            _query(
                "page",
                f"Beyond the last is an empty list. With `q` or `sort` at most {MOST_WALKED} products in.",
                type="integer",
                minimum=1,
                maximum=MOST_PAGE,
                default=1,
            ),
            _query(
                "cursor",
                "From a Link header; instead of `page`, and with the same filters and order.",
                type="string",
                maxLength=MOST_CURSOR_CHARACTERS,
            ),
            _query("market", "A market's code.", enum=list(MARKETS)),
            _filter("shop", "A shop's name; an unknown one has no goods, which is an empty list."),
            _filter("category", "Exactly as the products have it; an unknown one is an empty list."),
            _filter("brand", "Exactly as the products have it; an unknown one is an empty list."),
            _query("gtin", "All its digits.", type="string", pattern=f"^[0-9]{{0,{MOST_GTIN_DIGITS}}}$"),
            _query(
                "q",
                f"Words in name and brand, in whatever inflection, all of which must be there (at most {MOST_WORDS}); or the "
                "beginning of a SKU or GTIN, at least three characters with a digit; or an id.",
                type="string",
                maxLength=MOST_SEARCHED,
            ),
            _query("sort", _SORTS, enum=list(Order), default=DEFAULT_ORDER),
            _NONE_MATCH,
        ),
    ),
    "/products/{id}": _get(
        "Read a product",
        "Answers at once with what was last seen, and has the shop asked for its price meanwhile.",
        {"200": _json("The product.", _schema("Product"), "ETag"), **_ONE},
        tag="products",
        parameters=(_ID, _NONE_MATCH),
    ),
    "/products/{id}/styles": _get(
        "Read styles",
        "The looks of the product with photos and sizes.",
        {"200": _json("The styles.", _schema("Styles"), "ETag"), **_ONE},
        tag="products",
        parameters=(_ID, _NONE_MATCH),
    ),
    "/products/{id}/related": _get(
        "Read related goods",
        "The ids of what goes with the product.",
        {"200": _json("The ids.", {"type": "array", "items": _schema("ProductId")}, "ETag"), **_ONE},
        tag="products",
        parameters=(_ID, _NONE_MATCH),
    ),
    "/products/{id}/price": _get(
        "Read the live price",
        "Asks the shop and waits for it; at the deadline answers with the last known price and the reason.",
        {"200": _json("The price.", _schema("LivePrice")), **_problems(404, 410, 503)},
        tag="products",
        parameters=(
            _ID,
            _query(
                "wait",
                "Longest wait in ms.",
                type="integer",
                minimum=0,
                maximum=MOST_WAIT_MS,
                default=DEFAULT_WAIT_MS,
            ),
        ),
    ),
    "/healthz": _get(
        "Alive",
        "The process takes requests.",
        {"200": _json("It does.", {"type": "object", "properties": {"status": {"const": "alive"}}})},
        tag="operation",
    ),
    "/readyz": _get(
        "Ready",
        "Whether to send shoppers here. Without Redis it is degraded: prices are the last known ones.",
        {
            "200": _json("Ready, or degraded.", _schema("Readiness")),
            "503": _json("MongoDB is away.", _schema("Readiness"), "Retry-After"),
        },
        tag="operation",
    ),
    "/metrics": _get(
        "Metrics",
        "In Prometheus' text format.",
        {"200": {"description": "The metrics.", "content": {"text/plain": {"schema": {"type": "string"}}}}},
        tag="operation",
    ),
    "/openapi.json": _get(
        "This document",
        "OpenAPI 3.1.",
        {"200": _json("The document.", {"type": "object"}, "ETag"), **_problems(304)},
        tag="operation",
        parameters=(_NONE_MATCH,),
    ),
    "/docs": _get(
        "Read this document",
        "Swagger UI.",
        {"200": {"description": "A page.", "content": {"text/html": {"schema": {"type": "string"}}}}},
        tag="operation",
    ),
}


def _problem(description: str, *headers: str) -> Json:
    content = {"application/problem+json": {"schema": _schema("Problem")}}
    named = {name: {"$ref": f"#/components/headers/{name}"} for name in (*headers, "X-Request-Id")}
    return {"description": description, "headers": named, "content": content}


DOCUMENT: Json = {
    "openapi": "3.1.0",
    "info": {
        "title": "Listino storefront API",
        "version": "1.0.0",  # of this contract, not of the program
        "description": "Products, styles and related goods of four markets, and prices that are fresh when they are shown. "
        "Amounts are strings with two decimals; times are UTC; errors are RFC 9457 problem details. "
        "An address takes the parameters named here, each once; any other is refused with status 400.",
    },
    "tags": [
        {"name": "products", "description": "For the storefront."},
        {"name": "operation", "description": "For machines and developers."},
    ],
    "paths": _PATHS,
    "components": {
        "schemas": SCHEMAS,
        "parameters": {
            "id": {
                "name": "id",
                "in": "path",
                "required": True,
                "description": "A product's id; encode a percent sign in it as %25.",
                "schema": {"type": "string", "maxLength": MOST_ID_CHARACTERS},
                "examples": {
                    "shop": {"summary": "Of a shop", "value": "it:bottega:8411"},
                    "catalogue": {"summary": "Of an imported catalogue", "value": "500"},
                },
            },
            "if-none-match": {
                "name": "If-None-Match",
                "in": "header",
                "required": False,
                "description": "The ETag of what the caller holds.",
                "schema": {"type": "string"},
            },
        },
        "headers": {
            "ETag": {"description": "Changes with the content.", "schema": {"type": "string"}},
            "Link": {
                "description": 'The next page, where there is one: `</products?…>; rel="next"`.',
                "schema": {"type": "string"},
            },
            "Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}},
            "X-Request-Id": {
                "description": "The caller's own where it was harmless, else a new one.",
                "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
            },
        },
        "responses": {
            "304": {"description": "The caller holds it already."},
            "400": _problem("A parameter cannot be used; `parameter` names it."),
            "404": _problem("There is no such product."),
            "410": _problem("The shop no longer has the product."),
            "500": _problem("Our own mistake; the log has the details under the request's id."),
            "503": _problem("The catalogue cannot be read at the moment.", "Retry-After"),
        },
    },
}


def query_parameters(path: str) -> tuple[str, ...]:
    """The names of what a GET of that path may ask; raises KeyError for a path that is not in the document."""
    operation = _PATHS[path]["get"]
    return tuple(one["name"] for one in operation.get("parameters", ()) if one.get("in") == "query")
