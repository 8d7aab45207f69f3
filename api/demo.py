"""A product page to look at: what a storefront could make of the API, with a price that follows the shop."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
from jinja2 import Environment, FileSystemLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

from api.pages import body_of, opened_page
from api.parameters import product_id_of
from api.problems import problem_body, problem_of
from api.services import services_of
from listino.domain.market import MARKETS
from listino.domain.offer import Availability
from listino.live.product_page import Part

_HERE = Path(__file__).parent
_TEMPLATES = Environment(loader=FileSystemLoader(_HERE / "templates"), autoescape=True, trim_blocks=True)
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data: {photos}; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# What stands between three digits, and from how many digits on, as Intl.NumberFormat has it in the markets' languages.
_GROUPING = {"it": (".", 4), "fr": ("\u202f", 4), "de": (".", 4), "es": (".", 5)}


# As static/listino-price.js writes them.
_AVAILABILITY = {
    "en": ("In stock", "Out of stock"),
    "it": ("Disponibile", "Non disponibile"),
    "fr": ("En stock", "Épuisé"),
    "de": ("Auf Lager", "Nicht auf Lager"),
    "es": ("En existencia", "Agotado"),
}


async def product_page(request: Request) -> Response:
    """The page of a product; a page that says why there is none for who reads HTML, else it raises BadParameter, ProductNotFound,
    ProductGone or EngineUnavailable."""
    try:
        return await _product_page(request)
    except Exception as error:
        problem = problem_of(error) if "text/html" in request.headers.get("accept", "") else None
        if problem is None:
            raise
    text = _TEMPLATES.get_template("problem.html").render(problem=problem_body(problem, request.state.request_id))
    return _page(text, "", problem.status, problem.headers)


async def _product_page(request: Request) -> Response:
    services, product_id = services_of(request), product_id_of(request)
    page, _ = await opened_page(services, product_id)
    product, styles = (orjson.loads(body_of(page, part)) for part in (Part.DETAIL, Part.STYLES))
    styles = styles["results"]
    styles.sort(key=lambda style: not style["default?"])
    photos = [photo for style in styles for photo in style["photos"]]
    market = MARKETS.get(product.get("market", ""))
    language = market.language if market else "en"
    text = _TEMPLATES.get_template("demo.html").render(
        product=product,
        styles=styles,
        photo=photos[0] if photos else None,
        language=language,
        price=price_in(language, product["price"]),
        availability=availability_in(language, product["price"]),
    )
    return _page(text, " ".join(sorted(origins_of(photos))))


def _page(text: str, photos: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    policy = {"Content-Security-Policy": _POLICY.format(photos=photos), "Cache-Control": "no-store"}
    return HTMLResponse(text, status, headers={**policy, **(headers or {})})


def origins_of(photos: list[dict[str, Any]]) -> set[str]:
    """Where the photos come from, each as a Content-Security-Policy names it; an address that is none is left out."""
    origins = {_origin_of(photo[name] or "") for photo in photos for name in ("url", "thumbnail_url")}
    return {origin for origin in origins if origin is not None}


def _origin_of(address: str) -> str | None:
    try:
        scheme, netloc, *_ = urlsplit(address)
    except ValueError:
        return None
    if scheme not in ("http", "https") or not netloc or not netloc.isascii() or set(netloc) & set(" ;,'\"\t\r\n"):
        return None
    return f"{scheme}://{netloc}"


def price_in(language: str, price: dict[str, Any] | None) -> str:
    """As the script will write it in that language, so that nothing moves when it does: `1.299,90 €`."""
    if price is None or price["amount"] is None:
        return "–"
    whole, _, cents = price["amount"].partition(".")
    if language not in _GROUPING or price["currency"] != "EUR":
        return f"{price['currency']} {price['amount']}"
    mark, digits = _GROUPING[language]
    if len(whole) >= digits:
        whole = f"{int(whole):,}".replace(",", mark)
    return f"{whole},{cents}\u00a0€"


def availability_in(language: str, price: dict[str, Any] | None) -> str:
    """As the script will write it; nothing where it is not known."""
    states = (Availability.IN_STOCK.value, Availability.OUT_OF_STOCK.value)
    words = dict(zip(states, _AVAILABILITY[language], strict=True))
    return words.get(price["availability"], "") if price else ""


def static() -> StaticFiles:
    """The script for storefronts, and what the page looks like."""
    return StaticFiles(directory=_HERE / "static")
