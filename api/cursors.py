"""Keyset cursors: where the next page of a list begins, as opaque text."""

import base64
import binascii

import orjson

from api.problems import BadParameter
from listino.domain.errors import InvalidValue
from listino.domain.product import ProductId, parse_product_id

MOST_CHARACTERS = 400  # the longest id, as JSON, in base64


def cursor_after(last: ProductId) -> str:
    """The cursor of the page that begins after that id: its JSON in base64url, without padding."""
    return base64.urlsafe_b64encode(orjson.dumps(last)).rstrip(b"=").decode()


def parse_cursor(text: str) -> ProductId:
    """The id in a cursor; raises BadParameter for what `cursor_after` never made."""
    try:
        if len(text) > MOST_CHARACTERS:
            raise InvalidValue("too long")
        value = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
        if not isinstance(value, str | int) or parse_product_id(str(value)) != value:
            raise InvalidValue("not an id")
    except (ValueError, binascii.Error, InvalidValue):
        raise BadParameter("cursor", "only one taken from a Link header is good; begin without one") from None
    return value
