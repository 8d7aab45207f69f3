"""Asks a part whether it is ready, without waiting for it."""

import http.client
import socket
from urllib.parse import urlsplit

# How long, in seconds, one question may take; a part that is up answers in milliseconds.
QUESTION_SECONDS = 1.0


def refusal(address: str, seconds: float = QUESTION_SECONDS) -> str | None:
    """None once the part at that address is ready, else why it is not, in a few words.

    An `http` address is to answer 200, an engine its ping. The engine at a `mongodb` address may still be electing.
    """
    scheme = address.partition(":")[0]
    if scheme == "http":
        return _refusal_http(address, seconds)
    if scheme.startswith("mongodb"):
        return _refusal_mongo(address, seconds)
    return _refusal_redis(address, seconds)


def _refusal_http(address: str, seconds: float) -> str | None:
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=seconds)
    try:
        connection.request("GET", parts.path or "/")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return _in_words(error)
    finally:
        connection.close()
    return None if status == http.client.OK else f"answered {status} to {parts.path}"


def _refusal_mongo(address: str, seconds: float) -> str | None:
    # Drivers are costly to import and have connection pools to build: first see whether anybody listens at all.
    if (reason := _nobody_listens(address, seconds)) is not None:
        return reason
    from pymongo import MongoClient
    from pymongo.errors import PyMongoError

    limit = int(seconds * 1000)
    client: MongoClient = MongoClient(
        address, serverSelectionTimeoutMS=limit, connectTimeoutMS=limit, socketTimeoutMS=limit
    )
    try:
        client.admin.command("ping")
    except PyMongoError as error:
        return _in_words(error)
    finally:
        client.close()
    return None


def _refusal_redis(address: str, seconds: float) -> str | None:
    if (reason := _nobody_listens(address, seconds)) is not None:
        return reason
    from redis import Redis
    from redis.exceptions import RedisError

    try:
        with Redis.from_url(address, socket_timeout=seconds, socket_connect_timeout=seconds) as client:
            client.ping()
    except (RedisError, OSError, ValueError) as error:
        return _in_words(error)
    return None


def _nobody_listens(address: str, seconds: float) -> str | None:
    """Only for addresses of one plain host and port; others (lists of hosts, SRV, sockets) are left to the driver."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if host is None or port is None or "," in parts.netloc:
        return None
    try:
        socket.create_connection((host, port), timeout=seconds).close()
    except OSError as error:
        return _in_words(error)
    return None


def _in_words(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    first = str(error).splitlines()[:1] or [type(error).__name__]
    return first[0][:200]
