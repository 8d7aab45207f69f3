"""A product page as goods: everything that a shop's page says and shows of its product, or its offer alone."""

from collections import Counter
from dataclasses import dataclass, replace
from decimal import Decimal

from listino.domain.errors import InvalidValue, UnreadablePage
from listino.domain.money import Money
from listino.domain.offer import Availability, Photo, ShopOffer, ShopProduct, Variant
from listino.extract import schema_org
from listino.extract.addresses import absolute
from listino.extract.extracted import Extracted, described_by_markup, extract_page
from listino.extract.json_ld import Node
from listino.extract.page import ProductPage
from listino.extract.schema_org import first_text, listed
from listino.extract.selected import selected_list_price
from listino.extract.selectors import Selectors


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sold:
    """What a page sells: the node of its product, empty where its markup has none, what is said of it, its key and offer."""

    page: ProductPage
    node: Node
    extracted: Extracted
    sku: str
    name: str
    offer: ShopOffer


def read_goods(html: str, url: str, *, currency: str, language: str, selectors: Selectors | None = None) -> ShopProduct:
    """The product of a page in a market's currency and language; raises UnreadablePage when it names no product or price.

    A page without structured data is a product page where it shows a name, a code, a price and a way to buy.
    """
    sold = _sold(html, url, currency=currency, language=language, selectors=selectors)
    page, node, extracted = sold.page, sold.node, sold.extracted
    nodes = [other for nodes in page.marked_up.values() for other in nodes]
    return ShopProduct(
        sku=sold.sku,
        url=page.canonical,
        name=sold.name,
        brand=extracted.brand,
        gtin=extracted.gtin or next((variant.gtin for variant in sold.offer.variants), None),
        category=_category(node) or schema_org.breadcrumb_category(nodes, sold.name),
        slogan=first_text(node.get("slogan") or node.get("disambiguatingDescription")),
        description=extracted.description,
        photos=_photos(node, url) or tuple(Photo(url=image, thumbnail_url=image) for image in extracted.images),
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
        offer=sold.offer,
    )


def read_offer(
    html: str, url: str, *, currency: str, language: str, selectors: Selectors | None = None
) -> tuple[str, ShopOffer]:
    """Key and offer of the page's product, as `read_goods` reads them and raising what it raises, without what else the page
    says: many times faster where that needs no tree."""
    sold = _sold(html, url, currency=currency, language=language, selectors=selectors)
    return sold.sku, sold.offer


def _sold(html: str, url: str, *, currency: str, language: str, selectors: Selectors | None) -> _Sold:
    page = ProductPage(html, url)
    _, node = page.product or ("page", {})
    extracted = (None if selectors else _group(page, node)) or extract_page(page, selectors)
    if not node and not (selectors and selectors.price) and not page.layout.buttons:
        raise UnreadablePage(f"{url} names no product in its structured data and shows none to buy")
    name = extracted.name
    sku = first_text(node.get("productGroupID")) or first_text(node.get("sku")) or extracted.sku
    if not name or not sku:
        raise UnreadablePage(f"{url} names a product without a {'SKU' if name else 'name'}")
    variants = _variants(node, extracted, sku, currency=currency, language=language)
    if selectors and (struck := selected_list_price(page, selectors)) is not None:
        variants = [_with_list_cost(variant, struck) for variant in variants]
    if not variants:
        raise UnreadablePage(f"{url} names no price in its structured data and shows none")
    offer = ShopOffer.of(_distinct(variants))
    return _Sold(page=page, node=node, extracted=extracted, sku=sku, name=name, offer=offer)


def _group(page: ProductPage, node: Node) -> Extracted | None:
    """What is said of a group whose markup tells all of it: its variants' codes and prices, and the usual words.

    The visible page shows the price of one of them and cannot say more.
    """
    members = schema_org.variants_of(node)
    if not members or not all(first_text(member.get("sku")) and member.get("offers") for member in members):
        return None
    found = described_by_markup(page)
    return found if found.name and found.brand and found.description and found.images else None


def _variants(node: Node, extracted: Extracted, sku: str, *, currency: str, language: str) -> list[Variant]:
    """The variants that the markup lists; for a product without any, one at the price that the whole page speaks for."""
    members = schema_org.variants_of(node)
    # A price of zero that the whole markup names is told as it is: the plausibility gate decides what becomes of it.
    nothing = Money(0, currency) if extracted.price is None and _asks_nothing(members or [node], language) else None
    found = [
        variant
        for member in (members or [node])
        if (
            variant := _variant(
                member,
                sku,
                extracted.url,
                currency=currency,
                language=language,
                varies=bool(members),
                otherwise=nothing,
            )
        )
    ]
    if members or extracted.price is None:
        return found
    try:
        cost = Money.of(extracted.price, extracted.currency or currency)
    except InvalidValue:
        return found
    state = Availability(extracted.availability) if extracted.availability else Availability.UNKNOWN
    if not found:
        return [Variant(sku=sku, cost=cost, availability=state, gtin=extracted.gtin)]
    (only,) = found
    struck = (
        only.list_cost
        if only.list_cost and only.list_cost.currency == cost.currency and cost < only.list_cost
        else None
    )
    return [replace(only, cost=cost, list_cost=struck, availability=state)]


def _with_list_cost(variant: Variant, struck: Decimal) -> Variant:
    """The variant with the struck-through price that a declared element shows, where that is the higher one."""
    try:
        listed_cost = Money.of(struck, variant.cost.currency)
    except InvalidValue:
        return variant
    return replace(variant, list_cost=listed_cost) if variant.cost < listed_cost else variant


def _asks_nothing(members: list[Node], language: str) -> bool:
    offers = [offer for member in members for offer in schema_org.offers_of(member)]
    return bool(offers) and all(schema_org.asks_nothing(offer, language=language) for offer in offers)


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


def _variant(
    member: Node, sku: str, url: str, *, currency: str, language: str, varies: bool, otherwise: Money | None = None
) -> Variant | None:
    offers = schema_org.offers_of(member)
    for offer in offers:
        cost = schema_org.money_of(offer, currency=currency, language=language) or otherwise
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
