"""Whether prices that were called fresh were the shop's truth, by the shop's own log."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from shops.server import Visit
from views import View

FRESH_SECONDS = 1.0
# Clocks of two programs are read to the millisecond.
CLOCK_SECONDS = 0.002


@dataclass(frozen=True, slots=True)
class Told:
    """A price that a shop told at that time, in cents, and from when until when it asks that (seconds since the epoch)."""

    at: float
    minor: int
    since: float
    until: float


class Truth:
    """All that shops told in a run. `price_of` makes of a product id and what its shop asks what we ask."""

    def __init__(self, visits: Mapping[str, Iterable[Visit]], price_of: Callable[[str, int], int]) -> None:
        self._told: defaultdict[str, list[Told]] = defaultdict(list)
        self._asked: defaultdict[str, list[float]] = defaultdict(list)
        self._price_of = price_of
        for shop, of_shop in visits.items():
            for visit in of_shop:
                for number in visit.asked:
                    self._asked[f"{shop}:{number}"].append(visit.came)
                for number, *price in visit.told:
                    self._told[f"{shop}:{number}"].append(Told(visit.spoke or visit.came, *price))

    def complaint(self, view: View) -> str | None:
        """What is wrong with a price that was called fresh: at no moment of its last second was it what the shop asks.

        None where all is well, or nothing was called fresh.
        """
        if not view.fresh:
            return None
        if view.price is None:
            return f"{view.product_id} is fresh and has no price"
        told = [one for one in self._told[view.product_id] if one.at <= view.closed + CLOCK_SECONDS]
        if not told:
            return f"{view.product_id} is fresh, and its shop was not asked for it"
        same = [one for one in told if self._price_of(view.product_id, one.minor) == view.price]
        if not same:
            return f"{view.product_id} costs {view.price}, which its shop never told"
        oldest = view.closed - FRESH_SECONDS - CLOCK_SECONDS
        if not any(one.until >= oldest and one.since <= view.closed + CLOCK_SECONDS for one in same):
            late = oldest - max(one.until for one in same)
            return (
                f"{view.product_id} costs {view.price}, which was the truth until {late + FRESH_SECONDS:.3f} s before"
            )
        return None

    def asked_between(self, product_id: str, first: float, last: float) -> bool:
        """Whether the shop was asked for the product in that time."""
        return any(first <= came <= last for came in self._asked[product_id])
