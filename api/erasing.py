"""People who were erased: any node goes on with it until it is done."""

import asyncio
import contextlib

import structlog

from listino.store.erasing import AsyncErasures
from listino.store.outage import REFUSED, UNAVAILABLE

log = structlog.get_logger(__name__)

LOOK_SECONDS = 5.0  # how often somebody may have been erased


class Erasing:
    """One process's part in it. Use it in `async with`."""

    def __init__(self, erasures: AsyncErasures) -> None:
        self._erasures = erasures

    async def __aenter__(self) -> "Erasing":
        self._task = asyncio.create_task(self._go_on(), name="erasures")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _go_on(self) -> None:
        """For good: what one node leaves half done, another does again."""
        while True:
            more = False
            try:
                more = await self._erasures.go_on()
            except (*UNAVAILABLE, REFUSED) as error:
                log.warning("api.erasure_not_done", error=str(error)[:300])
            except Exception:
                log.exception("api.erasure_failed")  # nobody awaits this task
            if not more:
                await asyncio.sleep(LOOK_SECONDS)
