"""Pages in the process's own memory: the latest, bounded in bytes, each to the end of the second in which it was read."""

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass

from listino.domain.product import ProductId
from listino.live.page import Page

MOST_BYTES = 16 * 2**20
HELD_SECONDS = 1.0  # at most: no page may be further behind its product


@dataclass(frozen=True, slots=True)
class Reading:
    """A page, or None where there is no such product. It was the truth at `read_at` (seconds since 1970) and may be shown
    until `until` by the loop's clock; 0 where nobody knows that it was the truth."""

    page: Page | None
    read_at: float = 0.0
    until: float = 0.0

    @property
    def size(self) -> int:
        return 500 if self.page is None else self.page.size


def this_second() -> tuple[float, float]:
    """Now, in seconds since 1970, and until when by the loop's clock something may be shown that is read from now on: to the
    end of this second. nginx holds it as long; would the process hold it into the next second, nginx could keep nothing of it
    then, and pass every request for it on."""
    read_at = time.time()
    return read_at, asyncio.get_running_loop().time() + HELD_SECONDS - read_at % HELD_SECONDS


class HeldPages:
    """The readings that came last, at most `most_bytes` of them."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._readings: OrderedDict[ProductId, Reading] = OrderedDict()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._readings)

    def get(self, product_id: ProductId, now: float) -> Reading | None:
        """The reading, if it may still be shown at that time of the loop's clock."""
        reading = self._readings.get(product_id)
        if reading is None or reading.until <= now:
            return None
        return reading

    def put(self, product_id: ProductId, reading: Reading) -> None:
        """Takes the place of what there was; the oldest make room."""
        before = self._readings.pop(product_id, None)
        if before is not None:
            self.bytes -= before.size
        self._readings[product_id] = reading
        self.bytes += reading.size
        while self.bytes > self._most_bytes and self._readings:
            # The first that came is the first that is worth nothing.
            _, oldest = self._readings.popitem(last=False)
            self.bytes -= oldest.size


class Moment:
    """When a question was put: what is answered to it was true then or later."""

    __slots__ = ("_at", "_until")

    def __init__(self) -> None:
        self._at, self._until = this_second()

    def reading(self, page: Page | None) -> Reading:
        return Reading(page, self._at, self._until)
