"""Why a request was given up, in words for somebody who knows the shop and not Scrapy."""

from urllib.parse import urlsplit

from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.spidermiddlewares.httperror import HttpError

from listino.live.turns import HostBusy
from listino.shops.unanswered import BROKEN_OFF, NOT_FOUND, NOT_SECURE, REFUSED, TIMED_OUT


class NotNow(IgnoreRequest):
    """Raised for a request that has become needless, or is put back into the queue, before it was sent."""


class Forbidden(IgnoreRequest):
    """Raised for a request that the host's robots.txt forbids."""


class RulesUnknown(Exception):
    """Raised for every request to a host whose robots.txt cannot be had; the message says why."""


def trouble(error: BaseException | None, url: str) -> str:
    """What kept the answer from us; reads on after the shop's name and a colon."""
    host = urlsplit(url).netloc
    match error:
        case HttpError():
            return f"{url} answered {error.response.status}"
        case CannotResolveHostError():
            return NOT_FOUND.format(host=host)
        case DownloadConnectionRefusedError():
            return REFUSED.format(host=host)
        case DownloadTimeoutError() | TimeoutError():
            return TIMED_OUT.format(host=host)
        case ResponseDataLossError():
            return f"{host} broke off its answer"
        case DownloadFailedError() if "SSL" in str(error):
            return NOT_SECURE.format(host=host)
        case DownloadFailedError():
            return BROKEN_OFF.format(host=host)
        case DownloadCancelledError():
            return f"{url} answered with more than we take"
        case RulesUnknown():
            return str(error)
        case HostBusy():
            return f"{host} asked us to come back in {error.wait / 60:.0f} minutes"
    return f"{host} could not be asked ({str(error)[:200] or type(error).__name__})"
