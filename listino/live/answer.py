"""What a live refresh brings home for one product, as it travels through Redis."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

import orjson

from listino.domain.clock import utc_now
from listino.domain.money import Money
from listino.domain.offer import Availability
from listino.domain.product import ProductId
from listino.live.legs import Legs


class Reason(StrEnum):
    """Why a price is not fresh."""

    DEADLINE = "deadline"  # the shop had not answered when the caller's time was up
    NO_SHOP = "no_shop"  # goods of an imported catalogue, or a shop that is no longer declared
    SHOP_SILENT = "shop_silent"  # no connection, or no answer within the live time-out
    SHOP_REFUSED = "shop_refused"  # 429, 403, a server error, or its robots.txt does not let us ask
    SHOP_BUSY = "shop_busy"  # it is asked as much as it allows already, or has told us to wait
    SHOP_DOWN = "shop_down"  # it left several requests in a row unanswered, and is tried again every second or so
    UNREADABLE = "unreadable"  # an answer that the platform adapter could not read
    HELD = "held"  # the shop's price is not plausible: it waits for the pricing manager and is not sold at
    GONE = "gone"  # the shop no longer has it
    FAILED = "failed"  # our own mistake; the worker's log has the details
    PARKED = "parked"  # workers died or failed over it time and again: it is not asked for until somebody has looked
    DROPPED = "dropped"  # it waited so long for its turn that nobody wanted it any more
    NO_QUEUE = "no_queue"  # Redis is away: nobody can be asked


ON_ITS_WAY_MS = 100  # what it takes from the shop to us, and from us to the shopper, on a busy machine too

_ID = re.compile(rb'"product_id" ?: ?"([A-Za-z0-9:._~%-]+)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveAnswer:
    """The outcome of asking a shop for one product. `price` and `availability` are set when `reason` is None;
    of a held price, the availability is: a shop is believed that it is sold out, whatever it asks. `legs`: how it came, where
    a worker has asked; two answers that came in different ways are equal."""

    product_id: ProductId
    as_of: datetime
    price: Money | None = None
    availability: Availability | None = None
    reason: Reason | None = None
    legs: Legs | None = field(default=None, compare=False)

    @property
    def fresh(self) -> bool:
        return self.reason is None

    def fresh_ms(self, most: int) -> int:
        """For how long, in ms, it may still be told as the shop's answer of just now, which is `most` after it was given.

        A price that is held counts as an answer too: the shop would say the same to the next viewer.
        """
        if self.reason is not None and self.reason is not Reason.HELD:
            return 0
        age = int((utc_now() - self.as_of).total_seconds() * 1000)
        return max(0, min(most, most - age) - ON_ITS_WAY_MS)

    def to_json(self) -> bytes:
        return orjson.dumps(
            {
                "product_id": self.product_id,
                "as_of_ms": int(self.as_of.timestamp() * 1000),
                "price": self.price.minor if self.price else None,
                "currency": self.price.currency if self.price else None,
                "availability": self.availability,
                "reason": self.reason,
                "legs_us": self.legs.moments() if self.legs else None,
            }
        )

    @classmethod
    def from_json(cls, text: bytes) -> "LiveAnswer":
        fields = orjson.loads(text)
        price, availability, reason = fields["price"], fields["availability"], fields["reason"]
        return cls(
            product_id=fields["product_id"],
            as_of=datetime.fromtimestamp(fields["as_of_ms"] / 1000, UTC),
            price=None if price is None else Money(price, fields["currency"]),
            availability=None if availability is None else Availability(availability),
            reason=None if reason is None else Reason(reason),
            legs=Legs.of(legs) if (legs := fields.get("legs_us")) else None,
        )


def id_in(text: bytes) -> str | None:
    """The product of an answer in JSON, without a look at the rest; None where that is not plain to see."""
    found = _ID.search(text)
    return None if found is None else found[1].decode()
