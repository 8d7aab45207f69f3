"""The clients' side: takes their messages, and answers each with what its command gave."""

import asyncio
import datetime
import itertools
import logging
from typing import Any

import bson
from bson.errors import BSONError

from listino.local.router import commands, elements, wire
from listino.local.router.connection import Connection, ConnectionLost
from listino.local.router.errors import INVALID_BSON, UNKNOWN_ERROR, RouterError, for_client
from listino.local.router.requests import Request, request_of
from listino.local.router.routing import Router
from listino.local.router.upstream import Fields

# What a driver decides by: "isdbgrid" makes it treat us as a mongos; version 17 is that of MongoDB 6.0. A topology
# version would make it ask for hello as a stream; a compressor, for compressed messages.
_HELLO: Fields = {
    "helloOk": True,
    "ismaster": True,
    "isWritablePrimary": True,
    "msg": "isdbgrid",
    "router": "development router",  # ours: tells people that this is not mongos
    "maxBsonObjectSize": 16 * 1024 * 1024,
    "maxMessageSizeBytes": wire.MAX_MESSAGE_BYTES,
    "maxWriteBatchSize": 100_000,
    # Sessions are the shards' own, so retried writes are recognised; without this drivers do not number their writes.
    "logicalSessionTimeoutMinutes": 30,
    "minWireVersion": 0,
    "maxWireVersion": 17,
    "readOnly": False,
}
_GREETINGS = frozenset({"hello", "isMaster", "ismaster"})
# What servers tell each other, and not a driver.
_BETWEEN_SERVERS = frozenset(
    {"$configTime", "$topologyTime", "lastCommittedOpTime", "opTime", "electionId", "$clusterTime", "operationTime"}
    | {"readOnly"}
)

log = logging.getLogger(__name__)


class Server:
    """Serves drivers on one address, from `start` to `close`."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._clients: dict[Connection, asyncio.Task[None]] = {}
        self._numbers = itertools.count(1)
        self._request_ids = itertools.count(1)
        self._listening: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> None:
        """Returns when the port is open."""
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_server(self._accept, host, port, backlog=1024)

    async def close(self) -> None:
        """Ends listening and all connections; what is under way gets no answer."""
        if self._listening is not None:
            self._listening.close()
        tasks = list(self._clients.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _accept(self) -> Connection:
        client = Connection()
        task = asyncio.get_running_loop().create_task(self._serve(client, next(self._numbers)))
        self._clients[client] = task
        return client

    async def _serve(self, client: Connection, number: int) -> None:
        try:
            while True:
                message = wire.parse(await client.receive())
                document = await self._answer(message, number)
                if message.more_to_come:
                    continue
                request_id = next(self._request_ids) & 0x7FFFFFFF
                encode = wire.encode_reply if message.legacy else wire.encode
                await client.send(encode(request_id, message.request_id, document))
        except ConnectionLost as error:
            log.debug("client %s: %s", number, error)
        except wire.WireError as error:
            log.warning("client %s sent %s", number, error)
        except Exception:
            log.exception("client %s", number)
        finally:
            client.close()
            self._clients.pop(client, None)

    async def _answer(self, message: wire.Message, number: int) -> bytes:
        try:
            fields = elements.fields(message.document)
            name = next(iter(fields))
        except (BSONError, StopIteration) as error:
            return bson.encode(RouterError(INVALID_BSON, f"not a command: {error!r}").reply())
        if name in _GREETINGS:
            return bson.encode(_hello(number))
        if message.legacy:
            refusal = RouterError(UNKNOWN_ERROR, "only hello may be sent as OP_QUERY")
            return bson.encode(refusal.reply())
        self._router.upstream.note_cluster_time(fields.get("$clusterTime"))
        request = request_of(fields, message.sequences)
        return bson.encode(self._reply(request, await self._run(request)))

    async def _run(self, request: Request) -> Fields:
        try:
            return await commands.run(self._router, request)
        except RouterError as error:
            return error.reply()
        except ConnectionLost as error:
            return RouterError(UNKNOWN_ERROR, f"lost a server: {error}").reply()
        except Exception as error:
            # Hanging up instead would look like a network error, after which drivers send a write again.
            log.exception("%s failed", request.name)
            return RouterError(UNKNOWN_ERROR, f"{request.name} failed: {error!r}").reply()

    def _reply(self, request: Request, reply: Fields) -> dict[str, Any]:
        shown = for_client(reply, resendable=request.resendable)
        answer = {name: value for name, value in shown.items() if name not in _BETWEEN_SERVERS}
        if (time := self._router.upstream.cluster_time) is not None:
            answer["$clusterTime"] = time
        if request.operation_time is not None:
            answer["operationTime"] = request.operation_time
        return answer


def _hello(number: int) -> Fields:
    now = datetime.datetime.now(datetime.UTC)
    return {**_HELLO, "localTime": now, "connectionId": number, "ok": 1.0}
