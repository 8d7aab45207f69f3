"""Waiting for news, but not for ever."""

import asyncio


async def heard(news: asyncio.Event, seconds: float) -> None:
    """Waits for the event, which is set after so many seconds at the latest.

    For loops that turn with every request, and look themselves what there is to do: a time-out that cancels costs several times as
    much.
    """
    timer = asyncio.get_running_loop().call_later(seconds, news.set)
    try:
        await news.wait()
    finally:
        timer.cancel()
