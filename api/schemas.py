"""The shapes of the API's answers as JSON Schema, each with an example: the `components` of the OpenAPI document."""

from typing import Any

from api.event_body import (
    EMAIL,
    KEY,
    MOST_EMAIL,
    MOST_INTEGER,
    MOST_METADATA,
    MOST_NAME,
    MOST_PAGE_CHARACTERS,
    MOST_SECONDS,
    MOST_VALUE,
)
from api.event_body import ID as EVENT_ID
from listino.domain.events import Device, EventType
from listino.domain.market import MARKETS
from listino.domain.offer import Availability
from listino.live.answer import Reason

Json = dict[str, Any]

EXAMPLE_ID = "it:bottega:3020"


def _object(required: Json, optional: Json | None = None, **more: Any) -> Json:
    properties = {**required, **(optional or {})}
    return {"type": "object", "required": list(required), "properties": properties, **more}


def _text(description: str, *, null: bool = False) -> Json:
    return {"type": ["string", "null"] if null else "string", "description": description}


def _amount(description: str) -> Json:
    return {
        "type": ["string", "null"],
        "pattern": r"^\d+\.\d{2}$",
        "description": f"{description} In major units with two decimals.",
    }


_ID: Json = {
    "type": ["string", "integer"],
    "description": "A natural key `market:shop:sku`, or the number of a good from an imported catalogue.",
}
_AVAILABILITY: Json = {"enum": [state.value for state in Availability]}
_CURRENCY: Json = _text("ISO 4217 code.", null=True)
_AS_OF: Json = {
    "type": ["string", "null"],
    "format": "date-time",
    "description": "When the shop asked this price, UTC to the millisecond.",
}

_EVENT_ID: Json = {"type": "string", "pattern": EVENT_ID}
_REFUSED_EXAMPLE: Json = {
    "index": 1,
    "id": "7f3b",
    "field": "seconds",
    "reason": f"must be {MOST_SECONDS} or less",
}

_CARD: Json = {
    "id": {"$ref": "#/components/schemas/ProductId"},
    "name": _text("As the shop names it."),
    "slogan": _text("One line.", null=True),
    "description": _text("Plain text.", null=True),
    "category": _text("As the shop names it.", null=True),
    "default_price": _amount("What the shopper pays, VAT included; null when no price is known."),
}
_CARD_EXAMPLE: Json = {
    "id": EXAMPLE_ID,
    "name": "Moka Express",
    "slogan": "Caffè come a casa",
    "description": "Caffettiera in alluminio, sei tazze.",
    "category": "Cucina",
    "default_price": "49.90",
}
_LAST_PRICE = _object(
    {
        "amount": _amount("What the shopper pays, VAT included."),
        "currency": _CURRENCY,
        "availability": _AVAILABILITY,
        "as_of": _AS_OF,
    },
    description="The last known price.",
)
_PHOTO = _object({"thumbnail_url": {"type": "string"}, "url": {"type": "string"}})
_SKU = _object(
    {
        "quantity": {"type": ["integer", "null"], "description": "Pieces in stock; null where the shop does not tell."},
        "size": {"type": "string"},
    }
)
_STYLE = _object(
    {
        "style_id": {"type": ["string", "integer"]},
        "name": {"type": "string"},
        "original_price": _amount("Our price before any reduction."),
        "sale_price": _amount("Our reduced price; null when there is none."),
        "default?": {"type": "boolean", "description": "Whether this style is shown first."},
        "photos": {"type": "array", "items": _PHOTO},
        "skus": {"type": "object", "additionalProperties": _SKU, "description": "Sizes by SKU."},
    }
)

SCHEMAS: Json = {
    "ProductId": {**_ID, "examples": [EXAMPLE_ID, 500]},
    "Card": _object(_CARD, examples=[_CARD_EXAMPLE]),
    "Product": _object(
        {
            **_CARD,
            "features": {
                "type": "array",
                "items": _object({"feature": {"type": "string"}, "value": {"type": ["string", "null"]}}),
            },
            "price": {"oneOf": [_LAST_PRICE, {"type": "null"}]},
        },
        {
            "market": {"enum": list(MARKETS)},
            "shop": _text("The shop's name in our declarations."),
            "brand": _text("As the shop names it."),
            "gtin": _text("8 to 14 digits."),
            "url": {"type": "string", "format": "uri", "description": "The page in the shop."},
        },
        examples=[
            {
                **_CARD_EXAMPLE,
                "features": [{"feature": "Materiale", "value": "Alluminio"}],
                "price": {
                    "amount": "49.90",
                    "currency": "EUR",
                    "availability": "InStock",
                    "as_of": "2026-03-01T09:30:00.000Z",
                },
                "market": "it",
                "shop": "bottega",
                "brand": "Bialetti",
                "gtin": "8006363018364",
                "url": "https://bottega.example/p/3020",
            }
        ],
    ),
    "Styles": _object(
        {
            "product_id": _text("The id, as text even for a catalogue number."),
            "results": {"type": "array", "items": _STYLE},
        },
        examples=[
            {
                "product_id": "500",
                "results": [
                    {
                        "style_id": 2803,
                        "name": "Forest Green",
                        "original_price": "140.00",
                        "sale_price": None,
                        "default?": True,
                        "photos": [
                            {
                                "thumbnail_url": "https://bottega.example/1-small.jpg",
                                "url": "https://bottega.example/1.jpg",
                            }
                        ],
                        "skus": {"16437": {"quantity": 8, "size": "M"}},
                    }
                ],
            }
        ],
    ),
    "LivePrice": _object(
        {
            "product_id": {"$ref": "#/components/schemas/ProductId"},
            "price": _amount("What the shopper pays, VAT included; null when no price is known."),
            "currency": _CURRENCY,
            "availability": _AVAILABILITY,
            "as_of": _AS_OF,
            "fresh": {"type": "boolean", "description": "Whether the shop itself said so just now."},
            "reason": {
                # A product found gone is answered with status 410.
                "enum": [*(reason.value for reason in Reason if reason is not Reason.GONE), None],
                "description": "Why the price is not fresh; null when it is.",
            },
            "previous": _amount("The price before it last changed."),
            "lowest_30d": _amount(
                "The prior price (Directive 98/6/EC, art. 6a): the lowest price of this seller in the 30 days before the "
                "present reduction began, or before the present price where that is none. Announce a reduction only "
                "where `price` is below it, and its percentage of it; null when the price never changed."
            ),
        },
        examples=[
            {
                "product_id": EXAMPLE_ID,
                "price": "49.90",
                "currency": "EUR",
                "availability": "InStock",
                "as_of": "2026-03-01T09:30:00.412Z",
                "fresh": True,
                "reason": None,
                "previous": "54.90",
                "lowest_30d": "47.90",
            }
        ],
    ),
    "PriceEvent": _object(
        {
            "event": {"enum": ["price", "gone"]},
            "id": _text("What was told: for Last-Event-ID; it means the same on every node."),
            "data": {
                "type": "string",
                "contentMediaType": "application/json",
                "description": "Of `price` a LivePrice; of `gone` the `product_id` alone.",
            },
        },
        {"retry": {"type": "integer", "description": "Milliseconds, after which the client comes again."}},
        description="One event of the stream.",
        examples=[{"event": "gone", "id": "gone", "data": f'{{"product_id":"{EXAMPLE_ID}"}}'}],
    ),
    "Event": _object(
        {
            "id": {**_EVENT_ID, "description": "The event's own, such as a UUID: sent again it is kept once."},
            "type": {"enum": [kind.value for kind in EventType]},
            "at": {
                "type": "string",
                "format": "date-time",
                "description": "When it happened, with its offset from UTC.",
            },
            "session": {**_EVENT_ID, "description": "The visit it belongs to: made up at random, and of nothing else."},
            "consent": {
                "type": "boolean",
                "description": "Whether the shopper agreed to be recognised. Without it `customer`, `metadata` and the "
                "address it came from are not kept.",
            },
        },
        {
            "customer": {
                **_object(
                    {"id": _EVENT_ID},
                    {
                        "email": {"type": ["string", "null"], "pattern": EMAIL, "maxLength": MOST_EMAIL},
                        "name": {"type": ["string", "null"], "minLength": 1, "maxLength": MOST_NAME},
                    },
                    additionalProperties=False,
                ),
                "type": ["object", "null"],
                "description": "Who it was, with each event since that is known. Name and address are needed once.",
            },
            "device": {"enum": [*(device.value for device in Device), None]},
            "page": {
                "type": ["string", "null"],
                "pattern": "^/",
                "maxLength": MOST_PAGE_CHARACTERS,
                "description": "The path of the page; what follows a question mark is not kept.",
            },
            "product": {
                "type": ["string", "integer", "null"],
                "maxLength": MOST_VALUE,
                "minimum": 0,
                "exclusiveMaximum": 10**18,
                "description": "The id of the product it is about.",
            },
            "seconds": {
                "type": ["number", "null"],
                "minimum": 0,
                "maximum": MOST_SECONDS,
                "description": "Time spent, to the millisecond.",
            },
            "metadata": {
                "type": "object",
                "maxProperties": MOST_METADATA,
                "propertyNames": {"pattern": KEY},
                "additionalProperties": {
                    "type": ["string", "number", "boolean", "null"],
                    "maxLength": MOST_VALUE,
                    "minimum": -MOST_INTEGER,
                    "maximum": MOST_INTEGER,
                },
                "description": "Anything else, such as what was searched for.",
            },
        },
        additionalProperties=False,
        examples=[
            {
                "id": "0d9c6a0e-5a55-4f0e-9f0e-0f8b7a2d4c11",
                "type": "page_view",
                "at": "2026-11-20T09:30:00.250Z",
                "session": "b1946ac9-2492-4d23-9b6f-6f0c8a0e7d51",
                "consent": True,
                "customer": {"id": "42", "email": "elodie@shop.example", "name": "Élodie Martin"},
                "device": "mobile",
                "page": "/products/it:bottega:3020",
                "product": EXAMPLE_ID,
                "seconds": 12.5,
                "metadata": {"campaign": "spring"},
            }
        ],
    ),
    "EventsTaken": _object(
        {
            "accepted": {"type": "integer", "minimum": 1, "description": "Events that are kept, by now or before."},
            "refused": {"type": "array", "items": {"$ref": "#/components/schemas/RefusedEvent"}},
        },
        examples=[{"accepted": 1, "refused": [_REFUSED_EXAMPLE]}],
    ),
    "RefusedEvent": _object(
        {
            "index": {"type": "integer", "minimum": 0, "description": "Its place in the batch, from 0."},
            "id": _text("Its id, where it has one.", null=True),
            "field": _text("The field at fault; null where it is the event as a whole.", null=True),
            "reason": _text("For people: what is wrong."),
        },
        examples=[_REFUSED_EXAMPLE],
    ),
    "Readiness": _object(
        {
            "status": {"enum": ["ready", "degraded", "away"]},
            "mongo": {"enum": ["ready", "away"]},
            "redis": {"enum": ["ready", "away"]},
        },
        examples=[{"status": "degraded", "mongo": "ready", "redis": "away"}],
    ),
    "Problem": _object(
        {
            "type": {"type": "string", "format": "uri-reference"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": _text("For people: what is wrong, and the way out where there is one."),
            "request_id": _text("As in the X-Request-Id header, for our log."),
        },
        {
            "parameter": _text("The parameter at fault, for status 400."),
            "refused": {
                "type": "array",
                "items": {"$ref": "#/components/schemas/RefusedEvent"},
                "description": "The events at fault, for status 400 of /events.",
            },
            "reason": {
                "enum": ["gone", "held_from_sale"],
                "description": "Why the product is not sold, for status 410: its shop no longer has it, or we hold it back.",
            },
        },
        description="RFC 9457 problem details.",
        examples=[
            {
                "type": "about:blank",
                "title": "Bad Request",
                "status": 400,
                "detail": "count: an integer from 1 to 100, not '0'",
                "request_id": "5b0c6d3e9f5f4e6e8b1f0a7c2d4e6f80",
                "parameter": "count",
            }
        ],
    ),
}
