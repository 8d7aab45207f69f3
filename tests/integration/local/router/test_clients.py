"""Other drivers' ways, and clients that see a router go."""

import asyncio
import contextlib
import socket
import struct
from typing import Any

import bson
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import AsyncMongoClient, MongoClient
from pymongo.database import Database

from listino.local.throw_away_cluster import Cluster


async def test_motor_writes_and_reads(cluster: Cluster, options: dict[str, Any], database: Database) -> None:
    client: Any = AsyncIOMotorClient(cluster.uri, **options)
    collection = client[database.name]["goods"]
    await asyncio.gather(*(collection.insert_one({"_id": number}) for number in range(50)))
    assert await collection.count_documents({}) == 50
    assert len([document async for document in collection.find({}, batch_size=7)]) == 50
    client.close()


async def test_the_asynchronous_client_writes_and_reads(
    cluster: Cluster, options: dict[str, Any], database: Database
) -> None:
    async with AsyncMongoClient(cluster.uri, **options) as client:
        collection = client[database.name]["goods"]
        await asyncio.gather(*(collection.insert_one({"_id": number}) for number in range(50)))
        assert await collection.count_documents({}) == 50
        assert len([document async for document in collection.find({}, batch_size=7)]) == 50


def test_the_first_hello_may_be_an_old_query(cluster: Cluster) -> None:
    question = bson.encode({"ismaster": 1, "helloOk": True})
    body = struct.pack("<i", 0) + b"admin.$cmd\0" + struct.pack("<ii", 0, -1) + question
    with _connected(cluster) as connection:
        connection.sendall(struct.pack("<iiii", 16 + len(body), 5, 0, 2004) + body)
        answer = connection.recv(65536)
    length, _, response_to, operation = struct.unpack_from("<iiii", answer)
    assert (length, response_to, operation) == (len(answer), 5, 1)
    assert bson.decode(answer[36:])["msg"] == "isdbgrid"


def test_what_is_no_message_ends_its_connection_and_no_other(cluster: Cluster, client: MongoClient) -> None:
    for nonsense in (b"GET / HTTP/1.1\r\n\r\n", struct.pack("<iiii", 21, 1, 0, 2012) + b"12345", b"\xff" * 64):
        with _connected(cluster) as connection:
            connection.sendall(nonsense)
            assert connection.recv(100) == b""
    assert client.admin.command("ping")["ok"] == 1


def _connected(cluster: Cluster) -> contextlib.closing[socket.socket]:
    host, _, port = cluster.routers[0].partition(":")
    return contextlib.closing(socket.create_connection((host, int(port)), timeout=5))
