"""What remains of a price: the margin, net of VAT."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from listino.domain.market import MARKETS
from listino.domain.money import Money
from listino.domain.product import Product

_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """`percent` is the share of the net price that is margin (not the markup on the cost)."""

    net: Money
    percent: Decimal
    vat_percent: Decimal


def margin(price: Money, *, landed: Money, vat_percent: Decimal) -> Margin:
    """The margin of selling at `price` what costs `landed` (shipping included), both with VAT."""
    vat = 1 + vat_percent / _HUNDRED
    kept = Decimal((price - landed).minor) / vat
    share = kept / (Decimal(price.minor) / vat) * _HUNDRED if price.minor else Decimal(0)
    return Margin(
        net=Money(int(kept.quantize(Decimal(1), rounding=ROUND_HALF_UP)), price.currency),
        percent=share,
        vat_percent=vat_percent,
    )


def landed_cost(product: Product) -> Money | None:
    """What the good costs us delivered; None for goods without an offer."""
    return product.offer.cost + product.offer.shipping if product.offer else None


def margin_of(product: Product) -> Margin | None:
    """The product's margin under the VAT of its market; None where price, offer or market is not known."""
    market, landed = MARKETS.get(product.market or ""), landed_cost(product)
    if market is None or landed is None or product.offer is None or product.price is None:
        return None
    vat_percent = market.vat_percent(product.offer.checked_at.date())
    return margin(product.price.amount, landed=landed, vat_percent=vat_percent)
