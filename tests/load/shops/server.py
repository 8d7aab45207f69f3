"""The load shops' server: one ASGI application for all of them, told apart by the port they are asked at.

Without a framework, because a thousand answers a second must leave the cores to what is measured. Every request is in the
log with when it came, when it was answered, and which prices it was told; `/_load/` is the back door, and is not.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from random import Random
from urllib.parse import parse_qs

import orjson
from starlette.types import Receive, Scope, Send

from listino.local.shops.behaviour import Latency
from shops.goods import LoadShop, asked
from shops.payloads import asked_for, writer_of

BACK_DOOR = "/_load/"
OK = 200
LEFT = 0  # the status of a request whose visitor did not wait for the answer
_ROBOTS = b"User-agent: *\nAllow: /\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conduct:
    """How long a shop thinks, log-normal with this median and 99th percentile, and the share of answers that are errors."""

    median_ms: float = 150
    p99_ms: float = 600
    errors: float = 0.01


@dataclass(slots=True)
class Visit:
    """One request: seconds since the epoch, the numbers of the goods it asked for, and for each that was told its number,
    cents, since and until.

    `spoke`: when the answer began. It has `ended` when the shop knows that it was sent, and on a busy machine the visitor
    may have acted on it by then.
    """

    came: float
    asked: Sequence[int] = ()
    ended: float | None = None
    status: int = LEFT
    told: Sequence[tuple[int, int, float, float]] = ()
    spoke: float | None = None


class _Counter:
    """One shop's log and manners."""

    def __init__(self, shop: LoadShop, conduct: Conduct, *, seed: int, page_kb: int) -> None:
        self.shop = shop
        self.visits: list[Visit] = []
        self.hangs_until = 0.0
        self._write = writer_of(shop.platform, shop.url, page_kb)
        self._dice = Random(f"{seed}:{shop.key}")
        self.behave(conduct)

    def behave(self, conduct: Conduct) -> None:
        self._latency, self._errors = Latency(conduct.median_ms, conduct.p99_ms), conduct.errors

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        numbers = asked_for(self.shop.platform, scope["path"], scope["query_string"])
        visit = Visit(time.time(), numbers)
        self.visits.append(visit)
        try:
            await self._answer(visit, scope, receive, send)
        finally:
            visit.ended = time.time()

    async def _answer(self, visit: Visit, scope: Scope, receive: Receive, send: Send) -> None:
        thinks, fails = self._latency.draw(self._dice), self._dice.random() < self._errors
        hangs = self.hangs_until - visit.came
        if not await stays(receive, thinks + max(hangs, 0)):
            return
        visit.spoke = now = time.time()
        prices = {number: asked(number, now) for number in visit.asked if number in self.shop.numbers()}
        if scope["path"] == "/robots.txt":
            visit.status = await _respond(send, OK, b"text/plain", _ROBOTS)
        elif fails:
            visit.status = await _respond(send, 500, b"text/plain", b"something went wrong")
        elif not prices:
            visit.status = await _respond(send, 404, b"text/plain", b"no such good")
        else:
            visit.told = [(number, *price) for number, price in prices.items()]
            visit.status = await _respond(send, OK, *self._write(scope["path"], prices))


class Shops:
    """The ASGI application."""

    def __init__(self, shops: Sequence[LoadShop], conduct: Conduct, *, seed: int, page_kb: int) -> None:
        self._counters = {shop.port: _Counter(shop, conduct, seed=seed, page_kb=page_kb) for shop in shops}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        counter = self._counters[scope["server"][1]]
        if scope["path"].startswith(BACK_DOOR):
            body = (await receive()).get("body", b"")
            told = self._told(counter, scope["path"].removeprefix(BACK_DOOR), scope["query_string"], body)
            await _respond(send, OK, b"application/json", orjson.dumps(told))
        else:
            await counter.serve(scope, receive, send)

    def _told(self, counter: _Counter, what: str, query: bytes, body: bytes) -> object:
        match what:
            case "log":  # from the visit of that number on
                first = int(parse_qs(query.decode()).get("first", ["0"])[0])
                return [asdict(visit) for visit in counter.visits[first:]]
            case "conduct":
                counter.behave(Conduct(**orjson.loads(body)))
            case "hang":  # whoever asks from now on is answered after so many seconds, at the earliest
                counter.hangs_until = time.time() + orjson.loads(body)
        under_way = sum(visit.ended is None for visit in counter.visits)
        return {
            "visits": len(counter.visits),
            "under_way": under_way,
            "processor_ms": round(1000 * time.process_time()),
        }


async def stays(receive: Receive, seconds: float) -> bool:
    """Whether the visitor is still there after so many seconds; returns as soon as he is not."""
    try:
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return True
    return False


async def _respond(send: Send, status: int, content_type: bytes, body: bytes) -> int:
    headers = [(b"content-type", content_type), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
    return status
