"""What Prometheus is told by a live worker: refreshes by shop and outcome, and the legs that a worker sees."""

from functools import cache

import structlog
from prometheus_client import CollectorRegistry, Counter, ProcessCollector, start_http_server

from listino.live.answer import LiveAnswer
from listino.live.leg_metrics import LegMetrics
from listino.shops.labels import ShopLabels

log = structlog.get_logger(__name__)

LEGS = ("started", "asked", "answered", "stored")


class WorkerMetrics:
    """One process's metrics, in a registry of its own. `shop_of` gives the label of a product's shop. Thread-safe."""

    def __init__(self, shop_of: ShopLabels) -> None:
        self.registry = CollectorRegistry()
        self._shop_of = shop_of
        refreshes = Counter(
            "listino_live_refreshes",
            "Refreshes that came to their end, by outcome: fresh, or the reason why not.",
            ("shop", "outcome"),
            registry=self.registry,
        )
        self._refreshes_of = cache(refreshes.labels)
        self._second_attempts = Counter(
            "listino_live_second_attempts",
            "Requests to shops that were sent again, because the shop failed in passing and there was time.",
            ("shop",),
            registry=self.registry,
        )
        self._legs = LegMetrics(self.registry)
        ProcessCollector(registry=self.registry)

    def refreshed(self, answer: LiveAnswer) -> None:
        """Counts a refresh whose answer is about to be handed on."""
        shop = self._shop_of(answer.product_id)
        self._refreshes_of(shop, answer.reason or "fresh").inc()
        if answer.legs is not None:
            self._legs.observe_all(shop, answer.legs, only=LEGS)

    def asked_again(self, product_id: str) -> None:
        """Counts a request for that product that is sent again."""
        self._second_attempts.labels(self._shop_of(product_id)).inc()

    def serve(self, host: str, port: int) -> None:
        """Has a thread answer Prometheus at that port, whatever the path, until the process ends.

        A port that is taken is no reason to leave shoppers without prices: it is logged, and the worker works.
        """
        try:
            start_http_server(port, host, self.registry)
        except OSError as error:
            log.error("metrics.not_served", host=host, port=port, error=str(error))
