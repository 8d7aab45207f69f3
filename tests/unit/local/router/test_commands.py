from collections.abc import Callable
from typing import Any

import pytest

from listino.local.router import commands
from listino.local.router.errors import RouterError
from listino.local.router.requests import Request
from listino.local.router.routing import Router

MakeRequest = Callable[..., Request]


@pytest.fixture
def router() -> Router:
    """A router that knows no servers: what it refuses, it refuses without asking."""
    return Router("configRS/127.0.0.1:1")


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ({"validate": "c"}, 59),
        ({"shutdown": 1}, 59),
        ({"clusterFind": "c"}, 59),
        ({"_configsvrAddShard": "s"}, 59),
        ({"bulkWrite": 1}, 59),
        ({"setParameter": 1}, 59),
        ({"mapReduce": "c"}, 115),
        ({"killSessions": []}, 115),
        ({"killOp": 1}, 115),
        ({"insert": "c", "txnNumber": 1, "startTransaction": True, "autocommit": False}, 263),
        ({"find": "c", "autocommit": False}, 263),
        ({"commitTransaction": 1}, 263),
        ({"abortTransaction": 1}, 263),
        ({"aggregate": "c", "pipeline": [{"$changeStream": {}}]}, 115),
        ({"explain": {"insert": "c"}}, 115),
        ({"explain": {"clusterUpdate": "c"}}, 115),
        ({"explain": {"find": "c", "tailable": True}}, 115),
        ({"explain": {"aggregate": "c", "pipeline": [{"$out": "d"}], "cursor": {}}}, 115),
    ],
    ids=lambda value: str(value)[:50],
)
async def test_what_the_router_does_not_do_it_refuses(
    router: Router, make_request: MakeRequest, command: dict[str, Any], code: int
) -> None:
    with pytest.raises(RouterError) as caught:
        await commands.run(router, make_request(command))
    assert caught.value.code == code
    assert caught.value.reply()["errmsg"].startswith("router: ")


@pytest.mark.parametrize("command", [{"ping": 1}, {"endSessions": []}, {"refreshSessions": []}])
async def test_what_concerns_no_shard_is_answered_at_once(
    router: Router, make_request: MakeRequest, command: dict[str, Any]
) -> None:
    assert await commands.run(router, make_request(command)) == {"ok": 1.0}


def test_no_command_is_both_known_and_refused() -> None:
    assert not commands.COMMANDS.keys() & commands.REFUSED.keys()


async def test_a_request_loses_what_concerns_client_and_router_alone(make_request: MakeRequest) -> None:
    given = {"find": "c", "lsid": {"id": 1}, "apiVersion": "1", "apiStrict": True, "$clusterTime": {}, "limit": 1}
    request = make_request(given)
    assert (request.database, request.collection) == ("d", "c")
    assert list(request.direct()) == ["find", "lsid", "limit"]
    assert request.stripped() == {"find": "c", "limit": 1}
    assert list(request.renamed("clusterFind").items()) == [("clusterFind", "c"), ("limit", 1)]


async def test_a_client_that_is_in_a_hurry_is_not_held(make_request: MakeRequest) -> None:
    patient, hurried = make_request({"find": "c"}), make_request({"find": "c", "maxTimeMS": 500})
    assert 19 < patient.deadline - hurried.deadline < 20


@pytest.mark.parametrize(
    ("preference", "primary"),
    [({}, True), ({"$readPreference": {"mode": "primary"}}, True), ({"$readPreference": {"mode": "nearest"}}, False)],
)
async def test_only_reads_of_primaries_take_the_short_way(
    make_request: MakeRequest, preference: dict[str, Any], primary: bool
) -> None:
    assert make_request({"find": "c", **preference}).reads_primary is primary
