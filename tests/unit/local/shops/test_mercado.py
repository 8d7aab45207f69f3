"""The microdata is read here as a visitor would, and must come to exactly the truth."""

import re
from collections import Counter
from typing import Any

import pytest
from parsel import Selector

from listino.domain.money import Money
from listino.domain.offer import Availability, Photo, ShopOffer, ShopProduct, Variant


def decoded(answer: Any) -> str:
    """The page's text by its Content-Type, else by its `<meta charset>`."""
    declared = re.search(r"charset=([\w-]+)", answer.headers["content-type"]) or re.search(
        rb'<meta charset="([\w-]+)"', answer.content[:1024]
    )
    assert declared, "a page must say its charset somewhere"
    charset = declared[1] if isinstance(declared[1], str) else declared[1].decode()
    text: str = answer.content.decode(charset)
    return text


def own(item: Selector, name: str) -> list[Selector]:
    """The elements with this itemprop that belong to the item itself, not to an item within it."""
    depth = len(item.xpath("ancestor::*[@itemscope]")) + 1
    return [
        found
        for found in item.xpath(f".//*[@itemprop='{name}']")
        if len(found.xpath("ancestor::*[@itemscope]")) == depth
    ]


def text_of(item: Selector) -> str:
    return " ".join("".join(item.xpath(".//text()").getall()).split())


def value(item: Selector, name: str) -> str | None:
    found = own(item, name)
    if not found:
        return None
    return found[0].attrib.get("content") or found[0].attrib.get("href") or text_of(found[0])


def money(text: str | None) -> Money | None:
    if text is None or re.fullmatch(r"[0-9]+\.[0-9]{2}", text):
        return text and Money.of(text)
    assert re.fullmatch(r"[0-9.]+,[0-9]{2} €", text)
    return Money.of(text.removesuffix(" €").replace(".", "").replace(",", "."))


def read_variant(item: Selector, photos: bool) -> Variant:
    offer = own(item, "offers")[0]
    struck = offer.css("del")
    return Variant(
        sku=value(item, "sku"),
        style=value(item, "color") or "",
        size=value(item, "size") or "",
        cost=money(value(offer, "price")),
        list_cost=money(text_of(struck[0])) if struck else None,
        availability=Availability(value(offer, "availability").rpartition("/")[2]),
        gtin=value(item, "gtin13"),
        photos=tuple(part.attrib["href"] for part in own(item, "image")) if photos else (),
    )


def read(html: str) -> ShopProduct:
    page = Selector(html)
    item = page.xpath("//*[contains(@itemtype, '/Product') and not(ancestor::*[@itemscope])]")[0]
    variants = tuple(read_variant(part, True) for part in own(item, "hasVariant")) or (read_variant(item, False),)
    cheapest = min(variants, key=lambda variant: variant.cost.minor)
    in_stock = any(variant.availability is Availability.IN_STOCK for variant in variants)
    crumbs = [value(crumb, "name") for crumb in page.xpath("//*[@itemprop='itemListElement']")]
    return ShopProduct(
        sku=value(item, "sku"),
        url=value(item, "url"),
        name=value(item, "name"),
        brand=value(own(item, "brand")[0], "name"),
        gtin=value(item, "gtin13"),
        category=crumbs[-1],
        slogan=value(item, "slogan"),
        description=value(item, "description"),
        photos=tuple(
            Photo(url=part.attrib["href"], thumbnail_url=part.css("img")[0].attrib["src"])
            for part in own(item, "image")
        ),
        features=tuple((value(part, "name"), value(part, "value")) for part in own(item, "additionalProperty")),
        related=tuple(value(part, "sku") for part in own(item, "isRelatedTo")),
        offer=ShopOffer(
            cost=cheapest.cost,
            list_cost=cheapest.list_cost,
            availability=Availability.IN_STOCK if in_stock else Availability.OUT_OF_STOCK,
            variants=variants,
        ),
    )


@pytest.fixture(scope="module")
def shop(open_shop: Any) -> Any:
    shop = open_shop("es")
    shop.catalogue.drift(0.2, seed=5)
    return shop


def test_every_product_is_listed_once_and_reads_as_the_truth(shop: Any) -> None:
    counted: Counter[str] = Counter()
    for department in Selector(shop.client.get("/").text).css(".departments a::attr(href)").getall():
        address: str | None = department
        while address:
            page = Selector(shop.client.get(address).text)
            counted.update({link.partition("?")[0] for link in page.css(".card a::attr(href)").getall()})
            address = page.css("a[rel=next]::attr(href)").get()
    truth = shop.catalogue.truth()
    assert len(truth) == len(counted) == 250
    assert set(counted.values()) == {1}
    products = [read(decoded(shop.client.get(url))) for url in counted]
    assert {product.sku: product for product in products} == truth


def test_a_third_of_the_pages_is_latin_and_says_so_in_one_place_only(shop: Any) -> None:
    answers = [shop.client.get(product.url) for product in shop.catalogue.truth().values()]
    in_header = [a for a in answers if "ISO-8859-1" in a.headers["content-type"]]
    in_meta = [a for a in answers if a.headers["content-type"] == "text/html"]
    assert (len(answers), len(in_header), len(in_meta)) == (250, 41, 42)
    assert not any(b"<meta charset" in a.content for a in in_header)
    assert all(b'<meta charset="iso-8859-1">' in a.content for a in in_meta)
    for latin in in_header + in_meta:
        with pytest.raises(UnicodeDecodeError):
            latin.content.decode("utf-8")
    others = [a for a in answers if a.headers["content-type"] == "text/html; charset=utf-8"]
    assert len(others) == 167
    assert all(b'<meta charset="utf-8">' in a.content for a in others)


def test_some_prices_stand_in_the_text_only(shop: Any) -> None:
    pages = [Selector(decoded(shop.client.get(product.url))) for product in shop.catalogue.truth().values()]
    bare = [page for page in pages if not page.css("[itemprop=price][content]")]
    assert (len(pages), len(bare)) == (250, 50)


def test_a_related_good_can_come_before_the_products_own_price(shop: Any) -> None:
    misleading = 0
    for product in shop.catalogue.truth().values():
        page = Selector(decoded(shop.client.get(product.url)))
        first = page.css("[itemprop=price]")[0]
        misleading += bool(first.xpath("ancestor::*[@itemprop='isRelatedTo']"))
    assert misleading > 40


@pytest.mark.parametrize(
    "path", ["/producto/nada-1", "/producto/nada", "/c/nada", "/c/zapatos?pagina=99", "/c/zapatos?pagina=x"]
)
def test_unknown_pages_are_not_found(shop: Any, path: str) -> None:
    assert shop.client.get(path).status_code == 404
