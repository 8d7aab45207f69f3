"""Typed queries for lists of products: what a caller may ask, and the filters it becomes."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from bson import MinKey

from listino.domain.market import MARKETS
from listino.domain.offer import Availability
from listino.domain.product import Product, ProductId
from listino.store.search import continuations, matching, matching_continued, matching_whole, words_of

# What a list shows of a product, and what it may be sorted by.
CARD = dict.fromkeys(("name", "slogan", "description", "category", "brand", "gtin", "market", "shop", "price.amount", "price.currency", "offer", "gone_at", "first_seen_at", "changed_at", "awaits_price", "handled"), 1)  # fmt: skip

# What neither a page of a product shows nor a live refresh of it needs, and reading it would take as long as all the rest: terms are
# half of what there is to decode.
PAGE = {"terms": 0}

# How many products are named in one write where all of a filter are meant.
AT_ONCE = 500

# What shoppers may see: goods that their shop has, that have had a price to be believed, and that we do not hold from sale.
ON_SALE = {"gone_at": None, "awaits_price": None, "stopped_at": None}

# What the indexes of sorted lists hold: goods that have a price, gone or not, and those on sale of which is known since when they are here.
PRICED: dict[str, Any] = {"price.amount": {"$gte": 0}}
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
DATED: dict[str, Any] = {"first_seen_at": {"$gt": _LONG_AGO}, "gone_at": None}
LEFT: dict[str, Any] = {"gone_at": {"$gt": _LONG_AGO}}
HANDLED: dict[str, Any] = {"handled.at": {"$gt": _LONG_AGO}}
HELD: dict[str, Any] = {"held.at": {"$exists": True}}


class Order(StrEnum):
    """How a list is sorted; what is equal in that lies in the order of ids."""

    ID = "id"
    PRICE = "price"
    PRICE_DOWN = "-price"
    NEWEST = "newest"
    CHANGED = "changed"
    LEFT = "left"  # when its shop was found not to have it any more


class Only(StrEnum):
    """A state that few products are in, each with an index of those that are."""

    HELD = "held"  # a price of it is held
    STOPPED = "stopped"  # it is held from sale
    CORRECTED = "corrected"  # a field of it shows our value
    GONE = "gone"


_ONLY: dict[Only, dict[str, Any]] = {
    Only.HELD: HELD,
    Only.STOPPED: HANDLED | {"stopped_at": {"$gt": _LONG_AGO}},
    Only.CORRECTED: HANDLED | {"handled.corrections": {"$exists": True}},
    Only.GONE: LEFT,
}

# The orders of shoppers' lists, and the filters that an index carries together with each; every other filter would have all
# products read.
FILTERS_OF: dict[Order, tuple[str, ...]] = {
    Order.ID: ("market", "shop", "category", "brand", "gtin", "text"),
    Order.PRICE: ("market", "category"),
    Order.PRICE_DOWN: ("market", "category"),
    Order.NEWEST: ("market",),
}

SortKey = int | datetime  # cents, or a time


class Run(NamedTuple):
    """A stretch of a list that one question gives: a MongoDB filter, and the order in the driver's notation."""

    filter: dict[str, Any]
    sort: list[tuple[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductQuery:
    """Which products, in which order. `after` is the last id of the page before (a keyset cursor), `after_key` what the
    list is sorted by of that product, where that is not the id. `cut`: of a `ranked` list the second stretch alone is
    left, and `after` stood in it, whatever has become of that product.

    `text` is what somebody searches for; with `beginnings` the words in it may be cut off (see listino.store.search): in the
    order of ids those come first then that have every word whole.
    `brand` and `category` are as the products have them, `brand_typed` is a brand in whatever case. Goods without what
    the list is sorted by are not in it. An order goes with its FILTERS_OF; others are allowed and slow. `least` and `most`
    bound the price, in cents, both included; `only` lists that state alone, goods that are gone too where it says so.
    """

    market: str | None = None
    shop: str | None = None
    category: str | None = None
    brand: str | None = None
    brand_typed: str | None = None
    gtin: str | None = None
    text: str | None = None
    beginnings: bool = False
    availability: Availability | None = None
    least: int | None = None
    most: int | None = None
    changed_since: datetime | None = None
    only: Only | None = None
    order: Order = Order.ID
    after: ProductId | None = None
    after_key: SortKey | None = None
    cut: bool = False
    gone: bool = False  # whether goods that the shop no longer has are listed too
    awaiting: bool = False  # whether goods are listed too whose first price is held, so that they are not on sale yet
    stopped: bool = False  # whether goods are listed too that are held from sale

    def runs(self) -> list[Run]:
        """The questions whose answers, one after the other, are the list; every value in them is a plain string, number,
        time or anchored prefix."""
        conditions = self._conditions()
        if self._typed:
            conditions.append(matching(self._typed, market=self.market, beginnings=self.beginnings))
        of_market = {"market": {"$in": [None, *MARKETS]} if self.market is None else self.market}
        if self.order is Order.ID:
            if self._bounds():
                conditions.append(of_market)  # the indexes of prices and times begin with it
            follows = {"_id": _beyond(self.after, 1)} if self.after is not None else {"_id": {"$gt": MinKey()}}
            return [Run({"$and": [*conditions, follows]}, [("_id", 1)])]
        conditions.append(of_market)
        held, field, way, id_way = _SORTED[self.order]
        bounds = self._bounds().get(field, {})
        held = {**held, field: {**held[field], **bounds}}
        sort = [(field, way), ("_id", id_way)]
        if self.after is None or self.after_key is None:
            return [Run({"$and": [*conditions, held]}, sort)]
        # First those that are equal to the last one: a stretch of their index in the order of ids.
        equal = {**held, field: self.after_key, "_id": _beyond(self.after, id_way)}
        further = {**held, field: {**held[field], "$gt" if way > 0 else "$lt": self.after_key}}
        return [Run({"$and": [*conditions, equal]}, [("_id", id_way)]), Run({"$and": [*conditions, further]}, sort)]

    @property
    def markable(self) -> bool:
        """Whether pages of the list can be found by their number without reading through all before them."""
        return self.order is Order.ID and self.after is None and not self.text and not self.brand_typed

    @property
    def ranked(self) -> bool:
        """Whether the list has two stretches: products that have every word whole, and then those that have one cut off."""
        return self.order is Order.ID and self.beginnings and bool(self._typed)

    @property
    def _whole(self) -> dict[str, Any]:
        """What holds for the first stretch of a `ranked` list alone."""
        return matching_whole(self._typed, market=self.market)

    def whole_run(self) -> Run:
        """The first stretch of a `ranked` list, in the order in which the index has it."""
        (run,) = replace(self, beginnings=False, text=None).runs()
        return Run({"$and": [*run.filter["$and"], self._whole]}, run.sort)

    def cut_run(self, *, rarely: bool) -> Run:
        """The second one; `rarely`: few products have anything that begins with one of its words and is not the word, so that
        these lead to it."""
        (run,) = replace(self, text=None).runs() if rarely else self.runs()
        cut = [matching_continued(self._typed, market=self.market)] if rarely else []
        return Run({"$and": [*run.filter["$and"], *cut, {"$nor": [self._whole]}]}, run.sort)

    @property
    def continued(self) -> list[dict[str, Any]]:
        """Of each of several words what has something that begins with it and is not the word."""
        return continuations(self._typed, market=self.market)

    @property
    def _typed(self) -> str:
        return (self.text or "").strip()

    @property
    def combined(self) -> bool:
        """Whether there are several filters of which an index carries one, and the others are looked up in what that leaves."""
        filters = (self.text, self.brand_typed, self.category, self.availability, self.changed_since, self.only)
        price = self.least is not None or self.most is not None
        several = len(words_of(self.text)) > 1  # of which the index finds one
        return sum(one is not None for one in filters) + price + several > 1

    def following(self, last: Product | ProductId) -> "ProductQuery":
        """The same list from behind that product on; in the order of ids its id says it, and `cut` stays as it is."""
        key: SortKey | None = None
        if not isinstance(last, Product):
            return replace(self, after=last, after_key=None)
        if self.order in (Order.PRICE, Order.PRICE_DOWN) and last.price is not None:
            key = last.price.amount.minor
        elif self.order is Order.NEWEST:
            key = last.first_seen_at
        elif self.order is Order.CHANGED:
            key = last.changed_at
        elif self.order is Order.LEFT:
            key = last.gone_at
        return replace(self, after=last.id, after_key=key)

    def _conditions(self) -> list[dict[str, Any]]:
        conditions: list[dict[str, Any]] = []
        if self.order is Order.ID and (self.market or self.shop):
            conditions.append(_of_shop(self.market, self.shop))
        elif self.shop:
            # An index that begins with the market ends with the id.
            conditions.append(_of_shop(self.market, self.shop) if self.market else {"shop": self.shop})
        for name in ("category", "brand", "gtin"):
            value = getattr(self, name)
            if value is not None:
                conditions.append({name: value})
        if self.brand_typed:
            conditions.append(_brand_typed(self.brand_typed, self.market))
        if self.availability is not None:
            conditions.append({"offer.availability": self.availability.value})
        sorted_by = _SORTED[self.order][1] if self.order is not Order.ID else ""
        conditions += [{name: bounds} for name, bounds in self._bounds().items() if name != sorted_by]
        if self.only is not None:
            conditions.append(_ONLY[self.only])
        gone = self.gone or self.only is Only.GONE
        excluded = {"gone_at": gone, "awaits_price": self.awaiting, "stopped_at": self.stopped}
        if state := {name: None for name, listed in excluded.items() if not listed}:
            conditions.append(state)
        return conditions

    def _bounds(self) -> dict[str, dict[str, Any]]:
        """The fields of which a stretch is wanted."""
        price: dict[str, Any] = {}
        if self.least is not None or self.most is not None:
            # That it is at least nothing has to be said: the indexes of prices hold nothing else.
            price = {"$gte": self.least or 0} | ({} if self.most is None else {"$lte": self.most})
        changed = {"$gte": self.changed_since} if self.changed_since is not None else {}
        return {name: bounds for name, bounds in (("price.amount", price), ("changed_at", changed)) if bounds}


# Of each order: what the index holds, the field, and the ways of field and id.
_SORTED: dict[Order, tuple[dict[str, Any], str, int, int]] = {
    Order.PRICE: (PRICED, "price.amount", 1, 1),
    Order.PRICE_DOWN: (PRICED, "price.amount", -1, -1),
    Order.NEWEST: (DATED, "first_seen_at", -1, 1),
    Order.CHANGED: ({"changed_at": {"$gt": _LONG_AGO}}, "changed_at", -1, 1),
    Order.LEFT: (LEFT, "gone_at", -1, 1),
}


def _beyond(product_id: ProductId, way: int) -> dict[str, Any]:
    """What comes after the id in the order of ids (way 1), or before it (-1): numbers lie before strings."""
    operator, opposite = ("$gt", "$lte") if way > 0 else ("$lt", "$gte")
    # Comparing stays within one type, saying that it is not so does not; the other type lies on one side only.
    other_type_is_beyond = isinstance(product_id, int) == (way > 0)
    return {"$not": {opposite: product_id}} if other_type_is_beyond else {operator: product_id}


def _of_shop(market: str | None, shop: str | None) -> dict[str, Any]:
    """Ids begin with market and shop: what belongs to them lies together in every index that ends with the id."""
    beginnings = [f"{code}:{shop}:" if shop else f"{code}:" for code in ([market] if market else MARKETS)]
    ranges = [{"_id": {"$gte": begins, "$lt": begins[:-1] + ";"}} for begins in beginnings]  # ";" comes after ":"
    return ranges[0] if len(ranges) == 1 else {"$or": ranges}


def spellings(typed: str) -> list[str]:
    """The ways in which people set capitals in a name, the typed one first, each once."""
    return list(dict.fromkeys((typed, typed.capitalize(), typed.title(), typed.upper(), typed.lower())))


def _brand_typed(brand: str, market: str | None) -> dict[str, Any]:
    # The words of a brand are indexed without case: they lead to the few products that the expression is tried on.
    if not words_of(brand) or not brand.isprintable():
        return {"brand": brand}
    whole = {"brand": {"$regex": f"^{re.escape(brand)}$", "$options": "i"}}
    return {"$and": [matching(brand, market=market, beginnings=False), whole]}


def on_sale_of(market: str, shop: str) -> dict[str, Any]:
    """The filter of everything that a shop has, whether or not its first price is believed yet."""
    return {"market": market, "shop": shop, "gone_at": None}


def gone(at: datetime) -> dict[str, Any]:
    """The update that takes a product off sale; there is nothing left to decide about a price of its,
    and crawls that missed it count from the beginning should it return."""
    return {"$set": {"gone_at": at, "changed_at": at}, "$unset": {"held": "", "declined": "", "missed": ""}}
