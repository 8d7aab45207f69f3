"""A replica set as the router sees it: who is primary now, and how long to wait when nobody is."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from listino.local.router.connection import ConnectionLost
from listino.local.router.errors import (
    FAILED_TO_SATISFY_READ_PREFERENCE,
    HOST_UNREACHABLE,
    REFUSED_BY_SECONDARY,
    STATE_CHANGES,
    TRANSIENT,
    RouterError,
    code_of,
)
from listino.local.router.outgoing import Command
from listino.local.router.requests import Request
from listino.local.router.upstream import Fields, Upstream
from listino.local.router.wire import DocumentSequence

PROBE_SECONDS = 1.0
PROBE_SECONDS_WITHOUT_PRIMARY = 0.1
# A member that takes longer to say hello is frozen: what was sent to it will not be answered either.
HELLO_SECONDS = 2.0
RESEND_PAUSE_SECONDS = 0.05
# When, after an election, reads that other members route are begun anew: some member may hear of the new primary later
# than we do, and would wait for a frozen one as long as the read may last.
INTERRUPTIONS_SECONDS = (0.0, 1.0, 3.0, 6.0)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply, and the host it came from: what it opened can be continued only there."""

    fields: Fields
    host: str


class ReplicaSet:
    """Watches the members of one set, from `start` to `close`."""

    def __init__(self, name: str, members: Sequence[str], upstream: Upstream) -> None:
        self.name = name
        self._upstream = upstream
        self._members = tuple(members)
        self._watchers: dict[str, asyncio.Task[None]] = {}
        self._primary: str | None = None
        self._latest: str | None = None
        self._election: Any = None
        self._elected = asyncio.Event()
        self._hurry = asyncio.Event()
        self._interrupting: asyncio.Task[None] | None = None

    @property
    def primary(self) -> str | None:
        """The primary as far as is known now."""
        return self._primary

    def start(self) -> None:
        for host in self._members:
            self._watch(host)

    def close(self) -> None:
        for watcher in self._watchers.values():
            watcher.cancel()
        if self._interrupting is not None:
            self._interrupting.cancel()

    async def wait_for_primary(self, deadline: float) -> str:
        """The primary, waited for until the deadline on the loop's clock; raises RouterError."""
        while self._primary is None:
            try:
                async with asyncio.timeout_at(deadline):
                    await self._elected.wait()
            except TimeoutError:
                raise RouterError(FAILED_TO_SATISFY_READ_PREFERENCE, f"{self.name} has no primary") from None
        return self._primary

    def lost(self, host: str) -> None:
        """Says that this host is primary no more, or does not answer; a new one is then looked for at once."""
        if self._primary == host:
            log.info("%s lost its primary %s", self.name, host)
            self._primary = None
            self._elected.clear()
            self._hurry.set()

    async def call(
        self,
        request: Request,
        database: str,
        command: Command,
        sequences: Sequence[DocumentSequence] = (),
        *,
        resend: bool,
    ) -> Answer:
        """The primary's reply, through elections, until the request's deadline.

        `resend` says that running the command twice does no harm (a read, or a write the shard recognises by its
        number). Without it a command is repeated only when the server refused it before doing anything. Raises
        RouterError when the outcome is unknown or no primary was found.
        """
        while True:
            host = await self.wait_for_primary(request.deadline)
            try:
                reply = await self._upstream.call(host, database, command, sequences)
            except ConnectionLost as error:
                self.lost(host)
                if not resend or self._late(request):
                    raise RouterError(HOST_UNREACHABLE, f"lost {self.name}: {error}") from None
            else:
                if self._settled(reply, resend=resend) or self._late(request):
                    request.seen(reply)
                    return Answer(reply, host)
                self.lost(host)
            await asyncio.sleep(RESEND_PAUSE_SECONDS)

    @staticmethod
    def _settled(reply: Fields, *, resend: bool) -> bool:
        """Whether the reply stands, rather than telling that the member was on its way out."""
        code = code_of(reply)
        if code is not None:
            return code not in (TRANSIENT if resend else REFUSED_BY_SECONDARY)
        concern = reply.get("writeConcernError")
        return not (resend and concern is not None and concern["code"] in STATE_CHANGES)

    @staticmethod
    def _late(request: Request) -> bool:
        return asyncio.get_running_loop().time() >= request.deadline

    def _watch(self, host: str) -> None:
        if host not in self._watchers:
            self._watchers[host] = asyncio.create_task(self._probe_for_ever(host), name=f"watch {host}")

    async def _probe_for_ever(self, host: str) -> None:
        while True:
            await self._probe(host)
            self._hurry.clear()
            pause = PROBE_SECONDS if self._primary else PROBE_SECONDS_WITHOUT_PRIMARY
            try:
                async with asyncio.timeout(pause):
                    await self._hurry.wait()
            except TimeoutError:
                continue

    async def _probe(self, host: str) -> None:
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                hello = await self._upstream.call(host, "admin", {"hello": 1})
        except (ConnectionLost, TimeoutError):
            self._upstream.abort(host)
            self.lost(host)
            return
        if not hello.get("isWritablePrimary"):
            self.lost(host)
            return
        for member in hello.get("hosts", ()):
            self._watch(member)
        # After a pause an old primary may believe for a moment that it still is one: the later election counts.
        election = hello.get("electionId")
        if self._primary != host and (self._election is None or election is None or election >= self._election):
            if self._latest not in (None, host):
                self._interrupt()
            self._primary = self._latest = host
            self._election = election
            log.info("%s has its primary at %s", self.name, host)
            self._elected.set()

    def _interrupt(self) -> None:
        if self._interrupting is not None:
            self._interrupting.cancel()
        self._interrupting = asyncio.create_task(self._interrupt_by_times(), name=f"interrupt after {self.name}")

    async def _interrupt_by_times(self) -> None:
        passed = 0.0
        for at in INTERRUPTIONS_SECONDS:
            await asyncio.sleep(at - passed)
            passed = at
            self._upstream.interrupt_repeatable()
