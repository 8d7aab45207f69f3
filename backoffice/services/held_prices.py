"""The held prices: finding what was read and not believed, and deciding on one of them or on all of a crawl."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import structlog

from backoffice.engines import engines
from backoffice.lists import Filters, Slice, cursor, parsed_cursor, sliced
from listino.domain.clock import utc_now
from listino.domain.errors import InvalidValue, ProductNotFound, UnknownShop
from listino.domain.held import DoubtKind, Held
from listino.domain.listing import Terms
from listino.domain.market import market_of
from listino.domain.money import Money
from listino.domain.product import Product, ProductId, parse_natural_key
from listino.live.client import UNAVAILABLE
from listino.live.waiting import forget
from listino.store.holds import Decided, HeldQuery

log = structlog.get_logger("backoffice.held_prices")

MOST_COUNTED = 1000  # beyond that a number tells no more than "very many", and counting takes its time
DECIDING_SECONDS = 3.0  # of the five that a request has; what is left takes another one
EXAMPLES = 5

Verdict = Literal["accept", "reject"]


@dataclass(frozen=True, slots=True)
class HeldFilters(Filters):
    """Raises UnknownMarket and InvalidValue."""

    market: str = ""
    shop: str = ""
    crawl: str = ""
    reason: str = ""

    def __post_init__(self) -> None:
        if self.market:
            market_of(self.market)
        if self.reason and self.reason not in set(DoubtKind):
            raise InvalidValue(f"{self.reason!r} is no reason: choose one of {', '.join(DoubtKind)}")

    @property
    def narrow(self) -> bool:
        """Whether they are about one crawl, or one shop of one market: few enough to decide on all at once."""
        return bool(self.crawl or (self.market and self.shop))

    @property
    def query(self) -> HeldQuery:
        return HeldQuery(
            market=self.market or None,
            shop=self.shop or None,
            crawl_id=self.crawl or None,
            kind=DoubtKind(self.reason) if self.reason else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What deciding on all would mean: how many there are of each kind, some of them, and the moment of the look."""

    kinds: dict[DoubtKind, int]
    examples: list[Product]
    until: datetime

    @property
    def total(self) -> int:
        return sum(self.kinds.values())

    @property
    def acceptable(self) -> int:
        return sum(count for kind, count in self.kinds.items() if kind is not DoubtKind.NOT_POSITIVE)


def page(asked: HeldFilters, *, after: str | None, count: int) -> Slice[Product]:
    """Products with a held price, those that were held last first. Raises InvalidValue for an `after` that is none."""
    query = replace(asked.query, after=_place(after) if after else None)
    found = engines().store.holds.page(query, count=count + 1)
    return sliced(found, count=count, after=_after)


def counted(asked: HeldFilters) -> int:
    """How many there are; MOST_COUNTED stands for that many and more."""
    return engines().store.holds.count(asked.query, most=MOST_COUNTED)


def one(product_id: ProductId) -> tuple[Product, Held]:
    """The product and what is held of it; raises ProductNotFound where nothing is."""
    product = engines().store.products.get(product_id)
    if product.held is None:
        raise ProductNotFound(f"{product_id}: no price is held")
    return product, product.held


def preview(product_id: ProductId, reading: str) -> tuple[Product, Product]:
    """The product as it is, and as accepting that reading would make it; changes nothing, raises what `decide` raises."""
    return engines().store.holds.preview(product_id, reading, terms_of=_terms_of)


def decide(product_id: ProductId, reading: str, verdict: Verdict, *, by: str) -> Product:
    """The product after the decision on that reading, which is in the audit log.

    Raises AlreadyDecided, ProductNotFound, and for what cannot be accepted UnknownShop and InvalidValue.
    """
    holds, at = engines().store.holds, utc_now()
    if verdict == "accept":
        product = holds.accept(product_id, reading, terms_of=_terms_of, by=by, at=at)
    else:
        product = holds.reject(product_id, reading, by=by, at=at)
    _forget_answer(product)
    log.info("held_price.decided", product_id=product_id, verdict=verdict, staff=by)
    return product


def review(asked: HeldFilters) -> Review:
    """Raises InvalidValue for filters that are not narrow."""
    _refuse_wide(asked)
    holds, until = engines().store.holds, utc_now()
    kinds = holds.kinds(replace(asked.query, until=until))
    return Review(kinds=kinds, examples=holds.page(asked.query, count=EXAMPLES), until=until)


def decide_all(asked: HeldFilters, verdict: Verdict, *, until: datetime, by: str) -> Decided:
    """Decides on all that a look at that moment counted; what was held or read anew since is left alone.

    Raises InvalidValue for filters that are not narrow.
    """
    _refuse_wide(asked)

    def each(product: Product, held: Held) -> None:
        decide(product.id, held.reading, verdict, by=by)

    return engines().store.holds.decide_all(replace(asked.query, until=until), each, seconds=DECIDING_SECONDS)


def shopper_price(product: Product, sku: str | None) -> Money | None:
    """What shoppers pay for that size, or for goods of one size; None for a size that is not on sale."""
    sizes = {key: size.price for style in product.styles for key, size in style.skus.items()}
    if sku in sizes and sizes[sku] is not None:
        return sizes[sku]
    return product.price.amount if product.price and (sku is None or len(sizes) <= 1) else None


def _terms_of(product: Product) -> Terms:
    shops = engines().shops.now()
    key = f"{product.market}:{product.shop}"
    if key not in shops:
        raise UnknownShop(f"{key} is not declared, so nobody knows its markup: its prices can only be rejected")
    return shops[key].terms


def _forget_answer(product: Product) -> None:
    """Without Redis the live answer about the held price goes by itself after a second."""
    try:
        forget(engines().jobs.connection, str(product.id))
    except UNAVAILABLE as error:
        log.warning("held_price.answer_not_forgotten", product_id=product.id, error=str(error))


def _refuse_wide(asked: HeldFilters) -> None:
    if not asked.narrow:
        raise InvalidValue("say which crawl, or which shop of which market, is to be decided on as a whole")


def _after(product: Product) -> str:
    # Decided between the query and here it could not be: the list asks for those that have one.
    return cursor(product.held.at, product.id) if product.held else ""


def _place(after: str) -> tuple[datetime, ProductId]:
    at, last = parsed_cursor(after)
    return at, parse_natural_key(last)
