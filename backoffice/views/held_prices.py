"""The held prices: looking at what was read and not believed, and deciding on one of them or on all of a crawl."""

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from backoffice.access import requires, safe_address
from backoffice.engines import engines
from backoffice.formats import instant, number, parsed_instant
from backoffice.lists import ways
from backoffice.sentences import said
from backoffice.services import held_prices
from backoffice.services.held_prices import MOST_COUNTED, HeldFilters, Verdict
from listino.domain.errors import AlreadyDecided, InvalidValue, UnknownShop
from listino.domain.product import parse_natural_key
from listino.store.holds import Decided

blueprint = Blueprint("held_prices", __name__, url_prefix="/held-prices")

PAGE_SIZE = 25


@blueprint.get("")
@requires("agent")
def prices() -> ResponseReturnValue:
    """Products with a held price, those that were held last first."""
    asked, after = HeldFilters.of(request.args), request.args.get("after")
    shown = held_prices.page(asked, after=after, count=PAGE_SIZE)
    return render_template(
        "held_prices/prices.html",
        asked=asked,
        products=shown.items,
        count=held_prices.counted(asked),
        most_counted=MOST_COUNTED,
        shops=engines().assortment.sizes() or [],
        here=request.full_path.removesuffix("?"),
        **ways("held_prices.prices", after, shown, **asked.named),
    )


@blueprint.get("/<product_id>/accept")
@requires("manager")
def confirm(product_id: str) -> ResponseReturnValue:
    """What accepting the reading would mean: the price before and after. Where nothing is left to accept, says why."""
    key, reading, back = parse_natural_key(product_id), request.args.get("reading", ""), request.args.get("back")
    try:
        before, after = held_prices.preview(key, reading)
    except (AlreadyDecided, UnknownShop, InvalidValue) as error:
        flash(gettext("Nothing was changed. %(reason)s", reason=said(error)), "warn")
        return redirect(safe_address(back), 303)
    price = held_prices.shopper_price
    doubts = before.held.doubts if before.held else ()
    return render_template(
        "held_prices/confirm.html",
        product=before,
        changes=[(doubt, price(before, doubt.sku), price(after, doubt.sku)) for doubt in doubts],
        back=safe_address(back),
    )


@blueprint.post("/<product_id>/<any(accept, reject):verdict>")
@requires("manager")
def decide(product_id: str, verdict: Verdict) -> ResponseReturnValue:
    """Decides on the reading that the page showed; says so where somebody else has meanwhile."""
    key, reading = parse_natural_key(product_id), request.form.get("reading", "")
    try:
        product = held_prices.decide(key, reading, verdict, by=g.member.email)
    except (AlreadyDecided, UnknownShop, InvalidValue) as error:
        flash(gettext("Nothing was changed. %(reason)s", reason=said(error)), "warn")
    else:
        told = gettext("%(product)s: the price is accepted.", product=product.name)
        if verdict == "reject":
            told = gettext("%(product)s: the price is rejected.", product=product.name)
        flash(told, "good")
    return redirect(safe_address(request.form.get("back")), 303)


@blueprint.get("/all")
@requires("manager")
def review() -> ResponseReturnValue:
    """What deciding on all of a crawl, or of a shop, would mean."""
    asked = HeldFilters.of(request.args)
    found = held_prices.review(asked)
    return render_template(
        "held_prices/review.html",
        asked=asked,
        kinds=found.kinds,
        total=found.total,
        acceptable=found.acceptable,
        examples=found.examples,
        until=instant(found.until),
    )


@blueprint.post("/all/<any(accept, reject):verdict>")
@requires("manager")
def decide_all(verdict: Verdict) -> ResponseReturnValue:
    """Decides on all that the confirmation counted; what was held or read anew since is left alone."""
    asked, until = HeldFilters.of(request.form), parsed_instant(request.form.get("until", ""))
    decided = held_prices.decide_all(asked, verdict, until=until, by=g.member.email)
    flash(_told(decided, verdict), "warn" if decided.left or decided.skipped or decided.undeclared else "good")
    return redirect(url_for("held_prices.prices", **asked.named), 303)


def _told(decided: Decided, verdict: Verdict) -> str:
    count = number(decided.done)
    if verdict == "accept":
        told = ngettext("%(count)s held price accepted.", "%(count)s held prices accepted.", decided.done, count=count)
    else:
        told = ngettext("%(count)s held price rejected.", "%(count)s held prices rejected.", decided.done, count=count)
    sentences = [told]
    if decided.skipped:
        left = number(decided.skipped)
        sentences.append(gettext("%(count)s were left: they cannot be, or were decided meanwhile.", count=left))
    if decided.undeclared:
        left = number(decided.undeclared)
        sentences.append(
            gettext("Left, for their shop is not declared and they can only be rejected: %(count)s.", count=left)
        )
    if decided.left:
        sentences.append(gettext("There are more: press the button again to go on."))
    return " ".join(sentences)
