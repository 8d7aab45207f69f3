"""Listing goods: how what a shop shows becomes a product that we sell, and how a fresh offer changes it."""

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from functools import cache

import orjson

from listino.domain.errors import InvalidValue
from listino.domain.held import PlausibilityRule
from listino.domain.market import Market
from listino.domain.money import Money
from listino.domain.offer import Availability, Photo, ShopOffer, ShopProduct, Variant
from listino.domain.pricing import Price, PricingRule
from listino.domain.product import Offer, Product, Sku, Style, product_id

# What says when we looked, not what we saw: left out of the fingerprint.
_TIMES = ("seen_at", "checked_at")
# What becomes of a product here rather than what its shop shows of it.
_BOOKKEEPING = (
    "content_hash",
    "crawl_id",
    "first_seen_at",
    "changed_at",
    "gone_at",
    "awaits_price",
    "held",
    "declined",
    "reading",
    "handling",
    "unfiled",
)
_CONTENT = tuple(field.name for field in fields(Product) if field.name not in _BOOKKEEPING)
_OFFER_CONTENT = tuple(field.name for field in fields(Offer) if field.name not in _TIMES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The commercial terms under which we sell one shop's goods. `shipping` is what the shop charges us for one delivery;
    `plausibility` decides which of its prices are believed."""

    market: Market
    shop: str
    shipping: Money
    rule: PricingRule
    plausibility: PlausibilityRule = field(default_factory=PlausibilityRule)

    def price(self, cost: Money, category: str | None, at: datetime) -> Price:
        """The shopper's price on that day."""
        vat = self.market.vat_percent(at.date())
        return self.rule.price(cost, shipping=self.shipping, vat_percent=vat, category=category)


def list_goods(goods: ShopProduct, terms: Terms, *, at: datetime, crawl_id: str | None = None) -> Product:
    """The product made of what the shop showed at that time, priced and fingerprinted; raises InvalidValue for a bad SKU."""
    product = Product(
        id=product_id(terms.market.code, terms.shop, goods.sku),
        name=goods.name,
        market=terms.market.code,
        shop=terms.shop,
        slogan=goods.slogan,
        description=goods.description,
        category=goods.category,
        brand=goods.brand,
        gtin=goods.gtin,
        url=goods.url,
        features=goods.features,
        related=tuple(_related(goods, terms)),
        styles=_styles(goods.sku, goods.offer, goods.photos),
        crawl_id=crawl_id,
        first_seen_at=at,
        changed_at=at,
    )
    return reoffer(product, goods.offer, terms, at=at, crawled=True)


def reoffer(product: Product, offer: ShopOffer, terms: Terms, *, at: datetime, crawled: bool = False) -> Product:
    """The same product under the offer the shop makes now: repriced, restocked, fingerprinted anew, neither gone nor held.

    The price goes by the shop's own category: our corrections change what is read, never what is paid.
    """
    category = product.own.category

    @cache  # the sizes of a product mostly cost the same
    def price_of(cost: Money) -> Price:
        return terms.price(cost, category, at)

    variants = {variant.sku: variant for variant in offer.variants}
    kept = [sku for style in product.styles for sku in style.skus]
    if len(kept) == len(offer.variants) == 1:
        # There is nothing to mix up, even if the shop now calls it by another SKU.
        variants = {kept[0]: offer.variants[0]}
    # Of goods without an offer all that is known is when a crawl first saw them.
    seen_at = product.offer.seen_at if product.offer else product.first_seen_at or at
    fresh = replace(
        product,
        styles=tuple(_restocked(style, variants, offer, price_of) for style in product.styles),
        offer=Offer(
            cost=offer.cost,
            list_cost=offer.list_cost,
            shipping=terms.shipping,
            availability=offer.availability,
            seen_at=at if crawled else seen_at,
            checked_at=at,
        ),
        price=price_of(offer.cost),
        gone_at=None,
        awaits_price=False,
        held=None,
        declined=None,
    )
    content_hash = fingerprint(fresh)
    if content_hash == product.content_hash and product.gone_at is None:
        return fresh  # which has both of these already
    return replace(fresh, content_hash=content_hash, changed_at=at)


def unsellable(offer: ShopOffer, market: Market) -> tuple[str, str] | None:
    """Reason and detail why nothing can be made of this offer; None when something can. Whether its price is believed is
    another question (`listino.domain.plausibility`)."""
    currencies = {offer.cost.currency, *(variant.cost.currency for variant in offer.variants)}
    if currencies != {market.currency}:
        return "currency/unexpected", f"{', '.join(sorted(currencies))} where {market.currency} is asked"
    return None


def offer_of(product: Product) -> ShopOffer:
    """What the shop asked, as it would have to be read again to make this very product; raises InvalidValue without one."""
    if product.offer is None:
        raise InvalidValue(f"{product.id} has no offer")
    return ShopOffer(
        cost=product.offer.cost,
        list_cost=product.offer.list_cost,
        availability=product.offer.availability,
        variants=tuple(
            Variant(
                sku=key,
                style=style.name,
                size=sku.size,
                cost=sku.cost if sku.cost is not None else product.offer.cost,
                list_cost=sku.list_cost,
                availability=sku.availability,
                quantity=sku.quantity,
                gtin=sku.gtin,
            )
            for style in product.styles
            for key, sku in style.skus.items()
        ),
    )


def fingerprint(product: Product) -> str:
    """Equal for two products that differ only in when they were looked at, or in what staff have decided: then the shop shows
    nothing new."""
    shown = product.own
    content = {name: getattr(shown, name) for name in _CONTENT}
    if product.offer:
        content["offer"] = {name: getattr(product.offer, name) for name in _OFFER_CONTENT}
    return hashlib.blake2b(orjson.dumps(content, default=str, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()


def _related(goods: ShopProduct, terms: Terms) -> Iterator[str]:
    """The ids of related goods; a key that can be none is left out, for it says nothing against the product itself."""
    for sku in goods.related:
        with contextlib.suppress(InvalidValue):
            yield product_id(terms.market.code, terms.shop, sku)


def _styles(sku: str, offer: ShopOffer, photos: tuple[Photo, ...]) -> tuple[Style, ...]:
    """The variants by their style, in the shop's order; one nameless style for goods without variants."""
    groups: dict[str, list[Variant]] = {}
    for variant in offer.variants:
        groups.setdefault(variant.style, []).append(variant)
    known = {photo.url: photo for photo in photos}
    claimed = {url for variant in offer.variants for url in variant.photos}
    # What no variant claims shows the product as such: it belongs to the style that is shown first.
    common = tuple(photo for photo in photos if photo.url not in claimed)
    return tuple(
        Style(
            style_id=f"{sku}-{number}",
            name=name,
            cost=None,
            original_price=None,
            sale_price=None,
            default=number == 1,
            photos=(_photos_of(members, known) + (common if number == 1 else ())) or photos,
            skus={member.sku: _stocked(member, member.gtin) for member in members},
        )
        for number, (name, members) in enumerate((groups or {"": []}).items(), start=1)
    )


def _photos_of(variants: Iterable[Variant], known: dict[str, Photo]) -> tuple[Photo, ...]:
    urls = dict.fromkeys(url for variant in variants for url in variant.photos)
    return tuple(known.get(url) or Photo(url=url, thumbnail_url=url) for url in urls)


def _stocked(variant: Variant, gtin: str | None, price: Money | None = None) -> Sku:
    return Sku(
        size=variant.size,
        quantity=variant.quantity,
        availability=variant.availability,
        gtin=gtin,
        cost=variant.cost,
        list_cost=variant.list_cost,
        price=price,
    )


def _restocked(
    style: Style, variants: dict[str, Variant], offer: ShopOffer, price_of: Callable[[Money], Price]
) -> Style:
    """The style with what the offer says of its sizes; one that an offer of variants no longer names is out of stock."""
    skus = {}
    for sku, known in style.skus.items():
        variant = variants.get(sku)
        if variant is None:
            skus[sku] = replace(known, availability=Availability.OUT_OF_STOCK, quantity=0) if variants else known
        else:
            skus[sku] = _stocked(variant, variant.gtin or known.gtin, price_of(variant.cost).amount)
    cost = min((sku.cost for sku in skus.values() if sku.cost), default=offer.cost)
    return replace(style, cost=cost, original_price=price_of(cost).amount, sale_price=None, skus=skus)
