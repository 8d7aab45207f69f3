"""How long a page may be shown again, and when the shop of a product is asked whose page is opened."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest

from api.pages import accelerated, page_answer
from api.problems import ProductGone
from api.refresh import Refresher
from listino.live.held_pages import Reading
from listino.live.page import Page
from listino.live.product_page import GONE, SHOWN, TAG_BYTES, Part

ID = "it:bottega:1"


def test_nginx_repeats_what_is_known_to_be_true_to_the_end_of_its_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_790_000_000.9)
    assert accelerated(1_790_000_000.0) == b"@1790000000"
    assert accelerated(1_789_999_999.9) == accelerated(0.0) == b"0"


class Node:
    """What a page is answered from. `told` says what there was, in order; a page is read once it is `open`."""

    def __init__(self, state: str = SHOWN) -> None:
        self.told: list[str] = []
        self.open = asyncio.Event()
        self.state = state
        self.pages = self.live = self
        self.refresher = Refresher(self, fresh_seconds=0)  # type: ignore[arg-type]  # for its `request`

    def at_hand(self, product_id: Any) -> None:
        return None

    async def get(self, product_id: Any) -> Reading:
        await self.open.wait()
        self.told.append("read")
        return Reading(Page(self.state, tuple(bytes(TAG_BYTES) + b"{}" for _ in Part)))

    async def request(self, product_id: Any, *, wait_ms: int) -> None:
        self.told.append("asked")

    async def opened(self, part: Part = Part.DETAIL) -> list[str]:
        """What there was when nothing more could happen without the page, and then."""
        self.told, self.open = [], asyncio.Event()
        services: Any = SimpleNamespace(pages=self, refresher=self.refresher)
        answer = asyncio.create_task(page_answer(services, ID, part, ()))
        for _turn in range(5):
            await asyncio.sleep(0)
        self.told.append("page")
        self.open.set()
        await asyncio.wait([answer])
        for _turn in range(5):
            await asyncio.sleep(0)
        if answer.exception() is not None:
            self.told.append(type(answer.exception()).__name__)
        return self.told


async def test_the_shop_of_a_product_that_is_known_is_asked_while_its_page_is_read() -> None:
    node = Node()
    assert await node.opened(Part.STYLES) == ["page", "read"]
    assert await node.opened() == ["page", "read", "asked"], "perhaps there is no such product"
    assert (await node.opened())[:3] == ["asked", "page", "read"]
    assert await node.opened(Part.STYLES) == ["page", "read"], "nobody looks at the price"


async def test_a_product_that_is_gone_is_known_no_more() -> None:
    node = Node()
    await node.opened()
    node.state = GONE
    assert await node.opened() == ["asked", "page", "read", ProductGone.__name__]
    assert await node.opened() == ["page", "read", ProductGone.__name__]
