"""Shopware 6 shops: by the Store API where the declaration holds the access key of the sales channel, else by their pages.

    [platform]
    access_key = "SWSC…"

Every storefront that is a browser application sends the key in the header `sw-access-key`; the shop's keeper finds it with
the sales channel. Lists hold a hundred products with their variants, in the channel's currency, which is the market's.
`calculatedPrice` is what the channel shows (gross, where its visitors are consumers); where there are prices by quantity
or rule, the first of `calculatedPrices` is that of one piece. A live refresh asks for one id or for several.
Without a key the shop is read as `generic` is. Its products then bear their numbers, with one their ids: a shop that gets
its key later is listed anew.
https://shopware.stoplight.io/docs/store-api · https://developer.shopware.com/docs/guides/integrations-api/
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from urllib.parse import urljoin

import orjson

from listino.domain.errors import GoneFromShop, InvalidValue, ListinoError, UnreadablePage
from listino.domain.offer import Availability, Photo, ShopOffer, ShopProduct, Variant
from listino.extract.schema_org import gtin_of
from listino.extract.text import plain, plain_from_html
from listino.shops.options import style_and_size
from listino.shops.payload import Item, money_in, object_in, objects_in
from listino.shops.platform import LIVE_BATCH, Expected, Fetch, Found, Known, Page, Refresh, Told, in_batches, told
from listino.shops.platforms.generic import Generic
from listino.shops.shop import PlatformOptions, Shop

_PER_PAGE = 100  # the most that Shopware allows unless its keeper says otherwise
_EXACT_TOTAL = 1

_WITH_GROUP: Mapping[str, Any] = {"associations": {"group": {}}}
_WITH_MEDIA: Mapping[str, Any] = {"associations": {"media": {}}}
_CHILDREN: Mapping[str, Any] = {"associations": {"options": _WITH_GROUP, "prices": {}, "cover": _WITH_MEDIA}}
_OFFER_FIELDS = [
    "id", "productNumber", "ean", "active", "available", "availableStock", "calculatedPrice", "calculatedPrices", "options",
    "cover", "children",
]  # fmt: skip
_GOODS_FIELDS = ["name", "description", "translated", "manufacturer", "categories", "media", "properties", "seoUrls"]
_OFFERS: Mapping[str, Any] = {
    "associations": {"children": _CHILDREN},
    "includes": {"product": _OFFER_FIELDS},
}
_GOODS: Mapping[str, Any] = {
    "associations": {
        "children": _CHILDREN,
        "manufacturer": {},
        "categories": {},
        "media": _WITH_MEDIA,
        "properties": _WITH_GROUP,
    },
    "includes": {
        "product": _OFFER_FIELDS + _GOODS_FIELDS,
        "category": ["name", "level", "translated"],
        "product_manufacturer": ["name", "translated"],
        "seo_url": ["seoPathInfo", "isCanonical"],
    },
}
_TOP_LEVEL = {"type": "equals", "field": "parentId", "value": None}  # variants come with the product they belong to


class Shopware(Generic):
    name = "shopware"
    options = ("access_key",)
    sources = MappingProxyType(
        {"sku": "id", "name": "name", "price": "calculatedPrice", "list_price": "calculatedPrice listPrice"}
        | {"availability": "available", "brand": "manufacturer", "gtin": "ean", "category": "categories"}
        | {"description": "description", "photos": "media", "variants": "children"}
    )
    batch = LIVE_BATCH

    def reads_pages(self, options: PlatformOptions) -> bool:
        return options.access_key is None

    def start(self, shop: Shop) -> Sequence[Fetch]:
        return [_list(shop, 1)] if shop.options.access_key else super().start(shop)

    def read(self, shop: Shop, fetch: Fetch, page: Page) -> Iterator[Found]:
        match fetch.purpose:
            case "list":
                yield from _read_list(shop, fetch, page)
            case "goods":
                yield from (_goods(shop, item) for item in _items(page))
            case _:
                yield from super().read(shop, fetch, page)

    def says_gone(self, fetch: Fetch, status: int, body: bytes) -> bool:
        # The API's one address for all products says nothing of one that is gone.
        return fetch.purpose != "offers" and super().says_gone(fetch, status, body)

    def refresh_many(self, shop: Shop, known: Sequence[Known]) -> Sequence[Refresh]:
        if not shop.options.access_key:
            return super().refresh_many(shop, known)
        return [
            Refresh(fetch=_ask(shop, [one.sku for one in several], _OFFERS, "offers"), known=tuple(several))
            for several in in_batches(known, self.batch)
        ]

    def read_offers(self, shop: Shop, refresh: Refresh, page: Page) -> Mapping[str, Told]:
        if refresh.fetch.purpose != "offers":
            return super().read_offers(shop, refresh, page)
        items = {item["id"]: item for item in _items(page)}
        return {
            one.sku: told(lambda item: _offer(shop, item), item)
            if (item := items.get(one.sku))
            else GoneFromShop(f"{page.url} no longer has {one.sku}")
            for one in refresh.known
        }


def _list(shop: Shop, number: int) -> Fetch:
    criteria = {
        **_GOODS,
        "page": number,
        "limit": _PER_PAGE,
        "total-count-mode": _EXACT_TOTAL,
        "filter": [_TOP_LEVEL],
        "sort": [{"field": "id", "order": "ASC"}],
    }
    return _search(shop, criteria, purpose="list", carry={"number": number})


def _ask(shop: Shop, ids: Sequence[str], criteria: Mapping[str, Any], purpose: str) -> Fetch:
    return _search(shop, {**criteria, "ids": list(ids), "limit": len(ids)}, purpose=purpose)


def _search(shop: Shop, criteria: Mapping[str, Any], *, purpose: str, **more: Any) -> Fetch:
    headers = {
        "sw-access-key": shop.options.access_key or "",
        "sw-include-seo-urls": "true",
        "Accept": "application/json",
        "Content-Type": "application/json",
    }
    # A sales channel may live below a path, as in /de; its API never does.
    url = urljoin(shop.url, "/store-api/product")
    return Fetch(url=url, purpose=purpose, method="POST", headers=headers, body=orjson.dumps(criteria), **more)


def _read_list(shop: Shop, fetch: Fetch, page: Page) -> Iterator[Found]:
    items, number = _items(page), fetch.carry["number"]
    total = page.json.get("total")
    if number == 1 and isinstance(total, int):
        yield Expected(total)
    if len(items) == _PER_PAGE:
        yield _list(shop, number + 1)
    for item in items:
        try:
            yield _goods(shop, item)
        except ListinoError:
            # Asked for alone it is rejected alone, and does not take the others of its list with it.
            alone = _ask(shop, [item["id"]], _GOODS, "goods")
            yield Fetch(
                url=alone.url, purpose="goods", method="POST", headers=alone.headers, body=alone.body, optional=True,
                about=_address(shop, item),
            )  # fmt: skip


def _items(page: Page) -> list[Item]:
    """The products of an answer; raises UnreadablePage."""
    items = object_in(page.json).get("elements")
    if not isinstance(items, list) or not all(object_in(item).get("id") for item in items):
        raise UnreadablePage(f"{page.url} answers no list of the Store API's products")
    return items


def _goods(shop: Shop, item: Item) -> ShopProduct:
    name = _named(item)
    if not name:
        raise UnreadablePage(f"the Store API of {shop.host} lists {item['id']} without a name")
    categories = sorted(objects_in(item.get("categories")), key=lambda category: category.get("level") or 0)
    media = sorted(objects_in(item.get("media")), key=lambda entry: entry.get("position") or 0)
    return ShopProduct(
        sku=item["id"],
        url=_address(shop, item),
        name=name,
        brand=_named(object_in(item.get("manufacturer"))),
        gtin=gtin_of({"gtin": item.get("ean")}),
        category=_named(categories[-1]) if categories else None,
        description=plain_from_html(_translated(item, "description")),
        photos=tuple(photo for entry in media if (photo := _photo(entry))),
        features=tuple(_chosen(item.get("properties"))),
        offer=_offer(shop, item),
    )


def _address(shop: Shop, item: Item) -> str:
    paths = sorted(objects_in(item.get("seoUrls")), key=lambda entry: not entry.get("isCanonical"))
    path = next((entry["seoPathInfo"] for entry in paths if entry.get("seoPathInfo")), f"detail/{item['id']}")
    return f"{shop.url}/{path.lstrip('/')}"


def _translated(entry: Item, field: str) -> str | None:
    return object_in(entry.get("translated")).get(field) or entry.get(field)


def _named(entry: Item) -> str | None:
    return plain(_translated(entry, "name"))


def _chosen(options: Any) -> Iterator[tuple[str, str]]:
    """The pairs of a property's or an option's group and value, those that have both."""
    for option in objects_in(options):
        group, value = _named(object_in(option.get("group"))), _named(option)
        if group and value:
            yield group, value


def _photo(entry: Item) -> Photo | None:
    media = object_in(entry.get("media"))
    if not media.get("url"):
        return None
    small = sorted(objects_in(media.get("thumbnails")), key=lambda thumbnail: thumbnail.get("width") or 0)
    return Photo(url=media["url"], thumbnail_url=next((t["url"] for t in small if t.get("url")), media["url"]))


def _offer(shop: Shop, item: Item) -> ShopOffer:
    """A product whose variants are all withdrawn has none left to show: its own price stands for it."""
    children = [child for child in objects_in(item.get("children")) if child.get("active") is not False]
    return ShopOffer.of([_variant(shop, child, varies=True) for child in children] or [_variant(shop, item)])


def _variant(shop: Shop, item: Item, *, varies: bool = False) -> Variant:
    try:
        price = next(iter(objects_in(item.get("calculatedPrices"))), None) or item["calculatedPrice"]
        cost = money_in(price["unitPrice"], shop.market.currency)
        struck = object_in(price.get("listPrice")).get("price")
        listed = money_in(struck, shop.market.currency) if struck else None
        sku = str(item["productNumber"])
    except (KeyError, TypeError, AttributeError, InvalidValue) as error:
        raise UnreadablePage(f"the Store API of {shop.host} tells no price of {item.get('id')} ({error!r})") from None
    style, size = style_and_size(_chosen(item.get("options"))) if varies else ("", "")
    photo = _photo(object_in(item.get("cover"))) if varies else None
    available, stock = item.get("available"), item.get("availableStock")
    state = Availability.UNKNOWN
    if isinstance(available, bool):
        state = Availability.IN_STOCK if available else Availability.OUT_OF_STOCK
    return Variant(
        sku=sku,
        style=style,
        size=size,
        cost=cost,
        list_cost=listed if listed and cost < listed else None,
        availability=state,
        # What is no clearance may be ordered beyond what lies in stock: nothing there does not mean sold out.
        quantity=0 if state is Availability.OUT_OF_STOCK else stock if isinstance(stock, int) and stock > 0 else None,
        gtin=gtin_of({"gtin": item.get("ean")}),
        photos=(photo.url,) if photo else (),
    )
