"""Storing products as just seen, in steps that a driver takes: what is asked, what is written, and again what did not land.

Written once for the synchronous and the asynchronous store, as listino.store.intake is.
"""

from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError
from pymongo.results import BulkWriteResult

from listino.domain.history import PricePoint
from listino.domain.listing import Terms
from listino.domain.product import Product, ProductId
from listino.store.collections import AUDIT, PRICE_HISTORY, PRODUCTS
from listino.store.filing import Filing
from listino.store.history import collided, history_removal, unfiled_in
from listino.store.intake import Question, intake, these
from listino.store.outage import Contended
from listino.store.upsert import NEEDED, UpsertPlan

# A product whose write did not land, and what there is of it, by the fields of NEEDED.
_Missed = tuple[Product, Mapping[str, Any] | None]

# Each time one does not land somebody else's write did: more than this are at work on no product at once.
_MOST_ROUNDS = 20


@dataclass(slots=True)
class Bulk:
    """Writes to one collection, to be sent unordered. Whoever sends them says what came of it, with `done` or `refused`.

    `found`: how many of them found their document, or made it; `modified`: how many changed one. `is_again`: these are what was refused the first time.
    """

    collection: str
    writes: Sequence[UpdateOne]
    found: int = 0
    modified: int = 0
    is_done: bool = False
    is_again: bool = False

    def done(self, result: BulkWriteResult) -> None:
        """Hears that they were written."""
        self.is_done = True
        self.found += result.matched_count + result.upserted_count
        self.modified += result.modified_count

    def refused(self, error: BulkWriteError) -> None:
        """Hears that some were not, and keeps those that must be sent once more; raises the error where that is no use."""
        if self.is_again:
            raise error
        self.is_again = True
        self.writes = collided(error, self.writes)
        said = error.details or {}
        self.found += said.get("nMatched", 0) + said.get("nUpserted", 0)
        self.modified += said.get("nModified", 0)

    def sending(self) -> Iterator["Bulk"]:
        """Itself, until it is done."""
        while not self.is_done:
            yield self


class Storing:
    """One upsert. First all of `planning`, then all of `writing`, while whoever keeps copies knows of it; `plan` is what it
    comes to, and gains while it is written. `left`: the products, once it is sure that the store has them as they are here,
    as far as nobody else wrote them at the same time.

    The parameters are those of listino.store.products.Products.upsert, and of its `refresh`.
    """

    def __init__(
        self,
        seen: Sequence[Product],
        *,
        terms: Terms | None = None,
        sound: Collection[str] = (),
        known: Mapping[ProductId, Product] = MappingProxyType({}),
        filing: Filing | None = None,
    ) -> None:
        self.ids = [product.id for product in seen]
        self.plan = UpsertPlan()
        self.left: dict[ProductId, Product] = {}
        self._seen, self._terms, self._sound, self._known = seen, terms, sound, known
        self._filing = filing if known else None  # only live refreshes come again so soon that their points may wait

    def planning(self) -> Iterator[Question]:
        """What has to be known before."""
        return intake(
            self.plan, self._seen, terms=self._terms, sound=self._sound, known=self._known, filing=self._filing
        )

    def writing(self) -> Iterator[Bulk | Question]:
        """The writes; raises Contended where others change the same products all the time.

        A point is in the product's own write, or in the history before it: a crash in between repeats a point, it never
        loses a price.
        """
        plan, seen = self.plan, self._seen
        points: dict[ProductId, PricePoint] = {}
        for _ in range(_MOST_ROUNDS):
            missed = yield from self._write(plan, seen)
            if not missed:
                return
            points |= plan.points
            seen = [product for product, _ in missed]
            again = UpsertPlan()
            yield from intake(again, seen, terms=self._terms, sound=self._sound)
            # What was plausible beside the state of before, and is not beside that of now, nobody ever paid; unless somebody
            # looked later: then ours may have been there until theirs came.
            followed = {product.id for product, stored in missed if _was_followed(product, stored)}
            again.history += [
                history_removal(product_id, points[product_id])
                for product_id in (*again.held, *again.declined)
                if product_id in points and product_id not in followed
            ]
            self.plan.amend(again)
            plan = again
        raise Contended(
            f"{', '.join(str(one.id) for one in seen[:3])} changed {_MOST_ROUNDS} times while it was stored"
        )

    def _write(self, plan: UpsertPlan, seen: Sequence[Product]) -> Generator[Bulk | Question, None, list[_Missed]]:
        """Returns the products of which somebody else changed the state that the plan goes by, and how they are stored now."""
        missed: list[_Missed] = []
        if plan.history:
            yield from Bulk(PRICE_HISTORY.name, plan.history).sending()
        if plan.products:
            yield from (sent := Bulk(PRODUCTS.name, plan.products)).sending()
            if sent.found < len(plan.products):
                yield (asked := Question(PRODUCTS.name, these(product.id for product in seen), NEEDED))
                stored = asked.by_id()
                now = [(product, stored.get(product.id)) for product in seen]
                missed = [(product, found) for product, found in now if not _has_landed(plan, product, found)]
                again = {product.id for product, _ in missed}
                self._file({product.id: unfiled_in(found or {}) for product, found in now if product.id not in again})
            else:
                self._file({product_id: product.unfiled for product_id, product in plan.believed.items()})
                if sent.modified == len(plan.products) and self._is_plain(plan):
                    self.left |= plan.believed
        without = {product.id for product, _ in missed}
        # No entry tells of what did not happen.
        if entries := [entry for product_id, entry in plan.audit.items() if product_id not in without]:
            yield from Bulk(AUDIT.name, entries).sending()
        return missed

    def _file(self, carried: Mapping[ProductId, tuple[PricePoint, ...]]) -> None:
        """Has filed what the stored products carry."""
        if self._filing is not None:
            for product_id, points in carried.items():
                if points:
                    self._filing.file(product_id, points)

    def _is_plain(self, plan: UpsertPlan) -> bool:
        """Whether each product that was seen is one write of the plan, which changed something only if it made the stored one like it:
        a live refresh, the first time it is planned, of products without a decision about their prices. Times go forwards
        alone, so a write beside a later look changes nothing."""
        known = [self._known.get(product.id) for product in self._seen]
        return (
            plan is self.plan
            and all(one is not None and one.held is None and one.declined is None for one in known)
            and not any(product.crawled for product in self._seen)
            and plan.believed.keys() == set(self.ids)
            and len(plan.products) == len(self.ids) == len(plan.believed)
            and not plan.held
            and not plan.declined
        )


def _has_landed(plan: UpsertPlan, seen: Product, stored: Mapping[str, Any] | None) -> bool:
    """Whether the store has what the plan wanted of a product, by the fields of NEEDED; if that is not sure, no."""
    if seen.id in plan.worthless:
        return True
    if stored is None or seen.id in plan.declined:
        return False
    if seen.id in plan.held:
        return bool(seen.offer and "held" in stored and stored["held"]["seen_at"] >= seen.offer.checked_at)
    wanted = plan.believed[seen.id]
    same = stored.get("content_hash") == wanted.content_hash and not {"gone_at", "held", "declined"} & stored.keys()
    # Equal content has an offer where ours has one.
    return same and (wanted.offer is None or stored["offer"]["checked_at"] >= wanted.offer.checked_at)


def _was_followed(seen: Product, stored: Mapping[str, Any] | None) -> bool:
    """Whether what is stored was seen later than ours."""
    looked = ((stored or {}).get("offer") or {}).get("checked_at")
    return bool(seen.offer and looked and looked > seen.offer.checked_at)
