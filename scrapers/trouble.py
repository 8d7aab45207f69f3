"""Why a request was given up, in words for somebody who knows the shop and not Scrapy."""

from urllib.parse import urlsplit

from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    ResponseDataLossError,
)
from scrapy.spidermiddlewares.httperror import HttpError

from scrapers.middlewares.back_off import StoppedWaiting


def trouble(error: BaseException | None, url: str) -> str:
    """What kept the answer from us; reads on after the shop's name and a colon."""
    host = urlsplit(url).netloc
    match error:
        case HttpError():
            return f"{url} answered {error.response.status}"
        case CannotResolveHostError():
            return f"its address {host} could not be found"
        case DownloadConnectionRefusedError():
            return f"{host} refused the connection"
        case DownloadTimeoutError() | TimeoutError():
            return f"{host} timed out"
        case ResponseDataLossError():
            return f"{host} broke off its answer"
        case DownloadFailedError() if "SSL" in str(error):
            return f"no secure connection to {host} could be made"
        case DownloadFailedError():
            return f"the connection to {host} broke off"
        case DownloadCancelledError():
            return f"{url} answered with more than we take"
        case StoppedWaiting():
            return f"{host} asked us to wait, and the crawl was stopped meanwhile"
    return f"{host} could not be asked ({str(error)[:200] or type(error).__name__})"
