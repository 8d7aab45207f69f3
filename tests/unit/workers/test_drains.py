"""What a worker is told of while it drains shops."""

import asyncio
from types import SimpleNamespace
from typing import Any

from workers.drains import Drains, _Drain


async def test_a_product_is_expected_whose_shop_is_drained_here() -> None:
    woken: list[bool] = []
    expected: list[str] = []
    drains: Any = Drains.__new__(Drains)  # without its loop and thread
    room: Any = SimpleNamespace(wake=lambda: woken.append(True))
    drains._drains = {"it:bottega": _Drain(room, asyncio.get_running_loop().create_future())}  # type: ignore[arg-type]
    drains._runtime = SimpleNamespace(expect=expected.append)
    for product_id in ("it:bottega:1", "it:other:1", "it:bottega:2"):
        drains._wake(product_id)
    assert expected == ["it:bottega:1", "it:bottega:2"]
    assert len(woken) == 2
