"""What staff decide of a product: correcting its fields, and holding it from sale."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from pymongo.database import Database

from listino.domain.errors import AlreadyDecided, ProductNotFound
from listino.domain.handling import CORRECTABLE, Correction, Handling, Stop
from listino.domain.product import Product, ProductId
from listino.store.collections import PRODUCTS
from listino.store.documents import product_document, product_from
from listino.store.guard import Guard
from listino.store.outage import Contended
from listino.store.upsert import as_planned

# Each time one does not land somebody else changed the product: more than this are at work on none at once.
_MOST_ROUNDS = 10

# All that a decision may change.
_WRITTEN = (*CORRECTABLE, "terms", "handled", "stopped_at", "changed_at")


class Handlings:
    """The decisions on products. Crawls, imports and live refreshes go on beneath: their writes name the decisions that they
    go by (`as_planned`), so that none undoes one unread.

    Each method returns the product as it was and as it is, and raises ProductNotFound or Contended.
    """

    def __init__(self, database: Database, guard: Guard) -> None:
        self._products = database[PRODUCTS.name]
        self._guard = guard

    def correct(
        self, product_id: ProductId, values: Mapping[str, str | None], *, by: str, at: datetime, reason: str
    ) -> tuple[Product, Product]:
        """Shows these values of fields from now on, whatever the shop shows; a field that has its value already is left alone."""

        def corrected(product: Product) -> Product:
            own, now = product.own, product.handling or Handling(at=at)
            made = {
                name: Correction(value=value, own=getattr(own, name), by=by, at=at, reason=reason)
                for name, value in values.items()
                if value != getattr(product, name)
            }
            # Our value and the shop's may have become the same: then there is nothing to correct.
            kept = {name: one for name, one in {**now.corrections, **made}.items() if one.value != getattr(own, name)}
            return own.under(replace(now, at=at, corrections=kept)) if made else product

        return self._change(product_id, corrected, at)

    def restore(self, product_id: ProductId, field: str, *, at: datetime) -> tuple[Product, Product]:
        """Shows what the shop shows in that field again."""

        def restored(product: Product) -> Product:
            now = product.handling
            if now is None or field not in now.corrections:
                return product
            kept = {name: one for name, one in now.corrections.items() if name != field}
            return product.own.under(replace(now, at=at, corrections=kept))

        return self._change(product_id, restored, at)

    def stop(self, product_id: ProductId, *, by: str, at: datetime, reason: str) -> tuple[Product, Product]:
        """Holds it from sale; raises AlreadyDecided where it is held already."""

        def stopped(product: Product) -> Product:
            if product.stop is not None:
                raise AlreadyDecided(f"{product.id} is held from sale already, by {product.stop.by}")
            now = product.handling or Handling(at=at)
            return replace(product, handling=replace(now, at=at, stop=Stop(by=by, at=at, reason=reason)))

        return self._change(product_id, stopped, at)

    def release(self, product_id: ProductId, *, at: datetime) -> tuple[Product, Product]:
        """Has it sold again; raises AlreadyDecided where it is not held."""

        def released(product: Product) -> Product:
            if product.handling is None or product.handling.stop is None:
                raise AlreadyDecided(f"{product.id} is not held from sale")
            return replace(product, handling=replace(product.handling, at=at, stop=None))

        return self._change(product_id, released, at)

    def _change(
        self, product_id: ProductId, change: Callable[[Product], Product], at: datetime
    ) -> tuple[Product, Product]:
        for _ in range(_MOST_ROUNDS):
            document = self._products.find_one({"_id": product_id})
            if document is None:
                raise ProductNotFound(f"no product {product_id}")
            before = product_from(document)
            after = change(before)
            if after is before:
                return before, before
            after = replace(after, changed_at=at)
            # Lists gain it, lose it, or show it in another place.
            with self._guard.writing([product_id], moved=[product_id]):
                if self._products.update_one(as_planned(product_id, document), _update(after)).matched_count:
                    return before, after
        raise Contended(f"{product_id} was changed {_MOST_ROUNDS} times while it was decided on")


def _update(product: Product) -> dict[str, Any]:
    fields = product_document(product)
    absent = [name for name in _WRITTEN if name not in fields]
    change = {"$set": {name: fields[name] for name in _WRITTEN if name in fields}}
    return change | ({"$unset": dict.fromkeys(absent, "")} if absent else {})
