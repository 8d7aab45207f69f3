"""The documents of an imported catalogue, made straight from its rows: domain values would cost several times as much.

They are what `product_document` makes of the same goods; a test holds the two together.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from listino.store.documents import Document
from listino.store.search import language_of, terms

CURRENCY = "EUR"

# Fields that a product may lose again from one import to the next.
OPTIONAL = ("slogan", "description", "category", "price")


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of some products: those of one parent together, in the order of their ids. Amounts are minor units.

    `products`: id, name, slogan, description, category, default price. `features`: product, feature, value. `related`:
    product, other product. `styles`: product, id, name, original price, sale price, whether it is the default.
    `photos`: style, thumbnail's URL, URL. `skus`: style, id, quantity, size.
    """

    products: list[tuple[Any, ...]]
    features: list[tuple[Any, ...]]
    related: list[tuple[Any, ...]]
    styles: list[tuple[Any, ...]]
    photos: list[tuple[Any, ...]]
    skus: list[tuple[Any, ...]]

    def __len__(self) -> int:
        parts = (self.products, self.features, self.related, self.styles, self.photos, self.skus)
        return sum(len(part) for part in parts)


def imported_documents(rows: Rows) -> list[Document]:
    """The document of each product, but for what says when it was written and its content hash."""
    features: dict[int, list[Document]] = defaultdict(list)
    for product, feature, value in rows.features:
        features[product].append({"feature": feature, "value": value})
    related: dict[int, list[int]] = defaultdict(list)
    for product, other in rows.related:
        related[product].append(other)
    photos: dict[int, list[Document]] = defaultdict(list)
    for style, thumbnail_url, url in rows.photos:
        photos[style].append({"thumbnail_url": thumbnail_url, "url": url})
    stocks: dict[tuple[int | None, str], Document] = {}  # few differ: they are shared
    skus: dict[int, Document] = defaultdict(dict)
    for style, sku, quantity, size in rows.skus:
        stock = stocks.get((quantity, size))
        if stock is None:
            stock = stocks[quantity, size] = {"quantity": quantity, "size": size}
        skus[style][str(sku)] = stock
    styles: dict[int, list[Document]] = defaultdict(list)
    for product, style, name, original_price, sale_price, default in rows.styles:
        styles[product].append(
            {
                "style_id": style,
                "name": name,
                "cost": None,
                "original_price": original_price,
                "sale_price": sale_price,
                "default": default,
                "photos": photos.get(style, []),
                "skus": skus.get(style, {}),
            }
        )
    return [
        _document(product, features.get(product[0], []), related.get(product[0], []), styles.get(product[0], []))
        for product in rows.products
    ]


def _document(
    product: tuple[Any, ...], features: list[Document], related: list[int], styles: list[Document]
) -> Document:
    number, name, slogan, description, category, price = product
    document: Document = {"_id": number, "name": name}
    if slogan is not None:
        document["slogan"] = slogan
    if description is not None:
        document["description"] = description
    if category is not None:
        document["category"] = category
    document["features"] = features
    document["related"] = related
    document["styles"] = styles
    sizes = (sku for style in styles for sku in style["skus"])
    document["terms"] = terms(name, None, language=language_of(None), codes=(str(number),), sizes=sizes)
    if price is not None:
        document["price"] = {"amount": price, "currency": CURRENCY, "steps": []}
    return document
