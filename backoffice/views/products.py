"""Finding a product, seeing all about it, and asking its shop for the price of this moment."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from werkzeug.exceptions import NotFound

from backoffice.chart import history_chart
from backoffice.config import REFRESH_WAIT_MS
from backoffice.engines import engines
from backoffice.margin import Margin, landed_cost, margin_of
from backoffice.refresh import outcome_of
from backoffice.telemetry import metrics
from listino.domain.audit import AuditEntry
from listino.domain.clock import utc_now
from listino.domain.errors import InvalidValue
from listino.domain.history import PricePoint, prior_price
from listino.domain.market import market_of
from listino.domain.money import Money
from listino.domain.product import Product, ProductId, parse_product_id
from listino.store.query import ProductQuery

blueprint = Blueprint("products", __name__, url_prefix="/products")

PAGE_SIZE = 25
LONGEST_TEXT = 120
SUGGESTED = 12
DECISIONS_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """All that the product's page shows."""

    product: Product
    history: list[PricePoint]
    chart: Markup | None
    lowest: Money | None
    landed: Money | None
    margin: Margin | None
    decisions: list[AuditEntry]  # what became of held prices, the newest first
    elsewhere: list[tuple[Product, Money | None]]  # the same GTIN, and how its delivered cost differs from ours


@blueprint.get("")
def search() -> ResponseReturnValue:
    """The products that match the address, in the order of their ids. An id alone leads to its product."""
    sent = list(request.args.items(multi=True))
    filled = [(name, value) for name, value in sent if value.strip()]
    if filled != sent:
        # A form sends its empty fields too, and people pass the address on.
        return redirect(url_for("products.search") + (f"?{urlencode(filled)}" if filled else ""))
    asked = {
        name: request.args.get(name, "").strip()[:LONGEST_TEXT] for name in ("q", "market", "shop", "category", "brand")
    }
    gone = request.args.get("gone") == "1"
    after = request.args.get("after")
    query = ProductQuery(
        market=market_of(asked["market"]).code if asked["market"] else None,
        shop=asked["shop"] or None,
        category=asked["category"] or None,
        brand_typed=asked["brand"] or None,
        text=asked["q"] or None,
        beginnings=True,
        gone=gone,
        awaiting=True,
        after=parse_product_id(after) if after else None,
    )
    found = engines().store.products.page(query, count=PAGE_SIZE + 1)
    products = found[:PAGE_SIZE]
    if len(found) == 1 and str(products[0].id) == asked["q"]:
        return redirect(url_for("products.page", product_id=products[0].id))
    return render_template(
        "products/search.html",
        asked=asked,
        gone=gone,
        filtered=gone or any(asked.values()),
        products=products,
        shops=engines().assortment.sizes() or [],
        first=_address(asked, gone) if after else None,
        following=_address(asked, gone, after=str(products[-1].id)) if len(found) > PAGE_SIZE else None,
    )


@blueprint.get("/suggestions/<any(brand, category):field>")
def suggestions(field: Literal["brand", "category"]) -> ResponseReturnValue:
    """The options for what has been typed into one of the two fields so far."""
    beginning = request.args.get(field, "").strip()[:LONGEST_TEXT]
    return render_template(
        "products/suggestions.html", names=engines().store.products.names(field, beginning, most=SUGGESTED)
    )


@blueprint.get("/<product_id>")
def page(product_id: str) -> ResponseReturnValue:
    return render_template("products/page.html", sheet=_sheet(_known_id(product_id)))


@blueprint.post("/<product_id>/refresh")
def refresh(product_id: str) -> ResponseReturnValue:
    """Asks the shop and waits for it REFRESH_WAIT_MS at most: fragments for htmx, the whole page again without it."""
    key = _known_id(product_id)
    before = engines().store.products.get(key)
    asked_at, began = utc_now(), time.perf_counter()
    answer = engines().live.get(key, wait_ms=REFRESH_WAIT_MS)
    metrics().refreshes.labels(answer.reason or "fresh").inc()
    outcome = outcome_of(
        answer,
        before=before.price.amount if before.price else None,
        asked_at=asked_at,
        ms=round((time.perf_counter() - began) * 1000),
        wait_ms=REFRESH_WAIT_MS,
    )
    if "HX-Request" in request.headers:
        return render_template("products/refreshed.html", outcome=outcome, sheet=_sheet(key), oob=True)
    flash(outcome.text, outcome.tone)
    return redirect(url_for("products.page", product_id=key), 303)


def _address(asked: Mapping[str, str], gone: bool, **more: str) -> str:
    """The address of a list with these filters."""
    arguments: dict[str, Any] = {name: value for name, value in asked.items() if value} | more
    return url_for("products.search", **arguments, gone="1" if gone else None)


def _known_id(text: str) -> ProductId:
    try:
        return parse_product_id(text)
    except InvalidValue as error:
        raise NotFound from error


def _sheet(product_id: ProductId) -> Sheet:
    products = engines().store.products
    product = products.get(product_id)
    history = products.history(product_id)
    return Sheet(
        product=product,
        history=history,
        chart=history_chart(history, until=product.gone_at or utc_now()),
        lowest=prior_price(history),
        landed=landed_cost(product),
        margin=margin_of(product),
        decisions=engines().store.audit.of(product_id, count=DECISIONS_SHOWN),
        elsewhere=_elsewhere(product),
    )


def _elsewhere(product: Product) -> list[tuple[Product, Money | None]]:
    """The same good in other shops, the cheapest first; goods of another currency have no difference and come last."""
    if product.gtin is None:
        return []
    ours = landed_cost(product)
    found: list[tuple[Product, Money | None]] = []
    for other in engines().store.products.with_gtin(product.gtin):
        if other.id == product.id:
            continue
        theirs = landed_cost(other)
        comparable = ours is not None and theirs is not None and ours.currency == theirs.currency
        found.append((other, theirs - ours if comparable and ours and theirs else None))
    return sorted(found, key=lambda pair: (pair[1] is None, pair[1].minor if pair[1] else 0))
