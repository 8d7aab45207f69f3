"""`extract`: what one product page says of its product, and where on the page it says so."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from selectolax.lexbor import LexborHTMLParser

from listino.extract import schema_org
from listino.extract.addresses import absolute
from listino.extract.evidence import Source
from listino.extract.layout import Layout, read_layout
from listino.extract.price import price
from listino.extract.product_code import product_code
from listino.extract.stock import stock
from listino.extract.structured import Node, json_ld, microdata, rdfa
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
    sources: Mapping[str, Source] = field(default_factory=dict, compare=False)


def extract(html: str, url: str) -> Extracted:
    """Reads a product page; what the page does not say is None. Never raises for bad markup, never touches the network."""
    tree = LexborHTMLParser(html)
    meta = _meta(tree)
    language = page_language(tree)
    title = tree.css_first("title")
    names = [plain(meta.get("og:title")), plain(title.text()) if title else None]
    nodes = _product_nodes(html, tree, url)
    node = nodes[0][1] if nodes else {}
    layout = read_layout(tree, names=[*(schema_org.first_text(n.get("name")) for _, n in nodes), *names], language=language)
    offers = [(source, _all_offers(node)) for source, node in nodes]
    sources: dict[str, Source] = {}

    def said(name: str, found):
        if found is None:
            return None
        *value, sources[name] = found
        return value[0]

    amount, currency = None, None
    if (asked := price(offers, meta, layout, html, language)) is not None:
        amount, currency, sources["price"] = asked
    availability = said("availability", stock(offers, meta, layout))
    images = schema_org.images_of(node) or [meta[name] for name in ("og:image",) if name in meta]
    return Extracted(
        url=url,
        name=schema_org.first_text(node.get("name")) or layout.heading or plain(meta.get("og:title")),
        brand=schema_org.first_text(node.get("brand")) or plain(meta.get("product:brand")),
        sku=said("sku", product_code(nodes, meta, layout, tree, html, url)),
        gtin=schema_org.gtin_of(node),
        price=amount,
        currency=currency,
        availability=None if availability is None else availability.value,
        images=tuple(filter(None, (absolute(url, image) for image in images))),
        description=plain_from_html(schema_org.first_text(node.get("description")) or meta.get("og:description")),
        sources=sources,
    )


def _product_nodes(html: str, tree: LexborHTMLParser, url: str) -> list[tuple[str, Node]]:
    """The product's node in each syntax that has one, the most trusted first."""
    found = []
    title = heading(tree)
    if node := schema_org.main_product(json_ld(html), title):
        found.append(("json-ld", node))
    if "itemscope" in html and (node := schema_org.main_product(microdata(tree, url), title)):
        found.append(("microdata", node))
    if "typeof" in html and (node := schema_org.main_product(rdfa(tree, url), title)):
        found.append(("rdfa", node))
    return found


def _all_offers(node: Node) -> list[Node]:
    offers = schema_org.offers_of(node)
    for variant in schema_org.listed(node.get("hasVariant")):
        if isinstance(variant, dict):
            offers += schema_org.offers_of(variant)
    return offers


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
