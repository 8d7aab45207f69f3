"""How many products each shop has on sale: dear to count, so nobody waits for it and it is done once a minute at most."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from listino.store.outage import UNAVAILABLE, outages_told
from listino.store.products import Stock

log = structlog.get_logger("backoffice.assortment")

KEPT_SECONDS = 60
PATIENCE_SECONDS = 0.2  # how long pages wait for the very first count; a small store has counted by then


@dataclass(frozen=True, slots=True)
class ShopSize:
    """`products` are on sale; `stored` counts all that there are, `gone` those that the shop no longer has."""

    market: str
    shop: str
    products: int
    stored: int
    gone: int


class Assortment:
    """The shops and their sizes. Counting goes on behind the pages, which show the figures of the last count."""

    def __init__(self, count: Callable[[], Mapping[str, Stock]], clock: Callable[[], float] = time.monotonic) -> None:
        self._count = count
        self._clock = clock
        self._lock = threading.Lock()
        self._counting: threading.Thread | None = None
        self._sizes: list[ShopSize] | None = None
        self._until = float("-inf")

    def sizes(self) -> list[ShopSize] | None:
        """Shops with goods on sale, by market and name; None as long as no count has ended well."""
        found = self.stock()
        return None if found is None else [size for size in found if size.products]

    def stock(self) -> list[ShopSize] | None:
        """The same with those of which nothing is on sale."""
        with self._lock:
            if self._counting is None and self._clock() >= self._until:
                self._until = self._clock() + KEPT_SECONDS
                self._counting = threading.Thread(target=self._recount, name="count products", daemon=True)
                self._counting.start()
            counting = self._counting
        if self._sizes is None and counting is not None:
            counting.join(PATIENCE_SECONDS)
        return self._sizes

    def _recount(self) -> None:
        try:
            with outages_told():
                counts = self._count()
            self._sizes = [
                ShopSize(key.partition(":")[0], key.partition(":")[2], stock.on_sale, stock.stored, stock.gone)
                for key, stock in sorted(counts.items())
            ]
        except UNAVAILABLE as error:
            # Figures a little older are better than none.
            log.warning("assortment.not_counted", error=str(error)[:300])
        finally:
            with self._lock:
                self._counting = None
