"""Connections to the servers behind the router, shared by all clients."""

import asyncio
import contextlib
import itertools
import socket
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import bson
from bson import Timestamp

from listino.local.router import elements, wire
from listino.local.router.connection import Connection, ConnectionLost
from listino.local.router.outgoing import Command, outgoing
from listino.local.sockets import member_socket

CONNECT_SECONDS = 2.0
# The only name by which servers of this machine are known in their cluster.
LOOPBACK = "127.0.0.1"
# More clients than this at once get connections of their own, which are closed again afterwards.
IDLE_PER_HOST = 64

Fields = dict[str, Any]


class Upstream:
    """A pool of connections per host. Every command to a server passes `call`, and there the guard. `sockets` is the folder where
    servers of this machine have theirs."""

    def __init__(self, sockets: Path | None = None) -> None:
        self._sockets = sockets
        self._idle: dict[str, list[Connection]] = {}
        self._busy: dict[str, set[Connection]] = {}
        self._request_ids = itertools.count(1)
        self._repeatable: set[Connection] = set()
        self._config_hosts: set[str] = set()
        self._cluster_time: Any = None

    @property
    def cluster_time(self) -> Any:
        """The latest `$clusterTime` that any server or client spoke of."""
        return self._cluster_time

    def add_config_hosts(self, hosts: Collection[str]) -> None:
        """Which servers are config servers: they get other commands than shards."""
        self._config_hosts.update(hosts)

    def note_cluster_time(self, document: Any) -> None:
        """Servers refuse to read after a time they have not heard of, so the latest goes along with every command."""
        if document is not None and (
            self._cluster_time is None or document["clusterTime"] > self._cluster_time["clusterTime"]
        ):
            self._cluster_time = document

    async def call(
        self,
        host: str,
        database: str,
        command: Command,
        sequences: Sequence[wire.DocumentSequence] = (),
        *,
        repeatable: bool = False,
    ) -> Fields:
        """The server's reply. Raises ConnectionLost when none came, RouterError when the command must not be sent.

        A `repeatable` call is one that `interrupt_repeatable` may end.
        """
        document = outgoing(command, to_config=host in self._config_hosts)
        document["$db"] = database
        if self._cluster_time is not None:
            document["$clusterTime"] = self._cluster_time
        request_id = next(self._request_ids) & 0x7FFFFFFF
        frame = wire.encode(request_id, 0, bson.encode(document), sequences)
        connection = self._take(host) or await self._open(host)
        busy = self._busy.setdefault(host, set())
        busy.add(connection)
        if repeatable:
            self._repeatable.add(connection)
        try:
            await connection.send(frame)
            answer = wire.parse(await connection.receive())
        except BaseException:
            # Whatever ended this call, an answer may still be under way: nobody else may read it.
            connection.close()
            raise
        finally:
            busy.discard(connection)
            self._repeatable.discard(connection)
        if answer.response_to != request_id:
            connection.close()
            raise ConnectionLost(f"{host} answered another request")
        self._give_back(host, connection)
        reply = elements.fields(answer.document)
        self.note_cluster_time(reply.get("$clusterTime"))
        return reply

    def abort(self, host: str) -> None:
        """Ends all connections to a host: those that wait for its answer get ConnectionLost."""
        for connection in (*self._busy.get(host, ()), *self._idle.pop(host, ())):
            connection.close()

    def interrupt_repeatable(self) -> None:
        """Ends the calls that may be made again: after an election they may be waiting for a frozen member, through
        another one that does not look after its own."""
        for connection in tuple(self._repeatable):
            connection.close()

    def close(self) -> None:
        for host in {*self._busy, *self._idle}:
            self.abort(host)

    async def _open(self, host: str) -> Connection:
        """By the server's socket where it has one that answers, else by its address."""
        name, _, port = host.rpartition(":")
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                if self._sockets is not None and name == LOOPBACK:
                    with contextlib.suppress(OSError):
                        path = self._sockets / member_socket(int(port))
                        return (await loop.create_unix_connection(Connection, str(path)))[1]
                transport, connection = await loop.create_connection(Connection, name, int(port))
        except (OSError, TimeoutError) as error:
            raise ConnectionLost(f"{host} cannot be reached: {error}") from None
        endpoint = transport.get_extra_info("socket")
        endpoint.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _take(self, host: str) -> Connection | None:
        idle = self._idle.get(host)
        while idle:
            if not (connection := idle.pop()).lost:
                return connection
        return None

    def _give_back(self, host: str, connection: Connection) -> None:
        idle = self._idle.setdefault(host, [])
        if len(idle) < IDLE_PER_HOST:
            idle.append(connection)
        else:
            connection.close()


def later(one: Timestamp | None, other: Timestamp | None) -> Timestamp | None:
    """The later of two operation times, where there may be none."""
    if one is None or other is None:
        return one or other
    return max(one, other)
