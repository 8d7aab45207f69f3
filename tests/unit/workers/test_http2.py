"""HTTP/2 to hosts that offer it, beside HTTP/1.1 to those that do not."""

import asyncio

import h2.config
import h2.connection
import h2.events
import httpx2
import pytest
from certificates import Certificate
from talks import (
    SOON,
    Server,
    Talk,
    always,
    connections_to,
    until,
    visiting,
)


async def over_http2(talk: Talk, body: bytes = b"ok", *, whole: bool = True) -> None:
    """Answers with the body, and with no end of it unless it is the `whole`."""
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    connection.initiate_connection()
    await talk.answer(connection.data_to_send())
    while data := await talk.reader.read(65536):
        for event in connection.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                connection.send_headers(event.stream_id, [(":status", "200")])
                connection.send_data(event.stream_id, body, end_stream=whole)
        await talk.answer(connection.data_to_send())


async def test_http2_is_spoken_where_it_is_offered(certificate: Certificate) -> None:
    tls = certificate.server("h2", "http/1.1")
    async with visiting(over_http2, tls=tls, trusted=certificate.trusted()) as (client, server):
        answers = await asyncio.gather(*(client.get("/") for _ in range(5)))
        assert {(answer.text, answer.http_version) for answer in answers} == {("ok", "HTTP/2")}
        assert len(server.talks) == 1


async def test_hosts_that_offer_http1_alone_have_a_connection_for_each_request_over_tls(
    certificate: Certificate,
) -> None:
    tls = certificate.server("http/1.1")
    async with visiting(always, tls=tls, trusted=certificate.trusted()) as (client, server):
        for _ in range(2):
            answers = await asyncio.gather(*(client.get("/") for _ in range(5)))
            assert [(answer.text, answer.http_version) for answer in answers] == [("ok", "HTTP/1.1")] * 5
        assert len(server.talks) == 5


async def test_a_connection_of_http2_that_ended_is_replaced(certificate: Certificate) -> None:
    async def once(talk: Talk) -> None:
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        connection.initiate_connection()
        await talk.answer(connection.data_to_send())
        while not talk.over.is_set():
            for event in connection.receive_data(await talk.reader.read(65536)):
                if isinstance(event, h2.events.RequestReceived):
                    connection.send_headers(event.stream_id, [(":status", "200")])
                    connection.send_data(event.stream_id, b"ok", end_stream=True)
                    connection.close_connection()
                    talk.over.set()
            await talk.answer(connection.data_to_send())

    tls = certificate.server("h2")
    async with visiting(once, tls=tls, trusted=certificate.trusted()) as (client, server):
        for count in (1, 2):
            assert (await client.get("/")).text == "ok"
            assert len(server.talks) == count


async def test_a_connection_of_http2_that_the_shop_closed_while_it_was_idle_is_not_used(
    certificate: Certificate,
) -> None:
    closes = asyncio.Event()

    async def closing(talk: Talk) -> None:
        speaking = asyncio.create_task(over_http2(talk))
        await closes.wait()
        speaking.cancel()

    tls = certificate.server("h2")
    async with visiting(closing, tls=tls, trusted=certificate.trusted()) as (client, server):
        first = await client.get("/")
        connection = first.extensions["network_stream"]
        closes.set()
        await until(lambda: connection.is_over)
        closes.clear()
        assert (await client.get("/")).text == "ok"
        assert len(server.talks) == 2


async def test_of_connections_of_http2_made_side_by_side_one_remains(certificate: Certificate) -> None:
    """As where the first answer came from a node that speaks HTTP/1.1 alone."""
    tls = certificate.server("http/1.1")

    async def once(talk: Talk) -> None:
        if len(server.talks) > 1:
            await over_http2(talk)
        else:
            await talk.request()
            await talk.answer(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok")

    async with visiting(once, tls=tls, trusted=certificate.trusted()) as (client, server):
        assert (await client.get("/")).http_version == "HTTP/1.1"
        tls.set_alpn_protocols(["h2"])
        answers = await asyncio.gather(*(client.get("/") for _ in range(5)))
        assert [(answer.text, answer.http_version) for answer in answers] == [("ok", "HTTP/2")] * 5
        port = httpx2.URL(server.url).port
        assert port is not None
        await until(lambda: connections_to(port) == 1)
        assert (await client.get("/")).http_version == "HTTP/2"
    await until(lambda: connections_to(port) == 0)


@pytest.mark.usefixtures("hasty")
async def test_a_connection_of_http2_that_takes_no_more_is_closed_when_its_last_answer_was_read(
    certificate: Certificate,
) -> None:
    async def halting(talk: Talk) -> None:
        """Answers over the first connection by half."""
        if len(server.talks) > 1:
            await over_http2(talk)
        else:
            await over_http2(talk, b"ha", whole=False)

    tls = certificate.server("h2")
    async with (
        visiting(halting, tls=tls, trusted=certificate.trusted()) as (client, server),
        Server().serving(always) as other,
    ):
        port = httpx2.URL(server.url).port
        assert port is not None
        async with client.stream("GET", "/"):
            with pytest.raises(httpx2.ReadTimeout):
                await client.get("/", timeout=SOON)
            assert (await client.get("/")).text == "ok"
            assert (await client.get(other.url)).text == "ok", "for which connections that nobody uses are closed"
            assert connections_to(port) == 2
        await until(lambda: connections_to(port) == 1)
