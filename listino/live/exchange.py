"""Questions to Redis on connections that are kept at hand: the driver's pool, retries and ways of packing a command take
twice as long as the question does."""

from collections.abc import Sequence
from hashlib import sha1
from typing import Any

import hiredis
from redis import asyncio as aioredis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, ResponseError

_KEPT = 2  # connections; the rest of the pool is for everybody else


class Exchange:
    """Asks on connections of the client's pool. Errors are the driver's."""

    def __init__(self, redis: aioredis.Redis) -> None:
        self._redis: Any = redis
        self._at_hand: list[Any] = []

    async def ask(self, *command: Any) -> Any:
        """The answer to one command of text, bytes and integers, in bytes."""
        pool = self._redis.connection_pool
        connection = self._at_hand.pop() if self._at_hand else await pool.get_connection()
        try:
            await connection.send_packed_command([hiredis.pack_command(command)], check_health=False)
            return await connection.read_response(disable_decoding=True)
        except ResponseError:
            raise  # an answer like any other: the connection goes on
        except BaseException as error:
            # The driver has closed it: what is still on its way would be taken for the answer to the next question.
            lost, connection = connection, None  # first: nobody else gets it, whatever happens while it is given back
            await pool.release(lost)
            if isinstance(error, RedisConnectionError):
                # After a restart every connection kept from before fails once.
                return await self._redis.execute_command(*command)
            raise
        finally:
            if connection is not None:
                if len(self._at_hand) < _KEPT:
                    self._at_hand.append(connection)
                else:
                    await pool.release(connection)


class Script:
    """One Lua script, run by its digest; sent whole to a server that does not know it yet."""

    def __init__(self, exchange: Exchange, text: str) -> None:
        self._exchange = exchange
        self._text = text
        self._digest = sha1(text.encode(), usedforsecurity=False).hexdigest()

    async def run(self, keys: Sequence[str], args: Sequence[str | bytes | int]) -> Any:
        """What it gives."""
        try:
            return await self._exchange.ask("EVALSHA", self._digest, len(keys), *keys, *args)
        except NoScriptError:
            return await self._exchange.ask("EVAL", self._text, len(keys), *keys, *args)
