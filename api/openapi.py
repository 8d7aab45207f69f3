"""The OpenAPI 3.1 document of the API, as data. A test holds it to the routes."""

from typing import Any

import orjson

from api.components import COMPONENTS, EVERYWHERE, EXAMPLE_CURSOR, EXAMPLE_EVENT_ID, headers, problems, schema
from api.cursors import MOST_CHARACTERS as MOST_CURSOR_CHARACTERS
from api.event_body import MOST_EVENTS
from api.parameters import (
    DEFAULT_ORDER,
    DEFAULT_WAIT_MS,
    MOST_CHARACTERS,
    MOST_COUNT,
    MOST_GTIN_DIGITS,
    MOST_PAGE,
    MOST_SEARCHED,
    MOST_WAIT_MS,
    MOST_WALKED,
    MOST_WORDS,
)
from api.price_events import MEDIA_TYPE
from api.schemas import EXAMPLE_ID, SCHEMAS
from listino.domain.market import MARKETS
from listino.store.query import FILTERS_OF, Order

Json = dict[str, Any]


def _query(name: str, description: str, **schema: Any) -> Json:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


def _filter(name: str, description: str, example: str) -> Json:
    return _query(name, description, type="string", maxLength=MOST_CHARACTERS, examples=[example])


def _json(description: str, shape: Json, *named: str, **examples: Any) -> Json:
    """An answer in JSON; the examples by their names, where the shape has none of its own."""
    content: Json = {"schema": shape}
    if examples:
        content["examples"] = {name: {"value": value} for name, value in examples.items()}
    return {"description": description, "headers": headers(*named), "content": {"application/json": content}}


def _text(description: str, media_type: str, example: str) -> Json:
    content = {"schema": {"type": "string"}, "examples": {"beginning": {"value": example}}}
    return {"description": description, "headers": headers(), "content": {media_type: content}}


def _example(name: str) -> Any:
    return SCHEMAS[name]["examples"][0]


def _get(summary: str, description: str, responses: Json, *, tag: str, parameters: tuple[Json, ...] = ()) -> Json:
    return {"get": _operation(summary, description, responses, tag, parameters)}


def _operation(summary: str, description: str, responses: Json, tag: str, parameters: tuple[Json, ...] = ()) -> Json:
    operation: Json = {
        "operationId": summary.lower().replace(" ", "_"),
        "summary": summary,
        "description": description,
        "tags": [tag],
        "responses": dict(sorted((responses | problems(*EVERYWHERE)).items())),
    }
    if parameters:
        operation["parameters"] = list(parameters)
    return operation


_ID: Json = {"$ref": "#/components/parameters/id"}
_LAST_EVENT: Json = {"$ref": "#/components/parameters/last-event-id"}
# As tools read it: before OpenAPI 3.2 the schema of a stream is that of one event.
_EVENTS: Json = {
    "schema": schema("PriceEvent"),
    "examples": {
        "price": {
            "value": {
                "event": "price",
                "id": EXAMPLE_EVENT_ID,
                "data": orjson.dumps(SCHEMAS["LivePrice"]["examples"][0]).decode(),
            }
        },
        "gone": {"value": SCHEMAS["PriceEvent"]["examples"][0]},
    },
}
_BATCH: Json = {"type": "array", "items": schema("Event"), "minItems": 1, "maxItems": MOST_EVENTS}
_EVENTS_OBJECT: Json = {
    "type": "object",
    "required": ["events"],
    "properties": {"events": _BATCH},
    "additionalProperties": False,
}
_NONE_MATCH: Json = {"$ref": "#/components/parameters/if-none-match"}
# What reading the catalogue may come to; and reading one product.
_READ = problems(429, 500, 503)
_ONE = problems(304, 404, 410) | _READ

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
        {
            "200": _json(
                "A page.",
                {"type": "array", "items": schema("Card"), "maxItems": MOST_COUNT},
                "ETag",
                "Link",
                page=[_example("Card")],
                none_left=[],
            )
        }
        | problems(304)
        | _READ,
        tag="products",
        parameters=(
            _query(
                "count", "Products on a page.", type="integer", minimum=1, maximum=MOST_COUNT, default=5, examples=[20]
            ),
            _query(
                "page",
                f"Beyond the last is an empty list. With `q` or `sort` at most {MOST_WALKED} products in.",
                type="integer",
                minimum=1,
                maximum=MOST_PAGE,
                default=1,
                examples=[2],
            ),
            _query(
                "cursor",
                "From a Link header; instead of `page`, and with the same filters and order.",
                type="string",
                maxLength=MOST_CURSOR_CHARACTERS,
                examples=[EXAMPLE_CURSOR],
            ),
            _query("market", "A market's code.", enum=list(MARKETS), examples=["it"]),
            _filter("shop", "A shop's name; an unknown one has no goods, which is an empty list.", "bottega"),
            _filter("category", "Exactly as the products have it; an unknown one is an empty list.", "Cucina"),
            _filter("brand", "Exactly as the products have it; an unknown one is an empty list.", "Bialetti"),
            _query(
                "gtin",
                "All its digits.",
                type="string",
                pattern=f"^[0-9]{{0,{MOST_GTIN_DIGITS}}}$",
                examples=["4006381333931"],
            ),
            _query(
                "q",
                f"Words in name and brand, in whatever inflection, all of which must be there (at most {MOST_WORDS}); or the "
                "beginning of a SKU or GTIN, at least three characters with a digit; or an id.",
                type="string",
                maxLength=MOST_SEARCHED,
                examples=["moka"],
            ),
            _query("sort", _SORTS, enum=list(FILTERS_OF), default=DEFAULT_ORDER, examples=[Order.PRICE]),
            _NONE_MATCH,
        ),
    ),
    "/products/{id}": _get(
        "Read a product",
        "Answers at once with what was last seen, and has the shop asked for its price meanwhile.",
        {"200": _json("The product.", schema("Product"), "ETag", product=_example("Product")), **_ONE},
        tag="products",
        parameters=(_ID, _NONE_MATCH),
    ),
    "/products/{id}/styles": _get(
        "Read styles",
        "The looks of the product with photos and sizes.",
        {"200": _json("The styles.", schema("Styles"), "ETag", styles=_example("Styles")), **_ONE},
        tag="products",
        parameters=(_ID, _NONE_MATCH),
    ),
    "/products/{id}/related": _get(
        "Read related goods",
        "The ids of what goes with the product.",
        {
            "200": _json(
                "The ids.",
                {"type": "array", "items": schema("ProductId")},
                "ETag",
                of_a_shop=[EXAMPLE_ID, "it:bottega:8412"],
                of_a_catalogue=[501, 17, 2803],
            ),
            **_ONE,
        },
        tag="products",
        parameters=(_ID, _NONE_MATCH),
    ),
    "/products/{id}/price": _get(
        "Read the live price",
        "Asks the shop and waits for it; at the deadline answers with the last known price and the reason.",
        {
            "200": _json(
                "The price.",
                schema("LivePrice"),
                fresh=_example("LivePrice"),
                at_the_deadline={**_example("LivePrice"), "fresh": False, "reason": "deadline"},
                imported={**_example("LivePrice"), "product_id": 500, "fresh": False, "reason": "no_shop"},
            ),
            **problems(404, 410),
            **_READ,
        },
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
                examples=[300],
            ),
        ),
    ),
    "/products/{id}/price/events": _get(
        "Watch the price",
        "Server-sent events, each with an id: `price`, whose data is what /price answers, at once and whenever price or "
        "availability change, or whether they are fresh; and `gone`, after which the stream ends. `reason` is `no_queue` while "
        "nothing can be heard of the shop. A stream ends after a quarter of an hour at the latest: EventSource then comes "
        "again by itself, and is not told again what it has seen.",
        {
            "200": {"description": "The stream.", "headers": headers(), "content": {MEDIA_TYPE: _EVENTS}},
            **problems(404, 410),
            **_READ,
        },
        tag="products",
        parameters=(_ID, _LAST_EVENT),
    ),
    "/events": {
        "post": {
            **_operation(
                "Tell events",
                "What shoppers do in the storefront. 202 says that what was accepted is kept, for good. An event is known by its "
                "id within its customer, or within its session where there is none: sent again it is kept once. One that cannot "
                "be kept does not keep the others out: `refused` names it, the field and why; when all are refused, the status "
                "is 400. Any Content-Type is taken for JSON, so that navigator.sendBeacon needs no preflight. After another "
                "answer than 202 or 400, or none, send the batch again as it is.",
                {
                    "202": _json("Kept.", schema("EventsTaken"), kept=_example("EventsTaken")),
                    **problems(429, 500, 503),
                },
                "events",
            ),
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": {"oneOf": [_BATCH, _EVENTS_OBJECT]},
                        "examples": {
                            "array": {"value": [_example("Event")]},
                            "object": {"value": {"events": [_example("Event")]}},
                        },
                    }
                },
            },
        }
    },
    "/healthz": _get(
        "Alive",
        "The process takes requests.",
        {
            "200": _json(
                "It does.",
                {
                    "type": "object",
                    "required": ["status"],
                    "properties": {"status": {"const": "alive"}},
                },
                alive={"status": "alive"},
            )
        },
        tag="operation",
    ),
    "/readyz": _get(
        "Ready",
        "Whether to send shoppers here. Without Redis it is degraded: prices are the last known ones.",
        {
            "200": _json("Ready, or degraded.", schema("Readiness"), degraded=_example("Readiness")),
            "503": _json(
                "MongoDB is away.",
                schema("Readiness"),
                "Retry-After",
                away={"status": "away", "mongo": "away", "redis": "ready"},
            ),
            **problems(500),
        },
        tag="at the nodes only",
    ),
    "/metrics": _get(
        "Metrics",
        "In Prometheus' text format.",
        {
            "200": _text("The metrics.", "text/plain", 'listino_api_live_answers_total{fresh="true",reason=""} 7.0'),
            **problems(500),
        },
        tag="at the nodes only",
    ),
    "/openapi.json": _get(
        "This document",
        "OpenAPI 3.1.",
        {
            "200": _json(
                "The document.",
                {"type": "object", "required": ["openapi", "info", "paths", "components"]},
                "ETag",
                beginning={"openapi": "3.1.0", "info": {}, "paths": {}, "components": {}},
            ),
            **problems(304, 429),
        },
        tag="operation",
        parameters=(_NONE_MATCH,),
    ),
    "/docs": _get(
        "Read this document",
        "Swagger UI.",
        {"200": _text("A page.", "text/html", "<!doctype html>"), **problems(429)},
        tag="operation",
    ),
    "/demo/{id}": _get(
        "Look at a product",
        "A page as a storefront might make it, whose price follows the shop; who accepts text/html is told errors as a page, too.",
        {
            "200": _text("A page.", "text/html", "<!doctype html>"),
            **problems(404, 410),
            **_READ,
        },
        tag="operation",
        parameters=(_ID,),
    ),
}


DOCUMENT: Json = {
    "openapi": "3.1.0",
    "info": {
        "title": "Listino storefront API",
        "version": "1.0.0",  # of this contract, not of the program
        "description": "Products, styles and related goods of four markets, and prices that are fresh when they are shown. "
        "Amounts are strings with two decimals; times are UTC; errors are RFC 9457 problem details. "
        "An address takes the parameters named here, each once; any other is refused with status 400. HEAD answers what GET "
        "would, without the body. A slash at the end of a product address makes no difference.",
    },
    "servers": [{"url": "/", "description": "Where this document comes from."}],
    "tags": [
        {"name": "products", "description": "For the storefront."},
        {"name": "events", "description": "What shoppers do, for the back office."},
        {"name": "operation", "description": "For machines and developers."},
        {"name": "at the nodes only", "description": "Not for shoppers: the balancer before the nodes answers 404."},
    ],
    "paths": _PATHS,
    "components": COMPONENTS,
}


def query_parameters(path: str) -> tuple[str, ...]:
    """The names of what a request of that path may ask; raises KeyError for a path that is not in the document."""
    (operation,) = _PATHS[path].values()
    return tuple(one["name"] for one in operation.get("parameters", ()) if one.get("in") == "query")
