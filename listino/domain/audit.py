"""What was decided about what, by whom: kept for whoever asks later."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from listino.domain.held import Held
from listino.domain.product import Product, ProductId


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """`action` is a noun and what was done to it (`held.accepted`), `by` an e-mail address or the part that did it.

    `occasion` tells two such entries of one subject apart; writing one twice keeps one.
    """

    subject: ProductId
    action: str
    by: str
    at: datetime
    occasion: str
    detail: Mapping[str, Any] = field(default_factory=dict)


class Outcome(StrEnum):
    """What became of a held price: the actions of its entries."""

    ACCEPTED = "held.accepted"
    REJECTED = "held.rejected"
    SUPERSEDED = "held.superseded"  # the shop was read again and showed another price


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
