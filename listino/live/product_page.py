"""The page of a product: everything that is shown of it, rendered at once and kept in bytes with its entity tags, so that an
answer is no more than a few headers.

Nodes render what they have read, and live workers what they have written (`listino.live.page_guard`).
"""

import hashlib
from collections.abc import Callable
from enum import IntEnum

import orjson

from listino.live import rendering
from listino.live.page import Page
from listino.live.rendering import Document

# Count it up whenever a page gets other parts, or the same product another JSON: processes of the version before may still
# run, and pages outlive them.
LAYOUT = 5

SHOWN, GONE, HIDDEN, STOPPED = "shown", "gone", "hidden", "stopped"


class Part(IntEnum):
    """The parts of a page, in the order in which they are kept."""

    CARD = 0  # as lists show it, which read this part alone (listino.live.heads); it bears no entity tag
    DETAIL = 1
    STYLES = 2
    RELATED = 3
    PRICE = 4  # as it is known without asking the shop; no entity tag either
    # The document itself, for the live worker that refreshes it, and nothing of goods without a shop. The last: nodes hold all
    # before it.
    STORED = 5


def rendered(product: Document, pack: Callable[[Document], bytes]) -> Page:
    """The page of a product's document; nothing to show where it is gone, held from sale or not on sale
    yet. `pack` makes bytes of the document."""
    if product.get("gone_at") is not None:
        return Page(GONE)
    if product.get("stopped_at") is not None:
        return Page(STOPPED)
    if product.get("awaits_price"):
        return Page(HIDDEN)
    card = rendering.card(product)
    bodies = (
        orjson.dumps(rendering.page(product, card)),
        orjson.dumps(rendering.styles(product)),
        orjson.dumps(product.get("related", [])),
    )
    tagged = (entity_tag(body).encode() + body for body in bodies)
    stored = b"" if isinstance(product["_id"], int) else pack(product)
    return Page(SHOWN, (orjson.dumps(card), *tagged, orjson.dumps(rendering.last_known(product)), stored))


def entity_tag(body: bytes) -> str:
    """Weak, for the same content is sent compressed or not."""
    return f'W/"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


TAG_BYTES = len(entity_tag(b""))
