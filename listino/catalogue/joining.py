"""What belongs together: the staged rows of a few thousand products at a time, without a join of the whole."""

from dataclasses import dataclass
from typing import Any

import duckdb

from listino.store.imported import Rows

# Products joined at a time: enough that a query is worth its planning, few enough that a process stays small.
BATCH = 4_000

# Rows are staged in the order of their parents' ids and their own, and are read in the order in which they lie.
_PRODUCTS = "SELECT id, name, slogan, description, category, default_price FROM product WHERE id BETWEEN $1 AND $2"
_FEATURES = "SELECT product_id, feature, value FROM features WHERE product_id BETWEEN $1 AND $2"
_RELATED = "SELECT current_product_id, related_product_id FROM related WHERE current_product_id BETWEEN $1 AND $2"
_STYLES = """SELECT productId, id, name, original_price, sale_price, coalesce(default_style, false) FROM styles
    WHERE productId BETWEEN $1 AND $2"""
_PHOTOS = "SELECT styleId, coalesce(thumbnail_url, url), url FROM photos"
_SKUS = "SELECT styleId, id, quantity, coalesce(size, '') FROM skus"
# What hangs on styles: of those from one id to another where no other product has any of these, else of each by its id.
_SPANNED = "WHERE styleId BETWEEN $1 AND $2"
_SCATTERED = """WHERE styleId IN (SELECT id FROM styles WHERE productId BETWEEN $1 AND $2) ORDER BY styleId, id"""
_IN_SPAN = "SELECT count(*) FROM styles WHERE id BETWEEN $1 AND $2"


@dataclass(frozen=True, slots=True)
class Batch:
    """The products from one id to another, both included."""

    first: int
    last: int


def batches(connection: duckdb.DuckDBPyConnection) -> list[Batch]:
    """All products, in order, in batches of BATCH."""
    found = connection.execute(
        "SELECT min(id), max(id) FROM (SELECT id, row_number() OVER () - 1 AS number FROM product) "
        f"GROUP BY number // {BATCH} ORDER BY 1"
    ).fetchall()
    return [Batch(*ends) for ends in found]


def rows_of(connection: duckdb.DuckDBPyConnection, batch: Batch) -> Rows:
    """The rows of the batch's products, those of one parent together and in the order of their ids."""

    def read(query: str, *ends: int) -> list[tuple[Any, ...]]:
        return connection.execute(query, ends).fetchall()

    products, features, related, styles = (
        read(query, batch.first, batch.last) for query in (_PRODUCTS, _FEATURES, _RELATED, _STYLES)
    )
    ids = [style[1] for style in styles]
    span = (min(ids, default=0), max(ids, default=0))
    if read(_IN_SPAN, *span) == [(len(ids),)]:
        photos, skus = (read(f"{query} {_SPANNED}", *span) for query in (_PHOTOS, _SKUS))
    else:
        photos, skus = (read(f"{query} {_SCATTERED}", batch.first, batch.last) for query in (_PHOTOS, _SKUS))
    return Rows(products, features, related, styles, photos, skus)
