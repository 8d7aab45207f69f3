"""The six CSV files of a catalogue, declared once: names, columns, and what a value in each column must be."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType


class Kind(Enum):
    """What a column holds."""

    ID = "a whole number from 0 to 999999999999999999"  # what an address of the API can name
    COUNT = "a whole number from 0 to 2147483647"
    AMOUNT = "an amount from 0 to 9999999999.99"
    FLAG = "0, 1, true or false"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file. A row is of no use without its `needed` values."""

    kind: Kind = Kind.TEXT
    needed: bool = False


@dataclass(frozen=True, slots=True)
class File:
    """A file, its columns in the order in which they are written, and the other file's rows that a column points to."""

    name: str
    columns: Mapping[str, Column]
    parents: Mapping[str, str]

    @property
    def table(self) -> str:
        return self.name.removesuffix(".csv")


_ID = Column(Kind.ID, needed=True)
_TEXT = Column()
_NAME = Column(needed=True)
_AMOUNT = Column(Kind.AMOUNT)


def _file(name: str, parents: Mapping[str, str] = MappingProxyType({}), /, **columns: Column) -> File:
    return File(name, {"id": _ID, **columns}, parents)


# Parents first. The names of the columns are those of the field's catalogues, two spellings and all.
FILES = (
    _file("product.csv", name=_NAME, slogan=_TEXT, description=_TEXT, category=_TEXT, default_price=_AMOUNT),
    _file("features.csv", {"product_id": "product"}, product_id=_ID, feature=_NAME, value=_TEXT),
    _file(
        "styles.csv",
        {"productId": "product"},
        productId=_ID,
        name=_NAME,
        sale_price=_AMOUNT,
        original_price=_AMOUNT,
        default_style=Column(Kind.FLAG),
    ),
    _file("photos.csv", {"styleId": "styles"}, styleId=_ID, url=_NAME, thumbnail_url=_TEXT),
    _file("skus.csv", {"styleId": "styles"}, styleId=_ID, size=_TEXT, quantity=Column(Kind.COUNT)),
    _file(
        "related.csv",
        {"current_product_id": "product", "related_product_id": "product"},
        current_product_id=_ID,
        related_product_id=_ID,
    ),
)
