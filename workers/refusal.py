"""Shops that forbid a question, refuse it, or break off, and what each of it says about the shop."""

import httpx2

from listino.domain.errors import UnreadablePage
from listino.domain.politeness import REFUSALS, is_failure

# A refusal of the request as such, not of us: bad request, not found, too much in it, too long an address.
_NOT_AS_ASKED = (400, 404, 413, 414)
# What a shop answers, and what becomes of a connection, when something went wrong in passing. Not a refusal, nor silence.
_IN_PASSING = (500, 502, 504)
BROKEN_OFF = (httpx2.NetworkError, httpx2.RemoteProtocolError)


class Refused(Exception):
    """The shop forbids the question, or answered with a `status` that is neither a page nor a good-bye."""

    def __init__(self, said: str, status: int | None = None) -> None:
        super().__init__(said)
        self.status = status

    @property
    def heard(self) -> bool | None:
        """Whether the shop is well enough to refuse. One that wants to be left alone is, and the host's pause sees to that."""
        return None if self.status is None else self.status in REFUSALS or not is_failure(self.status)


def is_in_passing(error: Exception) -> bool:
    """Whether the same request may be answered a moment later."""
    return isinstance(error, BROKEN_OFF) or (isinstance(error, Refused) and error.status in _IN_PASSING)


def is_not_as_asked(error: Exception) -> bool:
    """Whether the shop may answer if it is asked for fewer products."""
    return isinstance(error, UnreadablePage) or (isinstance(error, Refused) and error.status in _NOT_AS_ASKED)
