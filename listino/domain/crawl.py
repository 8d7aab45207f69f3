"""A crawl run: one spider's way through the shops of one market, and what it brought home."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class CrawlStatus(StrEnum):
    """`incomplete` came to its end without having seen every shop whole, so nothing of those is marked as gone; `stopped`
    can be resumed where it was; `died` was killed and starts anew."""

    RUNNING = "running"
    FINISHED = "finished"
    INCOMPLETE = "incomplete"
    STOPPED = "stopped"
    FAILED = "failed"
    DIED = "died"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fall:
    """A figure of a shop that fell far below its past: the coverage of a field (0 to 1), or the number of `products`."""

    field: str
    now: float
    usual: float

    @property
    def words(self) -> str:
        if self.field == "products":
            return f"{self.now:.0f} products where {self.usual:.0f} are usual"
        return f"{self.field} at {self.now:.0%} of products where {self.usual:.0%} are usual"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopCounts:
    """What a crawl met in one shop.

    `products` = new + changed + unchanged + returned + held. Of the unchanged ones, `unmodified` were told so by the shop
    (304) and `skipped` by its sitemap: they were not read. `failed`: requests that were given up; `trouble`: why the first
    of them was. `complete`: the whole shop was seen, so what was not met is gone. `coverage`: share (0 to 1) of the
    `measured` products with each field. `drift`: what fell far below the shop's past, so that nothing counts as gone;
    `drift_accepted_by` declared it to be the shop's new look.
    """

    products: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    returned: int = 0
    held: int = 0
    unmodified: int = 0
    skipped: int = 0
    gone: int = 0
    rejected: int = 0
    failed: int = 0
    expected: int | None = None
    complete: bool = False
    trouble: str | None = None
    measured: int = 0
    coverage: Mapping[str, float] = field(default_factory=dict)
    drift: tuple[Fall, ...] = ()
    drift_accepted_by: str | None = None

    @property
    def drifted(self) -> bool:
        return bool(self.drift) and self.drift_accepted_by is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Crawl:
    """One run. `coverage`: share (0 to 1) of products with each field; `rejected`: count by reason; `stopped_by`: who had it
    stop, where that was done in the back office."""

    id: str
    market: str
    status: CrawlStatus
    trigger: str
    started_at: datetime
    heartbeat_at: datetime
    ended_at: datetime | None = None
    limit: int | None = None
    shops: Mapping[str, ShopCounts] = field(default_factory=dict)
    coverage: Mapping[str, float] = field(default_factory=dict)
    rejected: Mapping[str, int] = field(default_factory=dict)
    requests: int = 0
    error: str | None = None
    stopped_by: str | None = None

    @classmethod
    def begun(
        cls, market: str, *, trigger: str, at: datetime, limit: int | None = None, shops: Iterable[str] = ()
    ) -> "Crawl":
        """A run with an id of its own that has met nothing yet."""
        return cls(
            id=f"{market}-{at:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}",
            market=market,
            status=CrawlStatus.RUNNING,
            trigger=trigger,
            started_at=at,
            heartbeat_at=at,
            limit=limit,
            shops={name: ShopCounts() for name in shops},
        )

    @property
    def seconds(self) -> float:
        """How long it has taken so far, or took."""
        return ((self.ended_at or self.heartbeat_at) - self.started_at).total_seconds()

    def total(self, count: str) -> int:
        """The sum of one of ShopCounts' numbers over all shops."""
        return sum(getattr(shop, count) or 0 for shop in self.shops.values())

    @property
    def drifted(self) -> list[str]:
        """The shops of which the run read far less than is usual, unless somebody said that they are so now."""
        return [name for name, counts in self.shops.items() if counts.drifted]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """An item that a crawl could not use, kept so that somebody can look at it."""

    crawl_id: str
    shop: str
    reason: str
    url: str
    detail: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """A line of a spider's log, or several with their traceback. `level` as Python names it: INFO, WARNING, ERROR."""

    crawl_id: str
    at: datetime
    level: str
    source: str
    text: str


@dataclass(frozen=True, slots=True)
class StopRequest:
    """Somebody wants the market's crawl to stop where it is."""

    by: str
    at: datetime
