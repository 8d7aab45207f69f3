"""WooCommerce shops, by their Store API.

Lists hold a hundred products each and say how many there are; a variable product's variations, with their own prices
and stock, are one more request. Amounts are strings of minor units. The Store API has no GTIN: the product page's
JSON-LD has, and the related products are only there too. A live refresh asks for one product or for several, or for the
variations of one or several.
https://developer.woocommerce.com/docs/apis/store-api/resources-endpoints/products/
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from listino.domain.errors import GoneFromShop, InvalidValue, UnreadablePage
from listino.domain.money import Money
from listino.domain.offer import Availability, Photo, ShopOffer, ShopProduct, Variant
from listino.extract.page import ProductPage
from listino.extract.schema_org import gtin_of, listed
from listino.extract.text import plain, plain_from_html
from listino.shops.options import style_and_size
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

_PER_PAGE = 100
_MOST_PAGES = 10  # of one product's variations in a live refresh
_Item = Mapping[str, Any]


class WooCommerce(Platform):
    name = "woocommerce"
    batch = LIVE_BATCH
    sources = MappingProxyType(
        dict.fromkeys(("name", "brand", "description"), "Store API")
        | {"sku": "Store API id", "price": "Store API prices", "list_price": "Store API prices"}
        | {"availability": "Store API is_in_stock", "category": "Store API categories", "photos": "Store API images"}
        | {"variants": "Store API variations", "gtin": "structured data of the page"}
    )

    def start(self, shop: Shop) -> Sequence[Fetch]:
        return [self._list(shop, 1)]

    def read(self, shop: Shop, fetch: Fetch, page: Page) -> Iterator[Found]:
        match fetch.purpose:
            case "list":
                yield from self._read_list(shop, fetch, page)
            case "variations":
                yield self._read_variations(shop, fetch, page)
            case "page":
                yield _goods(fetch.carry["item"], fetch.carry["variations"], page)

    def says_gone(self, fetch: Fetch, status: int, body: bytes) -> bool:
        # While its API is off, or another one sits there, WordPress answers 404 to everything, with another code.
        return status == 410 or (status == 404 and b"product_invalid_id" in body)

    def refresh_many(self, shop: Shop, known: Sequence[Known]) -> Sequence[Refresh]:
        simple = [one for one in known if not one.varies]
        asked = [self._ask(shop, several) for several in in_batches(simple, self.batch)]
        return asked + [self._ask_variations(shop, several) for several in _that_fit_a_page(known, self.batch)]

    def read_offers(self, shop: Shop, refresh: Refresh, page: Page) -> Mapping[str, Told]:
        match refresh.fetch.purpose:
            case "offer":
                return {one.sku: _offer(one, page) for one in refresh.known}
            case "offers":
                items = {str(item["id"]): item for item in _items(page)}
                # A list may leave out what is sold out; only the product's own address tells that it is gone.
                return {
                    one.sku: told(lambda item: ShopOffer.of([_variant(item, page.url)]), item)
                    if (item := items.get(one.sku))
                    else self._ask(shop, [one]).fetch
                    for one in refresh.known
                }
            case _:
                return self._read_variations_of(shop, refresh, page)

    @staticmethod
    def _ask(shop: Shop, known: Sequence[Known]) -> Refresh:
        if len(known) == 1:
            fetch = Fetch(url=f"{_api(shop)}/{known[0].sku}", purpose="offer")
        else:
            numbers = ",".join(one.sku for one in known)
            fetch = Fetch(url=f"{_api(shop)}?include={numbers}&per_page={len(known)}", purpose="offers")
        return Refresh(fetch=fetch, known=tuple(known))

    def _ask_variations(
        self, shop: Shop, known: Sequence[Known], number: int = 1, met: Sequence[_Item] = ()
    ) -> Refresh:
        url = self._variations_url(shop, ",".join(one.sku for one in known), number)
        carry = {"number": number, "variations": met}
        return Refresh(fetch=Fetch(url=url, purpose="variations", carry=carry), known=tuple(known))

    def _read_variations_of(self, shop: Shop, refresh: Refresh, page: Page) -> Mapping[str, Told]:
        known, carry = refresh.known, refresh.fetch.carry
        variations, number = [*carry["variations"], *_items(page)], carry["number"]
        if len(known) == 1:
            (one,) = known
            if not _more_pages(page, number):
                return {one.sku: told(lambda found: _offer_of_variations(found, page), variations)}
            if number == _MOST_PAGES:
                raise UnreadablePage(
                    f"{page.url} has more than {_MOST_PAGES * _PER_PAGE} variations: too many to refresh"
                )
            return {one.sku: self._ask_variations(shop, known, number + 1, variations).fetch}
        of: dict[str, list[_Item]] = {one.sku: [] for one in known}
        for variation in variations:
            of.get(str(variation.get("parent")), []).append(variation)
        if _more_pages(page, number) or sum(map(len, of.values())) < len(variations):
            # There are more of them than the crawl met, or an old shop does not say whose they are.
            return {one.sku: self._ask_variations(shop, [one]).fetch for one in known}
        return {sku: told(lambda found: _offer_of_variations(found, page), found) for sku, found in of.items()}

    def _list(self, shop: Shop, number: int) -> Fetch:
        url = f"{_api(shop)}?per_page={_PER_PAGE}&page={number}"
        return Fetch(url=url, purpose="list", carry={"number": number})

    @staticmethod
    def _variations_url(shop: Shop, product: object, number: int = 1) -> str:
        page = f"&page={number}" if number > 1 else ""
        return f"{_api(shop)}?type=variation&parent={product}&per_page={_PER_PAGE}{page}"

    def _variations(self, shop: Shop, item: _Item, number: int, carry: Mapping[str, Any]) -> Fetch:
        url = self._variations_url(shop, item["id"], number)
        carried = {**carry, "number": number}
        return Fetch(url=url, purpose="variations", carry=carried, optional=True, about=item["permalink"])

    def _read_variations(self, shop: Shop, fetch: Fetch, page: Page) -> Fetch:
        item, number = fetch.carry["item"], fetch.carry["number"]
        carry = {"item": item, "variations": [*fetch.carry["variations"], *_items(page)]}
        if _more_pages(page, number):
            return self._variations(shop, item, number + 1, carry)
        return Fetch(url=item["permalink"], purpose="page", carry=carry, optional=True)

    def _read_list(self, shop: Shop, fetch: Fetch, page: Page) -> Iterator[Found]:
        items, number = _items(page), fetch.carry["number"]
        if not all(item.get("permalink") for item in items):
            raise UnreadablePage(f"{page.url} lists a product without a permalink")
        total = page.headers.get("x-wp-total", "")
        if number == 1 and total.isdecimal():
            yield Expected(int(total))
        if _more_pages(page, number):
            yield self._list(shop, number + 1)
        for item in items:
            carry = {"item": {name: item.get(name) for name in _KEPT}}
            if item.get("type") == "variable":
                yield self._variations(shop, item, 1, carry | {"variations": []})
            else:
                yield Fetch(url=item["permalink"], purpose="page", carry=carry | {"variations": []}, optional=True)


_KEPT = (
    "id", "name", "permalink", "sku", "short_description", "description", "prices", "images", "categories", "brands",
    "attributes", "is_in_stock", "low_stock_remaining", "variation",
)  # fmt: skip


def _more_pages(page: Page, number: int) -> bool:
    pages = page.headers.get("x-wp-totalpages", "")
    return number < int(pages) if pages.isdecimal() else len(_items(page)) == _PER_PAGE


def _that_fit_a_page(known: Sequence[Known], most: int) -> Iterator[list[Known]]:
    """Products with variations, as many together as have their variations on one page."""
    together: list[Known] = []
    for one in known:
        if not one.varies:
            continue
        if together and (len(together) == most or sum(k.variants for k in [*together, one]) > _PER_PAGE):
            yield together
            together = []
        together.append(one)
    if together:
        yield together


def _offer(one: Known, page: Page) -> Told:
    item = page.json
    if isinstance(item, dict) and str(item.get("id", one.sku)) != one.sku:
        return GoneFromShop(f"{page.url} is product {item['id']} now")
    return ShopOffer.of([_variant(item, page.url)])


def _offer_of_variations(variations: Sequence[_Item], page: Page) -> ShopOffer:
    if not variations:
        raise GoneFromShop(f"{page.url} lists no variation any more")
    return ShopOffer.of(_variants(variations, page.url))


def _api(shop: Shop) -> str:
    return f"{shop.url}/wp-json/wc/store/v1/products"


def _goods(item: _Item, variations: Sequence[_Item], page: Page) -> ShopProduct:
    shown = ProductPage(page.text, page.url)
    _, node = shown.product or ("page", {})
    related = (link.attributes.get("data-product_id") for link in shown.tree.css("section.related [data-product_id]"))
    photos = tuple(Photo(url=i["src"], thumbnail_url=i.get("thumbnail") or i["src"]) for i in item["images"] or ())
    variants = _variants(variations, page.url) or [_variant(item, page.url)]
    return ShopProduct(
        sku=str(item["id"]),
        url=item["permalink"],
        name=plain_from_html(item["name"]) or "",
        brand=_first_name(item["brands"]),
        gtin=gtin_of(node),
        category=_last_name(item["categories"]),
        slogan=plain_from_html(item["short_description"]),
        description=plain_from_html(item["description"]),
        photos=photos,
        features=tuple(
            (plain_from_html(attribute["name"]) or "", ", ".join(term["name"] for term in attribute["terms"]))
            for attribute in item["attributes"] or ()
            if not attribute.get("has_variations")
        ),
        related=tuple(dict.fromkeys(key for key in related if key)),
        offer=ShopOffer.of(variants),
    )


def _items(page: Page) -> list[_Item]:
    """The products or variations of a list; raises UnreadablePage."""
    items = page.json
    if not isinstance(items, list) or not all(
        isinstance(item, dict) and isinstance(item.get("id"), int) for item in items
    ):
        raise UnreadablePage(f"{page.url} is no list of the Store API's products")
    return items


def _variants(variations: Sequence[_Item], url: str) -> list[Variant]:
    """In the order they were made: the API lists the newest first.

    A variation without an SKU of its own bears its product's; where several do, their ids tell them apart.
    """
    bearers = Counter(entry.get("sku") for entry in variations)
    return [
        _variant(entry if bearers[entry.get("sku")] == 1 else {**entry, "sku": None}, url, varies=True)
        for entry in sorted(variations, key=lambda entry: entry["id"])
    ]


def _variant(item: _Item, url: str, *, varies: bool = False) -> Variant:
    try:
        prices = item["prices"]
        currency, unit = prices["currency_code"], int(prices["currency_minor_unit"])
        asked, regular = (_money(prices[name], currency, unit) for name in ("price", "regular_price"))
    except (KeyError, TypeError, ValueError, InvalidValue) as error:
        raise UnreadablePage(f"{url} holds no price of the Store API ({error!r})") from None
    style, size = style_and_size(_options(item.get("variation") or "")) if varies else ("", "")
    return Variant(
        sku=item.get("sku") or str(item["id"]),
        style=style,
        size=size,
        cost=asked,
        list_cost=regular if asked < regular else None,
        availability=Availability.IN_STOCK if item.get("is_in_stock") else Availability.OUT_OF_STOCK,
        quantity=item.get("low_stock_remaining") if item.get("is_in_stock") else 0,
        photos=tuple(image["src"] for image in item.get("images") or ()) if varies else (),
    )


def _money(text: str, currency: str, minor_unit: int) -> Money:
    return Money.of(f"{int(text)}e-{minor_unit}", currency)


def _options(variation: str) -> Iterator[tuple[str, str]]:
    """The pairs of "Colore: Rosso, Taglia: M"."""
    for part in (plain_from_html(variation) or "").split(", "):
        name, _, value = part.partition(": ")
        yield name, value


def _first_name(entries: Any) -> str | None:
    return next((plain_from_html(entry.get("name")) for entry in listed(entries)), None)


def _last_name(entries: Any) -> str | None:
    names = [entry.get("name") for entry in listed(entries)]
    return plain(plain_from_html(names[-1])) if names else None
