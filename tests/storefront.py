"""Shoppers: so many requests a second at the storefront API, whatever becomes of the answers, and what they saw."""

import asyncio
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx2

EACH_SECOND = 50
# As long as a browser might wait; the API answers well before that, with an error if need be.
PATIENCE_SECONDS = 10.0


@dataclass(slots=True)
class Seen:
    """What the shoppers saw. Times are on the monotonic clock."""

    asked: Counter[str] = field(default_factory=Counter)
    slowest: dict[str, float] = field(default_factory=lambda: {"page": 0.0, "price": 0.0})
    failures: list[tuple[float, float, str]] = field(default_factory=list)  # when asked, when it failed, how
    fresh: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # prices that were called fresh
    known: set[str] = field(default_factory=set)  # products whose page was there once
    vanished: list[str] = field(default_factory=list)  # products whose page was there once and not again

    def outage(self, since: float) -> float:
        """Seconds from the first failed request after `since` to the end of the last one."""
        failed = [(asked, ended) for asked, ended, _ in self.failures if asked >= since]
        return max(ended for _, ended in failed) - min(asked for asked, _ in failed) if failed else 0.0


class Storefront:
    """Asks for pages and live prices of random products, in a thread of its own, while the `with` block lasts."""

    def __init__(self, url: str, products: Sequence[str]) -> None:
        self.seen = Seen()
        self._url = url
        self._products = products
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._visit()))

    def __enter__(self) -> "Storefront":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    async def _visit(self) -> None:
        chance = random.Random(1)
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=64)
        async with (
            httpx2.AsyncClient(timeout=PATIENCE_SECONDS, trust_env=False, limits=limits) as client,
            asyncio.TaskGroup() as visits,
        ):
            due = time.monotonic()
            while not self._stop.is_set():
                what = chance.choice(("page", "price"))
                visits.create_task(self._ask(client, what, chance.choice(self._products)))
                due += 1 / EACH_SECOND
                await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _ask(self, client: httpx2.AsyncClient, what: str, product: str) -> None:
        path = f"/products/{product}" + ("/price" if what == "price" else "")
        asked, seen = time.monotonic(), self.seen
        known = product in seen.known
        seen.asked[what] += 1
        try:
            answer = await client.get(self._url + path)
        except httpx2.HTTPError as error:
            seen.failures.append((asked, time.monotonic(), repr(error)))
            return
        ended = time.monotonic()
        seen.slowest[what] = max(seen.slowest[what], ended - asked)
        if answer.status_code == httpx2.codes.NOT_FOUND:
            if known:
                seen.vanished.append(product)
        elif answer.status_code != httpx2.codes.OK:
            seen.failures.append((asked, ended, f"{what} {answer.status_code} {answer.text[:200]}"))
        elif what == "page":
            seen.known.add(product)
        elif (told := answer.json())["fresh"]:
            seen.fresh[product].add(told["price"])
