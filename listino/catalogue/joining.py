"""What belongs together: the staged rows of a few thousand products at a time, without a join of the whole."""

from dataclasses import dataclass

import duckdb

from listino.store.imported import Rows

# Products joined at a time: enough that a query is worth its planning, few enough that a process stays small.
BATCH = 2_000

_PRODUCTS = (
    "SELECT id, name, slogan, description, category, default_price FROM product WHERE id BETWEEN $1 AND $2 ORDER BY id"
)
_FEATURES = "SELECT product_id, feature, value FROM features WHERE product_id BETWEEN $1 AND $2 ORDER BY product_id, id"
_RELATED = """SELECT current_product_id, related_product_id FROM related
    WHERE current_product_id BETWEEN $1 AND $2 ORDER BY current_product_id, id"""
_STYLES = """SELECT productId, id, name, original_price, sale_price, coalesce(default_style, false) FROM styles
    WHERE productId BETWEEN $1 AND $2 ORDER BY productId, id"""
_OF_THESE = "styleId IN (SELECT id FROM styles WHERE productId BETWEEN $1 AND $2) ORDER BY styleId, id"
_PHOTOS = f"SELECT styleId, coalesce(thumbnail_url, url), url FROM photos WHERE {_OF_THESE}"
_SKUS = f"SELECT styleId, id, quantity, coalesce(size, '') FROM skus WHERE {_OF_THESE}"


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
    ends = [batch.first, batch.last]
    return Rows(
        *(
            connection.execute(query, ends).fetchall()
            for query in (_PRODUCTS, _FEATURES, _RELATED, _STYLES, _PHOTOS, _SKUS)
        )
    )
