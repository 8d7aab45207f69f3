"""A trial of a declared shop: a few of its products, read as a crawl and a live refresh would read them."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from listino.domain.errors import GoneFromShop, InvalidValue, ListinoError
from listino.domain.listing import unsellable
from listino.domain.offer import ShopOffer, ShopProduct
from listino.domain.product import product_id
from listino.extract.extracted import extract_page
from listino.extract.page import ProductPage
from listino.extract.selectors import Selectors
from listino.shops.platform import Fetch, Known, Page, Platform, Refresh, Told
from listino.shops.platforms.pages import PagesPlatform
from listino.shops.platforms.registry import PLATFORMS
from listino.shops.shop import Shop
from listino.shops.visitor import Visitor

NEEDED = ("sku", "name", "price", "availability")  # fields without which nothing can be sold
_MOST_REQUESTS_A_PRODUCT = 6  # a page that is none of a product costs one, too
_LISTS = ("list", "sitemap", "category", "robots")


@dataclass(frozen=True, slots=True)
class Field:
    """What was read of one field, and where from; `value` is None where the shop does not tell it."""

    value: str | None
    source: str


@dataclass(slots=True)
class Sample:
    """One product of the shop. `complaints`: why it could not be sold; `live`: what a refresh of it brought home."""

    url: str
    fields: Mapping[str, Field]
    complaints: list[str] = field(default_factory=list)
    live: str | None = None


@dataclass(slots=True)
class Trial:
    """What came of it. `failures`: answers that could not be read, each with its reason; `notes`: what the declaration
    says in vain; `requests`: what it cost."""

    samples: list[Sample] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    requests: int = 0

    @property
    def ok(self) -> bool:
        return bool(self.samples) and not any(sample.complaints for sample in self.samples)


def try_shop(shop: Shop, visitor: Visitor, *, count: int) -> Trial:
    """Reads up to `count` products of the shop, and asks for their offers again as a live refresh does."""
    platform, trial, pointers = PLATFORMS[shop.platform], Trial(), _Pointers(shop.selectors)
    read: dict[str, _Read] = {}
    for goods, fetch, page in _goods(
        shop, platform, visitor, trial, pointers, most=3 + count * _MOST_REQUESTS_A_PRODUCT
    ):
        sample = Sample(goods.url, _fields(shop, platform, goods, fetch, page), list(_complaints(shop, goods)))
        read[goods.sku] = _Read(goods, fetch, sample)
        trial.samples.append(sample)
        if len(read) == count:
            break
    _refresh(shop, platform, visitor, read)
    trial.notes.extend(pointers.in_vain())
    trial.requests = visitor.requests
    return trial


@dataclass(frozen=True, slots=True)
class _Read:
    goods: ShopProduct
    fetch: Fetch  # whose answer told the goods
    sample: Sample


class _Pointers:
    """The declared selectors, and which of them have matched on none of the product pages so far."""

    def __init__(self, selectors: Selectors) -> None:
        self._unmatched = {name: css for name in Selectors.__slots__ if (css := getattr(selectors, name)) is not None}
        self._pages = 0

    def try_on(self, page: Page) -> None:
        if self._unmatched:
            tree = ProductPage(page.text, page.url).tree
            self._unmatched = {name: css for name, css in self._unmatched.items() if tree.css_first(css) is None}
        self._pages += 1

    def in_vain(self) -> Iterator[str]:
        """A sentence for each selector that matched nothing; none where no page was read."""
        for name, css in self._unmatched.items() if self._pages else ():
            yield f"selectors.{name}: {css!r} matched nothing on the {counted(self._pages, 'page')} read"


def counted(number: int, noun: str) -> str:
    """`1 page`, `2 pages`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _goods(
    shop: Shop, platform: Platform, visitor: Visitor, trial: Trial, pointers: "_Pointers", *, most: int
) -> Iterator[tuple[ShopProduct, Fetch, Page]]:
    """Goods in the order in which a crawl would meet them, products before more lists."""
    lists, pages = deque(platform.start(shop)), deque[Fetch]()
    while (pages or lists) and visitor.requests < most:
        fetch = pages.popleft() if pages else lists.popleft()
        try:
            answer = visitor.fetch(fetch)
            page = Page(url=fetch.url, body=answer.body, headers=answer.headers)
            if fetch.purpose == "product":
                pointers.try_on(page)
            for found in platform.read(shop, fetch, page):
                match found:
                    case ShopProduct():
                        yield found, fetch, page
                    case Fetch() if shop.allows(found.url):
                        (lists if found.purpose in _LISTS else pages).append(found)
                    case Fetch():
                        trial.failures.append(f"{found.url} is not on {shop.host}, the host that is declared")
        except GoneFromShop as error:
            if not fetch.optional:
                trial.failures.append(str(error))
        except ListinoError as error:
            trial.failures.append(str(error))


def _refresh(shop: Shop, platform: Platform, visitor: Visitor, read: Mapping[str, _Read]) -> None:
    known = [Known(sku=sku, url=one.goods.url, variants=len(one.goods.offer.variants)) for sku, one in read.items()]
    waiting = deque(platform.refresh_many(shop, known) if known else ())
    while waiting:
        refresh = waiting.popleft()
        together = len(refresh.known)
        told: Mapping[str, Told]
        if together == 1 and _same(refresh.fetch, read[refresh.known[0].sku].fetch):
            one = read[refresh.known[0].sku]
            one.sample.live = f"{_priced(one.goods.offer)}, by the request that told all the rest"
            continue
        try:
            told = platform.read_offers(shop, refresh, visitor.fetch(refresh.fetch))
        except ListinoError as error:
            told = {asked.sku: error for asked in refresh.known}
        for asked in refresh.known:
            sample = read[asked.sku].sample
            match told[asked.sku]:
                case Fetch() as more:
                    waiting.append(Refresh(fetch=more, known=(asked,)))
                case ShopOffer() as offer:
                    sample.live = f"{_priced(offer)}, {together} with one request"
                case wrong:
                    sample.complaints.append(f"a live refresh fails: {wrong}")


def _same(one: Fetch, other: Fetch) -> bool:
    return (one.method, one.url, one.body) == (other.method, other.url, other.body)


def _priced(offer: ShopOffer) -> str:
    return f"{offer.cost} {offer.cost.currency}"


def _complaints(shop: Shop, goods: ShopProduct) -> Iterator[str]:
    if not goods.name:
        yield "it has no name"
    try:
        product_id(shop.market.code, shop.name, goods.sku)
    except InvalidValue as error:
        yield str(error)
    if complaint := unsellable(goods.offer, shop.market):
        yield f"{complaint[0]}: {complaint[1]}"
    if not shop.allows(goods.url):
        yield f"{goods.url} is not on {shop.host}, the host that is declared"


def _fields(shop: Shop, platform: Platform, goods: ShopProduct, fetch: Fetch, page: Page) -> dict[str, Field]:
    offer, variants = goods.offer, len(goods.offer.variants)
    values = {
        "sku": goods.sku,
        "name": goods.name,
        "price": _priced(offer),
        "availability": offer.availability.value,
        "list_price": f"{offer.list_cost} {offer.list_cost.currency}" if offer.list_cost else None,
        "brand": goods.brand,
        "gtin": goods.gtin,
        "category": goods.category,
        "description": goods.description,
        "photos": str(len(goods.photos)) if goods.photos else None,
        "variants": str(variants) if variants > 1 else None,
    }
    sources = platform.sources
    if isinstance(platform, PagesPlatform) and fetch.purpose == "product":
        sources = dict.fromkeys(values, "structured data") | _sources_on(page, shop)
    return {name: Field(value or None, sources.get(name, "") if value else "") for name, value in values.items()}


def _sources_on(page: Page, shop: Shop) -> dict[str, str]:
    """Where on a page each field was found."""
    found = extract_page(ProductPage(page.text, page.url), shop.selectors).sources
    said = {name: f"{source.name}, {source.sureness:.0%} sure" for name, source in found.items()}
    return said | ({"photos": said["images"]} if "images" in said else {})
