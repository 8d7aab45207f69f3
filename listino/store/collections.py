"""Every collection, declared once: its name, shard key, indexes and validator."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.read_preferences import SecondaryPreferred

from listino.domain.events import EventType
from listino.store.query import DATED, HANDLED, HELD, LEFT, PRICED

_DAY = 86_400

# Lists that nobody keeps, and searches, ask every shard and may show what was true a moment ago: a secondary answers them where there is one
# that is not far behind (90 s is the least MongoDB lets one say). What is read by its id comes from the primary: a price
# that was just refreshed must be there at the next request, and what a write builds on must be the last word.
LIST_READS = SecondaryPreferred(max_staleness=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What the store demands of one collection. `shard_key` is in MongoDB's notation; `retired` are names of indexes that
    were declared once, and are dropped where they still are; `retention` has an index of its own."""

    name: str
    shard_key: Mapping[str, Any]
    indexes: tuple[IndexModel, ...] = ()
    validator: Mapping[str, Any] = field(default_factory=dict)
    retired: tuple[str, ...] = ()
    retention: "Retention | None" = None


@dataclass(frozen=True, slots=True)
class Retention:
    """How long a document is kept after the time in its `field`: so many days as the `setting` says. MongoDB removes it by an
    index, within a minute or so."""

    field: str
    setting: Literal["events_days", "sessions_days", "customers_days"]

    INDEX: ClassVar[str] = "kept_for_days"


def _required(**properties: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"$jsonSchema": {"bsonType": "object", "required": list(properties), "properties": properties}}


_TEXT = {"bsonType": "string", "minLength": 1}
_TIME = {"bsonType": "date"}
_MINOR_UNITS = {"bsonType": ["int", "long", "null"]}

_ID = ("_id", ASCENDING)
_PRICE = ("price.amount", ASCENDING)

# Of a field that search looked through before: as long as the index is there, products may still have to get their terms.
WORDS_INDEX = "by_word"

STOCK_INDEX = "by_shop_for_sale"


def _on_sale(name: str, *fields: str) -> IndexModel:
    states = ("gone_at", "awaits_price", "stopped_at")
    return IndexModel([*((field, ASCENDING) for field in (*fields, "_id", *states))], name=name)


def _by_price(name: str, field: str) -> IndexModel:
    return IndexModel(
        [(field, ASCENDING), _PRICE, _ID, ("gone_at", ASCENDING)], name=name, partialFilterExpression=PRICED
    )


PRODUCTS = Declaration(
    name="products",
    # Page reads and upserts name the _id and touch one shard; four spiders' writes spread over all of them.
    shard_key={"_id": "hashed"},
    indexes=(
        # How much there is of each shop: counted in it, without any document.
        _on_sale(STOCK_INDEX, "market", "shop"),
        # Lists in the order of ids. With what says that goods are on sale in them, the ids of a page, and of every page
        # before it, are read without any document.
        _on_sale("by_id_for_sale"),
        _on_sale("by_category_for_sale", "category"),
        _on_sale("by_brand_for_sale", "brand"),
        # Sorted lists. Of prices staff look for among goods that are gone, too; what is new is on sale.
        _by_price("by_price_gone_or_not", "market"),
        _by_price("by_category_price_gone_or_not", "category"),
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
            partialFilterExpression=HELD,
        ),
        # What staff look for besides: how much there is, what has changed, what is gone, and what they have decided themselves.
        IndexModel(
            [("offer.availability", ASCENDING), _ID],
            name="by_availability",
            partialFilterExpression={"offer.availability": {"$exists": True}},
        ),
        IndexModel([("market", ASCENDING), ("changed_at", DESCENDING), _ID], name="by_change"),
        IndexModel(
            [("market", ASCENDING), ("gone_at", DESCENDING), _ID], name="by_leaving", partialFilterExpression=LEFT
        ),
        IndexModel([("handled.at", DESCENDING), _ID], name="by_handling", partialFilterExpression=HANDLED),
    ),
    retired=(
        "by_category",
        "by_brand",
        "by_id_on_sale",
        "by_category_on_sale",
        "by_brand_on_sale",
        "by_shop",
        "by_price",
        "by_category_price",
        WORDS_INDEX,
    ),
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

# One document: how much there is of each shop, as it was last counted.
STOCK = Declaration(name="stock", shard_key={"_id": "hashed"}, validator=_required(due_at=_TIME))

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
        IndexModel([("crawl_id", ASCENDING), ("reason", ASCENDING), ("_id", ASCENDING)], name="by_reason"),
        IndexModel([("at", ASCENDING)], name="kept_thirty_days", expireAfterSeconds=30 * _DAY),
    ),
    validator=_required(crawl_id=_TEXT, reason=_TEXT, at=_TIME),
)

CRAWL_LOG = Declaration(
    name="crawl_log",
    # A run's lines lie together, as its rejects do: some thousands at most (scrapers/extensions/crawl_log.py).
    shard_key={"crawl_id": "hashed"},
    indexes=(
        IndexModel([("crawl_id", ASCENDING), ("_id", DESCENDING)], name="by_crawl"),
        IndexModel([("at", ASCENDING)], name="kept_thirty_days", expireAfterSeconds=30 * _DAY),
    ),
    validator=_required(crawl_id=_TEXT, at=_TIME, level=_TEXT, text={"bsonType": "string"}),
)

# _id: a market, or a shop (`it:bottega`).
SCHEDULE = Declaration(
    name="schedule",
    shard_key={"_id": "hashed"},
    validator=_required(
        every_hours={"bsonType": ["int", "long"]},
        minute={"bsonType": ["int", "long"]},
        active={"bsonType": "bool"},
        by=_TEXT,
        at=_TIME,
    ),
)

LEASES = Declaration(name="leases", shard_key={"_id": "hashed"}, validator=_required(holder=_TEXT, until=_TIME))

STAFF = Declaration(
    name="staff",
    shard_key={"_id": "hashed"},  # _id: the e-mail address in lower case
    validator=_required(password_hash=_TEXT, role={"enum": ["agent", "manager", "admin"]}),
)

STAFF_SESSIONS = Declaration(
    name="staff_sessions",
    # A person's sessions lie together: each request names whose session it shows, and so do lists and revocations.
    shard_key={"person": "hashed"},
    indexes=(
        IndexModel([("person", ASCENDING), ("_id", ASCENDING)], name="by_person"),
        IndexModel([("until", ASCENDING)], name="kept_until_their_end", expireAfterSeconds=0),
    ),
    validator=_required(person=_TEXT, role=_TEXT, credential=_TEXT, begun_at=_TIME, seen_at=_TIME, until=_TIME),
)

STAFF_TOKENS = Declaration(
    name="staff_tokens",
    shard_key={"_id": "hashed"},  # _id: the part of the token that may be shown, and that each request begins with
    indexes=(
        IndexModel([("person", ASCENDING), ("created_at", DESCENDING)], name="by_person"),
        # An expired token is still shown for a month: somebody will wonder why a program stopped.
        IndexModel([("until", ASCENDING)], name="kept_a_month_longer", expireAfterSeconds=30 * _DAY),
    ),
    validator=_required(person=_TEXT, secret=_TEXT, scopes={"bsonType": "array"}, until=_TIME),
)

_NEWEST = (("at", DESCENDING), ("_id", DESCENDING))

AUDIT = Declaration(
    name="audit",
    # What happened to one subject is one shard's read, and subjects spread: writes never crowd on the newest chunk.
    shard_key={"subject": "hashed"},
    indexes=(
        IndexModel([("subject", ASCENDING), *_NEWEST], name="of_subject"),
        # Searches without a subject ask each shard for one page, in the order of an index.
        IndexModel([*_NEWEST], name="by_time"),
        IndexModel([("by", ASCENDING), *_NEWEST], name="by_person"),
        IndexModel([("action", ASCENDING), *_NEWEST], name="by_action"),
    ),
    retired=("by_subject",),
    validator=_required(subject={"bsonType": ["string", "int", "long"]}, action=_TEXT, by=_TEXT, at=_TIME),
)

# What happens in the storefront. All three are sharded by whose it is (Event.owner), so that one customer's story is one
# shard's read, and an id is looked for by the one shard that can have it: `owner/id`.
EVENTS = Declaration(
    name="events",
    shard_key={"owner": "hashed"},
    indexes=(IndexModel([("owner", ASCENDING), ("at", DESCENDING), ("_id", DESCENDING)], name="by_owner"),),
    validator=_required(
        owner=_TEXT, session=_TEXT, type={"enum": list(EventType)}, at=_TIME, consent={"bsonType": "bool"}
    ),
    retention=Retention("at", "events_days"),
)

SESSIONS = Declaration(
    name="sessions",
    shard_key={"owner": "hashed"},
    indexes=(
        IndexModel([("owner", ASCENDING), ("last_at", DESCENDING), ("_id", DESCENDING)], name="by_owner"),
        # All that is of one session, whoever it is of: its visit is made of that.
        IndexModel([("session", ASCENDING)], name="by_session"),
        # Those whose sums are not those of their events: few.
        IndexModel([("unsummed.at", ASCENDING)], name="by_unsummed", sparse=True),
    ),
    retired=("by_time",),
    validator=_required(owner=_TEXT, session=_TEXT, first_at=_TIME, last_at=_TIME, consent={"bsonType": "bool"}),
    retention=Retention("last_at", "sessions_days"),
)

# Sums for figures, made of the sessions: see listino.store.visits and listino.store.tiles.
VISITS = Declaration(
    name="visits",
    shard_key={"_id": "hashed"},  # _id: the session
    indexes=(
        # Which began in some time, and which were under way at an instant.
        IndexModel([("length", ASCENDING), ("sums.first", ASCENDING), ("sums.last", ASCENDING)], name="by_length"),
        # How often a page was viewed that is not among a tile's most viewed ones.
        IndexModel([("sums.pages.page", ASCENDING), ("sums.first", ASCENDING)], name="by_page"),
        # Visits whose pages are told by their events alone: few.
        IndexModel([("sums.many_pages", ASCENDING)], name="by_many_pages", sparse=True),
    ),
    validator=_required(owner=_TEXT, length={"bsonType": ["int", "long"]}, sums={"bsonType": "object"}, version=_TEXT),
    retention=Retention("sums.last", "sessions_days"),
)

TILES = Declaration(
    name="tiles",
    shard_key={"_id": "hashed"},
    indexes=(
        IndexModel([("hours", ASCENDING), ("start", ASCENDING)], name="by_time"),
        # Those that are to be made: few.
        IndexModel([("unsealed.at", ASCENDING)], name="by_unsealed", sparse=True),
    ),
    validator=_required(hours={"bsonType": ["int", "long"]}, start=_TIME, until=_TIME),
    retention=Retention("start", "sessions_days"),
)

CUSTOMERS = Declaration(
    name="customers",
    shard_key={"_id": "hashed"},  # _id: the owner of the events
    indexes=(
        # Name, its words and the e-mail address, folded: what a customer is looked up by.
        IndexModel([("terms", ASCENDING), _ID], name="by_term"),
    ),
    validator=_required(seen_at=_TIME),
    retention=Retention("seen_at", "customers_days"),
)

CUSTOMER_NOTES = Declaration(
    name="customer_notes",
    # With the customer's events: a page about one of them asks one shard.
    shard_key={"owner": "hashed"},
    indexes=(IndexModel([("owner", ASCENDING), *_NEWEST], name="by_owner"),),
    validator=_required(owner=_TEXT, text=_TEXT, by=_TEXT, at=_TIME),
    retention=Retention("at", "customers_days"),
)

ERASURES = Declaration(
    name="erasures",
    shard_key={"_id": "hashed"},  # _id: the digest of the owner, by which those who are erased stay unrecognised
    # Only those that are not done yet say whose they are.
    indexes=(IndexModel([("owner", ASCENDING)], name="by_unfinished", sparse=True),),
    validator=_required(begun_at=_TIME, events={"bsonType": ["int", "long"]}),
)

COLLECTIONS = (
    PRODUCTS,
    STOCK,
    PRICE_HISTORY,
    CRAWLS,
    REJECTS,
    CRAWL_LOG,
    LEASES,
    SCHEDULE,
    STAFF,
    STAFF_SESSIONS,
    STAFF_TOKENS,
    AUDIT,
    EVENTS,
    SESSIONS,
    VISITS,
    TILES,
    CUSTOMERS,
    CUSTOMER_NOTES,
    ERASURES,
)
