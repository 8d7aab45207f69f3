"""What a catalogue's products are, joined the plain way: with Python's own CSV reader, and every row in memory."""

import csv
from collections import defaultdict
from collections.abc import Collection, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any


def plain_join(folder: Path, wanted: Collection[int] | None = None) -> dict[int, dict[str, Any]]:
    """The document of each product (of those that are wanted), but for words, content hash and times."""

    def chosen(number: int) -> bool:
        return wanted is None or number in wanted

    products = {int(row["id"]): row for row in rows_of(folder, "product") if chosen(int(row["id"]))}
    features = _by_parent(folder, "features", "product_id", products)
    related = _by_parent(folder, "related", "current_product_id", products)
    styles = _by_parent(folder, "styles", "productId", products)
    style_ids = {int(row["id"]) for rows in styles.values() for row in rows}
    photos = _by_parent(folder, "photos", "styleId", style_ids)
    skus = _by_parent(folder, "skus", "styleId", style_ids)

    def style_of(row: Any) -> dict[str, Any]:
        number = int(row["id"])
        return {
            "style_id": number,
            "name": row["name"],
            "cost": None,
            "original_price": _cents(row["original_price"]),
            "sale_price": _cents(row["sale_price"]),
            "default": row["default_style"] == "1",
            "photos": [{"thumbnail_url": photo["thumbnail_url"], "url": photo["url"]} for photo in photos[number]],
            "skus": {
                sku["id"]: {"quantity": sku["quantity"] and int(sku["quantity"]), "size": sku["size"] or ""}
                for sku in skus[number]
            },
        }

    return {
        number: {
            "_id": number,
            **{name: row[name] for name in ("name", "slogan", "description", "category") if row[name] is not None},
            **_price(row["default_price"]),
            "features": [{"feature": one["feature"], "value": one["value"]} for one in features[number]],
            "related": [int(one["related_product_id"]) for one in related[number]],
            "styles": [style_of(style) for style in styles[number]],
        }
        for number, row in products.items()
    }


def rows_of(folder: Path, name: str) -> Iterator[Any]:
    """The rows of a file, None for what is missing."""
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as text:
        for row in csv.DictReader(text):
            yield {column: None if value in ("null", "") else value for column, value in row.items()}


def _by_parent(folder: Path, name: str, column: str, parents: Collection[int]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows_of(folder, name):
        if int(row[column]) in parents:
            found[int(row[column])].append(row)
    return found


def _cents(amount: str | None) -> int | None:
    return None if amount is None else int(Decimal(amount) * 100)


def _price(amount: str | None) -> dict[str, Any]:
    return {} if amount is None else {"price": {"amount": _cents(amount), "currency": "EUR", "steps": []}}
