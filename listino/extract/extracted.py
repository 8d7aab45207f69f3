"""`extract`: what one product page says of its product, from structured data first and meta elements next."""

from dataclasses import dataclass
from decimal import Decimal

from selectolax.lexbor import LexborHTMLParser

from listino.domain.offer import Availability
from listino.extract import schema_org
from listino.extract.addresses import absolute
from listino.extract.amounts import read_amount
from listino.extract.structured import Node, json_ld, microdata
from listino.extract.text import plain, plain_from_html


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """The product of a page. `price` is in major units; `availability` is "InStock", "OutOfStock" or None."""

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


def extract(html: str, url: str) -> Extracted:
    """Reads a product page; what the page does not say is None. Never raises for bad markup, never touches the network."""
    tree = LexborHTMLParser(html)
    node = product_node(html, tree, url) or {}
    meta = _meta(tree)
    language = page_language(tree)
    offers = schema_org.offers_of(node)
    for variant in schema_org.listed(node.get("hasVariant")):
        if isinstance(variant, dict):
            offers += schema_org.offers_of(variant)
    asked = [money for offer in offers if (money := schema_org.money_of(offer, currency=None, language=language))]
    comparable = [money for money in asked if money.currency == asked[0].currency]
    price, currency = (min(comparable).major, asked[0].currency) if asked else _meta_price(meta, language)
    availability = schema_org.availability_of(offers)
    images = schema_org.images_of(node) or [meta[name] for name in ("og:image",) if name in meta]
    return Extracted(
        url=url,
        name=schema_org.first_text(node.get("name")) or heading(tree) or plain(meta.get("og:title")),
        brand=schema_org.first_text(node.get("brand")) or plain(meta.get("product:brand")),
        sku=schema_org.first_text(node.get("sku") or node.get("productGroupID")),
        gtin=schema_org.gtin_of(node),
        price=price,
        currency=currency,
        availability=None if availability is Availability.UNKNOWN else availability.value,
        images=tuple(filter(None, (absolute(url, image) for image in images))),
        description=plain_from_html(schema_org.first_text(node.get("description")) or meta.get("og:description")),
    )


def product_node(html: str, tree: LexborHTMLParser, url: str) -> Node | None:
    """The schema.org node of the product that the page is about, from JSON-LD or else from microdata."""
    return product_among(html, tree, url)[0]


def product_among(html: str, tree: LexborHTMLParser, url: str) -> tuple[Node | None, list[Node]]:
    """The product's node, and all nodes of the syntax it was found in."""
    title = heading(tree)
    nodes = json_ld(html)
    if (node := schema_org.main_product(nodes, title)) is None:
        nodes = microdata(tree, url)
        node = schema_org.main_product(nodes, title)
    return node, nodes


def heading(tree: LexborHTMLParser) -> str | None:
    node = tree.css_first("h1")
    return plain(node.text()) if node else None


def page_language(tree: LexborHTMLParser) -> str | None:
    """The two-letter language that the page declares."""
    root = tree.css_first("html")
    code = (root.attributes.get("lang") if root else None) or ""
    return code[:2].lower() or None


def _meta(tree: LexborHTMLParser) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in tree.css("meta[content]"):
        name = node.attributes.get("property") or node.attributes.get("name")
        content = node.attributes.get("content")
        if name and content:
            found.setdefault(name.lower(), content)
    return found


def _meta_price(meta: dict[str, str], language: str | None) -> tuple[Decimal | None, str | None]:
    for prefix in ("product:sale_price", "product:price", "og:price"):
        read = read_amount(meta.get(f"{prefix}:amount", ""), language=language)
        if read is not None and read[0] > 0:
            return read[0], meta.get(f"{prefix}:currency") or read[1]
    return None, None
