"""Writing whole catalogues: the one place where imported products reach the database, thousands at a time."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import bson
import pymongo
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient, UpdateOne
from pymongo.database import Database
from pymongo.errors import BulkWriteError

from listino.domain.product import ProductId
from listino.settings import Settings
from listino.store.collections import PRODUCTS
from listino.store.documents import Document, handling_from, product_document, product_from
from listino.store.guard import Guard
from listino.store.history import DUPLICATE_KEY
from listino.store.imported import OPTIONAL
from listino.store.outage import Contended
from listino.store.setup import LONG_SECONDS, index, prepare

# Numbers sort and are compared by themselves: no natural key is among them.
_IMPORTED = {"_id": {"$gte": 0}}
# Of writing a batch: again where somebody decided on one of its products meanwhile.
_MOST_ROUNDS = 20
# MongoDB's 16 MiB for a document, less what is added to an imported one.
_MOST_BYTES = 16 * 1024 * 1024 - 64 * 1024


@dataclass(slots=True)
class Written:
    """Ids by what happened to their products: each is in one of the lists."""

    new: list[ProductId] = field(default_factory=list)
    changed: list[ProductId] = field(default_factory=list)
    unchanged: list[ProductId] = field(default_factory=list)
    returned: list[ProductId] = field(default_factory=list)
    too_large: list[ProductId] = field(default_factory=list)  # for a document: these are not written


class Catalogue:
    """The imported products."""

    def __init__(self, client: MongoClient, database: Database, guard: Guard, settings: Settings) -> None:
        self._client = client
        self._settings = settings
        self._database = database
        self._guard = guard
        self._products = database[PRODUCTS.name]

    def prepare(self) -> None:
        """Makes the collections as declared, but for the indexes of products: `finish` is the time for them."""
        with pymongo.timeout(LONG_SECONDS):
            prepare(self._client, self._database, lambda name, what: None, self._settings, unindexed=PRODUCTS.name)

    def begin(self) -> bool:
        """Says whether no imported product is there yet. To be called when the collections are there.

        Where there is no product at all the indexes of products are taken away: to build them from all products at the
        end costs a fraction of what it costs to keep them up to date with each. `finish` brings them back.
        """
        with pymongo.timeout(LONG_SECONDS):
            if self._products.find_one({}, {"_id": 1}) is None:
                declared = {model.document["name"] for model in PRODUCTS.indexes}
                if present := sorted(declared & self._products.index_information().keys()):
                    self._database.command("dropIndexes", PRODUCTS.name, index=present)
                return True
            return self._products.find_one(_IMPORTED, {"_id": 1}) is None

    def finish(self) -> None:
        """Makes the indexes that are missing."""
        with pymongo.timeout(LONG_SECONDS):
            index(self._database, PRODUCTS, lambda name, what: None)

    def count(self) -> int:
        """How many imported products there are."""
        with pymongo.timeout(LONG_SECONDS):
            return self._products.count_documents(_IMPORTED)

    def write(self, documents: Sequence[Document], *, at: datetime, new: bool) -> Written:
        """Brings the products to what the documents say, and says what that meant for each; repeating it changes nothing.

        What an import does not own (when a product was first seen) is kept, and what is equal is not written. With `new`
        the products are taken for new ones: one that is there costs more, and is dealt with all the same.
        """
        contents = {document["_id"]: bson.encode(document) for document in documents}
        written = Written(too_large=[number for number, content in contents.items() if len(content) > _MOST_BYTES])
        for number in written.too_large:
            del contents[number]
        hashes = {number: _content_hash(content) for number, content in contents.items()}
        known = {} if new else self._known(contents)
        fresh = {number: content for number, content in contents.items() if number not in known}
        met = self._insert(fresh, hashes, at)
        known |= self._known(met)
        written.new += [number for number in fresh if number not in met]
        updates: dict[ProductId, Document] = {}
        for document in documents:
            number = document["_id"]
            if number not in known:
                continue
            if known[number].get("gone_at") is not None:
                written.returned.append(number)
            elif known[number].get("content_hash") != hashes[number]:
                written.changed.append(number)
            else:
                written.unchanged.append(number)
                continue
            updates[number] = document | {"content_hash": hashes[number], "changed_at": at}
        if updates:
            self._replace(updates, known)
        return written

    def _replace(self, updates: Mapping[ProductId, Document], known: Mapping[ProductId, Mapping[str, Any]]) -> None:
        """Writes them under what staff have decided of each; again where somebody decided meanwhile."""
        with self._guard.writing(list(updates), moved=list(updates)):
            for _ in range(_MOST_ROUNDS):
                writes = [_replacement(document, known[number]) for number, document in updates.items()]
                if self._products.bulk_write(writes, ordered=False).matched_count == len(writes):
                    return
                known = self._known(updates)
        raise Contended(f"of {len(updates)} products one was changed {_MOST_ROUNDS} times while it was imported")

    def _known(self, numbers: Iterable[ProductId]) -> dict[ProductId, Mapping[str, Any]]:
        """What the database holds of these products, as far as a write depends on it."""
        wanted = list(numbers)
        if not wanted:
            return {}
        found = self._products.find({"_id": {"$in": wanted}}, {"content_hash": 1, "gone_at": 1, "handled": 1})
        return {document["_id"]: document for document in found}

    def _insert(
        self, contents: Mapping[ProductId, bytes], hashes: Mapping[ProductId, str], at: datetime
    ) -> set[ProductId]:
        """Adds the products, and gives the ids of those that were there."""
        if not contents:
            return set()
        documents = [
            RawBSONDocument(
                _joined(
                    content,
                    bson.encode({"content_hash": hashes[number], "first_seen_at": at, "changed_at": at}),
                )
            )
            for number, content in contents.items()
        ]
        numbers = list(contents)
        with self._guard.writing(numbers, moved=numbers):
            try:
                self._products.insert_many(documents, ordered=False)
            except BulkWriteError as error:
                said = error.details or {}
                failed = said.get("writeErrors", [])
                # A batch that the driver sent again after a lost answer meets itself.
                if said.get("writeConcernErrors") or any(one["code"] != DUPLICATE_KEY for one in failed):
                    raise
                return {numbers[one["index"]] for one in failed}
        return set()


def refused_product(error: Exception) -> tuple[ProductId, str] | None:
    """The first product that the database refused, and what it said of it; None for an error of another kind."""
    failed = (error.details or {}).get("writeErrors", []) if isinstance(error, BulkWriteError) else []
    for one in failed:
        if one["code"] != DUPLICATE_KEY:
            number: ProductId = one["op"].get("q", one["op"])["_id"]
            return number, str(one["errmsg"])
    return None


def _content_hash(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _joined(first: bytes, second: bytes) -> bytes:
    """One BSON document with the fields of two."""
    length = len(first) + len(second) - 5
    return length.to_bytes(4, "little") + first[4:-1] + second[4:]


def _replacement(document: Document, known: Mapping[str, Any]) -> UpdateOne:
    handled = known.get("handled")
    fields = product_document(product_from(document).under(handling_from(handled))) if handled else {**document}
    del fields["_id"]
    absent = [name for name in (*OPTIONAL, "gone_at") if name not in fields]
    same = {"_id": document["_id"], "handled.at": handled["at"] if handled else None}
    return UpdateOne(same, {"$set": fields, "$unset": dict.fromkeys(absent, "")})
