"""`extract`: what one product page says of its product, where it says so, and how sure that is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from listino.extract import schema_org
from listino.extract.addresses import absolute
from listino.extract.agreement import page_agrees
from listino.extract.evidence import Source
from listino.extract.json_ld import Node
from listino.extract.page import ProductPage
from listino.extract.price import price
from listino.extract.product_code import product_code
from listino.extract.selected import Said, selected
from listino.extract.selectors import Selectors
from listino.extract.stock import stock
from listino.extract.text import plain, plain_from_html


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """The product of a page. `price` is in major units; `availability` is "InStock", "OutOfStock" or None.

    `sources` says for each field that was found where on the page it stands and how sure it is.
    """

    url: str
    name: str | None = None
    brand: str | None = None
    sku: str | None = None
    gtin: str | None = None
    price: Decimal | None = None
    currency: str | None = None
    availability: str | None = None
    images: tuple[str, ...] = ()
    description: str | None = None
    sources: Mapping[str, Source] = field(default_factory=dict, compare=False)


def extract(html: str, url: str) -> Extracted:
    """Reads a product page; what the page does not say is None. Never raises for bad markup, never touches the network."""
    return extract_page(ProductPage(html, url))


def extract_page(page: ProductPage, selectors: Selectors | None = None) -> Extracted:
    """The same for a page that others read, too; what a shop's declaration points to comes before all other evidence."""
    pointed_at = selected(page, selectors) if selectors else {}
    said = _agreed(page) or _weighed(page)
    return _extracted(page.url, said | pointed_at)


def described_by_markup(page: ProductPage) -> Extracted:
    """The words and pictures of the page's product by its markup alone: no code, no price, no look at the visible page."""
    syntax, node = page.product or ("page", {})
    return _extracted(page.url, _described(page, node, syntax))


def _agreed(page: ProductPage) -> Said | None:
    """What JSON-LD says where the visible page says the same; None where that is not plain to see.

    JSON-LD only: it is found without a tree. Microdata marks up what is shown, so its agreement would prove nothing.
    """
    node = schema_org.main_product(page.json_ld, page.heading)
    if node is None:
        return None
    offers = schema_org.all_offers_of(node)
    if not page_agrees(page, node, offers):
        return None
    asked = next(filter(None, (schema_org.money_of(offer, currency=None, language=page.language) for offer in offers)))
    agreed = Source("json-ld", 1.0)
    said = _described(page, node, "json-ld")
    said |= {
        "sku": (schema_org.first_text(node.get("sku")), agreed),
        "price": (asked.major, agreed),
        "currency": (asked.currency, agreed),
        "availability": (schema_org.availability_of(offers).value, agreed),
    }
    return said


_MARKED, _META, _SHOWN = 0.9, 0.7, 0.6  # how sure words are by where they stand


def _weighed(page: ProductPage) -> Said:
    syntax, node = page.product or ("page", {})
    offers = {name: schema_org.all_offers_of(product) for name, product in page.products.items()}
    said = _described(page, node, syntax)
    _add_shown_words(page, said)
    if (code := product_code(page)) is not None:
        said["sku"] = code
    if (asked := price(page, offers)) is not None:
        amount, currency, source = asked
        said["price"], said["currency"] = (amount, source), (currency, source)
    if (state := stock(page, offers)) is not None:
        said["availability"] = (state[0].value, state[1])
    return said


def _described(page: ProductPage, node: Node, syntax: str) -> Said:
    """Words and pictures of the product's node."""
    source = Source(syntax, _MARKED)
    found = {
        "name": schema_org.first_text(node.get("name")),
        "brand": schema_org.first_text(node.get("brand")),
        "gtin": schema_org.gtin_of(node),
        "description": plain_from_html(schema_org.first_text(node.get("description"))),
        "images": tuple(filter(None, (absolute(page.url, image) for image in schema_org.images_of(node)))),
    }
    return {name: (value, source) for name, value in found.items() if value}


def _add_shown_words(page: ProductPage, said: Said) -> None:
    """What meta elements and the visible page say where the markup says nothing."""
    meta, layout = page.meta, page.layout
    shown, told = Source("page", _SHOWN), Source("meta", _META)
    for name, source, read in (
        ("name", shown, lambda: layout.heading),
        ("name", told, lambda: plain(meta.get("og:title"))),
        ("brand", told, lambda: plain(meta.get("product:brand"))),
        ("brand", shown, lambda: layout.brand),
        ("gtin", shown, lambda: layout.gtin),
        ("description", told, lambda: plain_from_html(meta.get("og:description") or meta.get("description"))),
        ("images", told, lambda: _picture(page.url, meta.get("og:image"))),
    ):
        if name not in said and (value := read()):
            said[name] = (value, source)


def _picture(url: str, address: str | None) -> tuple[str, ...]:
    picture = absolute(url, address) if address else ""
    return (picture,) if picture else ()


def _extracted(url: str, said: Said) -> Extracted:
    values = {name: value for name, (value, _) in said.items()}
    sources = {name: source for name, (value, source) in said.items() if value is not None}
    return Extracted(url=url, sources=sources, **values)  # type: ignore[arg-type]  # each name has its own type
