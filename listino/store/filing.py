"""Points of the price history on their way into it. Until then the products themselves carry them, as `unfiled`."""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

import structlog
from pymongo.collection import Collection

from listino.domain.history import PricePoint
from listino.domain.product import ProductId
from listino.store.history import history_writes, write_history
from listino.store.outage import UNAVAILABLE, time_limit

log = structlog.get_logger(__name__)

# How many points a product carries at most. One that is full has them filed with its next write, before it.
MOST_UNFILED = 4
# How long the first point waits for others, in seconds: several hundred are hardly more work for a router than one.
GATHER_SECONDS = 0.3
RETRY_SECONDS = 1.0
FILING_SECONDS = 5.0  # for what is filed at once
ENDING_SECONDS = 2.0  # for the last of it, when the process ends
_MOST_AT_ONCE = 500  # products
_MOST_WAITING = 10_000  # products, while MongoDB is away
_MOST_KNOWN = 20_000  # products, the last that were filed


class Filing:
    """Files what products carry, from a thread of its own. Thread-safe; close it.

    Nothing is lost with it: what is not filed is carried still, and whoever writes the product next finds it there.
    """

    def __init__(self, history: Collection[Any]) -> None:
        self._history = history
        self._state = threading.Condition()
        self._waiting: dict[ProductId, tuple[PricePoint, ...]] = {}
        # The last one filed of each: products are only ever added to, so what they carry before it is filed, too.
        self._filed: OrderedDict[ProductId, PricePoint] = OrderedDict()
        self._thread: threading.Thread | None = None
        self._closed = False

    def rest(self, product_id: ProductId, carried: tuple[PricePoint, ...]) -> tuple[PricePoint, ...]:
        """What a product carries without what is known to be in the history."""
        with self._state:
            last = self._filed.get(product_id)
        return carried[carried.index(last) + 1 :] if last in carried else carried

    def file(self, product_id: ProductId, carried: tuple[PricePoint, ...]) -> None:
        """Has the points filed soon that the stored product carries."""
        points = self.rest(product_id, carried)
        with self._state:
            before = self._waiting.get(product_id, ())
            if not points or self._closed or (not before and len(self._waiting) >= _MOST_WAITING):
                return
            self._waiting[product_id] = tuple(dict.fromkeys((*before, *points)))
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="filing", daemon=True)
                self._thread.start()
            elif len(self._waiting) == 1:
                self._state.notify()

    def close(self) -> None:
        """Files what waits, if that does not take too long, and ends."""
        with self._state:
            self._closed = True
            self._state.notify()
        if self._thread is not None:
            self._thread.join(ENDING_SECONDS)

    def _work(self) -> None:
        while True:
            with self._state:
                self._state.wait_for(lambda: self._waiting or self._closed)
                self._state.wait_for(lambda: self._closed, GATHER_SECONDS)
                is_last = self._closed
                ids = list(self._waiting)[: None if is_last else _MOST_AT_ONCE]
                taken = {product_id: self._waiting.pop(product_id) for product_id in ids}
            if taken and not self._filed_now(taken, ENDING_SECONDS if is_last else FILING_SECONDS):
                self._wait_again(taken)
            if is_last:
                return

    def _filed_now(self, taken: dict[ProductId, tuple[PricePoint, ...]], seconds: float) -> bool:
        """Whether that was settled; not where MongoDB is away."""
        writes = [write for product_id, points in taken.items() for write in history_writes(product_id, points)]
        try:
            with time_limit(seconds):
                write_history(self._history, writes)
        except UNAVAILABLE as error:
            log.warning("history.not_filed", products=len(taken), error=str(error))
            return False
        except Exception:  # a mistake of ours: trying again would not mend it, and their products have them
            log.exception("history.not_filed", products=len(taken))
            return True
        self._note((product_id, points[-1]) for product_id, points in taken.items())
        return True

    def _note(self, filed: Iterable[tuple[ProductId, PricePoint]]) -> None:
        with self._state:
            for product_id, last in filed:
                self._filed[product_id] = last
                self._filed.move_to_end(product_id)
            while len(self._filed) > _MOST_KNOWN:
                self._filed.popitem(last=False)

    def _wait_again(self, taken: dict[ProductId, tuple[PricePoint, ...]]) -> None:
        with self._state:
            for product_id, points in self._waiting.items():
                taken[product_id] = tuple(dict.fromkeys((*taken.get(product_id, ()), *points)))
            self._waiting = taken
            self._state.wait_for(lambda: self._closed, RETRY_SECONDS)
