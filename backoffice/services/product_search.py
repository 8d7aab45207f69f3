"""Looking for products: what may be asked, in which order it is found, and how one page leads to the next."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from backoffice.engines import engines
from backoffice.formats import instant, parsed_instant
from backoffice.lists import Filters, Slice
from listino.domain.errors import InvalidValue
from listino.domain.market import market_of
from listino.domain.offer import Availability
from listino.domain.product import Product, parse_product_id
from listino.store.query import Only, Order, ProductQuery, SortKey

PAGE_SIZE: Final = 25
_MOST_PRICE: Final = 10_000_000  # in major units
_TIMES: Final = (Order.CHANGED, Order.LEFT)
_CUT: Final = "cut~"  # begins a cursor in the stretch of goods that have a word cut off; no id begins so


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductFilters(Filters):
    """What the address asks for, as it was typed; empty text for what it does not. `least` and `most` are prices, `since` a day
    or a moment, `gone` is "1" where goods are listed too that are gone."""

    q: str = ""
    market: str = ""
    shop: str = ""
    category: str = ""
    brand: str = ""
    availability: str = ""
    least: str = ""
    most: str = ""
    since: str = ""
    only: str = ""
    gone: str = ""

    @property
    def query(self) -> ProductQuery:
        """Raises UnknownMarket and InvalidValue."""
        for name, kind in (("availability", Availability), ("only", Only)):
            if getattr(self, name) and getattr(self, name) not in set(kind):
                raise InvalidValue(f"{getattr(self, name)!r} is no {name}: choose one of {', '.join(kind)}")
        query = ProductQuery(
            market=market_of(self.market).code if self.market else None,
            shop=self.shop or None,
            category=self.category or None,
            brand_typed=self.brand or None,
            text=self.q or None,
            beginnings=True,
            availability=Availability(self.availability) if self.availability else None,
            least=_cents(self.least),
            most=_cents(self.most),
            changed_since=parsed_instant(self.since) if self.since else None,
            only=Only(self.only) if self.only else None,
            gone=self.gone == "1",
            awaiting=True,
            stopped=True,
        )
        return replace(query, order=_order(query))


def _order(query: ProductQuery) -> Order:
    """The order in which an index gives what is asked: a page of goods that many have is full before all are looked through, and few
    are sorted at once. Rare states lead to few products."""
    if query.only in (Only.HELD, Only.STOPPED, Only.CORRECTED):
        return Order.ID
    if query.only is Only.GONE:
        return Order.LEFT
    if query.changed_since is not None:
        return Order.CHANGED
    return Order.PRICE if query.least is not None or query.most is not None else Order.ID


def find_products(filters: ProductFilters, *, after: str | None = None, count: int = PAGE_SIZE) -> Slice[Product]:
    """The products that match, in the order of the query; raises UnknownMarket, InvalidValue and TooBroad."""
    query = filters.query
    found = engines().store.products.sought(_behind(query, after) if after else query, count=count)
    return Slice(found.products, _cursor(found.further) if found.further else None)


def _cursor(further: ProductQuery) -> str:
    """Where that list begins: `it:bottega:3020`; `cut~it:bottega:3020` among goods that have a word cut off; or what the list is
    sorted by before the id: `4990~it:bottega:3020`."""
    key = further.after_key
    if key is None:
        return f"{_CUT if further.cut else ''}{further.after}"
    return f"{instant(key) if isinstance(key, datetime) else key}~{further.after}"


def _behind(query: ProductQuery, cursor: str) -> ProductQuery:
    """The list from the cursor on; raises InvalidValue for one that is no place in such a list."""
    if query.ranked and cursor.startswith(_CUT):
        return replace(query, after=parse_product_id(cursor.removeprefix(_CUT)), cut=True)
    if query.order is Order.ID:
        return replace(query, after=parse_product_id(cursor))
    text, _, last = cursor.partition("~")
    return replace(query, after=parse_product_id(last), after_key=_key(query.order, text))


def _key(order: Order, text: str) -> SortKey:
    if order in _TIMES:
        return parsed_instant(text)
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(_MOST_PRICE)) + 2):
        raise InvalidValue(f"{text[:40]!r} is no place in a list")
    return int(text)


def _cents(typed: str) -> int | None:
    """The amount in cents, None for nothing; raises InvalidValue."""
    if not typed:
        return None
    try:
        amount = Decimal(typed.replace(",", "."))
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or not 0 <= amount <= _MOST_PRICE or amount != round(amount, 2):
        raise InvalidValue(f"{typed[:40]!r} is not a price such as 49.90")
    return int(amount * 100)
