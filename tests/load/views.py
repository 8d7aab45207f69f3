"""Views of product pages as shoppers had them, and the figures of many."""

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from listino.domain.money import Money

PROMISED_SECONDS = 1.0
# What an answer may take beyond the time that its caller would wait.
MARGIN_MS = 50
OK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A page opened and its price heard, in seconds since the epoch; `waited_ms` for the price alone. `status` is 0 where there
    was no answer; `price` is in cents."""

    product_id: str
    opened: float
    closed: float
    page_status: int
    status: int
    waited_ms: float
    price: int | None = None
    fresh: bool = False
    reason: str | None = None

    @classmethod
    def of(cls, line: str) -> "View":
        """The view that k6/live.js wrote down."""
        seen = orjson.loads(line)
        return cls.told(seen, seen.pop("body", "") or "")

    @classmethod
    def told(cls, seen: Mapping[str, Any], body: str | bytes) -> "View":
        """The view with what was `seen` of it, and what the body of the price's answer says."""
        quote = orjson.loads(body) if seen["status"] == OK else {}
        price = quote.get("price")
        minor = None if price is None else Money.of(price).minor
        return cls(**seen, fresh=bool(quote.get("fresh")), reason=quote.get("reason"), price=minor)

    @property
    def seconds(self) -> float:
        return self.closed - self.opened

    @property
    def failed(self) -> bool:
        return (self.page_status, self.status) != (OK, OK)

    @property
    def shop(self) -> str:
        return self.product_id.rpartition(":")[0]

    def fresh_within(self, seconds: float) -> bool:
        return self.fresh and self.seconds <= seconds


def share_fresh(views: Sequence[View], seconds: float = PROMISED_SECONDS) -> float:
    """Of all views the share that had a fresh price within that time of opening the page; 0 where there was none."""
    return sum(view.fresh_within(seconds) for view in views) / len(views) if views else 0.0


def late(views: Sequence[View], wait_ms: float) -> list[View]:
    """Those whose price came later than their deadline and MARGIN_MS."""
    return [view for view in views if view.waited_ms > wait_ms + MARGIN_MS]


def median_ms(seconds: Sequence[float]) -> float:
    """NaN of nothing."""
    return 1000 * statistics.median(seconds) if seconds else float("nan")


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that so many of them do not exceed; NaN of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def reasons(views: Sequence[View]) -> str:
    """Why prices were not fresh, most frequent first: `deadline 12, shop_busy 3`."""
    found = Counter(view.reason or f"status {view.page_status}/{view.status}" for view in views if not view.fresh)
    return in_words(found)


def in_words(found: Counter[str]) -> str:
    """The most frequent first: `deadline 12, shop_busy 3`; `none` of nothing."""
    return ", ".join(f"{what} {times}" for what, times in found.most_common()) or "none"
