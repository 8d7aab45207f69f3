"""What Prometheus is told: requests by route, and how live prices were answered."""

import contextlib
import os
from collections import Counter as CountOf
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from listino.domain.events import Event
from listino.domain.product import ProductId
from listino.live.answer import LiveAnswer
from listino.live.leg_metrics import LegMetrics
from listino.shops.labels import ShopLabels

# Seconds. The contract is one second, so the buckets are dense below it.
REQUEST_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0)
WAIT_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 2.0, 5.0)

MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"


class Metrics:
    """One application's metrics, in a registry of its own. `shop_of` gives the label of a product's shop.

    Where PROMETHEUS_MULTIPROC_DIR was set when the process began, all worker processes of the node count together.
    """

    def __init__(self, shop_of: ShopLabels) -> None:
        self._shop_of = shop_of
        self._registry = CollectorRegistry()
        requests = Histogram(
            "listino_api_request_seconds",
            "Time from a request to the end of its answer.",
            ("route", "status"),
            buckets=REQUEST_BUCKETS,
            registry=self._registry,
        )
        answers = Counter(
            "listino_api_live_answers",
            "Live prices answered, by whether they were fresh and, if not, why not.",
            ("fresh", "reason"),
            registry=self._registry,
        )
        self._wait = Histogram(
            "listino_api_live_wait_seconds",
            "How long viewers waited for a live price.",
            buckets=WAIT_BUCKETS,
            registry=self._registry,
        )
        self.streams = Gauge(
            "listino_api_streams", "Event streams that are open.", registry=self._registry, multiprocess_mode="livesum"
        )
        self._events = Counter(
            "listino_api_events",
            "Events of the storefront, by type and whether they can be kept.",
            ("type", "outcome"),
            registry=self._registry,
        )
        asked = Counter(
            "listino_live_requests",
            "Requests for a live price: there was a fresh answer, a refresh in flight was joined, or one was queued.",
            ("shop", "decision"),
            registry=self._registry,
        )
        self._legs = LegMetrics(self._registry)
        # To be found by its labels costs as much as to count. All of these are few: routes, shops that are declared, reasons.
        self._requests, self._answers, self._asked = cache(requests.labels), cache(answers.labels), cache(asked.labels)
        if MULTIPROCESS not in os.environ:
            ProcessCollector(registry=self._registry)

    def request(self, route: str, status: int, seconds: float) -> None:
        self._requests(route, status).observe(seconds)

    def events(self, taken: Sequence[Event], refused: int) -> None:
        """What a batch brought; of a refused event the type is not told, for it may have none."""
        for kind, number in CountOf(event.type for event in taken).items():
            self._events.labels(kind.value, "taken").inc(number)
        if refused:
            self._events.labels("", "refused").inc(refused)

    def live_answer(self, answer: LiveAnswer, seconds: float, viewers: int) -> None:
        """So many viewers waited so long for it."""
        self._answers("true" if answer.fresh else "false", answer.reason or "").inc(viewers)
        for _ in range(viewers):
            self._wait.observe(seconds)

    def requested(self, product_id: ProductId, decision: str, seconds: float) -> None:
        """See `listino.live.prices.Watch`."""
        shop = self._shop_of(product_id)
        self._asked(shop, decision).inc()
        if decision == "queued":
            self._legs.observe(shop, "queued", seconds)

    def heard(self, answer: LiveAnswer) -> None:
        """See `listino.live.prices.Watch`."""
        if answer.legs is not None:
            self._legs.observe_all(self._shop_of(answer.product_id), answer.legs, only=("delivered",))

    def exposition(self) -> bytes:
        """In Prometheus' text format (`prometheus_client.CONTENT_TYPE_LATEST`)."""
        if MULTIPROCESS not in os.environ:
            return generate_latest(self._registry)
        _forget_the_dead(Path(os.environ[MULTIPROCESS]))
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]  # prometheus_client types it not
        return generate_latest(together)


def _forget_the_dead(folder: Path) -> None:
    """What a process had open ended with it; one that was killed could not say so. What it counted stays."""
    for file in folder.glob("gauge_live*_*.db"):
        pid = int(file.stem.rpartition("_")[2])
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            with contextlib.suppress(FileNotFoundError):  # another process was asked at the same time
                mark_process_dead(pid, folder)  # type: ignore[no-untyped-call]  # prometheus_client types it not
        except PermissionError:
            continue  # alive, and another user's
