import pytest
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    ResponseDataLossError,
)
from scrapy.http import Response
from scrapy.spidermiddlewares.httperror import HttpError

from listino.live.turns import HostBusy
from scrapers.trouble import RulesUnknown, trouble

URL = "https://calzoleria.example/wp-json"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (CannotResolveHostError("DNS lookup failed"), "its address calzoleria.example could not be found"),
        (DownloadConnectionRefusedError("111"), "calzoleria.example refused the connection"),
        (DownloadTimeoutError("took longer than 30"), "calzoleria.example timed out"),
        (TimeoutError(), "calzoleria.example timed out"),
        (HttpError(Response(URL, status=503)), f"{URL} answered 503"),
        (ResponseDataLossError(), "calzoleria.example broke off its answer"),
        (DownloadFailedError("[<Failure ConnectionLost>]"), "the connection to calzoleria.example broke off"),
        (
            DownloadFailedError("[<Failure OpenSSL.SSL.Error>]"),
            "no secure connection to calzoleria.example could be made",
        ),
        (DownloadCancelledError("larger than"), f"{URL} answered with more than we take"),
        (
            HostBusy("calzoleria.example", 3600, refused=True),
            "calzoleria.example asked us to come back in 60 minutes",
        ),
        (RulesUnknown("its robots.txt answered 503"), "its robots.txt answered 503"),
        (OSError("no route"), "calzoleria.example could not be asked (no route)"),
        (KeyError(), "calzoleria.example could not be asked (KeyError)"),
    ],
)
def test_each_way_to_fail_has_its_words(error: Exception, words: str) -> None:
    assert trouble(error, URL) == words
