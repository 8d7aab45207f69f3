"""How often one client may ask: at its rate for ever, after a burst. Counted by each worker process for itself.

The `limits` library, which counts the back office's sign-ins, takes ten times as long for one count and sets no bound to
the clients it remembers: too much for each request of a storefront.
"""

import math
import time
from collections.abc import Callable, Collection
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import Problem, problem_response
from listino.settings import Settings

# Asked by machines of ours, which must not be told to come again later.
EXEMPT = frozenset({"/healthz", "/readyz", "/metrics"})
MOST_CLIENTS = 50_000  # remembered at least; twice as many at most, in about 15 MB

_IPV6_CLIENT_BITS = 64  # what one customer of a provider is given: all of it is one client

Networks = Collection[IPv4Network | IPv6Network]


class ClientRates:
    """Who may ask, by the generic cell rate algorithm: a client is one time, when all it has asked for will be paid off.

    (ITU-T I.371, annex A.) Clients are kept in two generations: when the younger one is full, the older one is forgotten
    and who was in it begins anew, which costs nothing as long as fewer than MOST_CLIENTS ask within a burst's time.
    """

    def __init__(
        self, rate: float, burst: int, *, most: int = MOST_CLIENTS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._interval = 1 / rate
        self._tolerance = burst / rate
        self._most = most
        self._clock = clock
        self._young: dict[str, float] = {}
        self._old: dict[str, float] = {}

    def wait(self, client: str) -> float:
        """0 for who may ask, which counts it; else the seconds after which it may."""
        now = self._clock()
        paid_off = self._young.get(client)
        if paid_off is None:
            paid_off = self._old.get(client, now)
            if len(self._young) >= self._most:
                self._old, self._young = self._young, {}
        following = max(paid_off, now) + self._interval
        wait = following - self._tolerance - now
        # One that was refused is remembered, too, or it would be forgotten with its generation.
        self._young[client] = paid_off if wait > _ROUNDING else following
        return wait if wait > _ROUNDING else 0.0


_ROUNDING = 1e-9  # seconds


class Clients:
    """Who a request comes from: its peer's address, or what a trusted peer says in X-Real-IP."""

    def __init__(self, trusted: Networks) -> None:
        self._trusted = tuple(trusted)
        self._is_trusted = lru_cache(1024)(self._find)

    def of(self, scope: Scope) -> str:
        peer = _peer(scope)
        if self._is_trusted(peer):
            for name, value in scope["headers"]:
                if name == b"x-real-ip":
                    return client_named(value.decode("latin-1")) or peer
        return client_named(peer) or peer

    def speaks_for_others(self, scope: Scope) -> bool:
        """Whether the request's peer is trusted with what it says of the request."""
        return self._is_trusted(_peer(scope))

    def _find(self, peer: str) -> bool:
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        return any(address in network for network in self._trusted)


def _peer(scope: Scope) -> str:
    return scope["client"][0] if scope.get("client") else ""


@lru_cache(4096)
def client_named(address: str) -> str | None:
    """The client an address belongs to: an IPv4 address alone, an IPv6 address with its network; None for no address."""
    try:
        found = ip_address(address)
    except ValueError:
        return None
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is None:
            return str(IPv6Network((int(found) >> _IPV6_CLIENT_BITS << _IPV6_CLIENT_BITS, _IPV6_CLIENT_BITS)))
        found = found.ipv4_mapped
    return str(found)


class Limits:
    """Answers who asks too often with 429, and says when to come again."""

    def __init__(self, app: ASGIApp, *, rates: ClientRates, clients: Clients) -> None:
        self._app = app
        self._rates = rates
        self._clients = clients

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in EXEMPT:
            wait = self._rates.wait(self._clients.of(scope))
            if wait:
                await _too_often(wait)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _too_often(wait: float) -> ASGIApp:
    seconds = math.ceil(wait)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        problem = Problem(
            429, f"Too many requests from one client; ask again in {seconds} s.", headers={"Retry-After": str(seconds)}
        )
        await problem_response(problem, scope["state"]["request_id"])(scope, receive, send)

    return answer


def limits(settings: Settings) -> list[Middleware]:
    """The middleware under these settings: none where any number of requests is taken."""
    if not settings.client_rate:
        return []
    rates = ClientRates(settings.client_rate, settings.client_burst)
    return [Middleware(Limits, rates=rates, clients=Clients(settings.trusted_proxies))]
