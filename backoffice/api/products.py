"""Products: searching them, one of them, its prices over time and of this moment, and deciding on it."""

from decimal import Decimal
from typing import Annotated, Literal

from flask import g
from pydantic import Field

from backoffice.access import requires
from backoffice.api.operation import operation, subject
from backoffice.api.shapes import (
    Absent,
    Amount,
    ListQuery,
    Market,
    Moment,
    Page,
    ProductKey,
    Sent,
    SentMoment,
    Text,
    Told,
)
from backoffice.config import REFRESH_WAIT_MS
from backoffice.services import products
from backoffice.services.product_search import ProductFilters, find_products
from backoffice.waterfall import waterfall_of
from listino.domain.handling import LONGEST_REASON
from listino.domain.history import PricePoint
from listino.domain.offer import Availability
from listino.domain.product import Product, Sku, Style
from listino.live.answer import Reason
from listino.store.query import Only

blueprint = subject("products", "/products", __name__)


# What may be corrected of a product.
Correctable = Literal["name", "brand", "category", "gtin", "description"]
Why = Annotated[str, Field(max_length=LONGEST_REASON, examples=["as on the box"])]
Minor = Annotated[int, Field(ge=0, le=1_000_000_000)]


class Search(ListQuery):
    """Which products. In the order of their ids, those first that have every word of `q` whole; of their prices where those are bounded; the
    last changed first with `since`, the last gone first with `only=gone`. Prices and times move while one reads: a product whose price
    changes between two pages can be met twice or be missed, and so can one that is renamed so that it has the words whole no longer, or only now."""

    q: Annotated[
        Text | Absent, Field(description="Words of name and brand, a SKU, a GTIN, or an id.", examples=["moka"])
    ] = None
    market: Market | Absent = None
    shop: Annotated[Text | Absent, Field(examples=["bottega"])] = None
    category: Annotated[Text | Absent, Field(examples=["Cucina"])] = None
    brand: Annotated[Text | Absent, Field(examples=["Bialetti"])] = None
    availability: Availability | Absent = None
    least_minor: Annotated[Minor | Absent, Field(description="What shoppers pay, in cents: so much or more.")] = None
    most_minor: Annotated[Minor | Absent, Field(description="So much or less.")] = None
    since: Annotated[SentMoment | Absent, Field(description="Changed then or later.")] = None
    only: Annotated[
        Only | Absent, Field(description="`stopped`: held from sale by somebody; `held`: a price of it is held.")
    ] = None
    gone: Annotated[bool, Field(description="Also those that their shops no longer have.")] = False


class HistoryQuery(ListQuery):
    """Which prices, the oldest first."""


class Card(Told):
    """What a list shows of a product. `price` is what shoppers pay, `cost` what the shop asks."""

    id: Annotated[str | int, Field(examples=["it:bottega:3020"])]
    name: str
    market: str | None
    shop: str | None
    brand: str | None
    category: str | None
    gtin: str | None
    price: Amount | None
    cost: Amount | None
    availability: Availability | None
    checked_at: Annotated[Moment | None, Field(description="When the shop was last asked.")]
    gone_at: Annotated[Moment | None, Field(description="Since when its shop does not have it.")]
    awaits_price: Annotated[bool, Field(description="Not on sale: its first price is held.")]
    stopped: Annotated[bool, Field(description="Not on sale: somebody holds it.")]

    @classmethod
    def of(cls, product: Product) -> "Card":
        return cls(**_card(product))


class Size(Told):
    """One size of a style. Amounts are null for goods of an imported catalogue."""

    sku: str
    size: str
    quantity: int | None
    availability: Availability
    gtin: str | None
    cost: Amount | None
    price: Amount | None


class Look(Told):
    """A style: a colour, mostly."""

    name: str
    photos: list[str]
    sizes: list[Size]


class Correction(Told):
    """A field that shows our value; null is nothing at all."""

    value: str | None
    own: Annotated[str | None, Field(description="What the shop shows.")]
    by: str
    at: Moment
    reason: str


class Stop(Told):
    """Why the product is held from sale."""

    by: str
    at: Moment
    reason: str


class Whole(Card):
    """All that is kept of a product."""

    url: str | None
    slogan: str | None
    description: str | None
    features: list[tuple[str, str | None]]
    related: list[str | int]
    styles: list[Look]
    first_seen_at: Moment | None
    changed_at: Moment | None
    held: Annotated[bool, Field(description="A price of it is held: see /api/v1/held-prices.")]
    corrections: Annotated[dict[str, Correction], Field(description="By their field.")]
    stop: Stop | None

    @classmethod
    def of(cls, product: Product) -> "Whole":
        handling = product.handling
        corrections = handling.corrections if handling else {}
        return cls(
            **_card(product),
            url=product.url,
            slogan=product.slogan,
            description=product.description,
            features=list(product.features),
            related=list(product.related),
            styles=[_look(style) for style in product.styles],
            first_seen_at=product.first_seen_at,
            changed_at=product.changed_at,
            held=product.held is not None,
            corrections={name: Correction.model_validate(made) for name, made in corrections.items()},
            stop=Stop.model_validate(product.stop) if product.stop else None,
        )


class Point(Told):
    """From `at` on; an amount is null where it was not known."""

    at: Moment
    price: Amount | None
    cost: Amount | None
    availability: Availability


class Leg(Told):
    """One leg of the way of a refresh; it has the name of the moment that it ends with."""

    name: Annotated[str, Field(examples=["queued", "started", "asked", "answered", "stored", "delivered"])]
    from_ms: float
    ms: float


class Refreshed(Told):
    """What the shop said just now. `price` and `availability` are null where `reason` says why there is no fresh price; shoppers pay
    `before` then, unless it is gone. `legs`: the way that the answer came, null where no worker has told."""

    product_id: str | int
    fresh: bool
    reason: Reason | None
    price: Amount | None
    before: Annotated[Amount | None, Field(description="What shoppers paid until then.")]
    availability: Availability | None
    as_of: Moment
    ms: Annotated[int, Field(description="How long it took.")]
    joined: Annotated[bool, Field(description="Somebody else's refresh was under way already.")]
    legs: list[Leg] | None


class Corrections(Sent):
    """What is to be shown, by field, whatever the shop shows; an empty text for nothing at all."""

    fields: Annotated[dict[Correctable, str], Field(examples=[{"brand": "Bialetti"}])]
    reason: Why


class Holding(Sent):
    """Why it is not to be sold."""

    reason: Why


@blueprint.get("")
@requires("agent", scopes=("read",))
@operation()
def search(query: Search) -> Page[Card]:
    """Search products

    400 also where the filters together leave too much to look through."""
    typed = {"least": _major(query.least_minor), "most": _major(query.most_minor), "gone": "1" if query.gone else ""}
    asked = ProductFilters.of(query.model_dump() | typed)
    found = find_products(asked, after=query.after or None, count=query.count)
    return Page[Card].of(found, Card.of)


@blueprint.get("/<product_id>")
@requires("agent", scopes=("read",))
@operation(problems=(404,))
def one(product_id: ProductKey) -> Whole:
    """Read a product

    As it was last seen: the shop is not asked."""
    return Whole.of(products.one(product_id))


@blueprint.get("/<product_id>/history")
@requires("agent", scopes=("read",))
@operation(problems=(404,))
def history(product_id: ProductKey, query: HistoryQuery) -> Page[Point]:
    """Read a product's prices over time"""
    found = products.history(product_id, after=query.after, count=query.count)
    return Page[Point].of(found, _point)


@blueprint.post("/<product_id>/refresh")
@requires("agent", scopes=("write",))
@operation(problems=(404,))
def refresh(product_id: ProductKey) -> Refreshed:
    """Ask the shop for the price of this moment

    Waits two seconds at most. What comes is stored, as with every live price."""
    asked = products.refresh(product_id, wait_ms=REFRESH_WAIT_MS)
    answer, way = asked.answer, waterfall_of(asked.answer.legs)
    return Refreshed(
        product_id=answer.product_id,
        fresh=answer.fresh,
        reason=answer.reason,
        price=Amount.of(answer.price),
        before=Amount.of(asked.before),
        availability=answer.availability,
        as_of=answer.as_of,
        ms=asked.ms,
        joined=way is not None and way.joined,
        legs=[Leg.model_validate(leg) for leg in way.legs] if way else None,
    )


@blueprint.post("/<product_id>/corrections")
@requires("agent", scopes=("write",))
@operation(problems=(404,))
def correct(product_id: ProductKey, body: Corrections) -> Whole:
    """Correct fields of a product"""
    typed = {str(name): text for name, text in body.fields.items()}
    return Whole.of(products.correct_product(product_id, typed, reason=body.reason, by=g.member.email))


@blueprint.delete("/<product_id>/corrections/<field>")
@requires("agent", scopes=("write",))
@operation(problems=(404,))
def restore(product_id: ProductKey, field: Correctable) -> Whole:
    """Undo the correction of a field

    It shows what the shop shows again."""
    return Whole.of(products.restore_field(product_id, field, by=g.member.email))


@blueprint.post("/<product_id>/hold")
@requires("agent", scopes=("write",))
@operation(problems=(404, 409))
def hold(product_id: ProductKey, body: Holding) -> Whole:
    """Hold a product from sale

    409: it is already."""
    return Whole.of(products.hold_product(product_id, reason=body.reason, by=g.member.email))


@blueprint.post("/<product_id>/release")
@requires("manager", scopes=("write",))
@operation(problems=(404, 409))
def release(product_id: ProductKey) -> Whole:
    """Have a product sold again

    409: nobody holds it from sale."""
    return Whole.of(products.release_product(product_id, by=g.member.email))


def _card(product: Product) -> dict[str, object]:
    offer = product.offer
    return {
        "id": product.id,
        "name": product.name,
        "market": product.market,
        "shop": product.shop,
        "brand": product.brand,
        "category": product.category,
        "gtin": product.gtin,
        "price": Amount.of(product.price.amount if product.price else None),
        "cost": Amount.of(offer.cost if offer else None),
        "availability": offer.availability if offer else None,
        "checked_at": offer.checked_at if offer else None,
        "gone_at": product.gone_at,
        "awaits_price": product.awaits_price,
        "stopped": product.stop is not None,
    }


def _major(minor: int | None) -> str:
    """The amount as one types it on the page: `49.90`."""
    return "" if minor is None else str(Decimal(minor) / 100)


def _look(style: Style) -> Look:
    sizes = [_size(sku, size) for sku, size in style.skus.items()]
    return Look(name=style.name, photos=[photo.url for photo in style.photos], sizes=sizes)


def _size(sku: str, size: Sku) -> Size:
    return Size(
        sku=sku,
        size=size.size,
        quantity=size.quantity,
        availability=size.availability,
        gtin=size.gtin,
        cost=Amount.of(size.cost),
        price=Amount.of(size.price),
    )


def _point(point: PricePoint) -> Point:
    return Point(at=point.at, price=Amount.of(point.price), cost=Amount.of(point.cost), availability=point.availability)
