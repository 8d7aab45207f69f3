"""One product: all that staff are shown of it, and what they decide of it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from backoffice.engines import engines
from backoffice.formats import instant, parsed_instant
from backoffice.lists import Slice, sliced
from backoffice.margin import Margin, landed_cost, margin_of
from backoffice.telemetry import metrics
from backoffice.trail import record
from listino.domain.audit import AuditEntry, StaffAction
from listino.domain.clock import utc_now
from listino.domain.errors import InvalidValue
from listino.domain.handling import CORRECTABLE, corrected_value, given_reason
from listino.domain.history import PricePoint, in_force_since, prior_price, with_unfiled
from listino.domain.money import Money
from listino.domain.product import Product, ProductId
from listino.live.answer import LiveAnswer
from listino.store.audit import AuditQuery

log = structlog.get_logger("backoffice.products")

HISTORY_DAYS: Final = (30, 90, 365)
DEFAULT_DAYS: Final = 90
ENTRIES_SHOWN: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """All that staff see of a product. `history` is what counted in the last `days`, up to `until`; `lowest` is of all of it."""

    product: Product
    days: int
    history: list[PricePoint]
    until: datetime
    lowest: Money | None
    landed: Money | None
    margin: Margin | None
    decisions: list[AuditEntry]  # what became of held prices, the newest first
    deeds: list[AuditEntry]  # what staff decided of the product itself, the newest first
    elsewhere: list[tuple[Product, Money | None]]  # the same GTIN, and how its delivered cost differs from ours

    @property
    def begins(self) -> datetime:
        """Where the time of the history begins."""
        return self.until - timedelta(days=self.days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """What came of asking a product's shop at `asked_at`: the answer after `ms`, for which `wait_ms` were waited at most;
    `before` is what shoppers paid until then."""

    answer: LiveAnswer
    before: Money | None
    asked_at: datetime
    ms: int
    wait_ms: int


def one(product_id: ProductId) -> Product:
    """Raises ProductNotFound."""
    return engines().store.products.get(product_id)


def history(product_id: ProductId, *, after: str | None, count: int) -> Slice[PricePoint]:
    """What it cost, the oldest first; `after` is the time of the last point of the page before. Raises ProductNotFound, and
    InvalidValue for an `after` that is no time."""
    since = parsed_instant(after) if after else None
    found = [point for point in _points(one(product_id)) if since is None or point.at > since]
    return sliced(found, count=count, after=lambda last: instant(last.at))


def refresh(product_id: ProductId, *, wait_ms: int) -> Refreshed:
    """Asks the shop for the price of this moment; raises ProductNotFound."""
    before = one(product_id).price
    asked_at, began = utc_now(), time.perf_counter()
    answer = engines().live.get(product_id, wait_ms=wait_ms)
    ms = round((time.perf_counter() - began) * 1000)
    metrics().refreshes.labels(answer.reason or "fresh").inc()
    return Refreshed(answer=answer, before=before.amount if before else None, asked_at=asked_at, ms=ms, wait_ms=wait_ms)


def history_days(typed: str | None) -> int:
    """One of HISTORY_DAYS; raises InvalidValue."""
    if not typed:
        return DEFAULT_DAYS
    if typed not in {str(days) for days in HISTORY_DAYS}:
        raise InvalidValue(
            f"{typed[:40]!r} is no length of a history: choose one of {', '.join(map(str, HISTORY_DAYS))}"
        )
    return int(typed)


def sheet_of(product_id: ProductId, *, days: int = DEFAULT_DAYS) -> Sheet:
    """Raises ProductNotFound."""
    product = one(product_id)
    points = _points(product)
    until = product.gone_at or utc_now()
    return Sheet(
        product=product,
        days=days,
        history=in_force_since(points, until - timedelta(days=days)),
        until=until,
        lowest=prior_price(points),
        landed=landed_cost(product),
        margin=margin_of(product),
        decisions=_entries(product_id, "held"),
        deeds=_entries(product_id, "product"),
        elsewhere=_elsewhere(product),
    )


def correct_product(product_id: ProductId, typed: Mapping[str, str], *, reason: str, by: str) -> Product:
    """Shows what was typed in these fields from now on, whatever the shop shows; raises InvalidValue, ProductNotFound, Contended."""
    values = {name: corrected_value(name, text) for name, text in typed.items()}
    if not values:
        raise InvalidValue("no field was changed")
    why = given_reason(reason)
    before, after = engines().store.handlings.correct(product_id, values, by=by, at=utc_now(), reason=why)
    _told(StaffAction.PRODUCT_CORRECTED, before, after, values, by=by, reason=why)
    return after


def restore_field(product_id: ProductId, field: str, *, by: str) -> Product:
    """Shows what the shop shows in that field again; raises InvalidValue, ProductNotFound, Contended."""
    if field not in CORRECTABLE:
        raise InvalidValue(f"{field[:40]!r} cannot be corrected: choose one of {', '.join(CORRECTABLE)}")
    before, after = engines().store.handlings.restore(product_id, field, at=utc_now())
    _told(StaffAction.PRODUCT_RESTORED, before, after, (field,), by=by)
    return after


def hold_product(product_id: ProductId, *, reason: str, by: str) -> Product:
    """Takes the product from sale until somebody releases it; raises InvalidValue, ProductNotFound, AlreadyDecided, Contended."""
    why = given_reason(reason)
    _, after = engines().store.handlings.stop(product_id, by=by, at=utc_now(), reason=why)
    _record(StaffAction.PRODUCT_STOPPED, after, by=by, before={"on_sale": True}, after={"on_sale": False}, reason=why)
    return after


def release_product(product_id: ProductId, *, by: str) -> Product:
    """Has it sold again; raises ProductNotFound, AlreadyDecided, Contended."""
    before, after = engines().store.handlings.release(product_id, at=utc_now())
    why = before.stop.reason if before.stop else ""
    _record(
        StaffAction.PRODUCT_RELEASED, after, by=by, before={"on_sale": False}, after={"on_sale": True}, held_for=why
    )
    return after


def _points(product: Product) -> list[PricePoint]:
    """All of its history. One shard's read."""
    return with_unfiled(engines().store.products.history(product.id), product.unfiled)


def _told(
    action: StaffAction,
    before: Product,
    after: Product,
    fields: Mapping[str, Any] | tuple[str, ...],
    *,
    by: str,
    **detail: str,
) -> None:
    """Notes which of the fields show something else than before; nothing where none does."""
    changed = [name for name in fields if getattr(before, name) != getattr(after, name)]
    if before is after:
        return
    old, new = ({name: getattr(product, name) for name in changed} for product in (before, after))
    _record(action, after, by=by, before=old, after=new, **detail)


def _record(action: StaffAction, product: Product, *, by: str, before: Any, after: Any, **detail: str) -> None:
    record(action, product.id, by=by, before=before, after=after, detail=detail)
    log.info(action.value, product_id=product.id, staff=by)


def _entries(product_id: ProductId, noun: str) -> list[AuditEntry]:
    query = AuditQuery(subject=product_id, action=noun)
    return [found.entry for found in engines().store.audit.page(query, count=ENTRIES_SHOWN)]


def _elsewhere(product: Product) -> list[tuple[Product, Money | None]]:
    """The same good in other shops, the cheapest first; goods of another currency have no difference and come last."""
    if product.gtin is None:
        return []
    ours = landed_cost(product)
    found: list[tuple[Product, Money | None]] = []
    for other in engines().store.products.with_gtin(product.gtin):
        if other.id == product.id:
            continue
        theirs = landed_cost(other)
        comparable = ours is not None and theirs is not None and ours.currency == theirs.currency
        found.append((other, theirs - ours if comparable and ours and theirs else None))
    return sorted(found, key=lambda pair: (pair[1] is None, pair[1].minor if pair[1] else 0))
