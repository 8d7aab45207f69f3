"""The words for each way in which a shop may fail to answer."""

import socket
import ssl

import httpx2
import pytest

from listino.domain.errors import NoSecureConnection, UnreadablePage
from listino.shops.unanswered import unanswered

URL = "https://calzoleria.example/p/1"


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (
            caused(httpx2.ConnectError("[Errno -2]"), socket.gaierror(-2, "Name or service not known")),
            UnreadablePage,
            "its address calzoleria.example could not be found",
        ),
        (
            caused(httpx2.ConnectError("[Errno 111]"), ConnectionRefusedError(111, "")),
            UnreadablePage,
            "calzoleria.example refused the connection",
        ),
        (
            caused(httpx2.ConnectError("[SSL]"), ssl.SSLError()),
            NoSecureConnection,
            "no secure connection to calzoleria.example could be made",
        ),
        (httpx2.ReadTimeout(""), UnreadablePage, "calzoleria.example timed out"),
        (httpx2.ReadError(""), UnreadablePage, "the connection to calzoleria.example broke off"),
        (httpx2.DecodingError("bad gzip"), UnreadablePage, "bad gzip"),
        (httpx2.TooManyRedirects(""), UnreadablePage, "TooManyRedirects"),
    ],
)
def test_each_has_its_words(error: httpx2.HTTPError, kind: type[UnreadablePage], words: str) -> None:
    told = unanswered(error, URL)
    assert (type(told), str(told)) == (kind, f"{URL} cannot be fetched: {words}")


def test_the_words_are_found_where_the_system_really_refuses() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # not listening, and so nobody else's either
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        with pytest.raises(httpx2.ConnectError) as raised:
            httpx2.get(url, trust_env=False)
    assert str(unanswered(raised.value, url)).endswith("refused the connection")
