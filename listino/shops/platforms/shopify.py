"""Shopify shops, by the JSON that every storefront publishes.

`/products.json` lists 250 products a page; `/products/<handle>.js` has one product with its variants' barcodes, prices
in cents. Neither names the currency: it is the market's. A live refresh is the one `.js` request. Related products would
cost one more request for every product; they are not asked for. A shop that declares collections is crawled through their
lists, `/collections/<handle>/products.json`, alone.
https://shopify.dev/docs/api/ajax/reference/product
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urlsplit

from listino.domain.errors import GoneFromShop, InvalidValue, UnreadablePage
from listino.domain.money import Money
from listino.domain.offer import Availability, Photo, ShopOffer, ShopProduct, Variant
from listino.extract.addresses import absolute
from listino.extract.schema_org import gtin_of
from listino.extract.text import plain, plain_from_html
from listino.shops.options import style_and_size
from listino.shops.platform import Expected, Fetch, Found, Known, OneByOne, Page
from listino.shops.shop import Shop

_PER_PAGE = 250


class Shopify(OneByOne):
    name = "shopify"
    options = ("collections",)
    sources = MappingProxyType(
        {"sku": "id", "name": "title", "price": "variants' price", "list_price": "variants' compare_at_price"}
        | {"availability": "variants' available", "brand": "vendor", "gtin": "variants' barcode", "category": "type"}
        | {"description": "description", "photos": "images", "variants": "variants"}
    )

    def start(self, shop: Shop) -> Sequence[Fetch]:
        scopes = [f"/collections/{quote(handle)}" for handle in shop.options.collections] or [""]
        return [self._list(shop, scope, 1) for scope in scopes]

    def read(self, shop: Shop, fetch: Fetch, page: Page) -> Iterator[Found]:
        if fetch.purpose == "product":
            yield _goods(shop, page)
            return
        answer = page.json
        if not isinstance(answer, dict) or not isinstance(answer.get("products"), list):
            raise UnreadablePage(f"{page.url} is no list of products")
        products = answer["products"]
        if not all(isinstance(product, dict) and product.get("handle") for product in products):
            raise UnreadablePage(f"{page.url} lists a product without a handle")
        if len(products) == _PER_PAGE:
            yield self._list(shop, fetch.carry["scope"], fetch.carry["number"] + 1)
        yield Expected(len(products))
        for product in products:
            address = f"{shop.url}/products/{product['handle']}"
            yield Fetch(url=f"{address}.js", purpose="product", optional=True, alone=True, about=address)

    def refresh(self, shop: Shop, known: Known) -> Fetch:
        handle = urlsplit(known.url).path.rstrip("/").rsplit("/", 1)[-1]
        return Fetch(url=f"{shop.url}/products/{handle}.js", purpose="offer")

    def read_offer(self, shop: Shop, known: Known, page: Page) -> ShopOffer:
        product = page.json
        offer = _offer(shop, product, page.url)
        if str(product.get("id", known.sku)) != known.sku:
            raise GoneFromShop(f"{page.url} is product {product['id']} now")
        return offer

    @staticmethod
    def _list(shop: Shop, scope: str, number: int) -> Fetch:
        url = f"{shop.url}{scope}/products.json?limit={_PER_PAGE}&page={number}"
        return Fetch(url=url, purpose="list", carry={"scope": scope, "number": number})


def _goods(shop: Shop, page: Page) -> ShopProduct:
    product = page.json
    offer = _offer(shop, product, page.url)
    missing = [name for name in ("id", "handle", "title") if not product.get(name)]
    if missing:
        raise UnreadablePage(f"{page.url} is a Shopify product without {', '.join(missing)}")
    photos = [photo for image in product.get("images") or () if (photo := absolute(page.url, image))]
    return ShopProduct(
        sku=str(product["id"]),
        url=absolute(page.url, product.get("url") or f"/products/{product['handle']}"),
        name=plain(product["title"]) or "",
        brand=plain(product.get("vendor")),
        gtin=offer.variants[0].gtin,
        category=plain(product.get("type")),
        description=plain_from_html(product.get("description")),
        photos=tuple(Photo(url=photo, thumbnail_url=photo) for photo in photos),
        features=tuple(_features(product.get("tags") or ())),
        offer=offer,
    )


def _features(tags: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Tags of the form "Material: Leder"; others are labels of the shop's own."""
    for tag in tags:
        name, colon, value = tag.partition(": ")
        if colon and name and value:
            yield name, value


def _offer(shop: Shop, product: Any, url: str) -> ShopOffer:
    if not isinstance(product, dict) or not isinstance(product.get("variants"), list):
        raise UnreadablePage(f"{url} is no Shopify product")
    entries = product["variants"]
    if not entries or not all(isinstance(entry, dict) and entry.get("id") for entry in entries):
        raise UnreadablePage(f"{url} is a Shopify product without variants that have an id")
    # Shopify lets several variants bear one SKU; then only their ids tell them apart.
    bearers = Counter(entry.get("sku") for entry in entries)
    names = [option["name"] if isinstance(option, dict) else option for option in product.get("options") or ()]
    varies = len(entries) > 1 or entries[0].get("title") != "Default Title"

    def key(entry: Mapping[str, Any]) -> str:
        return entry["sku"] if entry.get("sku") and bearers[entry["sku"]] == 1 else str(entry["id"])

    return ShopOffer.of([_variant(shop, key(entry), entry, names, url, varies) for entry in entries])


def _variant(shop: Shop, sku: str, entry: Mapping[str, Any], names: Sequence[str], url: str, varies: bool) -> Variant:
    currency = shop.market.currency
    try:
        cost, listed = Money(entry["price"], currency), Money(entry.get("compare_at_price") or 0, currency)
    except (KeyError, InvalidValue) as error:
        raise UnreadablePage(f"{url} holds a variant without a price in cents ({error!r})") from None
    style, size = style_and_size((name, entry.get(f"option{n}") or "") for n, name in enumerate(names, start=1))
    image = entry.get("featured_image")
    return Variant(
        sku=sku,
        style=style,
        size=size,
        cost=cost,
        list_cost=listed if cost < listed else None,
        availability=Availability.IN_STOCK if entry.get("available") else Availability.OUT_OF_STOCK,
        gtin=gtin_of({"gtin": entry.get("barcode")}),
        photos=(absolute(url, image["src"]),) if varies and image and image.get("src") else (),
    )
