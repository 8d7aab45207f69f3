"""Bottega, the Italian shop: WooCommerce with its Store API (https://developer.woocommerce.com/docs/apis/store-api/).

Where a visitor learns what (the key is the product id as text):

- `GET /wp-json/wc/store/v1/products?per_page=100&page=N&order=asc&orderby=id` lists; `X-WP-Total`, `X-WP-TotalPages` and
  `Link` tell how far; past the end the list is empty. Also `include=1,2`, `type=simple|variable`, `category=ID`. Newest
  first unless asked otherwise. As on the real platform `name`, category, brand and term names and the `value` of attributes
  carry HTML entities (`&amp;`).
- name, permalink (url), brands[0].name, short_description (slogan, HTML), description (HTML), images (photo and thumbnail),
  the category whose `link` is deepest (category), `attributes` with `has_variations` false (features, one term each),
  `is_in_stock`, `prices` in cents: `price`, and `regular_price` where `on_sale` (list cost) are those of the cheapest variant.
- Variants: `?type=variation&parent=ID[,ID…]&per_page=100`: `variation` ("Colore: Rosso, Numero: 38": the colour is the style,
  whatever else the size), `sku`, `prices`, `is_in_stock`, `images[0]`, `low_stock_remaining` (quantity; null above five
  pieces, 0 when sold out). A simple product tells these of itself, and is its own nameless variant.
- gtin and related: only on the page `/prodotto/<slug>/`: `gtin` of the Product in the JSON-LD `@graph` (missing where the
  good has none), and the links with `data-product_id` in `section.related`. Variants' GTINs are shown nowhere.

A product that is gone answers 410 on its page and under its id (real shops answer 404 there), and is in no list.
"""

import re
from collections.abc import Mapping
from math import ceil
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from listino.local.shops.answers import json_answer
from listino.local.shops.article import Article
from listino.local.shops.catalogue import Catalogue
from listino.local.shops.goods import Form
from listino.local.shops.kinds import DEPARTMENTS, KINDS
from listino.local.shops.platform import Platform, decimal_point, page_in
from listino.local.shops.store_api import StoreApi, category_code

API = "/wp-json/wc/store/v1/products"


class Bottega(Platform):
    product_address = re.compile(r"/prodotto/[^/]+-(?P<number>[0-9]{1,9})/")
    product_template = "bottega.html"
    marks = '<meta name="generator" content="WooCommerce 9.4.2">'

    def __init__(self, catalogue: Catalogue) -> None:
        super().__init__(catalogue)
        self.api = StoreApi(self)

    def own_routes(self) -> list[Route]:
        return [
            Route(API, self.store_products),
            Route(API + "/{id:int}", self.store_product),
            Route("/prodotto/{slug}/", self.product_page),
            Route("/categoria-prodotto/{department}/", self.department),
            Route("/categoria-prodotto/{department}/page/{page}/", self.department),
            Route("/categoria-prodotto/{department}/{leaf}/", self.leaf),
            Route("/categoria-prodotto/{department}/{leaf}/page/{page}/", self.leaf),
        ]

    def category_path(self, code: str, page: int = 1) -> str:
        parents = [kind.department for kind in KINDS if kind.code == code]
        slugs = "/".join(self.slugs[part] for part in (*parents, code))
        return f"/categoria-prodotto/{slugs}/" + (f"page/{page}/" if page > 1 else "")

    async def department(self, request: Request) -> Response:
        code = self.codes.get(request.path_params["department"])
        return self.category_page(
            request, code if code in DEPARTMENTS else None, page_in(request.path_params.get("page"))
        )

    async def leaf(self, request: Request) -> Response:
        code = self.codes.get(request.path_params["leaf"])
        belongs = any(
            kind.code == code and self.slugs[kind.department] == request.path_params["department"] for kind in KINDS
        )
        return self.category_page(request, code if belongs else None, page_in(request.path_params.get("page")))

    def keys_asked(self, path: str, query: Mapping[str, list[str]]) -> list[str]:
        ids: list[str] = []
        if path == API:
            ids = [part for name in ("parent", "include") for text in query.get(name, []) for part in text.split(",")]
        elif path.startswith(API + "/"):
            ids = [path.removeprefix(API + "/")]
        if not ids:
            return super().keys_asked(path, query)
        indexes = [self._index_of_id(int(part)) for part in ids if part.isascii() and part.isdigit()]
        return [
            self.catalogue.key_of(index) for index in indexes if index is not None and self.catalogue.is_live(index)
        ]

    async def store_products(self, request: Request) -> Response:
        """A page of products, or of the variations of some products."""
        query = request.query_params
        per_page, page = page_in(query.get("per_page", "10")), page_in(query.get("page"))
        if not 1 <= per_page <= 100:
            return self._invalid(request, "per_page", "per_page deve essere compreso tra 1 (incluso) e 100 (incluso)")
        if page < 1:
            return self._invalid(request, "page", "page deve essere maggiore o uguale a 1")
        try:
            parents, include = _ids(query.get("parent")), _ids(query.get("include"))
            category = _ids(query.get("category"))
        except ValueError:
            return self._invalid(request, "parent", "i numeri non sono validi")
        if query.get("type") == "variation":
            found: list[tuple[int, Form | None]] = self._variations(parents, include)
        else:
            found = [(index, None) for index in self._products(query.get("type"), include, category)]
        if query.get("order", "desc") != "asc":
            found.reverse()
        pages = ceil(len(found) / per_page)
        chosen = found[(page - 1) * per_page : page * per_page]
        articles = [(self.catalogue.article(index), form) for index, form in chosen]
        payload = [
            self.api.product(article) if form is None else self.api.variation(article, form)
            for article, form in articles
        ]
        headers = {"x-wp-total": str(len(found)), "x-wp-totalpages": str(pages)}
        links = [("prev", page - 1)] * (page > 1) + [("next", page + 1)] * (page < pages)
        if links:
            headers["link"] = ", ".join(
                f'<{self.base_url}{API}?{request.url.include_query_params(page=n).query}>; rel="{rel}"'
                for rel, n in links
            )
        return json_answer(request, payload, headers=headers)

    async def store_product(self, request: Request) -> Response:
        number = request.path_params["id"]
        index = self._index_of_id(number)
        if self.catalogue.is_gone(index):
            return json_answer(
                request, _error("woocommerce_rest_product_gone", "Prodotto non più in vendita.", 410), status=410
            )
        if index is not None and self.catalogue.is_live(index):
            article = self.catalogue.article(index)
            if number == self.front.product_id(article.good):
                return json_answer(request, self.api.product(article), changed_at=article.changed_at)
            for form in article.good.forms if article.good.varies else ():
                if number == self.front.variant_id(article.good, form):
                    return json_answer(request, self.api.variation(article, form), changed_at=article.changed_at)
        return json_answer(
            request, _error("woocommerce_rest_product_invalid_id", "ID prodotto non valido.", 404), status=404
        )

    def product_context(self, article: Article) -> dict[str, Any]:
        good = article.good
        url = self.base_url + self.front.address(good)
        crumbs = [
            {"@type": "ListItem", "position": place, "item": {"name": name, "@id": address}}
            for place, (name, address) in enumerate(self.trail(article), 1)
        ]
        offer: dict[str, Any] = {"@type": "Offer", "price": decimal_point(article.price)}
        if good.varies:
            costs = [article.cost(form) for form in good.forms]
            offer = {
                "@type": "AggregateOffer",
                "lowPrice": decimal_point(min(costs)),
                "highPrice": decimal_point(max(costs)),
                "offerCount": len(costs),
            }
        state = "InStock" if article.in_stock else "OutOfStock"
        offer |= {"priceCurrency": "EUR", "availability": f"http://schema.org/{state}", "url": url}
        product = {
            "@type": "Product",
            "@id": url + "#product",
            "name": good.name,
            "url": url,
            "description": good.slogan,
            "image": self.base_url + article.photo(1),
            "sku": good.reference,
            **({"gtin": good.gtin} if good.gtin else {}),
            "brand": {"@type": "Brand", "name": good.brand},
            "offers": [offer],
        }
        breadcrumb = {"@type": "BreadcrumbList", "itemListElement": crumbs}
        return {"graph": {"@context": "https://schema.org/", "@graph": [breadcrumb, product]}}

    def _index_of_id(self, number: int) -> int | None:
        """The index whose product or variation has this id."""
        return self.front.index_of_key(str(number - (number - self.front.first_id) % self.front.id_step))

    def _products(self, kind: str | None, include: list[int], category: list[int]) -> list[int]:
        indexes = list(self.catalogue.live())
        if include:
            asked = {self.front.index_of_key(str(number)) for number in include}
            indexes = [index for index in indexes if index in asked]
        if category:
            codes = [code for number in category if (code := category_code(number))]
            within = {index for code in codes for index in self.catalogue.in_category(code)}
            indexes = [index for index in indexes if index in within]
        if kind in ("simple", "variable"):
            indexes = [index for index in indexes if self.catalogue.article(index).good.varies == (kind == "variable")]
        return indexes

    def _variations(self, parents: list[int], include: list[int]) -> list[tuple[int, Form | None]]:
        asked = {self.front.index_of_key(str(number)) for number in parents}
        indexes = sorted(index for index in asked if index is not None) if asked else self.catalogue.live()
        found: list[tuple[int, Form | None]] = []
        for index in filter(self.catalogue.is_live, indexes):
            good = self.catalogue.article(index).good
            wanted = [form for form in good.forms if not include or self.front.variant_id(good, form) in include]
            found += [(index, form) for form in wanted if good.varies]
        return found

    def _invalid(self, request: Request, name: str, why: str) -> Response:
        error = _error("rest_invalid_param", f"Parametro(i) non valido(i): {name}", 400)
        error["data"]["params"] = {name: why}
        return json_answer(request, error, status=400)


def _ids(text: str | None) -> list[int]:
    return [int(part) for part in text.split(",")] if text else []


def _error(code: str, message: str, status: int) -> dict[str, Any]:
    return {"code": code, "message": message, "data": {"status": status}}
