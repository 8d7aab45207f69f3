import asyncio

from listino.live.news import heard

LONG, SOON_ENOUGH = 60.0, 5.0  # seconds


async def test_news_are_heard_at_once() -> None:
    news = asyncio.Event()
    waiting = asyncio.create_task(heard(news, LONG))
    await asyncio.sleep(0)
    assert not waiting.done()
    news.set()
    async with asyncio.timeout(SOON_ENOUGH):
        await waiting


async def test_without_news_the_wait_ends_as_with_them() -> None:
    news = asyncio.Event()
    async with asyncio.timeout(SOON_ENOUGH):
        await heard(news, 0.001)
    assert news.is_set()


async def test_who_has_heard_is_not_woken_again() -> None:
    news, timers = asyncio.Event(), list[asyncio.TimerHandle]()
    loop = asyncio.get_running_loop()
    call_later = loop.call_later

    def noted(*given: object) -> asyncio.TimerHandle:
        timers.append(call_later(*given))  # type: ignore[arg-type]  # as the loop is given them
        return timers[-1]

    loop.call_later = noted  # type: ignore[method-assign]
    news.set()
    await heard(news, LONG)
    assert [timer.cancelled() for timer in timers] == [True]
