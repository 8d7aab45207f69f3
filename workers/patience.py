"""Outlasting a Redis that is away: what workers do, who have nothing else to do until it is back."""

import contextlib
from collections.abc import Callable
from typing import Any, TypeVar

import structlog
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from listino.live.client import UNAVAILABLE
from listino.settings import masked

log = structlog.get_logger(__name__)

PAUSE_SECONDS = 1.0  # between two attempts; a Redis that hangs takes the time-out of the connection besides
FOR_EVER = -1

Result = TypeVar("Result")


class Patience(Retry):
    """Repeats a command until Redis has answered it, and says in one line that it does not, in one that it does again.

    One for all connections of a process; `address` is for the log. After `end` the next failure is the command's.
    """

    def __init__(self, address: str, pause_seconds: float = PAUSE_SECONDS) -> None:
        super().__init__(ConstantBackoff(pause_seconds), FOR_EVER, UNAVAILABLE)
        self.away = False
        self._address = masked(address)

    def __deepcopy__(self, _: dict[int, Any]) -> "Patience":
        # The driver copies the policy for every connection; there is one Redis to be away.
        return self

    def end(self) -> None:
        """Whoever is told to stop waits for nothing any more."""
        self.update_retries(0)

    def farewell(self, say: Callable[[], object]) -> None:
        """Says what a process has to say that ends; not to a Redis that is away, which forgets it after a while."""
        if not self.away:
            with contextlib.suppress(*UNAVAILABLE):
                say()

    def call_with_retry(self, do: Callable[[], Result], fail: Callable[..., Any], *args: Any, **options: Any) -> Result:
        """As the driver's, with words."""
        failed_here = False

        def failed(error: Exception, *count: int) -> Any:
            nonlocal failed_here
            failed_here = True
            self._failed(error)
            return fail(error, *count)

        result: Result = super().call_with_retry(do, failed, *args, **options)
        # What never failed proves nothing: a command that is only sent, or a look at a subscription that hears nothing.
        if failed_here:
            self._succeeded()
        return result

    def _failed(self, error: Exception) -> None:
        if not self.away:
            self.away = True
            log.warning("redis.away", address=self._address, error=str(error))

    def _succeeded(self) -> None:
        if self.away:
            self.away = False
            log.info("redis.back", address=self._address)
