"""A product page as goods: everything a shop's page says of its product, from the page's structured data."""

from collections import Counter
from dataclasses import replace

from selectolax.lexbor import LexborHTMLParser

from listino.domain.errors import UnreadablePage
from listino.domain.offer import Photo, ShopOffer, ShopProduct, Variant
from listino.extract import schema_org
from listino.extract.addresses import absolute
from listino.extract.extracted import heading, product_among
from listino.extract.schema_org import first_text, listed
from listino.extract.structured import Node
from listino.extract.text import plain_from_html


def read_goods(html: str, url: str, *, currency: str, language: str) -> ShopProduct:
    """The product of a page in a market's currency and language; raises UnreadablePage when it names no product or price."""
    tree = LexborHTMLParser(html)
    node, nodes = product_among(html, tree, url)
    if node is None:
        raise UnreadablePage(f"{url} names no product in its structured data")
    name = first_text(node.get("name")) or heading(tree)
    sku = first_text(node.get("productGroupID")) or first_text(node.get("sku"))
    if not name or not sku:
        raise UnreadablePage(f"{url} names a product without a {'SKU' if name else 'name'}")
    members = [entry for entry in listed(node.get("hasVariant")) if isinstance(entry, dict)]
    variants = [
        variant
        for member in (members or [node])
        if (variant := _variant(member, sku, url, currency=currency, language=language, varies=bool(members)))
    ]
    if not variants:
        raise UnreadablePage(f"{url} names no price in its structured data")
    return ShopProduct(
        sku=sku,
        url=_canonical(tree, url),
        name=name,
        brand=first_text(node.get("brand")),
        gtin=schema_org.gtin_of(node) or next((variant.gtin for variant in variants), None),
        category=_category(node) or schema_org.breadcrumb_category(nodes, name),
        slogan=first_text(node.get("slogan") or node.get("disambiguatingDescription")),
        description=plain_from_html(first_text(node.get("description"))),
        photos=_photos(node, url),
        features=tuple(
            (str(first_text(entry)), str(first_text(entry.get("value"))))
            for entry in listed(node.get("additionalProperty"))
            if isinstance(entry, dict) and first_text(entry) and first_text(entry.get("value"))
        ),
        related=tuple(
            key
            for entry in listed(node.get("isRelatedTo"))
            if isinstance(entry, dict) and (key := first_text(entry.get("productGroupID") or entry.get("sku")))
        ),
        offer=ShopOffer.of(_distinct(variants)),
    )


def _distinct(variants: list[Variant]) -> list[Variant]:
    """Variants that share an SKU (a page may name only the group's) told apart by style and size; a repeated one is left out."""
    bearers = Counter(variant.sku for variant in variants)
    found: dict[str, Variant] = {}
    for variant in variants:
        if bearers[variant.sku] > 1:
            own = "-".join(part for part in (variant.sku, variant.style, variant.size) if part)
            found.setdefault(own, replace(variant, sku=own))
        else:
            found[variant.sku] = variant
    return list(found.values())


def _variant(member: Node, sku: str, url: str, *, currency: str, language: str, varies: bool) -> Variant | None:
    offers = schema_org.offers_of(member)
    for offer in offers:
        cost = schema_org.money_of(offer, currency=currency, language=language)
        if cost is None:
            continue
        listed_cost = schema_org.list_money_of(offer, currency=currency, language=language)
        return Variant(
            sku=first_text(member.get("sku")) or sku,
            style=(first_text(member.get("color")) or "") if varies else "",
            size=(first_text(member.get("size")) or "") if varies else "",
            cost=cost,
            list_cost=listed_cost if listed_cost and cost < listed_cost else None,
            availability=schema_org.availability_of([offer]),
            quantity=_quantity(offer),
            gtin=schema_org.gtin_of(member),
            photos=tuple(filter(None, (absolute(url, image) for image in schema_org.images_of(member))))
            if varies
            else (),
        )
    return None


def _quantity(offer: Node) -> int | None:
    level = next(iter(listed(offer.get("inventoryLevel"))), None)
    value = level.get("value") if isinstance(level, dict) else level
    return int(str(value)) if str(value).isdecimal() else None


def _category(node: Node) -> str | None:
    path = first_text(node.get("category"))
    return path.rsplit(">", 1)[-1].rsplit("/", 1)[-1].strip() if path else None


def _photos(node: Node, url: str) -> tuple[Photo, ...]:
    found = {}
    for entry in listed(node.get("image")):
        thumbnail = entry.get("thumbnailUrl") or entry.get("thumbnail") if isinstance(entry, dict) else None
        for address in schema_org.images_of({"image": entry}):
            full = absolute(url, address)
            if full:
                small = absolute(url, thumbnail) if isinstance(thumbnail, str) else ""
                found[full] = Photo(url=full, thumbnail_url=small or full)
    return tuple(found.values())


def _canonical(tree: LexborHTMLParser, url: str) -> str:
    link = tree.css_first("link[rel=canonical][href]")
    return (absolute(url, link.attributes["href"] or "") if link else "") or url
