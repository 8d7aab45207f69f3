"""A polite visitor of one host: says who it is, reads robots.txt first, asks one thing at a time and leaves a pause."""

import math
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx2

from listino.domain.errors import GoneFromShop, InvalidValue, UnreadablePage, VisitRefused
from listino.extract.addresses import absolute
from listino.shops.platform import Fetch, Page
from listino.shops.robots import Robots
from listino.shops.unanswered import unanswered

PAUSE = 0.5  # seconds between two requests; robots.txt and the declaration may ask for more, and get it
LONGEST_PAUSE = 120.0  # nobody waits longer at a terminal: such a host is not visited
_MOST_REDIRECTS = 5
_MOST_BYTES = 16 * 1024 * 1024
_SECONDS = 20.0  # for one answer
_TOLD_TO_WAIT = (429, 503)


class Visitor:
    """Fetches from the host of `url` alone; what leads elsewhere is refused and told.

    Between two requests it leaves PAUSE seconds, or as many as `delay` or the host's Crawl-delay says. `requests` counts
    what was sent, robots.txt included. Raises InvalidValue for what is no address of a shop.
    """

    def __init__(
        self,
        url: str,
        user_agent: str,
        *,
        delay: float = 0.0,
        client: httpx2.Client | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        place = _place(url)
        if place is None:
            raise InvalidValue(f"{url!r} is no address of a shop, such as https://shop.example")
        host, port = place
        self._host = host
        # From http to https it is the same shop; another port is another one.
        self._places = {place} | ({(host, other) for other in _PORTS.values()} if port in _PORTS.values() else set())
        self.requests = 0
        self._root = "{0.scheme}://{0.netloc}".format(urlsplit(url))
        self._robots_url = f"{self._root}/robots.txt"
        self._user_agent = user_agent
        self._owns_client = client is None
        self._client = client or httpx2.Client(http2=True, timeout=_SECONDS, trust_env=False)
        self._sleep = sleep
        self._robots: Robots | None = None
        self._delay = delay
        self._answered_at = -math.inf  # on the monotonic clock; nothing was asked yet

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._owns_client:
            self._client.close()

    def may(self, url: str) -> bool:
        """Whether robots.txt allows us an address; raises VisitRefused where its rules cannot be known."""
        return self.robots.allows(url, self._user_agent)

    @property
    def robots(self) -> Robots:
        """The host's rules, read once; raises VisitRefused where they cannot be known, for then nothing may be asked."""
        if self._robots is None:
            _, answer = self._follow(Fetch(url=self._robots_url, purpose="robots"), obey=False)
            robots = Robots.answered(answer.status_code, answer.content)
            if robots.trouble is not None:
                raise VisitRefused(f"{self._root}: {robots.trouble}")
            self._robots = robots
        return self._robots

    def get(self, url: str) -> Page:
        """The page of an address."""
        return self.fetch(Fetch(url=url, purpose="visit"))

    def fetch(self, fetch: Fetch) -> Page:
        """The answer, redirects on the host followed.

        Raises VisitRefused where robots.txt, a redirect to another host or the shop itself says no, or more than
        LONGEST_PAUSE is to be left; GoneFromShop for 404 and 410; UnreadablePage for every other answer than 200, and for
        none. The host's robots.txt is its rules as they are known: empty where there is no such page, for then nothing is
        forbidden.
        """
        if fetch.url == self._robots_url:
            return Page(url=fetch.url, body=self.robots.text.encode())
        address, answer = self._follow(fetch, obey=True)
        status = answer.status_code
        if status in _TOLD_TO_WAIT:
            wait = answer.headers.get("retry-after")
            raise VisitRefused(
                f"{address} answered {status}: {f'it says to wait {wait} s' if wait else 'try again later'}"
            )
        if status in (401, 403):
            raise VisitRefused(f"{address} answered {status}: the shop does not let us in")
        if status in (404, 410):
            raise GoneFromShop(f"{address} answered {status}")
        if status != httpx2.codes.OK:
            raise UnreadablePage(f"{address} answered {status}")
        return Page(url=address, body=answer.content, headers=dict(answer.headers))

    def _follow(self, fetch: Fetch, *, obey: bool) -> tuple[str, httpx2.Response]:
        """The answer and the address it came from, after redirects on the host."""
        address = fetch.url
        for _ in range(_MOST_REDIRECTS + 1):
            self._demand_own(fetch.url, address)
            if obey:
                self._demand_allowed(address)
            answer = self._send(fetch, address)
            if not answer.has_redirect_location:
                return address, answer
            address = absolute(address, answer.headers["location"])
        raise UnreadablePage(f"{fetch.url} redirects without end")

    def _demand_own(self, asked: str, address: str) -> None:
        if _place(address) not in self._places:
            to = "{0.scheme}://{0.netloc}".format(urlsplit(address)) if address else "no address at all"
            raise VisitRefused(f"{asked} leads to {to}, another host: if that is the shop, give its address")

    def _demand_allowed(self, address: str) -> None:
        if not self.may(address):
            raise VisitRefused(f"robots.txt of {self._host} forbids {urlsplit(address).path or '/'} to us")

    def _send(self, fetch: Fetch, address: str) -> httpx2.Response:
        self._sleep(max(0.0, self._answered_at + self._pause() - time.monotonic()))
        self.requests += 1
        headers = {**fetch.headers, "User-Agent": self._user_agent}
        try:
            with self._client.stream(
                fetch.method, address, headers=headers, content=fetch.body or None, follow_redirects=False
            ) as answer:
                body = bytearray()
                for chunk in answer.iter_bytes():
                    body += chunk
                    if len(body) > _MOST_BYTES:
                        raise UnreadablePage(f"{address} answers with more than {_MOST_BYTES} bytes")
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise unanswered(error, address) from None
        finally:
            self._answered_at = time.monotonic()
        plain = {name: value for name, value in answer.headers.items() if name.lower() not in _ENCODED}
        return httpx2.Response(answer.status_code, headers=plain, content=bytes(body), request=answer.request)

    def _pause(self) -> float:
        asked = self._robots.crawl_delay(self._user_agent) if self._robots else None
        pause = max(PAUSE, self._delay, asked or 0.0)
        if pause > LONGEST_PAUSE:
            raise VisitRefused(
                f"{self._host} is to be asked every {pause:g} s at most, and a visit waits no longer than "
                f"{LONGEST_PAUSE:g} s: a crawl takes the time, try `listino crawl MARKET --shop NAME --limit 3`"
            )
        return pause


_PORTS = {"http": 80, "https": 443}


def _place(address: str) -> tuple[str, int] | None:
    """Host and port of an address; None for what is none, or not of the web."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:  # `https://[`
        return None
    return (host, port or _PORTS[parts.scheme]) if host and parts.scheme in _PORTS else None


# These speak of the body as it came over the wire; ours is unpacked.
_ENCODED = ("content-encoding", "content-length", "transfer-encoding")
