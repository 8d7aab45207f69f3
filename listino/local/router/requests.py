"""One command on its way through the router."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bson import Timestamp

from listino.local.router.upstream import later
from listino.local.router.wire import DocumentSequence

# How long a request is held while a shard has no primary: longer than any election, shorter than a driver's patience.
PATIENCE_SECONDS = 20.0

_INTERNAL = ("$db", "$clusterTime", "apiVersion", "apiStrict", "apiDeprecationErrors")
_SESSION = ("lsid", "txnNumber", "stmtId", "stmtIds")
# What drivers add to any command: not an option of the command itself.
_GENERIC = ("writeConcern", "readConcern", "$readPreference", "maxTimeMS", "comment", *_SESSION)


@dataclass(slots=True)
class Request:
    """What a client asked for: the command without what only concerns client and router, and the documents beside it.

    `ran_unnumbered` is set once a write went where its number cannot go: sent again, it might run twice.
    """

    name: str
    database: str
    body: dict[str, Any]
    sequences: tuple[DocumentSequence, ...]
    deadline: float
    operation_time: Timestamp | None = None
    ran_unnumbered: bool = field(default=False)

    @property
    def collection(self) -> str:
        return str(self.body[self.name])

    @property
    def namespace(self) -> str:
        return f"{self.database}.{self.collection}"

    @property
    def numbered(self) -> bool:
        """Whether the shards recognise a repetition of this write."""
        return "txnNumber" in self.body

    @property
    def resendable(self) -> bool:
        """Whether the driver may send this write again when it failed."""
        return self.numbered and not self.ran_unnumbered

    @property
    def reads_primary(self) -> bool:
        preference = self.body.get("$readPreference")
        return preference is None or preference.get("mode", "primary") == "primary"

    def seen(self, reply: Mapping[str, Any]) -> None:
        """Keeps the latest operation time among the replies this request is answered from."""
        self.operation_time = later(self.operation_time, reply.get("operationTime"))

    def direct(self, *without: str) -> dict[str, Any]:
        """The command for the shard that is known to own its data: with the session."""
        return self._without("$readPreference", *without)

    def stripped(self, *without: str) -> dict[str, Any]:
        """The command without the session, which only direct commands may keep."""
        return self._without(*_SESSION, *without)

    def renamed(self, name: str, *without: str) -> dict[str, Any]:
        """The stripped command under another name, with the same first value."""
        stripped = self.stripped(self.name, *without)
        return {name: self.body[self.name], **stripped}

    def options(self, *names: str) -> dict[str, Any]:
        """Those of the named fields that were given."""
        return {name: self.body[name] for name in names if name in self.body}

    def unknown(self, *known: str) -> list[str]:
        """Fields that a command rewritten by the router would lose."""
        return sorted(self.body.keys() - {self.name, *known, *_GENERIC})

    def _without(self, *names: str) -> dict[str, Any]:
        return {name: value for name, value in self.body.items() if name not in names}


def request_of(fields: dict[str, Any], sequences: tuple[DocumentSequence, ...] = ()) -> Request:
    """A client's command; a time limit of its own shortens how long it may be held."""
    name = next(iter(fields))
    limit = fields.get("maxTimeMS") or 0
    patience = min(PATIENCE_SECONDS, limit / 1000) if limit else PATIENCE_SECONDS
    body = {field: value for field, value in fields.items() if field not in _INTERNAL}
    return Request(name, fields.get("$db", "admin"), body, sequences, _now() + patience)


def own_request(database: str) -> Request:
    """A request the router makes for itself."""
    return Request("", database, {}, (), _now() + PATIENCE_SECONDS)


def _now() -> float:
    return asyncio.get_running_loop().time()
