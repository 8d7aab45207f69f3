"""Kontor, the German shop: Shopify-like (https://shopify.dev/docs/api/ajax/reference/product).

Where a visitor learns what (the key is the product id as text):

- `GET /products.json?limit=250&page=N` and `/collections/<handle>/products.json` (also `all`) list, thirty unless asked
  otherwise; past the end `{"products": []}`. Prices are strings ("49.90"), `compare_at_price` is null unless struck through.
  There is no barcode in a list.
- `GET /products/<handle>.js` has the prices in cents, `barcode` of each variant (null where the good has none), image
  addresses without a scheme ("//host/…", to be read with the page's), `featured_image.src` of each variant.
- Both tell title (name), handle (url is `/products/<handle>`), vendor (brand), `product_type`/`type` (the leaf category),
  `body_html`/`description` (HTML), images (photos; no thumbnails), tags: those of the form "Label: value" are the features,
  in order, others are labels of the shop. There is no slogan anywhere.
- Variants: sku, `available`, `price`, `compare_at_price`; `option1…` are named by `options` (objects with `name`): "Farbe" is
  the style, whatever else the size. A good without variants has the option "Title" with the value "Default Title".
  Quantities are not shown. The product's cost is the lowest price, its GTIN the first variant's barcode.
- related: `GET /recommendations/products.json?product_id=ID&limit=4` (also `data-product-id` on the page), in order.

A product that is gone answers 410 (real shops: 404) on its page and `.js`, and is in no list.
"""

import re
from math import ceil
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from listino.local.shops.answers import json_answer
from listino.local.shops.article import Article
from listino.local.shops.goods import Form
from listino.local.shops.platform import Platform, decimal_point, page_in

_FIRST_IMAGE_ID = 37_200_000_000_000
_GRAMS = {"250 g": 250, "500 g": 500, "1 kg": 1000}


class Kontor(Platform):
    product_address = re.compile(r"/products/[^/]+-(?P<number>[0-9]{1,9})(?:\.js)?")
    product_template = "kontor.html"
    marks = (
        '<script>var Shopify = Shopify || {};Shopify.shop = "kontor.myshopify.com";'
        'Shopify.currency = {"active":"EUR","rate":"1.0"};</script>'
    )

    def own_routes(self) -> list[Route]:
        return [
            Route("/products.json", self.list_all),
            Route("/collections/{handle}/products.json", self.list_collection),
            Route("/recommendations/products.json", self.recommendations),
            Route("/products/{handle}.js", self.product_js),
            Route("/products/{handle}", self.product_page),
            Route("/collections/{handle}", self.collection),
        ]

    def category_path(self, code: str, page: int = 1) -> str:
        return f"/collections/{self.slugs[code]}" + (f"?page={page}" if page > 1 else "")

    async def collection(self, request: Request) -> Response:
        return self.category_page(
            request, self.codes.get(request.path_params["handle"]), page_in(request.query_params.get("page"))
        )

    async def list_all(self, request: Request) -> Response:
        return self._list(request, list(self.catalogue.live()))

    async def list_collection(self, request: Request) -> Response:
        handle = request.path_params["handle"]
        if handle == "all":
            return await self.list_all(request)
        code = self.codes.get(handle)
        if code is None:
            return json_answer(request, {"errors": "Not Found"}, status=404)
        return self._list(request, list(self.catalogue.in_category(code)))

    async def product_js(self, request: Request) -> Response:
        index = self.index_in(request.url.path)
        if self.catalogue.is_gone(index):
            return json_answer(request, {"status": 410, "description": "Gone"}, status=410)
        if index is not None and self.catalogue.is_live(index):
            article = self.catalogue.article(index)
            if self.front.handle(article.good) == request.path_params["handle"]:
                return json_answer(request, self.in_cents(article), changed_at=article.changed_at)
        return json_answer(request, {"status": 404, "description": "Not Found"}, status=404)

    async def recommendations(self, request: Request) -> Response:
        index = self.front.index_of_key(request.query_params.get("product_id", ""))
        if index is None or not self.catalogue.is_live(index):
            error = {"status": 404, "message": "Product not found", "description": "product_id"}
            return json_answer(request, error, status=404)
        limit = page_in(request.query_params.get("limit", "10"))
        articles = [self.catalogue.article(other) for other in self.catalogue.article(index).good.related[:limit]]
        return json_answer(request, {"intent": "related", "products": [self.in_cents(article) for article in articles]})

    def listed(self, article: Article) -> dict[str, Any]:
        """A product as products.json gives it."""
        good = article.good
        changed = article.changed_at.isoformat()
        created = good.introduced.isoformat()
        product_id = self.front.product_id(good)
        return {
            "id": product_id,
            "title": good.name,
            "handle": self.front.handle(good),
            "body_html": good.description_html,
            "published_at": created,
            "created_at": created,
            "updated_at": changed,
            "vendor": good.brand,
            "product_type": article.category,
            "tags": self._tags(article),
            "variants": [
                {
                    "id": self.front.variant_id(good, form),
                    **self._choices(article, form),
                    "sku": form.sku,
                    "requires_shipping": True,
                    "taxable": True,
                    "featured_image": self._image(article, good.photo_of(form)) if good.varies else None,
                    "available": article.quantity(form) > 0,
                    "price": decimal_point(article.cost(form)),
                    "grams": _GRAMS.get(form.size, good.kind.weight[0]),
                    "compare_at_price": None
                    if article.list_price is None
                    else decimal_point(article.list_cost(form) or 0),
                    "position": form.position + 1,
                    "product_id": product_id,
                    "created_at": created,
                    "updated_at": changed,
                }
                for form in good.forms
            ],
            "images": [self._image(article, number) for number in range(1, good.photo_count + 1)],
            "options": self._options(article),
        }

    def in_cents(self, article: Article) -> dict[str, Any]:
        """A product as `.js` and the recommendations give it."""
        good = article.good
        costs = [article.cost(form) for form in good.forms]
        listed = [cost for form in good.forms if (cost := article.list_cost(form)) is not None]
        images = [self._without_scheme(article.photo(number)) for number in range(1, good.photo_count + 1)]
        return {
            "id": self.front.product_id(good),
            "title": good.name,
            "handle": self.front.handle(good),
            "description": good.description_html,
            "published_at": good.introduced.isoformat(),
            "created_at": good.introduced.isoformat(),
            "vendor": good.brand,
            "type": article.category,
            "tags": self._tags(article),
            "price": min(costs),
            "price_min": min(costs),
            "price_max": max(costs),
            "available": article.in_stock,
            "price_varies": min(costs) != max(costs),
            "compare_at_price": min(listed, default=None),
            "compare_at_price_min": min(listed, default=0),
            "compare_at_price_max": max(listed, default=0),
            "compare_at_price_varies": len(set(listed)) > 1,
            "variants": [self._variant_in_cents(article, form) for form in good.forms],
            "images": images,
            "featured_image": images[0],
            "options": self._options(article),
            "url": self.front.address(good),
        }

    def product_context(self, article: Article) -> dict[str, Any]:
        good = article.good
        url = self.base_url + self.front.address(good)
        variants = [
            {
                "@type": "Product",
                "@id": f"{url}?variant={self.front.variant_id(good, form)}#variant",
                "name": " – ".join(filter(None, (good.name, article.colour(form), form.size))),
                "sku": form.sku,
                **({"gtin": form.gtin} if form.gtin else {}),
                "image": self.base_url + article.photo(good.photo_of(form)),
                "offers": {
                    "@type": "Offer",
                    "price": decimal_point(article.cost(form)),
                    "priceCurrency": "EUR",
                    "availability": f"http://schema.org/{'InStock' if article.quantity(form) else 'OutOfStock'}",
                    "url": f"{url}?variant={self.front.variant_id(good, form)}",
                },
            }
            for form in good.forms
        ]
        group = {
            "@context": "http://schema.org/",
            "@type": "ProductGroup",
            "@id": self.front.address(good) + "#product",
            "productGroupID": self.front.key(good),
            "name": good.name,
            "url": url,
            "brand": {"@type": "Brand", "name": good.brand},
            "category": article.category,
            "description": good.description,
            "hasVariant": variants,
        }
        cheapest = min(good.forms, key=article.cost)
        grams = _GRAMS.get(cheapest.size)
        return {"product": group, "unit_price": round(article.cost(cheapest) * 1000 / grams) if grams else None}

    def _list(self, request: Request, indexes: list[int]) -> Response:
        limit = min(page_in(request.query_params.get("limit", "30")) or 30, 250)
        page = page_in(request.query_params.get("page")) or 1
        chosen = indexes[(page - 1) * limit : page * limit] if page <= ceil(len(indexes) / limit) else []
        return json_answer(request, {"products": [self.listed(self.catalogue.article(index)) for index in chosen]})

    def _variant_in_cents(self, article: Article, form: Form) -> dict[str, Any]:
        good = article.good
        choices = self._choices(article, form)
        image = self._image(article, good.photo_of(form)) if good.varies else None
        return {
            "id": self.front.variant_id(good, form),
            **choices,
            "sku": form.sku,
            "requires_shipping": True,
            "taxable": True,
            "featured_image": image and {**image, "src": self._without_scheme(article.photo(good.photo_of(form)))},
            "available": article.quantity(form) > 0,
            "name": f"{good.name} - {choices['title']}" if good.varies else good.name,
            "public_title": choices["title"] if good.varies else None,
            "options": [choices[f"option{n}"] for n in range(1, len(self._options(article)) + 1)],
            "price": article.cost(form),
            "weight": _GRAMS.get(form.size, good.kind.weight[0]),
            "compare_at_price": article.list_cost(form),
            "inventory_management": "shopify",
            "barcode": form.gtin,
        }

    def _choices(self, article: Article, form: Form) -> dict[str, Any]:
        values = [value for value in (article.colour(form), form.size) if value] or ["Default Title"]
        padded = (*values, None, None)
        return {"title": " / ".join(values), "option1": padded[0], "option2": padded[1], "option3": None}

    def _options(self, article: Article) -> list[dict[str, Any]]:
        forms = article.good.forms
        axes = {
            self.words.labels["colour"]: dict.fromkeys(article.colour(form) for form in forms if form.colour),
            self.words.labels.get(article.good.kind.scale, ""): dict.fromkeys(form.size for form in forms if form.size),
        }
        used = {name: list(values) for name, values in axes.items() if values} or {"Title": ["Default Title"]}
        return [
            {"name": name, "position": place, "values": values} for place, (name, values) in enumerate(used.items(), 1)
        ]

    def _tags(self, article: Article) -> list[str]:
        features = [f"{label}: {value}" for label, value in article.good.features]
        return [article.department, *features, *(["Sale"] if article.list_price else [])]

    def _image(self, article: Article, number: int) -> dict[str, Any]:
        good = article.good
        shown = [
            self.front.variant_id(good, form) for form in good.forms if good.varies and good.photo_of(form) == number
        ]
        return {
            "id": _FIRST_IMAGE_ID + good.number * 4096 + number,
            "product_id": self.front.product_id(good),
            "position": number,
            "src": self.base_url + article.photo(number),
            "alt": None,
            "width": 800,
            "height": 800,
            "variant_ids": shown,
        }

    def _without_scheme(self, path: str) -> str:
        return "//" + self.base_url.partition("://")[2] + path
