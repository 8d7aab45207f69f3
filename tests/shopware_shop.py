"""A shop that answers as Shopware's Store API is documented to, with goods of the demo shops.

https://shopware.stoplight.io/docs/store-api (product list, search criteria, authentication)
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from listino.domain.offer import Availability, ShopProduct, Variant

ACCESS_KEY = "SWSCTESTSALESCHANNELKEY001"
_MOST = 100
# What comes only when it is asked for.
_ASSOCIATIONS = ("children", "options", "cover", "media", "manufacturer", "categories", "properties", "group")


@dataclass
class ShopwareShop:
    """Its goods by id, which a test may change, and the criteria it was asked with."""

    goods: dict[str, ShopProduct]
    asked: list[dict[str, Any]] = field(default_factory=list)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/store-api/product", self.products, methods=["GET", "POST"]),
                Route("/store-api/context", self.context),
                Route("/robots.txt", robots),
                Route("/", home),
            ]
        )

    async def context(self, request: Request) -> Response:
        if (refused := _refused(request)) is not None:
            return refused
        return JSONResponse({"token": "t", "currency": {"isoCode": "EUR"}})

    async def products(self, request: Request) -> Response:
        if (refused := _refused(request)) is not None:
            return refused
        criteria = json.loads(await request.body() or b"{}")
        self.asked.append(criteria)
        limit, number = criteria.get("limit", 24), criteria.get("page", 1)
        if limit > _MOST:
            return _error(400, "FRAMEWORK__QUERY_LIMIT_EXCEEDED", f"The limit must be lower than or equal to {_MOST}.")
        found = sorted(self.goods.values(), key=lambda goods: goods.sku)
        items = [item for goods in found for item in _family(goods)]
        if "ids" in criteria:
            items = [item for item in items if item["id"] in criteria["ids"]]
        for wanted in criteria.get("filter", []):
            items = [item for item in items if item[wanted["field"]] == wanted["value"]]
        shown = items[(number - 1) * limit : number * limit]
        with_addresses = request.headers.get("sw-include-seo-urls") == "true"
        return JSONResponse(
            {
                "entity": "product",
                "total": len(items) if criteria.get("total-count-mode") == 1 else len(shown),
                "aggregations": [],
                "page": number,
                "limit": limit,
                "elements": [
                    _included(_associated(item, criteria) | ({} if with_addresses else {"seoUrls": None}), criteria)
                    for item in shown
                ],
                "apiAlias": "product_listing",
            }
        )


def shopware_id(text: str) -> str:
    """An id as Shopware gives them: 32 hexadecimal digits."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def as_shopware_shows(goods: ShopProduct, base_url: str) -> ShopProduct:
    """The goods as they can be learned from this shop: without slogan and related goods, under its ids and addresses."""
    single = len(goods.offer.variants) == 1
    variants = tuple(
        replace(v, sku=goods.sku if single else v.sku, gtin=goods.gtin if single else v.gtin)
        for v in goods.offer.variants
    )
    return replace(
        goods,
        sku=shopware_id(goods.sku),
        url=f"{base_url}/{_path(goods)}",
        slogan=None,
        related=(),
        offer=replace(goods.offer, variants=variants),
    )


async def home(_: Request) -> Response:
    scripts = f'<script src="/bundles/storefront/app.js"></script><script>window.accessKey = "{ACCESS_KEY}"</script>'
    return HTMLResponse(f'<html lang="de-DE"><head>{scripts}</head></html>', headers={"sw-language-id": "2fbb5fe2"})


async def robots(_: Request) -> Response:
    return PlainTextResponse("User-agent: *\nDisallow: /checkout/\n")


def _refused(request: Request) -> Response | None:
    key = request.headers.get("sw-access-key")
    if key is None:
        return _error(401, "FRAMEWORK__API_MISSING_ACCESS_KEY", 'Header "sw-access-key" is required.')
    return None if key == ACCESS_KEY else _error(401, "FRAMEWORK__API_INVALID_ACCESS_KEY", "Access key is invalid.")


def _error(status: int, code: str, detail: str) -> Response:
    return JSONResponse({"errors": [{"status": str(status), "code": code, "detail": detail}]}, status_code=status)


def _path(goods: ShopProduct) -> str:
    return f"{goods.name.replace(' ', '-').replace('/', '-')}/{goods.sku}"


def _family(goods: ShopProduct) -> list[dict[str, Any]]:
    """A product, and its variants as products of their own behind it."""
    variants = goods.offer.variants
    identity = shopware_id(goods.sku)
    children = [_sold(variant, variant.sku, parent=identity) for variant in variants] if len(variants) > 1 else []
    parent = {
        **_sold(variants[0], goods.sku, parent=None),
        "ean": goods.gtin,
        "available": goods.offer.availability is Availability.IN_STOCK,
        "name": None,
        "translated": {"name": goods.name, "description": f"<p>{escape(goods.description or '')}</p>"},
        "manufacturer": {"name": goods.brand, "translated": {"name": goods.brand}} if goods.brand else None,
        "categories": [
            {"level": 3, "translated": {"name": goods.category}},
            {"level": 2, "translated": {"name": "Alles"}},
        ],
        "media": [
            {"position": place, "media": _media(photo.url, photo.thumbnail_url)}
            for place, photo in reversed(list(enumerate(goods.photos)))
        ],
        "properties": [_option(group, value) for group, value in goods.features],
        "options": [],
        "children": children,
        "seoUrls": [
            {"seoPathInfo": f"alt/{goods.sku}", "isCanonical": None},
            {"seoPathInfo": _path(goods), "isCanonical": True},
        ],
    }
    return [parent, *children]


def _sold(variant: Variant, number: str, *, parent: str | None) -> dict[str, Any]:
    amount = float(variant.cost.major)
    struck = {"price": float(variant.list_cost.major), "percentage": 10.0} if variant.list_cost else None
    price = {"unitPrice": amount, "totalPrice": amount, "quantity": 1, "listPrice": struck}
    in_stock = variant.availability is Availability.IN_STOCK
    return {
        "id": shopware_id(number),
        "parentId": parent,
        "productNumber": number,
        "ean": variant.gtin,
        "active": True,
        "available": in_stock,
        "availableStock": (variant.quantity or 0) if in_stock else 0,
        "calculatedPrice": price,
        "calculatedPrices": [],
        "cover": {"media": _media(variant.photos[0], variant.photos[0])} if variant.photos else None,
        "options": [_option(*chosen) for chosen in (("Farbe", variant.style), ("Größe", variant.size)) if chosen[1]],
        "children": None,
        "apiAlias": "product",
    }


def _media(url: str, thumbnail: str) -> dict[str, Any]:
    return {"url": url, "thumbnails": [{"width": 1920, "url": url}, {"width": 400, "url": thumbnail}]}


def _option(group: str, value: str) -> dict[str, Any]:
    return {"name": None, "translated": {"name": value}, "group": {"translated": {"name": group}}}


def _associated(value: Any, criteria: Mapping[str, Any]) -> Any:
    """The entity with those of its associations that were asked for; the others are null."""
    if isinstance(value, list):
        return [_associated(entry, criteria) for entry in value]
    asked = criteria.get("associations", {})
    return {
        name: (_associated(held, asked[name]) if held and name in asked else None) if name in _ASSOCIATIONS else held
        for name, held in value.items()
    }


def _included(value: Any, criteria: Mapping[str, Any]) -> Any:
    """The product with the fields that are included, and so its children."""
    wanted = criteria.get("includes", {}).get("product")
    if wanted is None:
        return value
    children = [_included(child, criteria) for child in value.get("children") or ()] or None
    return {name: held for name, held in {**value, "children": children}.items() if name in (*wanted, "apiAlias")}
