"""What Prometheus is told of the legs of live refreshes: by API processes and workers alike, each of the legs it sees."""

from collections.abc import Collection
from functools import cache

from prometheus_client import CollectorRegistry, Histogram

from listino.live.legs import MICROSECONDS, Legs

# Seconds. A leg of ours takes milliseconds; a shop may take as long as the whole contract, one second, and longer.
BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 2.5, 5.0)


class LegMetrics:
    """Named by the moment at which a leg ends (`listino.live.legs.Legs`)."""

    def __init__(self, registry: CollectorRegistry) -> None:
        seconds = Histogram(
            "listino_live_leg_seconds",
            "Time of one leg of a live refresh: until it was queued, started, asked, answered, stored, delivered.",
            ("shop", "leg"),
            buckets=BUCKETS,
            registry=registry,
        )
        self._leg = cache(seconds.labels)  # few: shops that are declared

    def observe(self, shop: str, leg: str, seconds: float) -> None:
        self._leg(shop, leg).observe(seconds)

    def observe_all(self, shop: str, legs: Legs, *, only: Collection[str]) -> None:
        """Those legs of the refresh that were gone; every leg is counted where it ends, so that none is counted twice."""
        for name, began, ended in legs.spans():
            if name in only:
                self.observe(shop, name, (ended - began) / MICROSECONDS)
