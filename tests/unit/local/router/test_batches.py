from collections.abc import Callable
from typing import Any

import bson
import pytest

from listino.local.router import batches
from listino.local.router.catalog import Place
from listino.local.router.errors import FAILED_TO_SATISFY_READ_PREFERENCE, HOST_UNREACHABLE, RouterError
from listino.local.router.requests import Request
from listino.local.router.tally import Tally

MakePlace = Callable[..., Place]
MakeRequest = Callable[..., Request]
STALE = 13388


def groups(
    place: Place, request: Request, statements: list[dict[str, Any]], *, ordered: bool
) -> list[tuple[str | None, tuple[int, ...]]]:
    raws = [bson.encode(statement) for statement in statements]
    split = batches.split(place, request, raws, range(len(raws)), ordered=ordered)
    return [(group.route.shard if group.route else None, group.positions) for group in split]


async def test_unordered_statements_go_to_each_shard_together(make_place: MakePlace, make_request: MakeRequest) -> None:
    place, request = make_place({"k": 1}, [0]), make_request({"insert": "c"})
    documents = [{"k": value} for value in (-1, 1, -2, 2)]
    assert groups(place, request, documents, ordered=False) == [("a", (0, 2)), ("b", (1, 3))]


async def test_ordered_statements_go_in_runs(make_place: MakePlace, make_request: MakeRequest) -> None:
    place, request = make_place({"k": 1}, [0]), make_request({"insert": "c"})
    documents = [{"k": value} for value in (-1, -2, 1, -3)]
    assert groups(place, request, documents, ordered=True) == [("a", (0, 1)), ("b", (2,)), ("a", (3,))]


async def test_statements_without_a_shard_go_to_all(make_place: MakePlace, make_request: MakeRequest) -> None:
    place = make_place({"k": 1}, [0])
    update = make_request({"update": "c"})
    statements = [
        {"q": {"k": -1}, "u": {"$set": {"x": 1}}},
        {"q": {"k": -1}, "u": {"$set": {"x": 1}}, "multi": True},
        {"q": {"x": 1}, "u": {"$set": {"x": 1}}},
        {"q": {"k": -1}, "u": {"$set": {"x": 1}}, "multi": False},
        {"q": {"k": "t"}, "u": {"$set": {"x": 1}}, "collation": {"locale": "it"}},
    ]
    assert groups(place, update, statements, ordered=False) == [("a", (0, 3)), (None, (1, 2, 4))]
    delete = make_request({"delete": "c"})
    deletes = [{"q": {"k": 1}, "limit": 1}, {"q": {"k": 1}, "limit": 0}]
    assert groups(place, delete, deletes, ordered=False) == [("b", (0,)), (None, (1,))]


async def test_an_unsharded_collection_takes_everything_at_home(
    make_place: MakePlace, make_request: MakeRequest
) -> None:
    statements = [{"q": {}, "u": {"$set": {"x": 1}}, "multi": True}, {"q": {"x": 1}, "u": {"$set": {"x": 1}}}]
    assert groups(make_place(), make_request({"update": "c"}), statements, ordered=True) == [("home", (0, 1))]


async def test_no_group_is_larger_than_a_message(
    make_place: MakePlace, make_request: MakeRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = [{"k": number} for number in range(5)]
    monkeypatch.setattr(batches, "MESSAGE_BYTES", 2 * len(bson.encode(documents[0])))
    split = groups(make_place({"k": 1}), make_request({"insert": "c"}), documents, ordered=False)
    assert split == [("a", (0, 1)), ("a", (2, 3)), ("a", (4,))]


def test_replies_of_shards_become_one_with_the_clients_positions() -> None:
    tally = Tally("update", ordered=False, size=5)
    upserted = {"n": 2, "nModified": 1, "upserted": [{"index": 1, "_id": "u"}], "ok": 1.0}
    failed = {"n": 1, "nModified": 1, "writeErrors": [{"index": 0, "code": 11000, "errmsg": "dup"}], "ok": 1.0}
    assert not tally.note((4, 3), upserted, final=False)
    assert not tally.note((2, 0, 1), failed, final=False)
    assert tally.pending == []
    assert tally.reply(resendable=True) == {
        "n": 3,
        "nModified": 2,
        "upserted": [{"index": 3, "_id": "u"}],
        "writeErrors": [{"index": 2, "code": 11000, "errmsg": "dup"}],
        "ok": 1.0,
    }


def test_in_order_an_error_ends_the_batch() -> None:
    tally = Tally("insert", ordered=True, size=4)
    failed = {"n": 1, "writeErrors": [{"index": 1, "code": 11000, "errmsg": "dup"}], "ok": 1.0}
    tally.note((0, 1), failed, final=False)
    assert tally.pending == []
    assert tally.reply(resendable=True)["writeErrors"][0]["index"] == 1


def test_stale_statements_are_sent_again_and_no_others() -> None:
    unordered = Tally("insert", ordered=False, size=4)
    errors = [{"index": 1, "code": STALE, "errmsg": "old"}, {"index": 2, "code": 11000, "errmsg": "dup"}]
    assert unordered.note((0, 1, 2, 3), {"n": 2, "writeErrors": errors, "ok": 1.0}, final=False)
    assert unordered.pending == [1]
    unordered.note((1,), {"n": 1, "ok": 1.0}, final=False)
    assert unordered.reply(resendable=True)["n"] == 3

    ordered = Tally("insert", ordered=True, size=4)
    assert ordered.note((0, 1, 2, 3), {"n": 1, "writeErrors": errors[:1], "ok": 1.0}, final=False)
    assert ordered.pending == [1, 2, 3]


def test_a_stale_version_of_the_whole_part_sends_all_of_it_again() -> None:
    tally = Tally("insert", ordered=False, size=2)
    assert tally.note((0, 1), {"ok": 0.0, "code": STALE, "errmsg": "old"}, final=False)
    assert tally.pending == [0, 1]


def test_when_time_is_up_stale_versions_are_errors() -> None:
    tally = Tally("insert", ordered=False, size=2)
    errors = [{"index": 1, "code": STALE, "errmsg": "old"}]
    assert not tally.note((0, 1), {"n": 1, "writeErrors": errors, "ok": 1.0}, final=True)
    assert tally.pending == []
    assert tally.reply(resendable=True)["writeErrors"][0]["code"] == STALE


def test_a_failure_of_everything_is_the_answer() -> None:
    tally = Tally("insert", ordered=False, size=2)
    reply = {"ok": 0.0, "code": 72, "errmsg": "bad option"}
    tally.note((0, 1), reply, final=False)
    assert tally.reply(resendable=False) == reply


@pytest.mark.parametrize("code", [HOST_UNREACHABLE, FAILED_TO_SATISFY_READ_PREFERENCE])
def test_a_lost_part_fails_the_command_only_where_it_may_be_sent_again(code: int) -> None:
    tally = Tally("insert", ordered=False, size=3)
    tally.note((0, 2), {"n": 2, "ok": 1.0}, final=False)
    tally.note((1,), RouterError(code, "lost"), final=False)
    assert tally.reply(resendable=True)["code"] == code
    told = tally.reply(resendable=False)
    assert (told["ok"], told["n"]) == (1.0, 2)
    assert [(error["index"], error["code"]) for error in told["writeErrors"]] == [(1, code)]


def test_a_write_concern_error_is_passed_on() -> None:
    tally = Tally("insert", ordered=False, size=2)
    concern = {"code": 64, "errmsg": "waiting for replication timed out"}
    tally.note((0,), {"n": 1, "writeConcernError": concern, "ok": 1.0}, final=False)
    tally.note((1,), {"n": 1, "ok": 1.0}, final=False)
    assert tally.reply(resendable=True)["writeConcernError"] == concern
