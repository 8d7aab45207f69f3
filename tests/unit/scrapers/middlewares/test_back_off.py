from typing import Any

import pytest
from scrapy import Request
from scrapy.http import Response

from scrapers.middlewares.back_off import MOST_REFUSALS, BackOffMiddleware

URL = "https://bottega.example/p/1"


@pytest.fixture
def middleware(crawler: Any) -> BackOffMiddleware:
    return BackOffMiddleware.from_crawler(crawler)


def refuse(middleware: BackOffMiddleware, request: Request, status: int = 429) -> Request | Response:
    return middleware.process_response(request, Response(request.url, status=status))


@pytest.mark.parametrize("status", [200, 304, 404, 500])
def test_any_other_answer_is_an_answer(status: int, middleware: BackOffMiddleware, crawler: Any) -> None:
    answer = Response(URL, status=status)
    assert middleware.process_response(Request(URL), answer) is answer
    assert crawler.stats == {}


@pytest.mark.parametrize("status", [429, 503])
def test_what_was_refused_is_asked_for_again(status: int, middleware: BackOffMiddleware, crawler: Any) -> None:
    again = refuse(middleware, Request(URL), status)
    assert isinstance(again, Request)
    assert (again.url, again.dont_filter) == (URL, True)
    assert crawler.stats == {"listino/told_to_wait": 1}


@pytest.mark.parametrize(("meta", "most"), [({}, MOST_REFUSALS), ({"most_refusals": 3}, 3)])
def test_a_request_that_is_refused_again_and_again_is_given_up(
    meta: dict[str, Any], most: int, middleware: BackOffMiddleware, crawler: Any
) -> None:
    request = Request(URL, priority=5, meta=meta)
    for number in range(1, most + 1):
        again = refuse(middleware, request)
        assert isinstance(again, Request)
        assert (again.meta["refused"], again.priority) == (number, 5 - number)
        request = again
    answer = refuse(middleware, request)
    assert isinstance(answer, Response)
    assert answer.status == 429
    assert crawler.stats == {"listino/told_to_wait": most, "listino/gave_up_waiting": 1}
