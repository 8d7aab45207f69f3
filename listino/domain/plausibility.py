"""The plausibility gate: whether a cost that was read may become the price we sell at, or is held for a second look.

A price of 0, a lost decimal comma (about ten or a hundred times, a tenth, a hundredth) or a jump beyond the declared
share is not believed. Every size is looked at, because goods are sold by the size.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from listino.domain.errors import InvalidValue
from listino.domain.held import Doubt, DoubtKind, Held, PlausibilityRule, ReferenceSource
from listino.domain.history import PricePoint
from listino.domain.listing import fingerprint, offer_of
from listino.domain.money import Money
from listino.domain.offer import Availability
from listino.domain.product import Offer, Product, Sku

# How near to a power of ten a ratio is "about" that: a price moves a little between the two readings, too.
_ABOUT: Final = Decimal("0.15")
_SLIPS: Final = (
    (DoubtKind.TIMES_100, Decimal(100)),
    (DoubtKind.HUNDREDTH, Decimal("0.01")),
    (DoubtKind.TIMES_10, Decimal(10)),
    (DoubtKind.TENTH, Decimal("0.1")),
)
# A median of fewer costs is no better than the last one alone; older ones say little of today.
_LEAST_POINTS: Final = 5
_RECENT_POINTS: Final = 20
_SEVERITY: Final = {kind: rank for rank, kind in enumerate(DoubtKind)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """What is known of a product besides its last offer: its past points, ordered by time, and the costs that other shops
    ask for the same GTIN, of any currency."""

    history: Sequence[PricePoint] = ()
    market: Sequence[Money] = ()


def doubts_of(
    read: Product, known: Product | None, rule: PlausibilityRule, background: Background | None = None
) -> tuple[Doubt, ...]:
    """What is not believed of the costs of goods as read, the worst first; none when they may be sold at.

    `known` is the product as it was last accepted. One that never was (None, or without an offer) is held against other
    shops' prices, and believed where there are none. Both are of one currency.
    """
    background = background or Background()
    if known is None or known.offer is None:
        found = _against_market(read, rule, background.market)
    else:
        found = _against_itself(read, known, known.offer, rule, background.history)
    return tuple(sorted(found, key=lambda doubt: _SEVERITY[doubt.kind]))


def hold(read: Product, doubts: Sequence[Doubt], background: Background, *, crawled: bool) -> Held:
    """The held price that these doubts about a reading amount to; the product must have an offer."""
    if read.offer is None:
        raise InvalidValue(f"{read.id} has no offer that could be held")
    market = _comparable(background.market, read.offer.cost.currency)
    return Held(
        offer=offer_of(read),
        doubts=tuple(doubts),
        reading=_reading(doubts),
        at=read.offer.checked_at,
        seen_at=read.offer.checked_at,
        crawl_id=read.crawl_id if read.crawled else None,
        market=median(market) if market else None,
        market_shops=len(market),
    )


def withheld(read: Product, known: Product) -> Product:
    """The product while its new price is held: as it was last accepted, but with the stock that was read.

    A price that is not believed says nothing against the shop's word that it is sold out.
    """
    if known.offer is None or read.offer is None or known.gone_at is not None:
        return known
    fresh = {key: sku for style in read.styles for key, sku in style.skus.items()}
    kept = replace(
        known,
        offer=replace(
            known.offer,
            availability=read.offer.availability,
            seen_at=read.offer.seen_at if read.crawled else known.offer.seen_at,
        ),
        styles=tuple(
            replace(style, skus={key: _stock(sku, fresh.get(key), bool(fresh)) for key, sku in style.skus.items()})
            for style in known.styles
        ),
        crawl_id=read.crawl_id if read.crawled else known.crawl_id,
    )
    content_hash = fingerprint(kept)
    changed_at = known.changed_at if content_hash == known.content_hash else read.offer.checked_at
    return replace(kept, content_hash=content_hash, changed_at=changed_at)


def unpriced(read: Product) -> Product:
    """A product that has never been on sale while its first price is held: everything but offer and prices.

    Nor how it was read: that the shop shows the same again says nothing for a price that was never believed.
    """
    bare = replace(
        read,
        reading=None,
        offer=None,
        price=None,
        awaits_price=True,
        styles=tuple(
            replace(
                style,
                cost=None,
                original_price=None,
                skus={key: replace(sku, cost=None, list_cost=None, price=None) for key, sku in style.skus.items()},
            )
            for style in read.styles
        ),
    )
    return replace(bare, content_hash=fingerprint(bare))


def median(amounts: Sequence[Money]) -> Money:
    """The middle amount, the lower one of two; raises InvalidValue for none."""
    if not amounts:
        raise InvalidValue("there is no median of no amounts")
    return sorted(amounts, key=lambda amount: amount.minor)[(len(amounts) - 1) // 2]


def _against_itself(
    read: Product, known: Product, accepted: Offer, rule: PlausibilityRule, history: Sequence[PricePoint]
) -> list[Doubt]:
    before, usual = _costs(known), _usual(history, accepted.cost.currency)
    found = []
    for sku, cost in _costs(read).items():
        reference, source = _reference(sku, cost, before, accepted.cost)
        kind = _kind(cost, reference, rule)
        if kind and usual and kind is not DoubtKind.NOT_POSITIVE:
            # The history knows the product's lowest cost; a dearer size is expected as much dearer as it was.
            scaled = Money(round(usual.minor * reference.minor / max(accepted.cost.minor, 1)), cost.currency)
            kind = _kind(cost, scaled, rule)
            reference, source = scaled, ReferenceSource.HISTORY
        if kind:
            found.append(Doubt(kind=kind, sku=sku or None, read=cost, reference=reference, source=source))
    return found


def _against_market(read: Product, rule: PlausibilityRule, market: Sequence[Money]) -> list[Doubt]:
    costs = _costs(read)
    free = [sku for sku, cost in costs.items() if cost.minor <= 0]
    found = [Doubt(kind=DoubtKind.NOT_POSITIVE, sku=sku or None, read=costs[sku]) for sku in free]
    comparable = _comparable(market, read.offer.cost.currency) if read.offer else []
    if comparable and read.offer and read.offer.cost.minor > 0:
        reference, cost = median(comparable), read.offer.cost
        ratio = Decimal(cost.minor) / reference.minor
        if not 1 / rule.most_market_factor <= ratio <= rule.most_market_factor:
            kind = _slip(ratio) or DoubtKind.FAR
            found.append(Doubt(kind=kind, sku=None, read=cost, reference=reference, source=ReferenceSource.MARKET))
    return found


def _reference(sku: str, cost: Money, before: Mapping[str, Money], accepted: Money) -> tuple[Money, ReferenceSource]:
    if sku in before:
        return before[sku], ReferenceSource.LAST
    if len(before) == 1 or not sku:
        return accepted, ReferenceSource.LAST
    nearest = min(before.values(), key=lambda known: abs(known.minor - cost.minor))
    lowest, highest = min(before.values()), max(before.values())
    # Anything from the cheapest size to the dearest is as good as seen before.
    return (cost if lowest <= cost <= highest else nearest), ReferenceSource.SIZES


def _kind(cost: Money, reference: Money, rule: PlausibilityRule) -> DoubtKind | None:
    if cost.minor <= 0:
        return DoubtKind.NOT_POSITIVE
    if reference.minor <= 0:
        return None
    ratio = Decimal(cost.minor) / reference.minor
    if slip := _slip(ratio):
        return slip
    return DoubtKind.FAR if abs(ratio - 1) * 100 > rule.most_change_percent else None


def _slip(ratio: Decimal) -> DoubtKind | None:
    return next((kind for kind, slip in _SLIPS if abs(ratio / slip - 1) <= _ABOUT), None)


def _usual(history: Sequence[PricePoint], currency: str) -> Money | None:
    recent = _comparable([point.cost for point in history if point.cost][-_RECENT_POINTS:], currency)
    return median(recent) if len(recent) >= _LEAST_POINTS else None


def _comparable(amounts: Sequence[Money], currency: str) -> list[Money]:
    return [amount for amount in amounts if amount.currency == currency and amount.minor > 0]


def _costs(product: Product) -> dict[str, Money]:
    """What each size costs; the product itself, as "", where no size has that cost."""
    costs = {key: sku.cost for style in product.styles for key, sku in style.skus.items() if sku.cost is not None}
    if product.offer is not None and product.offer.cost not in costs.values():
        costs[""] = product.offer.cost
    return costs


def _stock(known: Sku, read: Sku | None, told: bool) -> Sku:
    if read is not None:
        return replace(known, availability=read.availability, quantity=read.quantity)
    return replace(known, availability=Availability.OUT_OF_STOCK, quantity=0) if told else known


def _reading(doubts: Sequence[Doubt]) -> str:
    """Equal for two readings in which the same sizes have the same costs that are not believed."""
    costs = sorted(f"{doubt.sku or ''}={doubt.read.minor}{doubt.read.currency}" for doubt in doubts)
    return hashlib.blake2b("\n".join(costs).encode(), digest_size=8).hexdigest()
