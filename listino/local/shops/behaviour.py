"""How a shop misbehaves on demand, and what it was asked: latency and faults before the pages, counters beside them."""

import asyncio
import math
import re
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Literal

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from listino.local.shops.platform import query_of

Fault = Literal["429", "503", "hang", "truncated", "html"]
FAULTS: tuple[Fault, ...] = ("429", "503", "hang", "truncated", "html")
_VISITS_KEPT = 10_000
_UNTOUCHED = ("/_shop", "/healthz", "/media/")
# The 99th percentile of a standard normal distribution: between a log-normal's median and its p99.
_Z99 = 2.326


@dataclass(frozen=True, slots=True)
class Latency:
    """Log-normal answer times in milliseconds, cut off at twice the 99th percentile."""

    median_ms: float
    p99_ms: float

    def draw(self, dice: Random) -> float:
        """Seconds to wait before an answer."""
        sigma = math.log(self.p99_ms / self.median_ms) / _Z99
        return min(self.median_ms * math.exp(dice.gauss(0, sigma)), 2 * self.p99_ms) / 1000


@dataclass(slots=True)
class Behaviour:
    """What happens to requests. A fault befalls a `share` of those whose path `path` finds, at most `times` more times."""

    latency: Latency | None = None
    fault: Fault | None = None
    retry_after: int = 1
    share: float = 1.0
    times: int | None = None
    path: re.Pattern[str] | None = None


@dataclass(slots=True)
class Visit:
    """One request: when it began and ended (seconds since the epoch, None while it lasts) and what it was answered."""

    path: str
    began: float
    ended: float | None = None
    status: int | None = None


@dataclass(slots=True)
class Traffic:
    """Requests since the last reset; `in_flight` are being answered right now. `visits` are the latest of them."""

    total: int = 0
    by_path: Counter[str] = field(default_factory=Counter)
    by_product: Counter[str] = field(default_factory=Counter)
    in_flight: int = 0
    peak_in_flight: int = 0
    visits: deque[Visit] = field(default_factory=lambda: deque(maxlen=_VISITS_KEPT))

    def reset(self) -> None:
        self.total = 0
        self.visits.clear()
        self.by_path.clear()
        self.by_product.clear()
        self.peak_in_flight = self.in_flight


class Conduct:
    """How a shop behaves now and what it was asked: shared by the layer before its pages and its back door."""

    def __init__(self, seed: int) -> None:
        self.behaviour = Behaviour()
        self.traffic = Traffic()
        self.released = asyncio.Event()
        self.dice = Random(f"{seed}:behaviour")

    def behave(self, behaviour: Behaviour) -> None:
        """From now on like this; requests that hang are let go and answered normally."""
        self.behaviour = behaviour
        self.released.set()
        self.released = asyncio.Event()


class ConductLayer:
    """The ASGI layer before a shop's pages. Health, administration and media are neither counted nor disturbed."""

    def __init__(
        self,
        app: ASGIApp,
        conduct: Conduct,
        keys_asked: Callable[[str, Mapping[str, list[str]]], list[str]],
        maintenance: str,
    ) -> None:
        self._app = app
        self._conduct = conduct
        self._keys_asked = keys_asked
        self._maintenance = maintenance.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_UNTOUCHED):
            await self._app(scope, receive, send)
            return
        traffic = self._conduct.traffic
        traffic.total += 1
        traffic.by_path[scope["path"]] += 1
        traffic.by_product.update(self._keys_asked(scope["path"], query_of(scope["query_string"])))
        visit = Visit(scope["path"], time.time())
        traffic.visits.append(visit)
        traffic.in_flight += 1
        traffic.peak_in_flight = max(traffic.peak_in_flight, traffic.in_flight)
        try:
            await self._answer(scope, receive, _noting(visit, send))
        finally:
            visit.ended = time.time()
            traffic.in_flight -= 1

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        behaviour, released = self._conduct.behaviour, self._conduct.released
        fault = self._befalling(behaviour, scope["path"])
        if behaviour.latency:
            await asyncio.sleep(behaviour.latency.draw(self._conduct.dice))
        match fault:
            case None:
                await self._app(scope, receive, send)
            case "429" | "503":
                told = [(b"retry-after", str(behaviour.retry_after).encode())]
                await _respond(send, int(fault), self._maintenance, told)
            case "html":
                await _respond(send, 200, self._maintenance, [])
            case "truncated":
                await self._app(scope, receive, _cut_short(send))
            case "hang":
                if await _stayed(receive, released):
                    await self._app(scope, receive, send)

    def _befalling(self, behaviour: Behaviour, path: str) -> Fault | None:
        if behaviour.fault is None or behaviour.times == 0:
            return None
        if behaviour.path and not behaviour.path.search(path):
            return None
        if behaviour.share < 1 and self._conduct.dice.random() >= behaviour.share:
            return None
        if behaviour.times is not None:
            behaviour.times -= 1
        return behaviour.fault


async def _respond(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    told = [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", str(len(body)).encode()), *headers]
    await send({"type": "http.response.start", "status": status, "headers": told})
    await send({"type": "http.response.body", "body": body})


def _noting(visit: Visit, send: Send) -> Send:
    """A `send` that notes the status of the answer."""

    async def send_noted(message: Message) -> None:
        if message["type"] == "http.response.start":
            visit.status = message["status"]
        await send(message)

    return send_noted


def _cut_short(send: Send) -> Send:
    """A `send` that declares the whole length and gives half of the body: the server then closes the connection."""

    async def send_half(message: Message) -> None:
        if message["type"] == "http.response.body":
            body = message.get("body", b"")
            message = {"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True}
        await send(message)

    return send_half


async def _stayed(receive: Receive, released: asyncio.Event) -> bool:
    """Waits until the visitor leaves (False) or the behaviour is changed (True)."""

    async def left() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    leaving = asyncio.ensure_future(left())
    release = asyncio.ensure_future(released.wait())
    try:
        done, _ = await asyncio.wait({leaving, release}, return_when=asyncio.FIRST_COMPLETED)
        return release in done
    finally:
        leaving.cancel()
        release.cancel()
