"""What staff hold from sale is not offered anywhere, and is again as soon as they release it."""

import asyncio
import time
from collections.abc import Callable

import httpx2

from listino.domain.clock import utc_now
from listino.domain.product import Product
from listino.live.page_guard import PageGuard
from listino.settings import Settings
from listino.store.client import Store

CUP, POT = "it:bottega:cup", "it:bottega:pot"


async def test_a_held_product_is_answered_410_with_the_reason_until_it_is_released(
    settings: Settings, client: httpx2.AsyncClient, goods: Callable[..., Product]
) -> None:
    store = Store(settings, PageGuard(settings))
    await asyncio.to_thread(store.products.upsert, [goods("cup"), goods("pot")])

    async def listed() -> list[str]:
        return [one["id"] for one in (await client.get("/products", params={"market": "it"})).json()]

    async def answered(status: int, path: str) -> httpx2.Response:
        """The answer, once it is that: a node shows a page to the end of the second in which it read it."""
        deadline = time.monotonic() + 20
        while (answer := await client.get(path)).status_code != status:
            assert time.monotonic() < deadline, (path, answer.status_code)
            await asyncio.sleep(0.02)
        return answer

    assert await listed() == [CUP, POT]
    await answered(200, f"/products/{CUP}")
    await asyncio.to_thread(store.handlings.stop, CUP, by="ada@listino.test", at=utc_now(), reason="recalled")
    for part in ("", "/styles", "/related", "/price?wait=0", "/price/events"):
        problem = (await answered(410, f"/products/{CUP}{part}")).json()
        assert (problem["reason"], problem["detail"]) == ("held_from_sale", f"product {CUP} is held from sale"), part
    assert await listed() == [POT]
    await asyncio.to_thread(store.products.mark_gone, [POT], utc_now())
    assert (await answered(410, f"/products/{POT}")).json()["reason"] == "gone"

    await asyncio.to_thread(store.handlings.release, CUP, at=utc_now())
    assert (await answered(200, f"/products/{CUP}")).json()["name"] != "Tazzina"
    assert await listed() == [CUP]
    await asyncio.to_thread(
        store.handlings.correct, CUP, {"name": "Tazzina"}, by="ada@listino.test", at=utc_now(), reason="typo"
    )
    deadline = time.monotonic() + 20
    while (await client.get(f"/products/{CUP}")).json()["name"] != "Tazzina":
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
    assert (await client.get("/products", params={"q": "tazzina"})).json()[0]["name"] == "Tazzina"
    await asyncio.to_thread(store.close)
