"""Makes one reply of the replies to the parts of a batch of writes."""

from collections.abc import Mapping, Sequence
from typing import Any

from listino.local.router.errors import REFUSED_BY_SECONDARY, STALE, TRANSIENT, RouterError, code_of
from listino.local.router.upstream import Fields

# A statement that fails with one of these was not carried out, and is worth asking its owner again.
_NOT_DONE = STALE | REFUSED_BY_SECONDARY

Outcome = Fields | RouterError


class Tally:
    """What became of each statement of a batch, by its position there; `pending` are those still to be sent."""

    def __init__(self, name: str, *, ordered: bool, size: int) -> None:
        self._name = name
        self._ordered = ordered
        self._size = size
        self._undecided = set(range(size))
        self._matched = 0
        self._modified = 0
        self._upserted: list[Mapping[str, Any]] = []
        self._errors: list[Mapping[str, Any]] = []
        self._concern_error: Mapping[str, Any] | None = None
        self._failure: Fields | None = None
        self._failed_whole = False

    @property
    def pending(self) -> list[int]:
        return sorted(self._undecided)

    def note(self, positions: Sequence[int], outcome: Outcome, *, final: bool) -> bool:
        """Takes in the outcome of the statements at these positions, and says whether some met a stale version.

        A `final` outcome stands even so: there is no time left to send anything again.
        """
        reply = outcome.reply() if isinstance(outcome, RouterError) else outcome
        code = code_of(reply)
        if code is None:
            return self._note_reply(positions, reply, final=final)
        if code in STALE and not final:
            return True
        if len(positions) == self._size or code in TRANSIENT:
            self._failure = reply
            self._failed_whole |= len(positions) == self._size
        for position in positions[:1] if self._ordered else positions:
            self._errors.append({"index": position, "code": code, "errmsg": reply["errmsg"]})
        self._settle(positions, stopped=True)
        return False

    def _note_reply(self, positions: Sequence[int], reply: Fields, *, final: bool) -> bool:
        self._matched += int(reply.get("n", 0))
        self._modified += int(reply.get("nModified", 0))
        self._upserted += ({**entry, "index": positions[entry["index"]]} for entry in reply.get("upserted", ()))
        self._concern_error = self._concern_error or reply.get("writeConcernError")
        stale: set[int] = set()
        stopped = False
        for error in reply.get("writeErrors", ()):
            index = int(error["index"])
            if error["code"] in _NOT_DONE and not final:
                # In order, nothing after this statement was tried; otherwise each one is named.
                stale.update(positions[index:] if self._ordered else positions[index : index + 1])
            else:
                self._errors.append({**error, "index": positions[index]})
                stopped = True
        self._settle([position for position in positions if position not in stale], stopped=stopped)
        return bool(stale)

    def _settle(self, positions: Sequence[int], *, stopped: bool) -> None:
        if self._ordered and stopped:
            self._undecided.clear()
        else:
            self._undecided.difference_update(positions)

    def reply(self, *, resendable: bool) -> Fields:
        """The reply to the whole batch.

        A failure of everything is the answer. So is one of a part, when the driver will send the batch again and the
        shards recognise what they have done. Otherwise what is known is told, and the failed part stands among the
        errors.
        """
        if self._failure is not None and (resendable or self._failed_whole):
            return self._failure
        reply: Fields = {"n": self._matched, "ok": 1.0}
        if self._name == "update":
            reply["nModified"] = self._modified
        if self._upserted:
            reply["upserted"] = sorted(self._upserted, key=lambda entry: entry["index"])
        if self._errors:
            reply["writeErrors"] = sorted(self._errors, key=lambda error: error["index"])
        if self._concern_error is not None:
            reply["writeConcernError"] = self._concern_error
        return reply
