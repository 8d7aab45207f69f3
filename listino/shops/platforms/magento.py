"""Magento 2 (Adobe Commerce) shops, by the GraphQL of their storefront.

Lists say how many products there are, and hold all that is known of each: nothing else has to be fetched. Queries go by GET,
which the shop's own cache answers and empties when a product changes; by POST, which costs it more, only if that is declared,
because many a robots.txt forbids all addresses with a question mark. Amounts are in major units, with their currency.
A live refresh asks for one SKU or for several. There is no GTIN, and the brand is the attribute `manufacturer`, told as
a number whose name stands among the filters of the list, if the shop lets its visitors filter by it.
Only goods that can be sent are read: simple and configurable products. A shop of several store views declares which one:

    [platform]
    store = "de"
    post = true

https://developer.adobe.com/commerce/webapi/graphql/schema/products/queries/products/
https://developer.adobe.com/commerce/webapi/graphql/usage/headers/ (Store)
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

import orjson

from listino.domain.errors import GoneFromShop, InvalidValue, ListinoError, UnreadablePage
from listino.domain.offer import Availability, Photo, ShopOffer, ShopProduct, Variant
from listino.extract.text import plain, plain_from_html
from listino.shops.options import style_and_size
from listino.shops.payload import Item, money_in, object_in, objects_in
from listino.shops.platform import (
    LIVE_BATCH,
    Expected,
    Fetch,
    Found,
    Known,
    Page,
    Platform,
    Refresh,
    Told,
    in_batches,
    told,
)
from listino.shops.shop import Shop

_PER_PAGE = 50  # with all their variants; Adobe advises against more than 300
_SENT = ("SimpleProduct", "ConfigurableProduct")

_OFFER = (
    "sku stock_status only_x_left_in_stock "
    "price_range{minimum_price{regular_price{value currency}final_price{value currency}}}"
)
_PHOTOS = "media_gallery{url disabled position}"
_REFRESHED = f"{_OFFER} ...on ConfigurableProduct{{variants{{attributes{{code label}}product{{{_OFFER}}}}}}}"
_GOODS = (
    f"__typename {_OFFER} name url_key url_suffix manufacturer short_description{{html}}description{{html}}"
    f"categories{{name level}}{_PHOTOS} related_products{{sku}}"
    f"...on ConfigurableProduct{{variants{{attributes{{code label}}product{{{_OFFER} {_PHOTOS}}}}}}}"
)
_BRANDS = "aggregations{attribute_code options{label value}}"
_LIST = (
    "query($page:Int!,$size:Int!){products(filter:{},sort:{name:ASC},pageSize:$size,currentPage:$page){"
    f"total_count page_info{{current_page total_pages}}{_BRANDS} items{{{_GOODS}}}}}}}"
)
_SEVERAL = "query($skus:[String!]!,$size:Int!){products(filter:{sku:{in:$skus}},pageSize:$size){%s}}"
_OFFERS = _SEVERAL % f"items{{{_REFRESHED}}}"
_ALONE = _SEVERAL % f"{_BRANDS} items{{{_GOODS}}}"


class Magento(Platform):
    name = "magento"
    options = ("store", "post")
    sources = MappingProxyType(
        {"sku": "sku", "name": "name", "price": "price_range final_price", "list_price": "price_range regular_price"}
        | {"availability": "stock_status", "brand": "manufacturer", "category": "categories"}
        | {"description": "description", "photos": "media_gallery", "variants": "variants"}
    )
    batch = LIVE_BATCH

    def start(self, shop: Shop) -> Sequence[Fetch]:
        return [_list(shop, 1)]

    def read(self, shop: Shop, fetch: Fetch, page: Page) -> Iterator[Found]:
        products = _products(shop, page)
        brands = _brands(products)
        if fetch.purpose == "product":
            if not products["items"]:
                return  # sold out or withdrawn between the list and this request
            yield _goods(shop, products["items"][0], brands)
            return
        try:
            number, last = (int(products["page_info"][name]) for name in ("current_page", "total_pages"))
            total = int(products["total_count"])
        except (KeyError, TypeError, ValueError):
            raise UnreadablePage(f"{shop.url}/graphql does not say how many pages its list has") from None
        if number == 1:
            yield Expected(total)
        if number < last:
            yield _list(shop, number + 1)
        for item in products["items"]:
            if item.get("__typename") in _SENT:
                try:
                    yield _goods(shop, item, brands)
                except ListinoError:
                    # Asked for alone it is rejected alone, and does not take the others of its list with it.
                    yield _ask(shop, _ALONE, [item["sku"]], "product", about=_address(shop, item))

    def says_gone(self, fetch: Fetch, status: int, body: bytes) -> bool:
        return False  # there is one address for all products: without it no product is gone, but the API

    def refresh_many(self, shop: Shop, known: Sequence[Known]) -> Sequence[Refresh]:
        return [
            Refresh(fetch=_ask(shop, _OFFERS, [one.sku for one in several], "offers"), known=tuple(several))
            for several in in_batches(known, self.batch)
        ]

    def read_offers(self, shop: Shop, refresh: Refresh, page: Page) -> Mapping[str, Told]:
        # Magento does not tell upper from lower case in an SKU.
        items = {item["sku"].casefold(): item for item in _products(shop, page)["items"]}
        return {
            one.sku: told(lambda item: _offer(shop, item), item)
            if (item := items.get(one.sku.casefold()))
            else GoneFromShop(f"{shop.url}/graphql no longer has {one.sku}")
            for one in refresh.known
        }


def _list(shop: Shop, number: int) -> Fetch:
    return _query(shop, _LIST, {"page": number, "size": _PER_PAGE}, purpose="list")


def _ask(shop: Shop, query: str, skus: Sequence[str], purpose: str, about: str | None = None) -> Fetch:
    return _query(shop, query, {"skus": list(skus), "size": len(skus)}, purpose=purpose, about=about)


def _query(shop: Shop, query: str, variables: Mapping[str, Any], *, purpose: str, about: str | None = None) -> Fetch:
    url = f"{shop.url}/graphql"
    headers = {"Store": shop.options.store} if shop.options.store else {}
    fetch = Fetch(url=url, purpose=purpose, headers=headers, optional=purpose == "product", about=about)
    if shop.options.post:
        body = orjson.dumps({"query": query, "variables": variables})
        return replace(fetch, method="POST", headers={**headers, "Content-Type": "application/json"}, body=body)
    # What differs from request to request comes first: logs show the beginning of an address.
    return replace(fetch, url=f"{url}?{urlencode({'variables': orjson.dumps(variables).decode(), 'query': query})}")


def _products(shop: Shop, page: Page) -> Item:
    """The answer's products; raises UnreadablePage with what the shop says is wrong."""
    answer = object_in(page.json)
    products = object_in(object_in(answer.get("data")).get("products"))
    items = products.get("items")
    if not isinstance(items, list) or not all(object_in(item).get("sku") for item in items):
        said = "; ".join(str(error.get("message")) for error in objects_in(answer.get("errors")))
        why = said[:300] or "it is no list of products with their SKUs"
        raise UnreadablePage(f"the answer of {shop.url}/graphql cannot be read: {why}")
    return products


def _brands(products: Item) -> dict[str, str]:
    """The manufacturers' names by the numbers that products bear."""
    return {
        str(option.get("value")): option["label"]
        for filter_ in objects_in(products.get("aggregations"))
        if filter_.get("attribute_code") == "manufacturer"
        for option in objects_in(filter_.get("options"))
        if option.get("label")
    }


def _goods(shop: Shop, item: Item, brands: Mapping[str, str]) -> ShopProduct:
    name = plain_from_html(item.get("name"))
    if not name or not item.get("url_key"):
        raise UnreadablePage(f"{shop.url}/graphql lists {item['sku']} without a {'url_key' if name else 'name'}")
    photos = _photos(item)
    categories = sorted(objects_in(item.get("categories")), key=lambda category: category.get("level") or 0)
    return ShopProduct(
        sku=item["sku"],
        url=_address(shop, item),
        name=name,
        brand=plain(brands.get(str(item.get("manufacturer")))),
        category=plain_from_html(categories[-1].get("name")) if categories else None,
        slogan=_html(item, "short_description"),
        description=_html(item, "description"),
        photos=tuple(Photo(url=photo, thumbnail_url=photo) for photo in photos),
        related=tuple(entry["sku"] for entry in objects_in(item.get("related_products")) if entry.get("sku")),
        offer=_offer(shop, item),
    )


def _address(shop: Shop, item: Item) -> str:
    return f"{shop.url}/{item.get('url_key') or ''}{item.get('url_suffix') or ''}"


def _html(item: Item, field: str) -> str | None:
    return plain_from_html(object_in(item.get(field)).get("html"))


def _photos(item: Item) -> tuple[str, ...]:
    shown = [entry for entry in objects_in(item.get("media_gallery")) if entry.get("url") and not entry.get("disabled")]
    return tuple(entry["url"] for entry in sorted(shown, key=lambda entry: entry.get("position") or 0))


def _offer(shop: Shop, item: Item) -> ShopOffer:
    """A configurable product whose variants are all withdrawn has none left to show: its own price stands for it."""
    members = [entry for entry in item.get("variants") or () if entry and entry.get("product")]
    return ShopOffer.of(
        [_variant(shop, entry["product"], entry.get("attributes") or ()) for entry in members]
        or [_variant(shop, item, ())]
    )


def _variant(shop: Shop, item: Item, attributes: Sequence[Item]) -> Variant:
    try:
        price = item["price_range"]["minimum_price"]
        cost, listed = (
            money_in(price[name]["value"], str(price[name]["currency"])) for name in ("final_price", "regular_price")
        )
        sku = str(item["sku"])
    except (KeyError, TypeError, InvalidValue) as error:
        raise UnreadablePage(f"{shop.url}/graphql tells no price of {item.get('sku')} ({error!r})") from None
    style, size = style_and_size((entry.get("code") or "", entry.get("label") or "") for entry in attributes)
    in_stock, left = item.get("stock_status") == "IN_STOCK", item.get("only_x_left_in_stock")
    return Variant(
        sku=sku,
        style=style,
        size=size,
        cost=cost,
        list_cost=listed if cost < listed else None,
        availability=Availability.IN_STOCK if in_stock else Availability.OUT_OF_STOCK,
        quantity=(int(left) if left else None) if in_stock else 0,
        photos=_photos(item) if attributes else (),
    )
