"""Atelier, the French shop: a PrestaShop-like front office, HTML only (https://devdocs.prestashop-project.org/).

Where a visitor learns what (the key is the shop's reference, `sku` of the product):

- Products are found on the category pages `/<id>-<slug>?page=N` (departments from the home page; `rel=next`) and in the
  sitemap; their page is `/<id>-<slug>.html`, a wrong slug is redirected there (301).
- The second JSON-LD block of the page is a `Product`, or for goods with variants a `ProductGroup` (`productGroupID` is the
  reference) with `hasVariant`. It tells name, url, brand.name, slogan, description (plain text), category (the leaf),
  image (all photos; there are no thumbnails) and additionalProperty (features).
- `offers` of the Product and of each variant: price, availability, `inventoryLevel.value` (quantity, 0 when sold out) and,
  where a price is struck through, `priceSpecification` with `priceType` StrikethroughPrice. Each variant has sku, gtin13
  (missing where there is none), color, size (each missing where the good has none) and image. A ProductGroup has no offer and
  no gtin13 of its own: the cost is the lowest of its variants', the GTIN the first one's.
- related: `data-reference` of the articles in `.product-accessories`, in order.

The visible page writes `1 299,00 €` with a narrow no-break space (for every other product: a no-break one) and a no-break
space, and shows prices that are not the product's: shipping, an instalment, the struck-through price, the related goods'.
"""

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from listino.local.shops.article import Article
from listino.local.shops.goods import Form
from listino.local.shops.kinds import DEPARTMENTS, KINDS
from listino.local.shops.platform import Platform, decimal_point, page_in

_CODES = (*DEPARTMENTS, *(kind.code for kind in KINDS))
_FIRST_CATEGORY_ID = 3
_NBSP, _NARROW = "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"


class Atelier(Platform):
    product_address = re.compile(r"/(?P<number>[0-9]{1,9})-[^/]+\.html")
    product_template = "atelier.html"
    marks = '<script>var prestashop = {"currency": {"iso_code": "EUR"}};</script>'

    def own_routes(self) -> list[Route]:
        return [
            Route("/{id:int}-{slug}.html", self.product_page),
            Route("/{id:int}-{slug}", self.listing),
        ]

    def category_path(self, code: str, page: int = 1) -> str:
        return f"/{_FIRST_CATEGORY_ID + _CODES.index(code)}-{self.slugs[code]}" + (f"?page={page}" if page > 1 else "")

    def money(self, minor: int) -> str:
        thousands = _NARROW if minor % 2 == 0 else _NBSP
        return f"{minor // 100:,}".replace(",", thousands) + f",{minor % 100:02d}{_NBSP}€"

    async def listing(self, request: Request) -> Response:
        place = request.path_params["id"] - _FIRST_CATEGORY_ID
        code = _CODES[place] if 0 <= place < len(_CODES) else None
        known = code is not None and self.slugs[code] == request.path_params["slug"]
        return self.category_page(request, code if known else None, page_in(request.query_params.get("page")))

    def wrong_slug(self, request: Request, article: Article) -> Response:
        return RedirectResponse(self.base_url + self.front.address(article.good), status_code=301)

    def product_context(self, article: Article) -> dict[str, Any]:
        crumbs = [*self.trail(article), (article.good.name, self.base_url + self.front.address(article.good))]
        return {
            "breadcrumb": {
                "@context": "https://schema.org",
                "@type": "BreadcrumbList",
                "itemListElement": [
                    {"@type": "ListItem", "position": place, "name": name, "item": address}
                    for place, (name, address) in enumerate(crumbs, 1)
                ],
            },
            "product": self.product(article),
            "instalment": -(-article.price // 3),
        }

    def product(self, article: Article) -> dict[str, Any]:
        """The JSON-LD of a product page."""
        good = article.good
        told: dict[str, Any] = {
            "@context": "https://schema.org",
            "@type": "ProductGroup" if good.varies else "Product",
            "name": good.name,
            "url": self.base_url + self.front.address(good),
            "sku": good.reference,
            "brand": {"@type": "Brand", "name": good.brand},
            "category": article.category,
            "slogan": good.slogan,
            "description": good.description,
            "image": [self.base_url + article.photo(number) for number in range(1, good.photo_count + 1)],
            "additionalProperty": [
                {"@type": "PropertyValue", "name": label, "value": value} for label, value in good.features
            ],
        }
        if not good.varies:
            if good.gtin:
                told["gtin13"] = good.gtin
            return told | {"offers": self._offer(article, good.forms[0])}
        axes = (("color", any(form.colour for form in good.forms)), ("size", any(form.size for form in good.forms)))
        told["productGroupID"] = good.reference
        told["variesBy"] = [f"https://schema.org/{axis}" for axis, used in axes if used]
        told["hasVariant"] = [self._variant(article, form) for form in good.forms]
        return told

    def _variant(self, article: Article, form: Form) -> dict[str, Any]:
        parts = (article.good.name, article.colour(form), form.size)
        told: dict[str, Any] = {"@type": "Product", "name": " – ".join(filter(None, parts)), "sku": form.sku}
        if form.gtin:
            told["gtin13"] = form.gtin
        if form.colour:
            told["color"] = article.colour(form)
        if form.size:
            told["size"] = form.size
        told["image"] = self.base_url + article.photo(article.good.photo_of(form))
        told["offers"] = self._offer(article, form)
        return told

    def _offer(self, article: Article, form: Form) -> dict[str, Any]:
        pieces = article.quantity(form)
        told: dict[str, Any] = {
            "@type": "Offer",
            "price": decimal_point(article.cost(form)),
            "priceCurrency": "EUR",
            "availability": f"https://schema.org/{'InStock' if pieces else 'OutOfStock'}",
            "itemCondition": "https://schema.org/NewCondition",
            "inventoryLevel": {"@type": "QuantitativeValue", "value": pieces},
        }
        listed = article.list_cost(form)
        if listed is not None:
            told["priceSpecification"] = {
                "@type": "UnitPriceSpecification",
                "priceType": "https://schema.org/StrikethroughPrice",
                "price": decimal_point(listed),
                "priceCurrency": "EUR",
            }
        return told
