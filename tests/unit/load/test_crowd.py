"""A crowd asks all at once, and every viewer's answer is kept, or that there was none."""

import resource
from collections.abc import Iterator

import pytest
from crowd import crowd, demand_files
from generators import GeneratorFailed
from serving import served
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

ID = "it:load-it:7"


async def price(request: Request) -> Response:
    if request.path_params["id"] != ID:
        return JSONResponse({}, 503)
    return JSONResponse({"price": "49.90", "fresh": True, "reason": None})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with served(Starlette(routes=[Route("/products/{id}/price", price)])) as url:
        yield int(url.rpartition(":")[2])


def test_every_viewer_hears_the_price(port: int) -> None:
    came = crowd([port, port], ID, 60)
    assert [(view.product_id, view.price, view.fresh, view.failed) for view in came.views] == [
        (ID, 4990, True, False)
    ] * 60
    assert 0 <= came.asked_in < max(view.closed for view in came.views) - came.views[0].opened
    assert all(view.opened < view.closed for view in came.views)


def test_who_is_refused_is_counted(port: int) -> None:
    assert [view.status for view in crowd([port], "it:load-it:8", 3).views] == [503] * 3


def test_more_viewers_than_open_files_are_refused_before_anything_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 1024))
    with pytest.raises(GeneratorFailed, match="10000 viewers need 10200 open files"):
        demand_files(10_000)
