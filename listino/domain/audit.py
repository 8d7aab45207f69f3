"""What was decided about what, by whom: kept for whoever asks later."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from listino.domain.clock import utc_now
from listino.domain.held import Held
from listino.domain.product import Product, ProductId


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """`action` is a noun and what was done to it (`held.accepted`), `by` an e-mail address or the part that did it,
    `origin` the network address from which it was done, None where there is none.

    `occasion` tells two such entries of one subject apart; writing one twice keeps one. `before` and `after` are what
    was changed, as far as it may be told: no password and no secret is ever in an entry.
    """

    subject: ProductId
    action: str
    by: str
    at: datetime
    occasion: str
    detail: Mapping[str, Any] = field(default_factory=dict)
    origin: str | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


class Outcome(StrEnum):
    """What became of a held price: the actions of its entries."""

    ACCEPTED = "held.accepted"
    REJECTED = "held.rejected"
    SUPERSEDED = "held.superseded"  # the shop was read again and showed another price


class StaffAction(StrEnum):
    """What people do in the back office, besides deciding on held prices."""

    LOGIN = "login.succeeded"
    LOGIN_FAILED = "login.failed"
    LOGIN_LIMITED = "login.limited"
    LOGOUT = "login.ended"
    SESSION_REVOKED = "session.revoked"
    STAFF_ADDED = "staff.added"
    ROLE_CHANGED = "staff.role_changed"
    STAFF_DISABLED = "staff.disabled"
    STAFF_ENABLED = "staff.enabled"
    PASSWORD_RESET = "password.reset"  # noqa: S105  # the name of an action
    PASSWORD_CHANGED = "password.changed"  # noqa: S105  # the name of an action
    TWO_FACTOR_ENABLED = "two_factor.enabled"
    TWO_FACTOR_RESET = "two_factor.reset"
    RECOVERY_CODE_USED = "two_factor.recovery_code_used"
    TOKEN_MADE = "token.made"  # noqa: S105  # the name of an action
    TOKEN_REVOKED = "token.revoked"  # noqa: S105  # the name of an action
    PERSONAL_DATA_VIEWED = "personal_data.viewed"
    CUSTOMERS_SOUGHT = "personal_data.sought"
    NOTE_ADDED = "customer.note_added"
    NOTE_REMOVED = "customer.note_removed"
    CUSTOMER_EXPORTED = "customer.exported"
    CUSTOMER_ERASED = "customer.erased"
    CRAWL_QUEUED = "crawl.queued"
    CRAWL_STOPPED = "crawl.stopped"
    SCHEDULE_CHANGED = "schedule.changed"
    JOB_REQUEUED = "job.requeued"
    JOB_REMOVED = "job.removed"
    PARKED_RELEASED = "parked.released"
    DRIFT_ACCEPTED = "drift.accepted"
    PRODUCT_CORRECTED = "product.corrected"
    PRODUCT_RESTORED = "product.restored"
    PRODUCT_STOPPED = "product.stopped"
    PRODUCT_RELEASED = "product.released"


def staff_entry(
    action: StaffAction,
    subject: ProductId,
    *,
    by: str,
    origin: str | None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    detail: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """What somebody has just done."""
    return AuditEntry(
        subject=subject,
        action=action.value,
        by=by,
        at=utc_now(),
        occasion=secrets.token_hex(12),
        detail=detail or {},
        origin=origin,
        before=before,
        after=after,
    )


def held_entry(product: Product, held: Held, *, action: Outcome, by: str, at: datetime) -> AuditEntry:
    """What became of a held price, with the evidence that there was."""
    worst = held.doubts[0]
    return AuditEntry(
        subject=product.id,
        action=action.value,
        by=by,
        at=at,
        occasion=f"{held.reading}@{held.at:%Y-%m-%dT%H:%M:%S.%f}",
        detail={
            "market": product.market,
            "shop": product.shop,
            "crawl_id": held.crawl_id,
            "reason": worst.words,
            "read": worst.read.minor,
            "reference": worst.reference.minor if worst.reference else None,
            "currency": worst.read.currency,
            "since": held.at,
            "times": held.times,
        },
    )
