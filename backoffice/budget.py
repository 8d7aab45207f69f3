"""A limit on the time that one request may spend on MongoDB."""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from listino.store.outage import time_limit


class StoreBudget:
    """WSGI middleware: once `seconds` are over, what asks the store raises one of `listino.store.outage.UNAVAILABLE`."""

    def __init__(self, application: WSGIApplication, seconds: float) -> None:
        self._application = application
        self._seconds = seconds

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        # Pages are rendered before the answer begins, so nothing is asked of the store after this block.
        with time_limit(self._seconds):
            return self._application(environ, start_response)
