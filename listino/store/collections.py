"""Every collection, declared once: its name, shard key, indexes and validator."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.read_preferences import SecondaryPreferred

from listino.store.query import DATED, PRICED

_DAY = 86_400

# Lists that nobody keeps, and searches, ask every shard and may show what was true a moment ago: a secondary answers them where there is one
# that is not far behind (90 s is the least MongoDB lets one say). What is read by its id comes from the primary: a price
# that was just refreshed must be there at the next request, and what a write builds on must be the last word.
LIST_READS = SecondaryPreferred(max_staleness=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What the store demands of one collection. `shard_key` is in MongoDB's notation; `retired` are names of indexes that
    were declared once, and are dropped where they still are."""

    name: str
    shard_key: Mapping[str, Any]
    indexes: tuple[IndexModel, ...] = ()
    validator: Mapping[str, Any] = field(default_factory=dict)
    retired: tuple[str, ...] = ()


def _required(**properties: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"$jsonSchema": {"bsonType": "object", "required": list(properties), "properties": properties}}


_TEXT = {"bsonType": "string", "minLength": 1}
_TIME = {"bsonType": "date"}
_MINOR_UNITS = {"bsonType": ["int", "long", "null"]}

_ID = ("_id", ASCENDING)
_PRICE = ("price.amount", ASCENDING)

# Of a field that search looked through before: as long as the index is there, products may still have to get their terms.
WORDS_INDEX = "by_word"


def _on_sale(name: str, *fields: str) -> IndexModel:
    return IndexModel([*((field, ASCENDING) for field in (*fields, "_id", "gone_at", "awaits_price"))], name=name)


PRODUCTS = Declaration(
    name="products",
    # Page reads and upserts name the _id and touch one shard; four spiders' writes spread over all of them.
    shard_key={"_id": "hashed"},
    indexes=(
        IndexModel([("market", ASCENDING), ("shop", ASCENDING), ("_id", ASCENDING)], name="by_shop"),
        # Lists in the order of ids. With what says that goods are on sale in them, the ids of a page, and of every page
        # before it, are read without any document.
        _on_sale("by_id_on_sale"),
        _on_sale("by_category_on_sale", "category"),
        _on_sale("by_brand_on_sale", "brand"),
        # Sorted lists, of goods on sale alone: whatever is gone is not in them.
        IndexModel([("market", ASCENDING), _PRICE, _ID], name="by_price", partialFilterExpression=PRICED),
        IndexModel([("category", ASCENDING), _PRICE, _ID], name="by_category_price", partialFilterExpression=PRICED),
        IndexModel(
            [("market", ASCENDING), ("first_seen_at", DESCENDING), _ID],
            name="by_newest",
            partialFilterExpression=DATED,
        ),
        IndexModel([("gtin", ASCENDING)], name="by_gtin", sparse=True),
        # What a crawl knows already of an address that it meets.
        IndexModel([("reading.key", ASCENDING)], name="by_reading", sparse=True),
        # The stems of name and brand, SKUs and GTIN: what listino.store.search looks through.
        IndexModel([("terms", ASCENDING), _ID], name="by_term"),
        # Held prices are few among millions of products: only theirs are in it.
        IndexModel(
            [("held.at", DESCENDING), ("_id", ASCENDING)],
            name="by_held",
            partialFilterExpression={"held.at": {"$exists": True}},
        ),
    ),
    retired=("by_category", "by_brand", WORDS_INDEX),
    validator={
        "$jsonSchema": {
            "bsonType": "object",
            "required": ["_id", "name"],
            "properties": {
                "_id": {"bsonType": ["string", "int", "long"]},
                "name": _TEXT,
                "price": {"bsonType": ["object", "null"], "properties": {"amount": _MINOR_UNITS}},
                "offer": {"bsonType": ["object", "null"], "properties": {"cost": _MINOR_UNITS}},
                "held": {
                    "bsonType": "object",
                    "required": ["kind", "reading", "at", "seen_at", "offer"],
                    "properties": {"kind": _TEXT, "reading": _TEXT, "at": _TIME, "seen_at": _TIME},
                },
            },
        }
    },
)

PRICE_HISTORY = Declaration(
    name="price_history",
    # One bucket a product and month; a product's buckets live together on one shard.
    shard_key={"product_id": "hashed"},
    indexes=(IndexModel([("product_id", ASCENDING), ("month", ASCENDING)], name="by_product"),),
    validator=_required(product_id={"bsonType": ["string", "int", "long"]}, month=_TEXT, points={"bsonType": "array"}),
)

CRAWLS = Declaration(
    name="crawls",
    shard_key={"_id": "hashed"},
    indexes=(
        IndexModel([("started_at", DESCENDING), ("_id", DESCENDING)], name="by_time"),
        IndexModel([("market", ASCENDING), ("started_at", DESCENDING)], name="by_market"),
    ),
    validator=_required(market=_TEXT, status=_TEXT, started_at=_TIME),
)

REJECTS = Declaration(
    name="rejects",
    shard_key={"crawl_id": "hashed"},
    indexes=(
        IndexModel([("crawl_id", ASCENDING), ("_id", ASCENDING)], name="by_crawl"),
        IndexModel([("at", ASCENDING)], name="kept_thirty_days", expireAfterSeconds=30 * _DAY),
    ),
    validator=_required(crawl_id=_TEXT, reason=_TEXT, at=_TIME),
)

LEASES = Declaration(name="leases", shard_key={"_id": "hashed"}, validator=_required(holder=_TEXT, until=_TIME))

STAFF = Declaration(
    name="staff",
    shard_key={"_id": "hashed"},  # _id: the e-mail address in lower case
    validator=_required(password_hash=_TEXT, role={"enum": ["agent", "manager", "admin"]}),
)

AUDIT = Declaration(
    name="audit",
    shard_key={"subject": "hashed"},
    indexes=(IndexModel([("subject", ASCENDING), ("at", DESCENDING)], name="by_subject"),),
    validator=_required(subject={"bsonType": ["string", "int", "long"]}, action=_TEXT, by=_TEXT, at=_TIME),
)

COLLECTIONS = (PRODUCTS, PRICE_HISTORY, CRAWLS, REJECTS, LEASES, STAFF, AUDIT)
