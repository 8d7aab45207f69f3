"""How much there is of each shop: counted shop by shop, and kept for everybody who asks
(docs/decisions/0037-stock-is-counted-shop-by-shop.md).

The one document that is kept has `shops` (a list of `shop`, `stored`, `on_sale` and `gone`; none before the first count), `counted_at`,
and `due_at`: when somebody may count anew.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import pymongo
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from listino.domain.clock import utc_now
from listino.store.collections import LIST_READS, PRODUCTS, STOCK, STOCK_INDEX
from listino.store.documents import Document
from listino.store.outage import REFUSED, UNAVAILABLE, outages_told
from listino.store.query import ON_SALE

SHOP_SECONDS = 60.0  # for the goods of one shop
KEPT_SECONDS = 60.0  # at least; a count that takes long is kept so many times longer:
KEPT_TIMES = 30
# Whoever counts and is not heard of for so long has died, or could not ask. Should it be at work, two count.
_COUNTING = timedelta(seconds=4 * SHOP_SECONDS)

_ID = "shops"


@dataclass(frozen=True, slots=True)
class Stock:
    """How many products of a shop are stored, and of these on sale and gone; the rest awaits a first price to believe, or is held from sale."""

    stored: int
    on_sale: int
    gone: int


class StockCounts:
    """The stock of all shops, by `market:shop`."""

    def __init__(self, database: Database) -> None:
        self._products = database.get_collection(PRODUCTS.name, read_preference=LIST_READS)
        self._stock = database[STOCK.name]

    def kept(self) -> dict[str, Stock] | None:
        """The last count; None before the first has ended."""
        found = self._stock.find_one({"_id": _ID}) or {}
        if "shops" not in found:
            return None
        return {one["shop"]: Stock(one["stored"], one["on_sale"], one["gone"]) for one in found["shops"]}

    def renew(self, *, pause: Callable[[float], object] = time.sleep) -> dict[str, Stock] | None:
        """Counts and keeps it, and gives it, if that is due and nobody else is counting; else None. It takes a step in an index
        for every product, and pauses after each shop for as long as that took: pages go first. Raises one of UNAVAILABLE."""
        counts: dict[str, Stock] = {}
        with outages_told():
            began = claimed_at = utc_now()
            if not self._claimed(began):
                return None
            spent, asked_at = 0.0, time.monotonic()
            try:
                for shop, stock in counted(self._products):
                    counts[shop] = stock
                    took = time.monotonic() - asked_at
                    spent += took
                    pause(took)
                    asked_at = time.monotonic()
                    if utc_now() - claimed_at > _COUNTING / 4:
                        claimed_at = utc_now()
                        self._keep(due_at=claimed_at + _COUNTING)
            except Exception:
                # What costs so much in vain is not begun again sooner than a count that ends well. Where even this cannot be
                # written, the claim has to run out.
                with contextlib.suppress(*UNAVAILABLE, REFUSED):
                    self._keep(due_at=_due_after(spent + time.monotonic() - asked_at))
                raise
            shops = [{"shop": shop, **asdict(stock)} for shop, stock in counts.items()]
            self._keep(shops=shops, counted_at=began, due_at=_due_after(spent))
        return counts

    def _claimed(self, now: datetime) -> bool:
        """Whether it is due, and this process is the one to count."""
        try:
            due = {"_id": _ID, "due_at": {"$lte": now}}
            self._stock.update_one(due, {"$set": {"due_at": now + _COUNTING}}, upsert=True)
        except DuplicateKeyError:
            return False  # it is there, and not due
        return True

    def _keep(self, **fields: object) -> None:
        self._stock.update_one({"_id": _ID}, {"$set": fields}, upsert=True)


def _due_after(spent: float) -> datetime:
    """When it may be counted anew, after questions that took so many seconds."""
    return utc_now() + timedelta(seconds=max(KEPT_SECONDS, KEPT_TIMES * spent))


def counted(products: Collection[Document]) -> Iterator[tuple[str, Stock]]:
    """The stock of each shop by `market:shop`, one question for each: none reads more than one shop's part of an index."""
    # Grouping by all states costs half of what testing them for each product does; there are few.
    states = {name: {"$gt": [f"${name}", None]} for name in ON_SALE}
    for market, shop in _shops(products):
        with pymongo.timeout(SHOP_SECONDS):
            groups = list(
                products.aggregate(
                    [
                        {"$match": {"market": market, "shop": shop}},
                        {"$group": {"_id": states, "stored": {"$sum": 1}}},
                    ],
                    hint=STOCK_INDEX,
                )
            )
        yield (
            f"{market}:{shop}",
            Stock(
                stored=sum(group["stored"] for group in groups),
                on_sale=sum(group["stored"] for group in groups if not any(group["_id"].values())),
                gone=sum(group["stored"] for group in groups if group["_id"]["gone_at"]),
            ),
        )


def _shops(products: Collection[Document]) -> Iterator[tuple[str, str]]:
    """Market and name of each shop that has any, in their order: a step or two in the index for each."""
    order = [("market", 1), ("shop", 1)]
    beyond: list[Document] = [{"market": {"$gte": ""}}]  # texts: goods of a catalogue have none
    while beyond:
        found = products.find_one(beyond.pop(), {"_id": 0, "market": 1, "shop": 1}, sort=order, hint=STOCK_INDEX)
        if found is not None:
            market, shop = found["market"], found["shop"]
            beyond = [{"market": {"$gt": market}}, {"market": market, "shop": {"$gt": shop}}]
            yield market, shop
