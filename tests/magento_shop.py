"""A shop that answers as Magento's storefront GraphQL is documented to, with goods of the demo shops.

https://developer.adobe.com/commerce/webapi/graphql/schema/products/ (products, ProductInterface, ConfigurableProduct)
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from html import escape
from math import ceil
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from listino.domain.offer import Availability, Photo, ShopProduct, Variant

_TOKEN = re.compile(r"\.\.\.|\w+|[{}()]|[^\w\s]")
_SUFFIX = ".html"


class QueryError(Exception):
    """What GraphQL answers under `errors`."""


@dataclass
class MagentoShop:
    """Its goods by SKU, which a test may change, and what it was asked: method and variables."""

    goods: dict[str, ShopProduct]
    robots: str = "User-agent: *\nDisallow: /checkout/\n"
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def app(self) -> Starlette:
        graphql = Route("/graphql", self.graphql, methods=["GET", "POST"])
        return Starlette(routes=[Route("/", home), Route("/robots.txt", self.rules), graphql])

    async def rules(self, _: Request) -> Response:
        return PlainTextResponse(self.robots)

    async def graphql(self, request: Request) -> Response:
        if request.method == "POST":
            if request.headers.get("content-type") != "application/json":
                return JSONResponse({"errors": [{"message": "Request Content-Type must be json"}]}, status_code=400)
            body = await request.json()
            query, variables = body["query"], body.get("variables") or {}
        else:
            query, variables = request.query_params["query"], json.loads(request.query_params.get("variables", "{}"))
        self.asked.append((request.method, variables))
        try:
            return JSONResponse({"data": self._answer(_parsed(query), variables)})
        except QueryError as error:
            return JSONResponse({"errors": [{"message": str(error)}], "data": {"products": None}})

    def _answer(self, wanted: "Selection", variables: Mapping[str, Any]) -> dict[str, Any]:
        answers: dict[str, Any] = {}
        for name, (arguments, below) in wanted.items():
            if name == "storeConfig":
                held: Any = {"locale": "de_DE", "default_display_currency_code": "EUR"}
            elif name == "products":
                held = self._products(arguments, variables)
            else:
                raise QueryError(f'Cannot query field "{name}" on type "Query".')
            answers[name] = _select(below or {}, held)
        return answers

    def _products(self, arguments: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        if "filter:" not in arguments and "search:" not in arguments:
            raise QueryError("'search' or 'filter' input argument is required.")
        found = list(self.goods.values())
        if "sku:{in:$skus}" in arguments:
            asked_for = {sku.lower() for sku in variables["skus"]}
            found = [goods for goods in found if goods.sku.lower() in asked_for]
        size, number = variables.get("size", 20), variables.get("page", 1)
        pages = ceil(len(found) / size)
        if number > pages and found:
            raise QueryError(f"currentPage value {number} specified is greater than the {pages} page(s) available.")
        brands = sorted({goods.brand for goods in self.goods.values() if goods.brand})
        labels = [{"label": brand, "value": str(50 + place), "count": 1} for place, brand in enumerate(brands)]
        return {
            "total_count": len(found),
            "page_info": {"page_size": size, "current_page": number, "total_pages": pages},
            "aggregations": [
                {"attribute_code": "price", "label": "Price", "options": None},
                {"attribute_code": "manufacturer", "label": "Marke", "options": labels},
            ],
            "items": [_item(goods, brands) for goods in found[(number - 1) * size : number * size]],
        }


def as_magento_shows(goods: ShopProduct, base_url: str) -> ShopProduct:
    """The goods as they can be learned from this shop: without GTINs, features and thumbnails, under its addresses."""
    variants = tuple(
        replace(variant, gtin=None, sku=variant.sku if len(goods.offer.variants) > 1 else goods.sku)
        for variant in goods.offer.variants
    )
    return replace(
        goods,
        url=f"{base_url}/{_url_key(goods)}{_SUFFIX}",
        gtin=None,
        features=(),
        photos=tuple(Photo(url=photo.url, thumbnail_url=photo.url) for photo in goods.photos),
        offer=replace(goods.offer, variants=variants),
    )


async def home(_: Request) -> Response:
    return HTMLResponse('<html lang="de-DE"><script type="text/x-magento-init">{"*": {}}</script></html>')


def _url_key(goods: ShopProduct) -> str:
    return goods.url.rstrip("/").rsplit("/", 1)[-1].removesuffix(_SUFFIX)


def _item(goods: ShopProduct, brands: list[str]) -> dict[str, Any]:
    variants = goods.offer.variants
    item = {
        **_sold(variants[0], goods.sku),
        "__typename": "SimpleProduct",
        "stock_status": _status(goods.offer.availability),
        "name": goods.name,
        "url_key": _url_key(goods),
        "url_suffix": _SUFFIX,
        "manufacturer": 50 + brands.index(goods.brand) if goods.brand else None,
        "short_description": {"html": f"<p>{escape(goods.slogan)}</p>" if goods.slogan else ""},
        "description": {"html": f"<p>{escape(goods.description or '')}</p>"},
        "categories": [{"name": goods.category, "level": 3}, {"name": "Alles", "level": 2}],
        "media_gallery": _gallery([photo.url for photo in goods.photos]),
        "related_products": [{"sku": sku} for sku in goods.related],
    }
    if len(variants) == 1:
        return item
    members = [{"attributes": _attributes(variant), "product": _sold(variant, variant.sku)} for variant in variants]
    cheapest = min(variants, key=lambda variant: variant.cost.minor)
    return {
        **item,
        "__typename": "ConfigurableProduct",
        "price_range": _sold(cheapest, goods.sku)["price_range"],
        "variants": members,
    }


def _sold(variant: Variant, sku: str) -> dict[str, Any]:
    def money(amount: Any) -> dict[str, Any]:
        return {"value": float(amount.major), "currency": amount.currency}

    price = {"final_price": money(variant.cost), "regular_price": money(variant.list_cost or variant.cost)}
    return {
        "__typename": "SimpleProduct",
        "sku": sku,
        "stock_status": _status(variant.availability),
        "only_x_left_in_stock": variant.quantity or None,
        "price_range": {"minimum_price": price},
        "media_gallery": _gallery(variant.photos),
    }


def _status(availability: Availability) -> str:
    return "IN_STOCK" if availability is Availability.IN_STOCK else "OUT_OF_STOCK"


def _attributes(variant: Variant) -> list[dict[str, Any]]:
    chosen = (("color", variant.style), ("size", variant.size))
    return [{"code": code, "label": label, "value_index": 1} for code, label in chosen if label]


def _gallery(urls: Any) -> list[dict[str, Any]]:
    shown = [{"url": url, "disabled": False, "position": place} for place, url in enumerate(urls, start=1)]
    return [{"url": "https://cdn.example/hidden.jpg", "disabled": True, "position": 0}, *reversed(shown)]


# A query, as far as GraphQL needs to be understood here: fields with arguments, inline fragments, and what is selected.

Selection = dict[str, "tuple[str, Selection | None]"]


def _parsed(query: str) -> Selection:
    tokens = iter(_TOKEN.findall(query))
    for token in tokens:
        if token == "(":
            _arguments(tokens)  # the variables' types
        elif token == "{":
            return _selection(tokens)
    raise QueryError("Syntax Error: Unexpected <EOF>")


def _arguments(tokens: Iterator[str]) -> str:
    """What stands between parentheses, without spaces."""
    found, depth = "", 1
    for token in tokens:
        depth += (token == "(") - (token == ")")
        if depth == 0:
            return found
        found += token
    raise QueryError("Syntax Error: Expected ), found <EOF>")


def _selection(tokens: Iterator[str]) -> Selection:
    selected: Selection = {}
    name = ""
    for token in tokens:
        if token == "}":
            return selected
        if token == "...":
            if next(tokens) != "on":
                raise QueryError("Syntax Error: only inline fragments are spoken here")
            name = f"...{next(tokens)}"
        elif token == "(":
            selected[name] = (_arguments(tokens), None)
        elif token == "{":
            selected[name] = (selected.get(name, ("", None))[0], _selection(tokens))
        else:
            name = token
            selected[name] = ("", None)
    raise QueryError("Syntax Error: Expected Name, found <EOF>")


def _select(selection: Selection, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, list):
        return [_select(selection, entry) for entry in value]
    selected: dict[str, Any] = {}
    for name, (_, below) in selection.items():
        if name.startswith("..."):
            if value["__typename"] == name.removeprefix("...") and below:
                selected |= _select(below, value)
        elif name not in value:
            raise QueryError(f'Cannot query field "{name}".')
        else:
            selected[name] = value[name] if below is None else _select(below, value[name])
    return selected
