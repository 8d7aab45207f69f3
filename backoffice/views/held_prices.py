"""The held prices: looking at what was read and not believed, and deciding on one of them or on all of a crawl."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

import structlog
from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from backoffice.access import safe_address
from backoffice.engines import engines
from backoffice.formats import instant, number, parsed_instant
from listino.domain.clock import utc_now
from listino.domain.errors import AlreadyDecided, InvalidValue, UnknownShop
from listino.domain.held import DoubtKind, Held
from listino.domain.listing import Terms
from listino.domain.market import market_of
from listino.domain.money import Money
from listino.domain.product import Product, ProductId, parse_natural_key
from listino.live.client import UNAVAILABLE
from listino.live.waiting import forget
from listino.store.holds import Decided, HeldQuery

log = structlog.get_logger("backoffice.held_prices")

blueprint = Blueprint("held_prices", __name__, url_prefix="/held-prices")

PAGE_SIZE = 25
MOST_COUNTED = 1000  # beyond that a number tells no more than "very many", and counting takes its time
DECIDING_SECONDS = 3.0  # of the five that a page has; what is left takes another press of the button
LONGEST_TEXT = 120

Verdict = Literal["accept", "reject"]


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address asks for; empty text for what it does not."""

    market: str
    shop: str
    crawl: str
    reason: str

    @classmethod
    def of(cls, sent: dict[str, str]) -> "Filters":
        """Raises UnknownMarket and InvalidValue."""
        asked = {name: sent.get(name, "").strip()[:LONGEST_TEXT] for name in ("market", "shop", "crawl", "reason")}
        if asked["market"]:
            market_of(asked["market"])
        if asked["reason"] and asked["reason"] not in set(DoubtKind):
            raise InvalidValue(f"{asked['reason']!r} is no reason: choose one of {', '.join(DoubtKind)}")
        return cls(**asked)

    @property
    def named(self) -> dict[str, Any]:
        """Those that are set, as the address has them."""
        asked = {"market": self.market, "shop": self.shop, "crawl": self.crawl, "reason": self.reason}
        return {name: value for name, value in asked.items() if value}

    @property
    def narrow(self) -> bool:
        """Whether they are about one crawl, or one shop of one market: few enough to decide on all at once."""
        return bool(self.crawl or (self.market and self.shop))

    @property
    def query(self) -> HeldQuery:
        return HeldQuery(
            market=self.market or None,
            shop=self.shop or None,
            crawl_id=self.crawl or None,
            kind=DoubtKind(self.reason) if self.reason else None,
        )


@blueprint.get("")
def prices() -> ResponseReturnValue:
    """Products with a held price, those that were held last first."""
    asked, after = Filters.of(request.args), request.args.get("after")
    query = replace(asked.query, after=_cursor(after) if after else None)
    found = engines().store.holds.page(query, count=PAGE_SIZE + 1)
    shown = found[:PAGE_SIZE]
    return render_template(
        "held_prices/prices.html",
        asked=asked,
        products=shown,
        count=engines().store.holds.count(asked.query, most=MOST_COUNTED),
        most_counted=MOST_COUNTED,
        shops=engines().assortment.sizes() or [],
        here=request.full_path.removesuffix("?"),
        first=url_for("held_prices.prices", **asked.named) if after else None,
        following=url_for("held_prices.prices", **asked.named, after=_cursor_of(shown[-1]))
        if len(found) > PAGE_SIZE
        else None,
    )


@blueprint.get("/<product_id>/accept")
def confirm(product_id: str) -> ResponseReturnValue:
    """What accepting the reading would mean: the price before and after. Where nothing is left to accept, says why."""
    key, reading, back = parse_natural_key(product_id), request.args.get("reading", ""), request.args.get("back")
    try:
        before, after = engines().store.holds.preview(key, reading, terms_of=_terms_of)
    except (AlreadyDecided, UnknownShop, InvalidValue) as error:
        flash(f"Nothing was changed. {error}.", "warn")
        return redirect(safe_address(back), 303)
    doubts = before.held.doubts if before.held else ()
    return render_template(
        "held_prices/confirm.html",
        product=before,
        changes=[(doubt, _price(before, doubt.sku), _price(after, doubt.sku)) for doubt in doubts],
        back=safe_address(back),
    )


@blueprint.post("/<product_id>/<any(accept, reject):verdict>")
def decide(product_id: str, verdict: Verdict) -> ResponseReturnValue:
    """Decides on the reading that the page showed; says so where somebody else has meanwhile."""
    key, reading = parse_natural_key(product_id), request.form.get("reading", "")
    try:
        product = _decide(key, reading, verdict)
    except (AlreadyDecided, UnknownShop, InvalidValue) as error:
        flash(f"Nothing was changed. {error}.", "warn")
    else:
        flash(f"{product.name}: the price is {verdict}ed.", "good")
    return redirect(safe_address(request.form.get("back")), 303)


@blueprint.get("/all")
def review() -> ResponseReturnValue:
    """What deciding on all of a crawl, or of a shop, would mean."""
    asked = _narrow(Filters.of(request.args))
    until = utc_now()
    kinds = engines().store.holds.kinds(replace(asked.query, until=until))
    return render_template(
        "held_prices/review.html",
        asked=asked,
        kinds=kinds,
        total=sum(kinds.values()),
        acceptable=sum(count for kind, count in kinds.items() if kind is not DoubtKind.NOT_POSITIVE),
        examples=engines().store.holds.page(asked.query, count=5),
        until=instant(until),
    )


@blueprint.post("/all/<any(accept, reject):verdict>")
def decide_all(verdict: Verdict) -> ResponseReturnValue:
    """Decides on all that the confirmation counted; what was held or read anew since is left alone."""
    asked = _narrow(Filters.of(request.form))
    query = replace(asked.query, until=parsed_instant(request.form.get("until", "")))

    def one(product: Product, held: Held) -> None:
        _decide(product.id, held.reading, verdict)

    decided = engines().store.holds.decide_all(query, one, seconds=DECIDING_SECONDS)
    flash(_told(decided, verdict), "warn" if decided.left or decided.skipped or decided.undeclared else "good")
    return redirect(url_for("held_prices.prices", **asked.named), 303)


def _decide(product_id: ProductId, reading: str, verdict: Verdict) -> Product:
    """Raises AlreadyDecided, ProductNotFound, UnknownShop and InvalidValue."""
    holds, by, at = engines().store.holds, g.member.email, utc_now()
    if verdict == "accept":
        product = holds.accept(product_id, reading, terms_of=_terms_of, by=by, at=at)
    else:
        product = holds.reject(product_id, reading, by=by, at=at)
    _forget_answer(product)
    log.info("held_price.decided", product_id=product_id, verdict=verdict, staff=by)
    return product


def _price(product: Product, sku: str | None) -> Money | None:
    """What shoppers pay for that size, or for goods of one size; None for a size that is not on sale."""
    sizes = {key: size.price for style in product.styles for key, size in style.skus.items()}
    if sku in sizes and sizes[sku] is not None:
        return sizes[sku]
    return product.price.amount if product.price and (sku is None or len(sizes) <= 1) else None


def _terms_of(product: Product) -> Terms:
    shops = engines().shops.now()
    key = f"{product.market}:{product.shop}"
    if key not in shops:
        raise UnknownShop(f"{key} is not declared, so nobody knows its markup: its prices can only be rejected")
    return shops[key].terms


def _forget_answer(product: Product) -> None:
    """Without Redis the live answer about the held price goes by itself after a second."""
    try:
        forget(engines().jobs.connection, str(product.id))
    except UNAVAILABLE as error:
        log.warning("held_price.answer_not_forgotten", product_id=product.id, error=str(error))


def _narrow(asked: Filters) -> Filters:
    if not asked.narrow:
        raise InvalidValue("say which crawl, or which shop of which market, is to be decided on as a whole")
    return asked


def _told(decided: Decided, verdict: Verdict) -> str:
    told = f"{number(decided.done)} held price{'' if decided.done == 1 else 's'} {verdict}ed."
    if decided.skipped:
        told += f" {number(decided.skipped)} were left: they cannot be {verdict}ed, or were decided meanwhile."
    if decided.undeclared:
        told += f" Left, for their shop is not declared and they can only be rejected: {number(decided.undeclared)}."
    if decided.left:
        told += " There are more: press the button again to go on."
    return told


def _cursor_of(product: Product) -> str | None:
    return f"{instant(product.held.at)}~{product.id}" if product.held else None


def _cursor(text: str) -> tuple[datetime, ProductId]:
    at, _, last = text.partition("~")
    return parsed_instant(at), parse_natural_key(last)
