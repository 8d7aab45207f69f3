"""Keyset cursors: where the next page of a list begins, as opaque text."""

import base64
import binascii
import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import orjson

from api.problems import BadParameter
from listino.domain.errors import InvalidValue
from listino.domain.product import Product, ProductId, parse_product_id
from listino.store.query import Order, ProductQuery, SortKey

MOST_CHARACTERS = 450  # the longest id, a time and the list's mark, as JSON, in base64

MOST_KEY = 2**53  # cents or milliseconds; less than the integers of the store


def cursor_after(query: ProductQuery, last: Product | ProductId) -> str:
    """The cursor of the list's page behind that product: its id, what the list is sorted by of it, and which list it is;
    JSON in base64url, without padding."""
    following = query.following(last)
    parts = [following.after, _plain(following.after_key), _list_of(query)]
    return base64.urlsafe_b64encode(orjson.dumps(parts)).rstrip(b"=").decode()


def following(query: ProductQuery, cursor: str) -> ProductQuery:
    """The list from behind the cursor on; raises BadParameter for one that `cursor_after` never made, or made of another
    list."""
    try:
        if len(cursor) > MOST_CHARACTERS:
            raise InvalidValue("too long")
        after, key, made_of = orjson.loads(
            base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        )
        if made_of != _list_of(query):
            raise BadParameter("cursor", "it belongs to a list with other filters or another order; begin without one")
        return replace(query, after=_id(after), after_key=_key(query.order, key))
    except BadParameter:
        raise
    except (ValueError, TypeError, OverflowError, binascii.Error, InvalidValue):
        raise BadParameter("cursor", "only one taken from a Link header is good; begin without one") from None


def _list_of(query: ProductQuery) -> str:
    """A mark of everything that makes this list another one than the next."""
    asked = (query.market, query.shop, query.category, query.brand, query.gtin, query.text, query.order.value)
    return hashlib.blake2b(orjson.dumps(asked), digest_size=6).hexdigest()


def _id(value: object) -> ProductId:
    if not isinstance(value, str | int) or parse_product_id(str(value)) != value:
        raise InvalidValue("not an id")
    return value


def _plain(key: SortKey | None) -> int | None:
    """Cents as they are, a time in milliseconds."""
    return round(key.timestamp() * 1000) if isinstance(key, datetime) else key


def _key(order: Order, value: object) -> SortKey | None:
    if order is Order.ID:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > MOST_KEY:
        raise InvalidValue("not a number")
    return datetime.fromtimestamp(value / 1000, UTC) if order is Order.NEWEST else value
