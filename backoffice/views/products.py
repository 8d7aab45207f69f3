"""Finding a product, seeing all about it, asking its shop for the price of this moment, and deciding on it."""

from typing import Any, Literal
from urllib.parse import urlencode

from flask import Blueprint, Response, flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.exceptions import NotFound

from backoffice.access import requires
from backoffice.charts.history import history_chart
from backoffice.config import REFRESH_WAIT_MS
from backoffice.engines import engines
from backoffice.lists import LONGEST_TEXT, Slice, ways
from backoffice.refresh import outcome_of
from backoffice.sentences import said
from backoffice.services import products as service
from backoffice.services.product_search import ProductFilters, find_products
from backoffice.waterfall import Waterfall, waterfall_of
from listino.domain.errors import AlreadyDecided, InvalidValue, TooBroad, UnknownMarket
from listino.domain.handling import CORRECTABLE, LONGEST_REASON
from listino.domain.product import Product, ProductId, parse_product_id
from listino.live.legs import Leg
from listino.store.query import Only

blueprint = Blueprint("products", __name__, url_prefix="/products")

SUGGESTED = 12
_WAY = "way"  # in the session: the waterfall of a refresh that was asked for without JavaScript


@blueprint.get("")
@requires("agent")
def search() -> ResponseReturnValue:
    """The products that match the address. An id alone leads to its product."""
    sent = list(request.args.items(multi=True))
    filled = [(name, value) for name, value in sent if value.strip()]
    if filled != sent:
        # A form sends its empty fields too, and people pass the address on.
        return redirect(url_for("products.search") + (f"?{urlencode(filled)}" if filled else ""))
    asked, after = ProductFilters.of(request.args), request.args.get("after")
    found, too_broad, complaint = None, False, None
    try:
        found = find_products(asked, after=after)
    except TooBroad:
        too_broad = True
    except (InvalidValue, UnknownMarket) as error:
        complaint = said(error)
    products = found.items if found else []
    if len(products) == 1 and str(products[0].id) == asked.q:
        only = url_for("products.page", product_id=products[0].id)
        # A part of a page cannot become another page: htmx is told to go there.
        return Response(headers={"HX-Redirect": only}) if "HX-Request" in request.headers else redirect(only)
    page = render_template(
        "products/search.html",
        asked=asked,
        too_broad=too_broad,
        complaint=complaint,
        order=asked.query.order if found else None,
        products=products,
        states=Only,
        shops=engines().assortment.sizes() or [],
        **ways("products.search", after, found or Slice([], None), **asked.named),
    )
    # htmx puts the list alone into the page, and nothing of an answer that is an error.
    return page, 400 if complaint and "HX-Request" not in request.headers else 200


@blueprint.get("/suggestions/<any(brand, category):field>")
@requires("agent")
def suggestions(field: Literal["brand", "category"]) -> ResponseReturnValue:
    """The options for what has been typed into one of the two fields so far."""
    beginning = request.args.get(field, "").strip()[:LONGEST_TEXT]
    return render_template(
        "products/suggestions.html", names=engines().store.products.names(field, beginning, most=SUGGESTED)
    )


@blueprint.get("/<product_id>")
@requires("agent")
def page(product_id: str) -> ResponseReturnValue:
    key = _known_id(product_id)
    kept_id, joined, legs = session.pop(_WAY, (None, False, ()))
    way = Waterfall([Leg(*leg) for leg in legs], joined) if kept_id == str(key) else None
    return _page("products/page.html", key, way=way)


@blueprint.post("/<product_id>/refresh")
@requires("agent")
def refresh(product_id: str) -> ResponseReturnValue:
    """Asks the shop and waits for it REFRESH_WAIT_MS at most: fragments for htmx, the whole page again without it."""
    key = _known_id(product_id)
    asked = service.refresh(key, wait_ms=REFRESH_WAIT_MS)
    outcome, way = outcome_of(asked), waterfall_of(asked.answer.legs)
    if "HX-Request" in request.headers:
        return _page("products/refreshed.html", key, way=way, outcome=outcome, oob=True)
    flash(outcome.text, outcome.tone)
    if way is not None:
        session[_WAY] = (str(key), way.joined, list(way.legs))
    return redirect(url_for("products.page", product_id=key, days=request.args.get("days")), 303)


@blueprint.route("/<product_id>/correction", methods=["GET", "POST"])
@requires("agent")
def correct(product_id: str) -> ResponseReturnValue:
    """The fields that may be corrected, and doing so: only those that were changed in the form are."""
    key = _known_id(product_id)
    if request.method == "GET":
        return render_template("products/correct.html", product=service.one(key), **_FORM)
    typed = {name: _text(name) for name in CORRECTABLE}
    changed = {name: text for name, text in typed.items() if text != _text(f"was_{name}")}
    try:
        product = service.correct_product(key, changed, reason=_text("reason"), by=g.member.email)
    except InvalidValue as error:
        again = service.one(key)
        told = {"typed": typed, "reason": _text("reason"), "complaint": said(error)}
        return render_template("products/correct.html", product=again, **_FORM | told), 422
    return _done(product, gettext("%(product)s: corrected.", product=product.name))


@blueprint.post("/<product_id>/restore")
@requires("agent")
def restore(product_id: str) -> ResponseReturnValue:
    """Shows in one field what the shop shows."""
    product = service.restore_field(_known_id(product_id), request.form.get("field", ""), by=g.member.email)
    return _done(product, gettext("%(product)s: shown as its shop has it.", product=product.name))


@blueprint.route("/<product_id>/hold", methods=["GET", "POST"])
@requires("agent")
def hold(product_id: str) -> ResponseReturnValue:
    """What holding the product from sale means, and doing so."""
    key = _known_id(product_id)
    if request.method == "GET":
        return render_template("products/hold.html", product=service.one(key), **_FORM)
    try:
        product = service.hold_product(key, reason=_text("reason"), by=g.member.email)
    except InvalidValue as error:
        told = {"reason": _text("reason"), "complaint": said(error)}
        again = service.one(key)
        return render_template("products/hold.html", product=again, **_FORM | told), 422
    except AlreadyDecided as error:
        return _left(key, error)
    return _done(product, gettext("%(product)s: held from sale.", product=product.name))


@blueprint.post("/<product_id>/release")
@requires("manager")
def release(product_id: str) -> ResponseReturnValue:
    """Has the product sold again."""
    key = _known_id(product_id)
    try:
        product = service.release_product(key, by=g.member.email)
    except AlreadyDecided as error:
        return _left(key, error)
    return _done(product, gettext("%(product)s: released for sale.", product=product.name))


# What the two forms show before anything was typed.
_FORM: dict[str, Any] = {"typed": {}, "reason": "", "complaint": None, "longest_reason": LONGEST_REASON}


def _page(template: str, product_id: ProductId, **shown: Any) -> str:
    sheet = service.sheet_of(product_id, days=service.history_days(request.args.get("days")))
    chart = history_chart(sheet.history, since=sheet.begins, until=sheet.until)
    return render_template(template, sheet=sheet, chart=chart, history_days=service.HISTORY_DAYS, **shown)


def _done(product: Product, told: str) -> ResponseReturnValue:
    flash(told, "good")
    return redirect(url_for("products.page", product_id=product.id), 303)


def _left(product_id: ProductId, error: AlreadyDecided) -> ResponseReturnValue:
    flash(gettext("Nothing was changed. %(reason)s", reason=said(error)), "warn")
    return redirect(url_for("products.page", product_id=product_id), 303)


def _text(name: str) -> str:
    """A field of the form; browsers send the ends of lines as the network has them."""
    return request.form.get(name, "").replace("\r\n", "\n").strip()


def _known_id(text: str) -> ProductId:
    try:
        return parse_product_id(text)
    except InvalidValue as error:
        raise NotFound from error
