"""The price of a page's product: what the markup asks weighed against what the visitor sees."""

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from decimal import Decimal

from listino.domain.money import Money
from listino.extract import schema_org
from listino.extract.amounts import read_amount
from listino.extract.attributes import price_in_attributes
from listino.extract.evidence import Evidence, Source, weigh
from listino.extract.json_ld import Node
from listino.extract.layout import Shown
from listino.extract.page import ProductPage
from listino.extract.visible_price import NOT_ASKED, likely_prices

_MARKED = {"json-ld": 4.0, "microdata": 3.6, "rdfa": 3.4}
_META = 3.3
_EVENT = 1.6
_STATE = 3.3  # where nothing else names a price; otherwise as an event
_ALSO = 0.3  # what a second markup adds that says the same: shops fill them all from one field
_FIRST_OFFER, _OTHER_OFFER = 0.8, 0.5  # shares of an offer that is not the cheapest
_DENIED = 0.5  # share that is left of what markup says where the page shows that amount as the old or the net one
_LEAST, _LEAST_ALONE = 2.4, 0.9
_MAY_BE_CENTS = 100  # a whole number from which on it may count cents
_META_NAMES = ("product:sale_price", "product:price", "og:price", "twitter:price")
# What analytics are told when a product is looked at: https://developers.google.com/analytics/devguides/collection/ga4/reference/events#view_item
# and https://developers.facebook.com/docs/meta-pixel/reference#standard-events
_VIEWED = ("view_item", "ViewContent", "detail")
_VALUE = re.compile(
    r"[\"']?\b(?:price|value)[\"']?\s*:\s*(?:parseFloat\()?[\"']?(\d{1,7}(?:\.\d{1,2})?)[\"']?\s*[,)}\]\n]"
)
_EVENT_LENGTH = 700

Asked = tuple[Decimal, str | None]


def price(page: ProductPage, offers: Mapping[str, list[Node]]) -> tuple[Decimal, str | None, Source] | None:
    """The amount with most evidence, its currency where one is written, and its source; `offers` by their syntax."""
    meta, language = page.meta, page.language
    marked: dict[Decimal, list[Evidence[Asked]]] = {}
    for piece in [*_marked(offers, language), *_of_meta(meta, language)]:
        marked.setdefault(piece.value[0], []).append(piece)
    pieces: list[Evidence[Asked]] = []
    for same in marked.values():
        first, *others = sorted(same, key=lambda piece: -piece.points)
        pieces += [first, *(Evidence(piece.value, piece.source, piece.points * _ALSO) for piece in others)]
    visible = likely_prices(page.layout)
    pieces = [
        Evidence(piece.value, piece.source, piece.points * _DENIED)
        if _is_denied(visible.get(piece.value[0]))
        else piece
        for piece in pieces
    ]
    pieces += [Evidence((value, shown.amount.currency), "page", points) for value, (points, shown) in visible.items()]
    found = weigh(pieces, key=lambda asked: asked[0], least=_LEAST)
    if found is None or found[1].sureness < 1:
        pieces += _of_events(page.html)
        pieces += _of_state(page, visible, found)
        found = weigh(pieces, key=lambda asked: asked[0], least=_LEAST)
    if found is None:
        found = _only_one(pieces)
    if found is None:
        return None
    (value, _), source = found
    return value, _currency_of(value, pieces, meta), source


def _only_one(pieces: Sequence[Evidence[Asked]]) -> tuple[Asked, Source] | None:
    """The one amount that anything speaks for, however little."""
    likely = [piece for piece in pieces if piece.points > 0]
    alone = len({piece.value[0] for piece in likely}) == 1
    return weigh(likely, key=lambda asked: asked[0], least=_LEAST_ALONE) if alone else None


def _is_denied(seen: tuple[float, Shown] | None) -> bool:
    """Whether the page itself says of an amount that it is the old one, a net one or a part of the price."""
    return seen is not None and bool((seen[1].says | seen[1].place.own | seen[1].place.around) & NOT_ASKED)


def _currency_of(value: Decimal, pieces: Sequence[Evidence[Asked]], meta: dict[str, str]) -> str | None:
    ranked = sorted(
        (piece for piece in pieces if piece.value[1]),
        key=lambda piece: (piece.value[0] != value, piece.source == "page", -piece.points),
    )
    written = [meta[f"{name}:currency"] for name in _META_NAMES if meta.get(f"{name}:currency")]
    return ranked[0].value[1] if ranked else next(iter(written), None)


def _marked(offers: Mapping[str, list[Node]], language: str | None) -> Iterator[Evidence[Asked]]:
    for source, own in offers.items():
        asked = [money for offer in own if (money := schema_org.money_of(offer, currency=None, language=language))]
        comparable = [money for money in asked if money.currency == asked[0].currency]
        lowest = min(comparable, default=None)
        said: set[Money] = set()
        for number, money in enumerate(comparable):
            if money in said:
                continue
            said.add(money)
            share = 1.0 if money == lowest else _OTHER_OFFER if number else _FIRST_OFFER
            yield Evidence((money.major, money.currency), source, _MARKED[source] * share)


def _of_meta(meta: dict[str, str], language: str | None) -> Iterator[Evidence[Asked]]:
    for name in _META_NAMES:
        read = read_amount(meta.get(f"{name}:amount", ""), language=language)
        if read is not None and read[0] > 0:
            yield Evidence((read[0], meta.get(f"{name}:currency") or read[1]), "meta", _META)
            return


def _of_state(page: ProductPage, visible: Container[Decimal], found: object) -> Iterator[Evidence[Asked]]:
    """What the page's application state asks; what attributes hold only where nothing else speaks of a price."""
    said = page.state
    if said is not None and said.price is not None:
        asked: Decimal | None = said.price
        if said.may_be_minor and said.price not in visible:
            # A whole number may count cents: the visible page tells, and without it nothing does, but for small ones.
            cents = said.price / 100
            asked = cents if cents in visible else said.price if said.price < _MAY_BE_CENTS else None
        if asked is not None:
            yield Evidence((asked, said.currency), "state", _STATE if found is None else _EVENT)
    elif found is None and (held := price_in_attributes(page.tree, page.language)) is not None:
        yield Evidence(held, "state", _STATE)


def _of_events(html: str) -> Iterator[Evidence[Asked]]:
    for event in _VIEWED:
        at = html.find(event)
        value = _VALUE.search(html, at, at + _EVENT_LENGTH) if at >= 0 else None
        if value is not None and Decimal(value[1]) > 0:
            yield Evidence((Decimal(value[1]), None), "state", _EVENT)
            return
