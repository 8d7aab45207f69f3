"""A held price: what a shop seems to ask and nobody believes yet, with the evidence; and the rule by which it is held."""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from listino.domain.errors import InvalidValue
from listino.domain.money import Money
from listino.domain.offer import ShopOffer


@dataclass(frozen=True, slots=True, kw_only=True)
class PlausibilityRule:
    """How far a cost may move before it is held.

    `most_change_percent`: from the last accepted cost, up or down. `most_market_factor`: how many times as much, or as
    little, a new product may cost as in other shops; wide, because VAT and markets differ.
    """

    most_change_percent: Decimal = Decimal(50)
    most_market_factor: Decimal = Decimal(3)

    def __post_init__(self) -> None:
        if not 0 < self.most_change_percent <= 1000:
            raise InvalidValue(f"the most a cost may change is above 0 to 1000 percent, not {self.most_change_percent}")
        if not 1 < self.most_market_factor <= 100:
            raise InvalidValue(f"a market factor is above 1 to 100, not {self.most_market_factor}")


class DoubtKind(StrEnum):
    """In which way a cost is not believed, the worst first. About ten or a hundred times is how a decimal comma gets lost."""

    NOT_POSITIVE = "not_positive"
    TIMES_100 = "times_100"
    HUNDREDTH = "hundredth"
    TIMES_10 = "times_10"
    TENTH = "tenth"
    FAR = "far"


class ReferenceSource(StrEnum):
    """What a cost is compared with."""

    LAST = "last"  # what the product, or this size of it, cost when it was last accepted
    HISTORY = "history"  # the median of its recent history
    SIZES = "sizes"  # the nearest cost among its other sizes, for a size that is new
    MARKET = "market"  # the median of what other shops ask for the same GTIN


_SOURCES = {
    ReferenceSource.LAST: "it cost before",
    ReferenceSource.HISTORY: "it mostly cost lately",
    ReferenceSource.SIZES: "its other sizes cost",
    ReferenceSource.MARKET: "other shops ask",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """One cost that is not believed. `sku` is None for goods without sizes; `reference` and `source` where there are none
    to compare with, which happens to a cost of zero alone."""

    kind: DoubtKind
    sku: str | None
    read: Money
    reference: Money | None = None
    source: ReferenceSource | None = None

    @property
    def factor(self) -> Decimal | None:
        """The cost as a multiple of the reference, to two decimals; None where there is none or it would be zero."""
        if self.reference is None or self.reference.minor <= 0 or self.read.minor <= 0:
            return None
        ratio = Decimal(self.read.minor) / self.reference.minor
        return ratio.quantize(Decimal("0.01") if ratio >= 1 else Decimal("0.0001"), rounding=ROUND_HALF_UP)

    @property
    def words(self) -> str:
        """The reason as a sentence without a full stop."""
        read = self.read.display
        if self.reference is None or self.source is None:
            return f"{read} is no price"
        compared = f"the {self.reference.display} that {_SOURCES[self.source]}"
        match self.kind:
            case DoubtKind.NOT_POSITIVE:
                return f"{read} is no price, against {compared}"
            case DoubtKind.TIMES_100:
                return f"{read} is about 100 times {compared}"
            case DoubtKind.TIMES_10:
                return f"{read} is about 10 times {compared}"
            case DoubtKind.TENTH:
                return f"{read} is about a tenth of {compared}"
            case DoubtKind.HUNDREDTH:
                return f"{read} is about a hundredth of {compared}"
            case DoubtKind.FAR:
                change = (Decimal(self.read.minor) / self.reference.minor - 1) * 100
                way = "above" if change > 0 else "below"
                return f"{read} is {abs(change):.0f} % {way} {compared}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A reading that waits for somebody to accept or reject it.

    `offer` is the whole of what was read; `doubts` has at least one, the worst first; `reading` names the doubted costs,
    so that whoever decides says on what. It was read first at `at`, last at `seen_at`, `times` in all, last by the crawl
    `crawl_id`, or by live refreshes alone where that is None. `market`: the median of what `market_shops` other shops
    ask for the same GTIN.
    """

    offer: ShopOffer
    doubts: tuple[Doubt, ...]
    reading: str
    at: datetime
    seen_at: datetime
    times: int = 1
    crawl_id: str | None = None
    market: Money | None = None
    market_shops: int = 0

    @property
    def kind(self) -> DoubtKind:
        return self.doubts[0].kind

    @property
    def acceptable(self) -> bool:
        """Whether goods could be sold at what was read: nothing is sold that costs nothing."""
        return all(doubt.kind is not DoubtKind.NOT_POSITIVE for doubt in self.doubts)
