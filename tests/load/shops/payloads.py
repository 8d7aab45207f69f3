"""What the load shops answer: the cheapest request of each platform, and a plain HTML page."""

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

import orjson

from shops.goods import Asked, name_of

Prices = dict[int, Asked]
Written = tuple[bytes, bytes]  # content type, body
_API = "/wp-json/wc/store/v1/products"
_HTML, _JSON = b"text/html; charset=utf-8", b"application/json; charset=utf-8"


def asked_for(platform: str, path: str, query: bytes) -> list[int]:
    """The numbers of the goods that a request asks for; none where it asks for no goods."""
    match platform:
        case "shopify":
            found = [path.removeprefix("/products/").removesuffix(".js")] if path.startswith("/products/") else []
        case "woocommerce" if path == _API:
            found = parse_qs(query.decode("latin-1")).get("include", [""])[0].split(",")
        case "woocommerce":
            found = [path.removeprefix(f"{_API}/")]
        case _:
            found = [path.removeprefix("/p/")]
    return [int(number) for number in found if number.isdecimal()]


def writer_of(platform: str, base: str, page_kb: int) -> Callable[[str, Prices], Written]:
    """How a shop of the platform writes an answer to a request for `path` that tells these prices."""
    match platform:
        case "shopify":
            return lambda path, prices: (_JSON, orjson.dumps(_one(_shopify(*one) for one in prices.items())))
        case "woocommerce":
            return lambda path, prices: (_JSON, _store_api(path, [_item(base, *one) for one in prices.items()]))
    filler = _filler(page_kb)
    return lambda path, prices: (_HTML, _one(_page(base, filler, *one) for one in prices.items()))


def _one(written: Iterable[Any]) -> Any:
    return next(iter(written))


def _shopify(number: int, asked: Asked) -> dict[str, Any]:
    variant = {"id": number * 10, "sku": str(number), "title": "Default Title", "option1": "Default Title"}
    return {
        "id": number,
        "title": name_of(number),
        "handle": str(number),
        "vendor": f"Brand {number % 50}",
        "options": [{"name": "Title", "position": 1, "values": ["Default Title"]}],
        "variants": [{**variant, "price": asked.minor, "available": True}],
    }


def _item(base: str, number: int, asked: Asked) -> dict[str, Any]:
    price = str(asked.minor)
    prices = {"price": price, "regular_price": price, "sale_price": price}
    return {
        "id": number,
        "name": name_of(number),
        "permalink": f"{base}/product/{number}",
        "sku": str(number),
        "type": "simple",
        "prices": {**prices, "currency_code": "EUR", "currency_minor_unit": 2},
        "is_in_stock": True,
    }


def _store_api(path: str, items: list[dict[str, Any]]) -> bytes:
    return orjson.dumps(items if path == _API else items[0])


def _filler(kb: int) -> bytes:
    """So many kB of what stands around the goods on a page: menus, mostly."""
    line = '<li class="menu-item"><a href="/c/{0}"><span class="label">Category number {0}</span></a></li>\n'
    lines = "".join(line.format(number) for number in range(kb * 1024 // len(line)))
    return f"<nav><ul>\n{lines}</ul></nav>".encode()


def _page(base: str, filler: bytes, number: int, asked: Asked) -> bytes:
    price = f"{asked.minor // 100}.{asked.minor % 100:02d}"
    offer = {"@type": "Offer", "price": price, "priceCurrency": "EUR", "availability": "https://schema.org/InStock"}
    node = {"@context": "https://schema.org", "@type": "Product", "name": name_of(number), "sku": str(number)}
    told = orjson.dumps({**node, "url": f"{base}/p/{number}", "offers": offer})
    head = f'<!doctype html><html lang="es"><head><meta charset="utf-8"><title>{name_of(number)}</title>'.encode()
    shown = f'<main><h1>{name_of(number)}</h1><p class="price">{price.replace(".", ",")} €</p></main>'.encode()
    return b"".join(
        (
            head,
            b'<script type="application/ld+json">',
            told,
            b"</script></head><body>",
            filler,
            shown,
            b"</body></html>",
        )
    )
