"""What is sent where, and sent again, by a router whose servers are made up."""

from collections.abc import Callable, Mapping
from typing import Any, cast

import bson
import pytest

from listino.local.router import batches, cluster, direct
from listino.local.router.catalog import Place
from listino.local.router.connection import ConnectionLost
from listino.local.router.errors import RouterError
from listino.local.router.replicaset import Answer
from listino.local.router.requests import Request
from listino.local.router.routing import Router
from listino.local.router.targeting import route_of_filter

MakePlace = Callable[..., Place]
MakeRequest = Callable[..., Request]
Reply = dict[str, Any] | Exception


class MadeUpCluster:
    """Stands for the router, its catalogue, its shards and its connections: gives the replies it was told to."""

    def __init__(self, place: Place, *replies: Reply) -> None:
        self.place_is = place
        self.replies = list(replies)
        self.sent: list[tuple[str, Mapping[str, Any], bool | None]] = []
        self.forgotten = 0
        self.name = self.primary = "host"
        self.catalog = self.upstream = self

    async def place(self, namespace: str) -> Place:
        return self.place_is

    async def ensure_database(self, name: str) -> None:
        pass

    def forget(self, namespace: str) -> None:
        self.forgotten += 1

    async def shard(self, name: str) -> "MadeUpCluster":
        return self

    async def any_shard(self, deadline: float) -> "MadeUpCluster":
        return self

    async def wait_for_primary(self, deadline: float) -> str:
        return "host"

    def lost(self, host: str) -> None:
        pass

    async def call(self, *given: Any, resend: bool | None = None, **_: Any) -> Any:
        command = given[2]
        self.sent.append((next(iter(command)), command, resend))
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return Answer(reply, "host") if isinstance(given[0], Request) else reply

    def names(self) -> list[str]:
        return [name for name, *_ in self.sent]


def router(made_up: MadeUpCluster) -> Router:
    return cast("Router", made_up)


UPDATES = [{"q": {"k": value}, "u": {"$inc": {"n": 1}}} for value in (-1, 1, -2)]
SESSION = {"lsid": {"id": 1}, "txnNumber": bson.Int64(4)}
OK = {"ok": 1.0, "n": 1, "nModified": 1}
STALE = {"ok": 0.0, "code": 13388, "errmsg": "stale"}


@pytest.mark.parametrize("session", [SESSION, {}], ids=["numbered", "plain"])
async def test_only_numbered_writes_may_be_sent_again(
    make_place: MakePlace, make_request: MakeRequest, session: dict[str, Any]
) -> None:
    made_up = MadeUpCluster(make_place({"k": 1}, [0]), OK, OK)
    request = make_request({"update": "c", "updates": UPDATES, "ordered": False, **session})
    assert (await batches.write(router(made_up), request))["n"] == 2
    assert [resend for *_, resend in made_up.sent] == [bool(session)] * 2
    positions = [command.get("stmtIds") for _, command, _ in made_up.sent]
    assert positions == ([[0, 2], [1]] if session else [None, None])
    assert all(command.get("txnNumber") == session.get("txnNumber") for _, command, _ in made_up.sent)
    assert request.resendable is bool(session)


async def test_a_write_to_all_shards_loses_its_number_and_must_not_be_repeated(
    make_place: MakePlace, make_request: MakeRequest
) -> None:
    made_up = MadeUpCluster(make_place({"k": 1}, [0]), ConnectionLost("gone"))
    updates = [{"q": {"x": 1}, "u": {"$inc": {"n": 1}}, "multi": True}]
    request = make_request({"update": "c", "updates": updates, **SESSION})
    reply = await batches.write(router(made_up), request)
    assert (reply["ok"], reply["code"]) == (0.0, 6)
    assert not request.resendable
    assert made_up.names() == ["clusterUpdate"]
    assert not {"lsid", "txnNumber", "stmtIds"} & made_up.sent[0][1].keys()


async def test_a_stale_version_is_read_anew(make_place: MakePlace, make_request: MakeRequest) -> None:
    made_up = MadeUpCluster(make_place({"k": 1}, [0]), STALE, STALE, OK)
    request = make_request({"find": "c", "filter": {"k": 1}})
    query = bson.encode({"k": 1})
    answer = await direct.send(
        router(made_up),
        request,
        "d.c",
        request.direct(),
        lambda place: route_of_filter(place, query, collated=False),
        resend=True,
    )
    assert answer is not None
    assert (answer.fields, made_up.forgotten, made_up.names()) == (OK, 2, ["find"] * 3)


async def test_a_routing_member_that_is_stale_is_told_to_look_again(
    make_place: MakePlace, make_request: MakeRequest
) -> None:
    made_up = MadeUpCluster(make_place(), STALE, {"ok": 1.0}, OK)
    request = make_request({"aggregate": "c", "pipeline": []})
    command = request.renamed("clusterAggregate")
    assert (await cluster.send(router(made_up), request, command)).fields == OK
    assert made_up.names() == ["clusterAggregate", "flushRouterConfig", "clusterAggregate"]


@pytest.mark.parametrize("pipeline", [[], [{"$merge": "other"}]], ids=["read", "write"])
async def test_of_routed_commands_only_reads_are_sent_again(
    make_place: MakePlace, make_request: MakeRequest, pipeline: list[dict[str, Any]]
) -> None:
    made_up = MadeUpCluster(make_place(), ConnectionLost("gone"), OK)
    request = make_request({"aggregate": "c", "pipeline": pipeline})
    sending = cluster.send(router(made_up), request, request.renamed("clusterAggregate"))
    if pipeline:
        with pytest.raises(RouterError) as caught:
            await sending
        assert caught.value.code == 6
        assert len(made_up.sent) == 1
    else:
        assert (await sending).fields == OK


async def test_a_routing_member_that_steps_down_has_done_nothing(
    make_place: MakePlace, make_request: MakeRequest
) -> None:
    refusal = {"ok": 0.0, "code": 10107, "errmsg": "not primary"}
    made_up = MadeUpCluster(make_place(), refusal, OK)
    request = make_request({"insert": "c"})
    assert (await cluster.send(router(made_up), request, request.renamed("clusterInsert"))).fields == OK
