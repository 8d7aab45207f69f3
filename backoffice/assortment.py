"""How many products each shop has on sale: dear to count, so nobody waits for it, and all processes share one count."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import structlog

from listino.store.outage import UNAVAILABLE, outages_told
from listino.store.stock import Stock

log = structlog.get_logger("backoffice.assortment")

KEPT_SECONDS = 15  # until it is looked whether somebody has counted anew, or has to
PATIENCE_SECONDS = (
    0.5  # how long pages wait that come when the first look has just begun; a small store has counted by then
)


@dataclass(frozen=True, slots=True)
class ShopSize:
    """`products` are on sale; `stored` counts all that there are, `gone` those that the shop no longer has."""

    market: str
    shop: str
    products: int
    stored: int
    gone: int


class Counts(Protocol):
    """See listino.store.stock."""

    def kept(self) -> Mapping[str, Stock] | None: ...

    def renew(self) -> Mapping[str, Stock] | None: ...


class Assortment:
    """The shops and their sizes. Counting goes on behind the pages, which show the figures of the last count."""

    def __init__(self, counts: Counts, clock: Callable[[], float] = time.monotonic) -> None:
        self._counts = counts
        self._clock = clock
        self._lock = threading.Lock()
        self._looking: threading.Thread | None = None
        self._sizes: list[ShopSize] | None = None
        self._looked_at = float("-inf")
        self._told = threading.Event()  # that something is known, or that a look has ended without

    def sizes(self) -> list[ShopSize] | None:
        """Shops with goods on sale, by market and name; None as long as no count has ended well."""
        found = self.stock()
        return None if found is None else [size for size in found if size.products]

    def stock(self) -> list[ShopSize] | None:
        """The same with those of which nothing is on sale."""
        with self._lock:
            if self._looking is None and self._clock() >= self._looked_at + KEPT_SECONDS:
                self._looked_at = self._clock()
                self._looking = threading.Thread(target=self._look, name="count products", daemon=True)
                self._looking.start()
            waited = self._clock() - self._looked_at
        if self._sizes is None and waited < PATIENCE_SECONDS:
            self._told.wait(PATIENCE_SECONDS - waited)
        return self._sizes

    def _look(self) -> None:
        try:
            with outages_told():
                self._take(self._counts.kept())
                self._take(self._counts.renew())
        except UNAVAILABLE as error:
            # Figures a little older are better than none.
            log.warning("assortment.not_counted", error=str(error)[:300])
        finally:
            self._told.set()
            with self._lock:
                self._looking = None

    def _take(self, counts: Mapping[str, Stock] | None) -> None:
        if counts is not None:
            self._sizes = [
                ShopSize(key.partition(":")[0], key.partition(":")[2], stock.on_sale, stock.stored, stock.gone)
                for key, stock in sorted(counts.items())
            ]
            self._told.set()
