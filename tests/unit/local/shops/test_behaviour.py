import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from random import Random
from typing import Any

import httpx2
import pytest
import uvicorn

from listino.local.shops.__main__ import OnPurpose
from listino.local.shops.app import create_app
from listino.local.shops.behaviour import Latency
from listino.local.shops.catalogue import Catalogue

API = "/wp-json/wc/store/v1/products"


@pytest.mark.parametrize("fault", ["429", "503"])
def test_a_refusal_says_when_to_come_back(open_shop: Any, fault: str) -> None:
    client = open_shop("it", count=20).client
    client.post("/_shop/behaviour", json={"fault": fault, "retry_after": 7, "times": 2})
    answers = [client.get(API) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [int(fault), int(fault), 200]
    assert [answer.headers.get("retry-after") for answer in answers] == ["7", "7", None]


def test_maintenance_is_html_where_json_was_expected(open_shop: Any) -> None:
    client = open_shop("it", count=20).client
    client.post("/_shop/behaviour", json={"fault": "html"})
    answer = client.get(API)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "manutenzione" in answer.text
    assert client.get("/healthz").json()["products"] == 20
    client.post("/_shop/reset")
    assert len(client.get(API).json()) == 10


def test_a_fault_befalls_only_its_path_and_share(open_shop: Any) -> None:
    client = open_shop("it", count=20).client
    client.post("/_shop/behaviour", json={"fault": "503", "path": r"/prodotto/|/\d+$"})
    assert client.get(API).status_code == 200
    assert client.get(f"{API}/3020").status_code == 503
    client.post("/_shop/behaviour", json={"fault": "503", "share": 0.5})
    states = [client.get("/robots.txt").status_code for _ in range(60)]
    assert set(states) == {200, 503}
    assert 12 <= states.count(503) <= 48


def test_latency_has_the_median_and_tail_it_was_given() -> None:
    dice = Random(1)
    latency = Latency(150, 600)
    drawn = sorted(latency.draw(dice) for _ in range(4000))
    assert 0.14 <= drawn[2000] <= 0.16
    assert 0.5 <= drawn[3960] <= 0.72
    assert drawn[-1] <= 1.2


@pytest.fixture
async def address() -> AsyncIterator[str]:
    """A real server: what it does with half an answer cannot be seen without one."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        base_url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        app = create_app(Catalogue("it", base_url=base_url, count=20))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        serving = asyncio.create_task(server._serve(sockets=[listening]))
        while not server.started:  # noqa: ASYNC110  # uvicorn has no event to wait for
            await asyncio.sleep(0.01)
        yield base_url
        server.should_exit = True
        server.force_exit = True
        await serving


async def test_a_truncated_answer_ends_before_its_length(address: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    async with httpx2.AsyncClient(base_url=address) as client:
        await client.post("/_shop/behaviour", json={"fault": "truncated", "times": 1})
        with pytest.raises(httpx2.RemoteProtocolError, match="without sending complete message body"):
            await client.get(API)
        assert len((await client.get(API)).json()) == 10
    errors = [record for record in caplog.records if record.name == "uvicorn.error"]
    assert len(errors) == 1
    assert not OnPurpose().filter(errors[0])


async def test_a_hanging_shop_waits_for_the_visitor_to_leave_or_for_the_reset(address: str) -> None:
    async with httpx2.AsyncClient(base_url=address) as client:
        await client.post("/_shop/behaviour", json={"fault": "hang"})
        with pytest.raises(httpx2.ReadTimeout):
            await client.get(API, timeout=0.2)
        hanging = [asyncio.create_task(client.get(API, timeout=10)) for _ in range(3)]
        await asyncio.sleep(0.2)
        assert not any(task.done() for task in hanging)
        assert (await client.get("/_shop/requests")).json()["peak_in_flight"] == 3
        await client.post("/_shop/reset")
        assert [(await task).status_code for task in hanging] == [200, 200, 200]


async def test_latency_delays_pages_but_not_the_back_door(address: str) -> None:
    async with httpx2.AsyncClient(base_url=address) as client:
        await client.post("/_shop/behaviour", json={"latency": {"median_ms": 200, "p99_ms": 200}})
        assert (await client.get(API)).elapsed.total_seconds() >= 0.2
        assert (await client.get("/healthz")).elapsed.total_seconds() < 0.15
