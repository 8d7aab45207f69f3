"""The HTTP client of live workers: one request to a shop, and its whole answer.

What httpx2's own client does besides is not wanted here: a redirect could lead to a host that no shop declares, cookies would have
shops know us again and go past their caches, and its layers cost as much as the request.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import cast

import httpx2

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
# Reading an address is the most of making a request, and the same few goods are what most shoppers look at.
_address = lru_cache(maxsize=2048)(httpx2.URL)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a shop answered; its body decoded, as `content-encoding` says."""

    status: int
    headers: httpx2.Headers
    body: bytes


class ShopClient:
    """Asks over that transport, under the name `agent`. Use it in one event loop, and close it there.

    It has no limits of time: who asks sets one for all of an answer.
    """

    def __init__(self, transport: httpx2.AsyncBaseTransport, agent: str) -> None:
        self._transport = transport
        # httpx2's own client knows which encodings can be read, by what is installed.
        self._headers = httpx2.AsyncClient(transport=transport, headers={"User-Agent": agent}, trust_env=False).headers

    async def ask(
        self,
        method: str,
        url: str,
        heard: Callable[[httpx2.Response], None],
        *,
        most: int,
        headers: Mapping[str, str] = _NO_HEADERS,
        body: bytes = b"",
    ) -> Answer:
        """The whole answer; `heard` is called as soon as its head is there. Of a body with more than `most` bytes a part is read
        that is longer than that, and the connection is given up. Raises errors of httpx2.
        """
        said = self._headers if not headers else httpx2.Headers({**self._headers, **httpx2.Headers(headers)})
        request = httpx2.Request(method, _address(url), headers=said, content=body or None)
        response = await self._transport.handle_async_request(request)
        try:
            heard(response)
            return Answer(response.status_code, response.headers, await _body(response, most))
        finally:
            await response.aclose()

    async def aclose(self) -> None:
        await self._transport.aclose()


async def _body(response: httpx2.Response, most: int) -> bytes:
    parts, size = [], 0
    async for part in _parts(response):
        parts.append(part)
        size += len(part)
        if size > most:
            break
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _parts(response: httpx2.Response) -> AsyncIterator[bytes]:
    """The body as it comes, decoded; past httpx2's layers where there is nothing to decode."""
    if "content-encoding" in response.headers:
        return response.aiter_bytes()
    return aiter(cast("httpx2.AsyncByteStream", response.stream))
