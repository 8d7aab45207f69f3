"""The price as a stream of server-sent events (html.spec.whatwg.org, 9.2): what it is, then each change of it."""

import asyncio
import contextlib
import random

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.pages import shown_page
from api.parameters import product_id_of
from api.problems import ProductGone
from api.services import STORE_SECONDS, services_of
from api.streams import Streams
from listino.domain.errors import EngineUnavailable
from listino.live.watching import Watch

MEDIA_TYPE = "text/event-stream"
HEARTBEAT_SECONDS = 15.0  # nginx gives a stream up that is silent for 75 s, and other proxies one that is for 60 s
# After which a client comes again whose stream has ended: those of a node that stopped are not to come all at once.
CLIENT_RETRY_MS = (1000, 3000)
SEND_SECONDS = 30.0  # how long a client may take nothing at all, with some 64 KB waiting for it; as nginx does
BEAT = b": still here\n\n"
_SPREAD = 0.1  # streams that began together end apart, by this share of their time

_HEADERS = [
    (b"content-type", MEDIA_TYPE.encode()),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # balancers before ours, too, are to hand on each event at once
]


async def price_events(request: Request) -> ASGIApp:
    """The price as far as it is known, and from then on what becomes of it; its shop is asked as for a page.

    Raises BadParameter, ProductNotFound, ProductGone, TooManyStreams or EngineUnavailable before the stream begins.
    """
    product_id, streams = product_id_of(request), services_of(request).streams
    with contextlib.ExitStack() as stack:
        stack.enter_context(streams.place(request.scope))
        try:
            async with asyncio.timeout(STORE_SECONDS):  # and not as many times as others wait before
                watch = await streams.watching.watch(product_id, seen=request.headers.get("last-event-id"))
        except TimeoutError:
            raise EngineUnavailable(f"MongoDB did not answer within {STORE_SECONDS:.1f} s") from None
        stack.callback(streams.watching.leave, watch)
        if watch.is_gone:
            await shown_page(services_of(request).pages, product_id)  # which says why
            raise ProductGone(product_id)
        streams.ask(product_id)
        return EventStream(streams, watch, stack.pop_all())


class EventStream:
    """The answer, which ends when its client does, when its time is up, when the product is gone, or with the process."""

    def __init__(self, streams: Streams, watch: Watch, held: contextlib.ExitStack) -> None:
        self._streams = streams
        self._watch = watch
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._held:
            await send({"type": "http.response.start", "status": 200, "headers": list(_HEADERS)})
            if scope["method"] != "HEAD":
                # Whoever goes away is noticed at once; what is sent to nobody is lost without an error.
                leaving = asyncio.create_task(_left(receive))
                leaving.add_done_callback(lambda _: self._watch.wake())
                try:
                    await self._tell(send, leaving)
                except TimeoutError:
                    return  # The server breaks a connection off of which the answer was not ended.
                finally:
                    leaving.cancel()
            await send({"type": "http.response.body", "body": b""})

    async def _tell(self, send: Send, leaving: "asyncio.Task[None]") -> None:
        now, watch = asyncio.get_running_loop().time, self._watch
        until = now() + self._streams.seconds * random.uniform(1 - _SPREAD, 1)  # noqa: S311
        beginning = b"retry: %d\n\n" % random.randint(*CLIENT_RETRY_MS)  # noqa: S311
        said_at = 0.0
        while True:
            sight = watch.news()
            said = beginning + (sight.event if sight else b"")
            if not said and now() >= said_at + HEARTBEAT_SECONDS:
                said = BEAT
            if said:
                beginning, said_at = b"", now()
                async with asyncio.timeout(SEND_SECONDS):
                    await send({"type": "http.response.body", "body": said, "more_body": True})
            if leaving.done() or watch.is_gone or self._streams.ended or now() >= until:
                return
            if not watch.has_news():
                await watch.woken(min(said_at + HEARTBEAT_SECONDS, until) - now())


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
