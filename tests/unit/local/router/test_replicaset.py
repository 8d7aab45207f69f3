"""A set whose members are made up: what the router does when they answer, refuse, or do not answer at all."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from bson import ObjectId

from listino.local.router import replicaset
from listino.local.router.connection import ConnectionLost
from listino.local.router.errors import RouterError
from listino.local.router.replicaset import ReplicaSet
from listino.local.router.requests import Request
from listino.local.router.upstream import Upstream

MakeRequest = Callable[..., Request]
Reply = dict[str, Any] | Exception


class MadeUpMembers(Upstream):
    """Answers hello as told, and other commands with the next reply in line."""

    def __init__(self) -> None:
        super().__init__()
        self.hellos: dict[str, dict[str, Any]] = {}
        self.replies: list[Reply] = []
        self.sent: list[str] = []
        self.asked: list[str] = []
        self.aborted: list[str] = []
        self.interrupted = 0

    async def call(self, host: str, database: str, command: Any, *_: Any, **__: Any) -> dict[str, Any]:
        if "hello" in command:
            self.asked.append(host)
            if host not in self.hellos:
                await asyncio.Event().wait()
            return self.hellos[host]
        self.sent.append(host)
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def abort(self, host: str) -> None:
        self.aborted.append(host)

    def interrupt_repeatable(self) -> None:
        self.interrupted += 1


@pytest.fixture
def members(monkeypatch: pytest.MonkeyPatch) -> MadeUpMembers:
    monkeypatch.setattr(replicaset, "PROBE_SECONDS", 0.02)
    monkeypatch.setattr(replicaset, "PROBE_SECONDS_WITHOUT_PRIMARY", 0.01)
    monkeypatch.setattr(replicaset, "HELLO_SECONDS", 0.05)
    monkeypatch.setattr(replicaset, "RESEND_PAUSE_SECONDS", 0.0)
    return MadeUpMembers()


def primary(term: int) -> dict[str, Any]:
    return {"isWritablePrimary": True, "electionId": ObjectId(f"{term:024x}"), "ok": 1.0}


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is waited for is the router's own state, which tells nobody
            await asyncio.sleep(0.005)


async def test_it_finds_the_primary_and_follows_an_election(members: MadeUpMembers) -> None:
    members.hellos = {"a": primary(1), "b": {"ok": 1.0}}
    watched = ReplicaSet("s", ["a", "b"], members)
    watched.start()
    await until(lambda: watched.primary == "a")
    members.hellos = {"a": {"ok": 1.0}, "b": primary(2)}
    await until(lambda: watched.primary == "b")
    watched.close()


async def test_after_an_election_reads_begin_anew_until_every_member_has_heard_of_it(
    members: MadeUpMembers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replicaset, "INTERRUPTIONS_SECONDS", (0.0, 0.01, 0.03))
    members.hellos = {"a": primary(1), "b": {"ok": 1.0}}
    watched = ReplicaSet("s", ["a", "b"], members)
    watched.start()
    await until(lambda: watched.primary == "a")
    assert members.interrupted == 0
    members.hellos = {"a": {"ok": 1.0}, "b": primary(2)}
    await until(lambda: members.interrupted == 3)
    watched.close()


async def test_an_old_primary_that_wakes_up_is_not_believed(members: MadeUpMembers) -> None:
    members.hellos = {"a": primary(1), "b": primary(2)}
    watched = ReplicaSet("s", ["a", "b"], members)
    watched.start()
    await until(lambda: watched.primary == "b")
    await until(lambda: members.asked.count("a") > 3)
    assert watched.primary == "b"
    watched.close()


async def test_a_frozen_member_loses_all_its_connections(members: MadeUpMembers) -> None:
    members.hellos = {"a": primary(1)}
    watched = ReplicaSet("s", ["a"], members)
    watched.start()
    await until(lambda: watched.primary == "a")
    members.hellos = {}
    await until(lambda: members.aborted == ["a"] and watched.primary is None)
    watched.close()


async def test_a_refused_write_is_sent_again_even_without_a_number(
    members: MadeUpMembers, make_request: MakeRequest
) -> None:
    members.hellos = {"a": primary(1)}
    members.replies = [{"ok": 0.0, "code": 10107, "errmsg": "not primary"}, {"ok": 1.0, "n": 1}]
    watched = ReplicaSet("s", ["a"], members)
    watched.start()
    answer = await watched.call(make_request({"insert": "c"}), "d", {"insert": "c"}, resend=False)
    assert (answer.fields, members.sent) == ({"ok": 1.0, "n": 1}, ["a", "a"])
    watched.close()


@pytest.mark.parametrize(
    "first",
    [
        ConnectionLost("gone"),
        {"ok": 0.0, "code": 11602, "errmsg": "interrupted"},
        {"ok": 1.0, "n": 1, "writeConcernError": {"code": 91, "errmsg": "shutdown"}},
    ],
    ids=["lost", "interrupted", "not replicated"],
)
async def test_only_what_can_be_repeated_is_sent_again_after_an_unknown_outcome(
    members: MadeUpMembers, make_request: MakeRequest, first: Reply
) -> None:
    members.hellos = {"a": primary(1)}
    watched = ReplicaSet("s", ["a"], members)
    watched.start()
    members.replies = [first, {"ok": 1.0, "n": 1}]
    answer = await watched.call(make_request({"insert": "c"}), "d", {"insert": "c"}, resend=True)
    assert answer.fields == {"ok": 1.0, "n": 1}

    members.replies, members.sent = [first], []
    call = watched.call(make_request({"insert": "c"}), "d", {"insert": "c"}, resend=False)
    if isinstance(first, Exception):
        with pytest.raises(RouterError) as caught:
            await call
        assert caught.value.code == 6
    else:
        assert (await call).fields == first
    assert members.sent == ["a"]
    watched.close()


async def test_waiting_for_a_primary_ends_at_the_deadline(members: MadeUpMembers, make_request: MakeRequest) -> None:
    watched = ReplicaSet("s", ["a"], members)
    watched.start()
    request = make_request({"find": "c", "maxTimeMS": 30})
    with pytest.raises(RouterError) as caught:
        await watched.call(request, "d", {"find": "c"}, resend=True)
    assert caught.value.code == 133
    watched.close()
