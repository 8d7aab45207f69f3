"""Drift: whether a crawl read as much of a shop as crawls before it did, and what becomes of fields it did not read.

A shop that changes its pages is seldom an error that shows: the crawl ends well, and every description is missing.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from decimal import Decimal
from statistics import median
from typing import Final

from listino.domain.crawl import Crawl, Fall, ShopCounts
from listino.domain.errors import InvalidValue
from listino.domain.listing import Terms, offer_of, reoffer
from listino.domain.offer import Availability
from listino.domain.product import Product, Style

# How many runs make what is usual: at four a day a bit more than a day, so that a shop may change slowly.
PAST_RUNS: Final = 5
PRODUCTS: Final = "products"
# Which share of the products that a run met it must have read for its fields to be compared.
_LEAST_READ: Final = 0.5

# The fields whose coverage is measured. `price`: every size costs something; `availability`: the shop tells it.
FIELDS: Final = (
    "price",
    "list_price",
    "availability",
    "brand",
    "gtin",
    "category",
    "description",
    "photos",
    "variants",
)
# What a product may lose without being another one: a crawl that does not read it leaves it as it was at first.
_KEPT_FIELDS: Final = ("slogan", "description", "category", "brand", "gtin", "features")


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftRule:
    """What counts as drift. `tolerance_percent`: by how much of its usual value a field's coverage may fall;
    `products_tolerance_percent`: the same for the number of products met; `least_products`: what fewer products than
    this usually have, or were read, tells nothing."""

    tolerance_percent: Decimal = Decimal(20)
    products_tolerance_percent: Decimal = Decimal(50)
    least_products: int = 20

    def __post_init__(self) -> None:
        for percent in (self.tolerance_percent, self.products_tolerance_percent):
            if not 0 < percent < 100:
                raise InvalidValue(f"a tolerance of drift is above 0 and below 100 percent, not {percent}")
        if self.least_products < 1:
            raise InvalidValue(f"drift is told from 1 product on, not {self.least_products}")

    def measures(self, counts: ShopCounts) -> bool:
        """Whether a run read enough of the shop for the coverage of its fields to say something.

        The few pages that changed since the run before are no sample of a shop: what is new often shows less.
        """
        return counts.measured >= self.least_products and counts.measured >= counts.products * _LEAST_READ


def fields_of(product: Product) -> set[str]:
    """Which of FIELDS the shop showed of a product, as it was read."""
    offer = product.offer
    sizes = [sku for style in product.styles for sku in style.skus.values()]
    shown = {name: bool(getattr(product, name)) for name in ("brand", "gtin", "category", "description")}
    shown["price"] = offer is not None and all(
        cost.minor > 0 for cost in (offer.cost, *(sku.cost for sku in sizes if sku.cost is not None))
    )
    shown["list_price"] = offer is not None and offer.list_cost is not None
    shown["availability"] = offer is not None and offer.availability is not Availability.UNKNOWN
    shown["photos"] = any(style.photos for style in product.styles)
    shown["variants"] = len(sizes) > 1
    return {name for name, is_shown in shown.items() if is_shown}


def past_of(shop: str, crawls: Iterable[Crawl]) -> list[ShopCounts]:
    """What those runs met of the shop that saw it whole; newest first, as `crawls` are.

    A drift that somebody declared to be the shop's new look begins the past anew.
    """
    past: list[ShopCounts] = []
    for crawl in crawls:
        counts = crawl.shops.get(shop)
        if counts is None or not counts.products or not (counts.complete or counts.drift_accepted_by):
            continue
        past.append(counts)
        if counts.drift_accepted_by:
            break
    return past


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual of a shop: the number of `products`, and the share (0 to 1) of them with each field; empty where the
    fields of no past run can be compared."""

    products: float
    coverage: Mapping[str, float]


def usual_of(past: Sequence[ShopCounts], rule: DriftRule) -> Usual | None:
    """The median of the past, which is newest first; None where there is none. The number is that of the last PAST_RUNS runs,
    fields that of the last PAST_RUNS that read enough to measure them."""
    if not past:
        return None
    measured = [run for run in past if rule.measures(run)][:PAST_RUNS]
    shares = {name: median(run.coverage.get(name, 0.0) for run in measured) for name in FIELDS} if measured else {}
    return Usual(median(run.products for run in past[:PAST_RUNS]), shares)


def falls(counts: ShopCounts, past: Sequence[ShopCounts], rule: DriftRule) -> tuple[Fall, ...]:
    """What fell beyond the rule against what is usual, the number of products first; none where all is well. Fields are
    compared only where this run read enough to measure them."""
    usual_was = usual_of(past, rule)
    if usual_was is None:
        return ()
    found = []
    met = usual_was.products
    if met >= rule.least_products and counts.products < met * (1 - float(rule.products_tolerance_percent) / 100):
        found.append(Fall(field=PRODUCTS, now=counts.products, usual=met))
    if not rule.measures(counts):
        return tuple(found)
    for name, usual in usual_was.coverage.items():
        now = counts.coverage.get(name, 0.0)
        if usual * counts.measured >= rule.least_products and now < usual * (1 - float(rule.tolerance_percent) / 100):
            found.append(Fall(field=name, now=now, usual=round(usual, 4)))
    return tuple(found)


def lost_fields(read: Product, known: Product) -> frozenset[str]:
    """What the store has of a product and a crawl did not read."""
    lost = {name for name in _KEPT_FIELDS if getattr(known, name) and not getattr(read, name)}
    if any(style.photos for style in known.styles) and not any(style.photos for style in read.styles):
        lost.add("photos")
    if sum(len(style.skus) for style in known.styles) > 1 and not any(style.skus for style in read.styles):
        lost.add("variants")
    return frozenset(lost)


def keeping(read: Product, known: Product, fields: Set[str], terms: Terms) -> Product:
    """The product as a crawl read it, with those fields as they were: priced anew, for its category may be one of them."""
    if not fields or read.offer is None:
        return read
    old = {name: getattr(known, name) for name in _KEPT_FIELDS if name in fields}
    styles = known.styles if "variants" in fields else read.styles
    if "photos" in fields:
        styles = tuple(_with_photos(style, known) for style in styles)
    return reoffer(replace(read, **old, styles=styles), offer_of(read), terms, at=read.offer.checked_at, crawled=True)


def _with_photos(style: Style, known: Product) -> Style:
    same = next((old for old in known.styles if old.name == style.name), known.styles[0])
    return replace(style, photos=same.photos)
