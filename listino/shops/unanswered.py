"""Why a request to a shop had no answer, in words for somebody who knows the shop and not the network."""

import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx2

from listino.domain.errors import NoSecureConnection, UnreadablePage

# Each reads on after a shop's name, or an address, and a colon.
NOT_FOUND = "its address {host} could not be found"
REFUSED = "{host} refused the connection"
TIMED_OUT = "{host} timed out"
NOT_SECURE = "no secure connection to {host} could be made"
BROKEN_OFF = "the connection to {host} broke off"


def unanswered(error: httpx2.HTTPError | httpx2.InvalidURL, url: str) -> UnreadablePage:
    """The error to raise for a request that got no answer; NoSecureConnection where TLS is what failed."""
    words = _words(error)
    if words is None:
        return UnreadablePage(f"{url} cannot be fetched: {str(error) or type(error).__name__}")
    kind = NoSecureConnection if words == NOT_SECURE else UnreadablePage
    return kind(f"{url} cannot be fetched: {words.format(host=urlsplit(url).netloc)}")


def _words(error: Exception) -> str | None:
    causes = list(_causes(error))
    for kind, words in (
        (ssl.SSLError, NOT_SECURE),
        (socket.gaierror, NOT_FOUND),
        (ConnectionRefusedError, REFUSED),
        (httpx2.TimeoutException, TIMED_OUT),
        ((httpx2.ReadError, httpx2.WriteError, httpx2.RemoteProtocolError), BROKEN_OFF),
    ):
        if any(isinstance(cause, kind) for cause in causes):
            return words
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what led to it: httpx2 tells the system's own error only so."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
