import pytest

from listino.local.router.errors import STATE_CHANGES, RouterError, for_client

LABELS = "errorLabels"


@pytest.mark.parametrize("code", sorted(STATE_CHANGES))
def test_no_state_of_a_member_reaches_the_driver(code: int) -> None:
    failure = {"ok": 0.0, "code": code, "errmsg": "not primary", "topologyVersion": {"counter": 1}}
    shown = for_client(failure, resendable=False)
    assert shown["code"] == 6
    assert "topologyVersion" not in shown
    assert LABELS not in shown
    assert for_client(failure, resendable=True)[LABELS] == ["RetryableWriteError"]


@pytest.mark.parametrize("code", sorted(STATE_CHANGES))
def test_nor_from_inside_a_reply(code: int) -> None:
    error = {"code": code, "errmsg": "not primary"}
    reply = {"ok": 1.0, "n": 1, "writeErrors": [{"index": 3, **error}], "writeConcernError": error}
    shown = for_client(reply, resendable=False)
    assert shown["writeErrors"][0]["code"] == 6
    assert shown["writeErrors"][0]["index"] == 3
    assert shown["writeConcernError"]["code"] == 6
    assert LABELS not in shown


def test_a_label_of_a_shard_is_not_passed_on_where_repeating_is_not_safe() -> None:
    failure = {"ok": 0.0, "code": 6, "errmsg": "gone", LABELS: ["RetryableWriteError", "Other"]}
    assert for_client(failure, resendable=False)[LABELS] == ["Other"]


def test_ordinary_errors_stay_what_they_are() -> None:
    failure = {"ok": 0.0, "code": 11000, "errmsg": "dup", "codeName": "DuplicateKey", "keyValue": {"a": 1}}
    assert for_client(failure, resendable=True) == failure


def test_moving_a_document_by_its_key_is_refused_in_words_of_a_router() -> None:
    failure = {"ok": 0.0, "code": 283, "errmsg": "would change", "preImage": {}, "postImage": {}}
    shown = for_client(failure, resendable=True)
    assert (shown["code"], "preImage" in shown) == (20, False)
    inside = for_client({"ok": 1.0, "writeErrors": [{"index": 0, **failure}]}, resendable=True)
    assert inside["writeErrors"][0]["code"] == 20


def test_our_own_errors_say_whose_they_are() -> None:
    assert RouterError(59, "no such command: 'x'").reply() == {
        "ok": 0.0,
        "errmsg": "router: no such command: 'x'",
        "code": 59,
        "codeName": "CommandNotFound",
    }
