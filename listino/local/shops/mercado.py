"""Mercado, the Spanish shop: hand-made HTML with schema.org microdata (https://html.spec.whatwg.org/multipage/microdata.html).

There is no JSON at all. Where a visitor learns what (the key is the shop's reference, itemprop `sku`):

- Products are found on the category pages `/c/<slug>?pagina=N` (departments from the home page; `rel=next`) and in the
  sitemap; their page is `/producto/<slug>-<number>`.
- The outermost item of type Product, or ProductGroup for goods with variants, tells name, url, sku, gtin13 (missing where there
  is none), brand (an item with a name), slogan, image (on links: the photo is the `href`, its thumbnail the `src` within),
  description (HTML; its text, whitespace-normalised) and additionalProperty (items with name and value: the features).
- `offers` of a Product and of each `hasVariant` item: price, priceCurrency, availability, and the struck-through price as
  the text of a `del` within the offer, if there is one. Each variant has sku, gtin13, color, size (missing where there is
  none) and image. A ProductGroup has no offer: its cost is the lowest of its variants'. No quantities are shown.
- The price is in `content` ("1299.00"), but on every fifth page only in the text ("1.299,00 €").
- category: the last name in the BreadcrumbList, an item of its own. related: `sku` of the nested `isRelatedTo` items, which
  have names and offers as well, and on every fourth page come before the product's own offer.

Every third product page is in ISO-8859-1, where what it lacks (€, –) is a character reference; of those, half say so only in
the Content-Type header and half only in `<meta charset>`. All other pages are UTF-8 and say so in both.
"""

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from listino.local.shops.answers import HTML_UTF8, answer
from listino.local.shops.article import Article
from listino.local.shops.platform import Platform, page_in


class Mercado(Platform):
    product_address = re.compile(r"/producto/[^/]+-(?P<number>[0-9]{1,9})")
    product_template = "mercado.html"

    def own_routes(self) -> list[Route]:
        return [
            Route("/producto/{slug}", self.product_page),
            Route("/c/{slug}", self.listing),
        ]

    def category_path(self, code: str, page: int = 1) -> str:
        return f"/c/{self.slugs[code]}" + (f"?pagina={page}" if page > 1 else "")

    async def listing(self, request: Request) -> Response:
        code = self.codes.get(request.path_params["slug"])
        return self.category_page(request, code, page_in(request.query_params.get("pagina")))

    def product_answer(self, request: Request, article: Article) -> Response:
        view = self.product_view(article)
        number = article.good.number
        if number % 3:
            body, content_type = self.render(self.product_template, **view).encode(), HTML_UTF8
        elif number % 2:
            body = _latin(self.render(self.product_template, charset="", **view))
            content_type = "text/html; charset=ISO-8859-1"
        else:
            body = _latin(self.render(self.product_template, charset="iso-8859-1", **view))
            content_type = "text/html"
        return answer(request, body, content_type, changed_at=article.changed_at)

    def product_context(self, article: Article) -> dict[str, Any]:
        number = article.good.number
        return {
            "schema": "http://schema.org" if number % 7 == 0 else "https://schema.org",
            "price_as_text": number % 5 == 2,
            "related_first": number % 4 == 0,
        }


def _latin(html: str) -> bytes:
    return html.encode("iso-8859-1", errors="xmlcharrefreplace")
