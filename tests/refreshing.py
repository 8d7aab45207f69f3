"""Live refreshes as a live worker stores them, for tests that have no event loop, or another one at work."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from listino.domain.listing import Terms
from listino.domain.product import Product
from listino.store.client import Store
from listino.store.upsert import UpsertPlan


def refreshed(store: Store, fresh: Sequence[Product], *before: Product, terms: Terms | None = None) -> UpsertPlan:
    """Stores what a shop says now of products that were read `before` it was asked."""
    storing = store.products.refresh(fresh, terms=terms, known={one.id: one for one in before})
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, storing).result()
