"""The held prices."""

from typing import Annotated

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
from backoffice.formats import parsed_instant
from backoffice.services import held_prices
from backoffice.services.held_prices import HeldFilters, Verdict
from listino.domain.held import Doubt, DoubtKind, Held, ReferenceSource
from listino.domain.product import Product, ProductId

blueprint = subject("held_prices", "/held-prices", __name__)

Reading = Annotated[
    Text, Field(description="`reading` of the held price: whoever decides says on what.", examples=["9f86d081884c7d65"])
]


class Some(Sent):
    """Which held prices."""

    market: Market | Absent = None
    shop: Annotated[Text | Absent, Field(examples=["bottega"])] = None
    crawl: Annotated[Text | Absent, Field(description="The id of the crawl that read them last.")] = None
    reason: DoubtKind | Absent = None


class HeldQuery(Some, ListQuery):
    """Which held prices, those that were held last first."""


class Doubted(Told):
    """One cost that is not believed; `sku` is null for goods of one size."""

    kind: DoubtKind
    sku: str | None
    read: Amount
    reference: Amount | None
    source: Annotated[ReferenceSource | None, Field(description="What `reference` is.")]
    words: Annotated[str, Field(examples=["€ 3,190.00 is about 100 times the € 31.90 that it cost before"])]

    @classmethod
    def of(cls, doubt: Doubt) -> "Doubted":
        read, reference = Amount(minor=doubt.read.minor, currency=doubt.read.currency), Amount.of(doubt.reference)
        return cls(
            kind=doubt.kind, sku=doubt.sku, read=read, reference=reference, source=doubt.source, words=doubt.words
        )


class HeldPrice(Told):
    """A price that was read and is not sold at until somebody decides; the worst doubt is the first."""

    product_id: Annotated[str | int, Field(examples=["it:bottega:3020"])]
    name: str
    market: str | None
    shop: str | None
    url: str | None
    reading: Reading
    acceptable: bool
    on_sale: Annotated[bool, Field(description="False for goods that have never had another price.")]
    doubts: list[Doubted]
    market_price: Annotated[Amount | None, Field(description="The median of what other shops ask.")]
    market_shops: int
    held_at: Moment
    seen_at: Moment
    times: int
    crawl_id: str | None

    @classmethod
    def of(cls, product: Product, held: Held) -> "HeldPrice":
        return cls(
            product_id=product.id,
            name=product.name,
            market=product.market,
            shop=product.shop,
            url=product.url,
            reading=held.reading,
            acceptable=held.acceptable,
            on_sale=not product.awaits_price,
            doubts=[Doubted.of(doubt) for doubt in held.doubts],
            market_price=Amount.of(held.market),
            market_shops=held.market_shops,
            held_at=held.at,
            seen_at=held.seen_at,
            times=held.times,
            crawl_id=held.crawl_id,
        )


class Decision(Sent):
    """The reading that is decided on."""

    reading: Reading


class DecisionOnAll(Some):
    """On which held prices, as a look at `until` counted them: what was read since is left alone."""

    until: SentMoment


class PreviewQuery(Sent):
    """The reading that would be accepted."""

    reading: Reading


class Change(Told):
    """What shoppers pay and would pay for one size; null where it is not on sale."""

    sku: str | None
    before: Amount | None
    after: Amount | None


class Preview(Told):
    """What accepting the reading would mean, of each size that is doubted."""

    product_id: str | int
    changes: list[Change]


class Decided(Told):
    """The product after the decision; `price` is what shoppers pay now."""

    product_id: str | int
    price: Amount | None


class Counted(Told):
    """How many held prices there are of each kind, in all, and that can be accepted; `until` goes into the decision."""

    kinds: dict[DoubtKind, int]
    total: int
    acceptable: int
    until: Moment


class DecidedAll(Told):
    """`skipped`: cannot be accepted, or decided meanwhile; `undeclared`: of shops that nobody declares; `left`: ask again."""

    done: int
    skipped: int
    undeclared: int
    left: bool


@blueprint.get("")
@requires("agent", scopes=("read",))
@operation()
def prices(query: HeldQuery) -> Page[HeldPrice]:
    """List held prices"""
    found = held_prices.page(HeldFilters.of(query.model_dump()), after=query.after, count=query.count)
    items = [HeldPrice.of(product, product.held) for product in found.items if product.held]
    return Page[HeldPrice](items=items, next=found.next)


@blueprint.get("/<product_id>")
@requires("agent", scopes=("read",))
@operation(problems=(404,))
def one(product_id: ProductKey) -> HeldPrice:
    """Read one held price"""
    return HeldPrice.of(*held_prices.one(product_id))


@blueprint.get("/<product_id>/preview")
@requires("manager", scopes=("read",))
@operation(problems=(404, 409))
def preview(product_id: ProductKey, query: PreviewQuery) -> Preview:
    """Preview what accepting would mean

    Changes nothing."""
    before, after = held_prices.preview(product_id, query.reading)
    price = held_prices.shopper_price
    return Preview(
        product_id=before.id,
        changes=[
            Change(sku=doubt.sku, before=Amount.of(price(before, doubt.sku)), after=Amount.of(price(after, doubt.sku)))
            for doubt in (before.held.doubts if before.held else ())
        ],
    )


@blueprint.post("/<product_id>/accept")
@requires("manager", scopes=("write",))
@operation(problems=(404, 409))
def accept(product_id: ProductKey, body: Decision) -> Decided:
    """Accept a held price

    It is sold at from now on. 409: it is not held any more as it was read, or cannot be accepted."""
    return _decided(product_id, body.reading, "accept")


@blueprint.post("/<product_id>/reject")
@requires("manager", scopes=("write",))
@operation(problems=(404, 409))
def reject(product_id: ProductKey, body: Decision) -> Decided:
    """Reject a held price

    The old price stays, and the same reading is not held again. 409: it is not held any more as it was read."""
    return _decided(product_id, body.reading, "reject")


@blueprint.get("/all")
@requires("manager", scopes=("read",))
@operation()
def count_all(query: Some) -> Counted:
    """Count what a decision on all would be about

    One crawl, or one shop of one market."""
    found = held_prices.review(HeldFilters.of(query.model_dump()))
    return Counted.model_validate(found)


@blueprint.post("/all/accept")
@requires("manager", scopes=("write",))
@operation()
def accept_all(body: DecisionOnAll) -> DecidedAll:
    """Accept all of a crawl or shop"""
    return _decided_all(body, "accept")


@blueprint.post("/all/reject")
@requires("manager", scopes=("write",))
@operation()
def reject_all(body: DecisionOnAll) -> DecidedAll:
    """Reject all of a crawl or shop"""
    return _decided_all(body, "reject")


def _decided(product_id: ProductId, reading: str, verdict: Verdict) -> Decided:
    product = held_prices.decide(product_id, reading, verdict, by=g.member.email)
    return Decided(product_id=product.id, price=Amount.of(product.price.amount if product.price else None))


def _decided_all(body: DecisionOnAll, verdict: Verdict) -> DecidedAll:
    until = parsed_instant(body.until)
    decided = held_prices.decide_all(HeldFilters.of(body.model_dump()), verdict, until=until, by=g.member.email)
    return DecidedAll.model_validate(decided)
