"""Finding out which platform a shop runs, with few requests, and what its declaration needs to say."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode, urljoin, urlsplit

import orjson

from listino.domain.errors import GoneFromShop, ListinoError, UnreadablePage, VisitRefused
from listino.domain.market import MARKETS
from listino.extract import extract
from listino.shops.marks import marks_on
from listino.shops.payload import object_in, objects_in
from listino.shops.platform import Fetch, Page
from listino.shops.sitemap import Entry, read_sitemap
from listino.shops.visitor import Visitor

_LANGUAGE = re.compile(r"<html\b[^<>]*\blang=[\"']?([A-Za-z]{2})", re.IGNORECASE)
_LANGUAGE_PATH = re.compile(r"/[a-z]{2}(?:-[a-z]{2})?/?")  # a shop of several languages, as in https://shop.example/it
_SHOPIFY_CURRENCY = re.compile(r"Shopify\.currency\s*=\s*\{[^}]*\"active\":\s*\"([A-Z]{3})\"")
_PRESTASHOP_CURRENCY = re.compile(
    r"\bvar prestashop\s*=.*?\"currency\":\s*\{[^}]*\"iso_code\":\s*\"([A-Z]{3})\"", re.DOTALL
)
_ACCESS_KEY = re.compile(r"\baccess[-_]?[kK]ey[\"']?\s*[:=]\s*[\"'](SW[A-Z0-9]{10,})[\"']")
_OF_PRODUCTS = re.compile(r"produ[ck]t|produit|prodott|artik|artic", re.IGNORECASE)
_NOBODYS = ("www", "shop", "store", "negozio", "boutique", "tienda")  # labels of a host's name that name no shop
_MOST_FORMS = 2  # of addresses whose pages are tried


@dataclass(slots=True)
class Detected:
    """What was found out. `market` is None where nothing tells it; `warnings` are for whoever completes the declaration."""

    url: str
    platform: str = "generic"
    evidence: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    market: str | None = None
    currency: str | None = None
    access_key: str | None = None
    post: bool = False
    error: str | None = None  # why nothing can be declared: neither a platform nor a product was found
    product: str | None = None  # a regular expression of product pages' paths, for platforms without one of their own

    @property
    def name(self) -> str:
        """A name for the shop, made of its host."""
        labels = [label for label in (urlsplit(self.url).hostname or "").split(".") if label not in _NOBODYS]
        own = max(labels[:-1] or labels, key=len, default="")
        name = re.sub(r"[^a-z0-9-]+", "-", own.casefold()).strip("-")[:63]
        return name if re.search("[a-z]", name) else "shop"


def detect(visitor: Visitor, url: str, *, market: str | None = None) -> Detected:
    """Looks at the home page, and asks the API of the platform it speaks for whether it answers.

    Raises VisitRefused, GoneFromShop or UnreadablePage where the home page cannot be had.
    """
    parts = urlsplit(url)
    path = parts.path.rstrip("/") if _LANGUAGE_PATH.fullmatch(parts.path) else ""
    home = visitor.get(f"{parts.scheme}://{parts.netloc}{path}/")
    parts = urlsplit(home.url)
    path = parts.path.rstrip("/") if _LANGUAGE_PATH.fullmatch(parts.path) else path
    found = Detected(url=f"{parts.scheme}://{parts.netloc.lower()}{path}")
    marks = marks_on(home)
    # A page without marks may still belong to one of them: its front end is of somebody else's making.
    for name in [*marks] or ["woocommerce", "shopify", "magento"]:
        if _confirmed(name, visitor, home, found, marked=name in marks):
            found.platform = name
            found.evidence = [*marks.get(name, []), *found.evidence]
            break
    else:
        _look_at_pages(visitor, found)
        if not marks and found.product is None:
            found.error = (
                f"no product could be found at {found.url}: is this a shop? If it is, declare it by hand"
                " (docs/add-a-shop.md)"
            )
            return found
    _guess_market(found, home, market)
    return found


def _confirmed(name: str, visitor: Visitor, home: Page, found: Detected, *, marked: bool) -> bool:
    """Whether the shop can be read as one of that platform; if it only looks like one, a warning says why not."""
    try:
        _CONFIRM[name](visitor, home, found)
    except (VisitRefused, GoneFromShop, UnreadablePage) as error:
        if marked:
            found.warnings.append(f"it looks like {name}, but cannot be read as such: {error}")
        return False
    return True


def _woocommerce(visitor: Visitor, home: Page, found: Detected) -> None:
    page = visitor.get(f"{found.url}/wp-json/wc/store/v1/products?per_page=1")
    items = objects_in(page.json)
    if not isinstance(page.json, list) or not all("prices" in item for item in items):
        raise UnreadablePage(f"{page.url} is no list of the Store API's products")
    found.currency = next((object_in(item["prices"]).get("currency_code") for item in items), None)
    found.evidence.append(f"the Store API answers, with {page.headers.get('x-wp-total', 'its')} products")


def _shopify(visitor: Visitor, home: Page, found: Detected) -> None:
    page = visitor.get(f"{found.url}/products.json?limit=1")
    if not isinstance(object_in(page.json).get("products"), list):
        raise UnreadablePage(f"{page.url} is no list of products")
    active = _SHOPIFY_CURRENCY.search(home.text)
    found.currency = active[1] if active else None
    found.evidence.append("/products.json lists products")


def _magento(visitor: Visitor, home: Page, found: Detected) -> None:
    query = "{storeConfig{locale default_display_currency_code}products(filter:{},pageSize:1){total_count}}"
    url = f"{found.url}/graphql"
    asked = Fetch(url=f"{url}?{urlencode({'query': query})}", purpose="visit")
    if not visitor.may(asked.url):
        body, headers = orjson.dumps({"query": query}), {"Content-Type": "application/json"}
        asked = Fetch(url=url, purpose="visit", method="POST", headers=headers, body=body)
    data = object_in(object_in(visitor.fetch(asked).json).get("data"))
    total = object_in(data.get("products")).get("total_count")
    if not isinstance(total, int):
        raise UnreadablePage(f"{url} does not answer as Magento's storefront does")
    found.post = asked.method == "POST"
    found.currency = object_in(data.get("storeConfig")).get("default_display_currency_code")
    found.evidence.append(f"its GraphQL answers, with {total} products")
    if found.post:
        found.evidence.append("its robots.txt forbids addresses with a question mark: it is asked by POST")


def _shopware(visitor: Visitor, home: Page, found: Detected) -> None:
    key = _ACCESS_KEY.search(home.text)
    if key is None:
        found.warnings.append(
            "without the access key of its sales channel it is read by its pages: ask the shop for the key, and set"
            " access_key under [platform]"
        )
        _look_at_pages(visitor, found)
        return
    headers = {"sw-access-key": key[1], "Accept": "application/json"}
    page = visitor.fetch(Fetch(url=urljoin(found.url, "/store-api/context"), purpose="visit", headers=headers))
    context = object_in(page.json)
    if not context.get("token"):
        raise UnreadablePage(f"{page.url} does not answer as the Store API does")
    found.access_key = key[1]
    found.currency = object_in(context.get("currency")).get("isoCode")
    found.evidence.append("the Store API answers to the access key that the page tells its scripts")


def _prestashop(visitor: Visitor, home: Page, found: Detected) -> None:
    _entries(visitor, _sitemap(visitor, found))
    found.evidence.append("its sitemap can be read")
    code = _PRESTASHOP_CURRENCY.search(home.text)
    found.currency = code[1] if code else None


_CONFIRM: Mapping[str, Callable[[Visitor, Page, Detected], None]] = {
    "woocommerce": _woocommerce,
    "shopify": _shopify,
    "magento": _magento,
    "shopware": _shopware,
    "prestashop": _prestashop,
}


def _sitemap(visitor: Visitor, found: Detected) -> str:
    """Where robots.txt says that the sitemap is; the usual place where it does not."""
    return _likeliest(visitor.robots.sitemaps or [f"{found.url}/sitemap.xml"])


def _likeliest(addresses: Sequence[str]) -> str:
    return next((address for address in addresses if _OF_PRODUCTS.search(urlsplit(address).path)), addresses[0])


def _entries(visitor: Visitor, url: str) -> list[Entry]:
    return list(read_sitemap(visitor.get(url).body, url))


def _look_at_pages(visitor: Visitor, found: Detected) -> None:
    """Finds the form of product pages' addresses in the sitemap, and tries whether such a page can be read."""
    try:
        entries = _entries(visitor, _sitemap(visitor, found))
        parts = [entry.url for entry in entries if entry.is_sitemap]
        if parts:
            entries = _entries(visitor, _likeliest(parts))
        addresses = [entry.url for entry in entries]
    except ListinoError as error:
        found.warnings.append(f"it has no sitemap to go by ({error}): set product and category under [crawl]")
        return
    for form, examples in _forms(addresses)[:_MOST_FORMS]:
        for example in examples:
            try:
                page = visitor.get(example)
            except ListinoError:
                continue  # a sitemap still names what is gone
            read = extract(page.text, page.url)
            if read.name and read.price is not None:
                found.product, found.currency = form, found.currency or read.currency
                found.evidence.append(
                    f"{page.url} can be read: {read.name}, {read.price} {read.currency or '(no currency)'}"
                )
                return
    found.warnings.append("no product page was found in its sitemap: set product and category under [crawl]")


def _forms(addresses: list[str]) -> list[tuple[str, list[str]]]:
    """The most frequent forms of addresses, as regular expressions of their paths, each with a few examples."""
    alike: dict[str, list[str]] = {}
    for address in addresses:
        path = urlsplit(address).path
        folder, _, last = path.rstrip("/").rpartition("/")
        if last:
            ending = (".html" if last.endswith(".html") else "") + ("/" if path.endswith("/") else "")
            alike.setdefault(f"{re.escape(folder)}/[^/]+{re.escape(ending)}", []).append(address)
    frequent = sorted(alike.items(), key=lambda entry: -len(entry[1]))
    # A folder that is named after products says more than a number.
    likely = sorted(frequent, key=lambda entry: _OF_PRODUCTS.search(entry[0]) is None)
    # The newest goods mostly come last, and are the likeliest to be there still.
    return [(form, list(dict.fromkeys([members[-1], members[len(members) // 2]]))) for form, members in likely]


def _guess_market(found: Detected, home: Page, market: str | None) -> None:
    host = urlsplit(found.url).hostname or ""
    language = _LANGUAGE.search(home.text)
    for guess in (market, host.rpartition(".")[2], urlsplit(found.url).path.strip("/")[:2], language and language[1]):
        if guess and guess.lower() in MARKETS:
            found.market = guess.lower()
            break
    else:
        found.warnings.append(f"nothing tells its market: say --market, one of {', '.join(MARKETS)}")
        return
    asked = MARKETS[found.market].currency
    if found.currency is None:
        found.warnings.append(f"nothing tells its currency: prices are taken to be {asked}")
    elif found.currency != asked:
        found.warnings.append(
            f"it asks for {found.currency}, and market {found.market} sells in {asked}: none of it could be sold"
        )
