"""Documents made straight from a catalogue's rows, held against the ones made of domain values."""

from listino.domain.money import Money
from listino.domain.offer import Photo
from listino.domain.pricing import Price
from listino.domain.product import Product, Sku, Style
from listino.store.documents import product_document, product_from
from listino.store.imported import Rows, imported_documents

ROWS = Rows(
    products=[
        (1, "Élan Jacket", "Light", "Long text", "Jackets", 14_000),
        (2, "Bare", None, None, None, None),
    ],
    features=[(1, "Fabric", "Canvas"), (1, "Sole", None)],
    related=[(1, 2), (1, 7)],
    styles=[(1, 11, "Sand", 14_000, 9_900, True), (1, 12, "Ivory", None, None, False)],
    photos=[(11, "https://x/t.jpg", "https://x/u.jpg")],
    skus=[(11, 101, 8, "M"), (11, 102, None, ""), (12, 103, 0, "L")],
)

JACKET = Product(
    id=1,
    name="Élan Jacket",
    slogan="Light",
    description="Long text",
    category="Jackets",
    features=(("Fabric", "Canvas"), ("Sole", None)),
    related=(2, 7),
    styles=(
        Style(
            style_id=11,
            name="Sand",
            cost=None,
            original_price=Money(14_000),
            sale_price=Money(9_900),
            default=True,
            photos=(Photo(url="https://x/u.jpg", thumbnail_url="https://x/t.jpg"),),
            skus={"101": Sku(size="M", quantity=8), "102": Sku(size="", quantity=None)},
        ),
        Style(
            style_id=12,
            name="Ivory",
            cost=None,
            original_price=None,
            sale_price=None,
            default=False,
            photos=(),
            skus={"103": Sku(size="L", quantity=0)},
        ),
    ),
    price=Price(Money(14_000), ()),
)


def test_they_are_the_documents_of_the_same_products() -> None:
    assert imported_documents(ROWS) == [product_document(JACKET), product_document(Product(id=2, name="Bare"))]


def test_they_are_read_back_as_products() -> None:
    assert [product_from(document) for document in imported_documents(ROWS)] == [JACKET, Product(id=2, name="Bare")]


def test_all_rows_are_counted() -> None:
    assert len(ROWS) == 2 + 2 + 2 + 2 + 1 + 3
