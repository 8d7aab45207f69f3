"""Products that were stored when search looked through `words` get the terms it looks through now.

Once a database: `prepare` calls it as long as the index of the words is there, and drops that index afterwards.
"""

from collections.abc import Callable
from itertools import islice
from typing import Any

from pymongo import UpdateOne
from pymongo.collection import Collection

from listino.store.documents import product_from
from listino.store.search import terms_of

_BATCH = 1000
_NEEDED = {"name": 1, "brand": 1, "market": 1, "gtin": 1, "styles": 1, "content_hash": 1}


def give_terms(products: Collection, told: Callable[[str, str], None]) -> None:
    """Gives every product with `words` its terms instead, and tells how many they are.

    Broken off and begun again, it goes on where it was.
    """
    done = 0
    # By the index of the words: of a database that is nearly done, what is left is found at once.
    found = products.find({"words": {"$gte": ""}}, _NEEDED, batch_size=_BATCH)
    while batch := list(islice(found, _BATCH)):
        products.bulk_write([_change(document) for document in batch], ordered=False)
        done += len(batch)
        told(products.name, f"{done} products made ready for search")


def _change(document: dict[str, Any]) -> UpdateOne:
    # Who changed it since gave it the terms of what it is now.
    unchanged = {"_id": document["_id"], "content_hash": document.get("content_hash")}
    return UpdateOne(unchanged, {"$set": {"terms": terms_of(product_from(document))}, "$unset": {"words": ""}})
