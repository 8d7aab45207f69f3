"""What the router says when it cannot answer, and which of the shards' errors a driver may see as they are.

Codes: https://github.com/mongodb/mongo/blob/v6.0/src/mongo/base/error_codes.yml
"""

from collections.abc import Mapping
from typing import Any

INTERNAL_ERROR = 1
BAD_VALUE = 2
HOST_UNREACHABLE = 6
UNKNOWN_ERROR = 8
INVALID_BSON = 22
NAMESPACE_NOT_FOUND = 26
NAMESPACE_NOT_SHARDED = 118
ILLEGAL_OPERATION = 20
CURSOR_NOT_FOUND = 43
COMMAND_NOT_FOUND = 59
SHARD_KEY_NOT_FOUND = 61
COMMAND_NOT_SUPPORTED = 115
FAILED_TO_SATISFY_READ_PREFERENCE = 133
VIEW_ON_SHARDED = 169
NO_TRANSACTIONS = 263
WOULD_CHANGE_OWNING_SHARD = 283
UNKNOWN_FIELD = 40415

CODE_NAMES = {
    INTERNAL_ERROR: "InternalError",
    BAD_VALUE: "BadValue",
    HOST_UNREACHABLE: "HostUnreachable",
    UNKNOWN_ERROR: "UnknownError",
    INVALID_BSON: "InvalidBSON",
    NAMESPACE_NOT_FOUND: "NamespaceNotFound",
    NAMESPACE_NOT_SHARDED: "NamespaceNotSharded",
    ILLEGAL_OPERATION: "IllegalOperation",
    CURSOR_NOT_FOUND: "CursorNotFound",
    COMMAND_NOT_FOUND: "CommandNotFound",
    SHARD_KEY_NOT_FOUND: "ShardKeyNotFound",
    COMMAND_NOT_SUPPORTED: "CommandNotSupported",
    FAILED_TO_SATISFY_READ_PREFERENCE: "FailedToSatisfyReadPreference",
    NO_TRANSACTIONS: "OperationNotSupportedInTransaction",
    UNKNOWN_FIELD: "Location40415",
}

# The server refused before it did anything, because it is no primary: any statement may be sent to another one.
REFUSED_BY_SECONDARY = frozenset({10107, 13435, 10058})
# A server that is going down or stepping down. A driver that sees one of these marks the *router* as unusable.
STATE_CHANGES = REFUSED_BY_SECONDARY | {91, 189, 11600, 11602, 13436}
# After these a write with a transaction number, or a read, is worth sending again.
TRANSIENT = STATE_CHANGES | {6, 7, 89, 262, 9001, FAILED_TO_SATISFY_READ_PREFERENCE}
# The shard knows another owner than the router does: StaleConfig, StaleDbVersion, their older forms, ShardNotFound.
STALE = frozenset({13388, 249, 63, 150, 70})

RETRYABLE_WRITE = "RetryableWriteError"

Reply = Mapping[str, Any]


class RouterError(Exception):
    """Raised to answer the driver with an error of ours; each message begins with `router:`."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code

    def reply(self) -> dict[str, Any]:
        return {
            "ok": 0.0,
            "errmsg": f"router: {self}",
            "code": self.code,
            "codeName": CODE_NAMES.get(self.code, f"Location{self.code}"),
        }


def code_of(reply: Reply) -> int | None:
    """The code of a reply that says the whole command failed."""
    return None if reply.get("ok") else int(reply.get("code", UNKNOWN_ERROR))


def raise_failed(reply: Reply) -> None:
    """Raises RouterError when a command of our own failed."""
    if (code := code_of(reply)) is not None:
        raise RouterError(code, str(reply.get("errmsg", "no reason given")))


def for_client(reply: Reply, *, resendable: bool) -> dict[str, Any]:
    """A reply as the driver may see it: no state of a shard's member shows, wherever in the reply it stands.

    Only `resendable` failures (a write whose repetition the shards recognise) carry the label that makes drivers send
    it again: for anything else that could run it twice.
    """
    answer = dict(reply)
    code = code_of(answer)
    transient = code in TRANSIENT
    if code is not None:
        answer = dict(_shown(answer))
    if (concern := answer.get("writeConcernError")) is not None and concern["code"] in STATE_CHANGES:
        answer["writeConcernError"] = _shown(concern)
        transient = True
    if errors := answer.get("writeErrors"):
        answer["writeErrors"] = [_shown(error) for error in errors]
    labels = [label for label in answer.pop("errorLabels", ()) if label != RETRYABLE_WRITE]
    if transient and resendable:
        labels.append(RETRYABLE_WRITE)
    if labels:
        answer["errorLabels"] = labels
    return answer


def _shown(error: Reply) -> Reply:
    """An error in the words of a router."""
    if error["code"] in STATE_CHANGES:
        return _reworded(error, HOST_UNREACHABLE, f"a shard changed its primary ({error.get('errmsg', 'no reason')})")
    if error["code"] == WOULD_CHANGE_OWNING_SHARD:
        # mongos then moves the document in a transaction.
        return _reworded(error, ILLEGAL_OPERATION, "a shard key's value cannot be changed to that of another shard")
    return error


def _reworded(error: Reply, code: int, message: str) -> dict[str, Any]:
    kept = {name: value for name, value in error.items() if name in ("index", "ok", "errorLabels")}
    return {**kept, "code": code, "codeName": CODE_NAMES[code], "errmsg": f"router: {message}"}
