"""The micro-cache of nginx: nothing older than a second, nothing that is not everybody's."""

import gzip
import http.client
import itertools
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler

import pytest
from nodes import Node, balanced_nodes
from ports import free_base
from shopkeeper import wait_until

from listino.settings import Settings

LATER = 3600
TAG = 'W/"of-this-page"'


@pytest.fixture(scope="module")
def balancer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, dict[str, Node]]]:
    settings = Settings(state_dir=tmp_path_factory.mktemp("state"), port_base=free_base(), _env_file=None)  # type: ignore[call-arg]
    with balanced_nodes(settings) as nodes:
        yield settings, nodes


class Shelf:
    """What both nodes answer with; `headers` are added to an answer that may be kept for an hour."""

    def __init__(self, settings: Settings, nodes: dict[str, Node]) -> None:
        self.settings, self.nodes = settings, nodes
        self.headers: dict[str, str] = {}
        self.kept: str | None = f"@{int(time.time()) + LATER}"
        self._addresses = (f"/products/{number}" for number in itertools.count())
        for node in nodes.values():
            node.failing, node.thinks, node.answer = None, 0.0, self._answer

    def address(self) -> str:
        """An address that nobody has asked for yet."""
        return f"{next(self._addresses)}-{time.monotonic_ns()}"

    @property
    def asked(self) -> int:
        return sum(node.asked for node in self.nodes.values())

    def get(self, path: str, method: str = "GET", **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.settings.port("nginx"), timeout=10)
        try:
            connection.request(method, path, headers={name.replace("_", "-"): text for name, text in headers.items()})
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()

    def caches(self, path: str, *given: dict[str, str]) -> list[str | None]:
        """What the micro-cache did about the same address, request after request."""
        return [self.get(path, **headers)[0].headers["X-Cache"] for headers in given or ({}, {}, {})]

    def _answer(self, request: BaseHTTPRequestHandler) -> tuple[bytes, dict[str, str]]:
        body = f"{request.path} {request.headers.get('Origin')}".encode()
        headers = {"ETag": TAG, "Cache-Control": "no-cache", **self.headers}
        if self.kept is not None:
            headers["X-Accel-Expires"] = self.kept
        if request.headers.get("Accept-Encoding") == "gzip":
            return gzip.compress(body), {"Content-Encoding": "gzip", **headers}
        return body, headers


@pytest.fixture
def shelf(balancer: tuple[Settings, dict[str, Node]]) -> Shelf:
    return Shelf(*balancer)


def test_a_page_that_is_asked_for_twice_is_kept_and_each_answer_has_an_id_of_its_own(shelf: Shelf) -> None:
    path = shelf.address()
    shelf.headers = {"X-Request-ID": "the-node-says-this"}
    before = shelf.asked
    answers = [shelf.get(path) for _ in range(4)]
    assert [response.headers["X-Cache"] for response, _ in answers] == ["MISS", "MISS", "HIT", "HIT"]
    assert {body for _, body in answers} == {f"{path} None".encode()}
    assert shelf.asked - before == 2
    ids = {response.headers["X-Request-ID"] for response, _ in answers}
    assert len(ids) == 4
    assert "the-node-says-this" not in ids
    assert answers[-1][0].headers["Cache-Control"] == "no-cache"
    assert answers[-1][0].headers["X-Accel-Expires"] is None
    assert shelf.get(path, "HEAD")[0].headers["X-Cache"] == "HIT"


def test_who_has_the_page_is_told_so_without_asking_a_node(shelf: Shelf) -> None:
    path = shelf.address()
    shelf.caches(path)
    before = shelf.asked
    for header in (TAG, TAG.removeprefix("W/"), f'"another", {TAG}', "*"):
        response, body = shelf.get(path, If_None_Match=header)
        assert (response.status, body, response.headers["ETag"]) == (304, b"", TAG), header
    assert shelf.get(path, If_None_Match='W/"another"')[0].status == 200
    assert shelf.asked == before


def test_browsers_that_take_gzip_share_a_page_however_they_say_so(shelf: Shelf) -> None:
    path = shelf.address()
    for header in ("gzip", "gzip, deflate, br, zstd", "br;q=1.0, GZIP;q=0.8", "deflate,gzip"):
        response, body = shelf.get(path, Accept_Encoding=header)
        assert response.headers["Content-Encoding"] == "gzip", header
        assert gzip.decompress(body) == f"{path} None".encode()
    assert shelf.caches(path, {"Accept_Encoding": "gzip"}) == ["HIT"]
    for header in ("identity", "br", "gzip;q=0", "gzip; q=0.0, br", "xgzip"):
        response, body = shelf.get(path, Accept_Encoding=header)
        assert (response.headers["Content-Encoding"], body) == (None, f"{path} None".encode()), header


def test_whatever_origins_somebody_invents_they_are_one_page(shelf: Shelf) -> None:
    path = shelf.address()
    shelf.caches(path)
    origins = [{"Origin": f"https://{number}.example"} for number in range(4)]
    assert shelf.caches(path, *origins, {}) == ["MISS", "MISS", "HIT", "HIT", "HIT"]


def test_what_an_origin_is_told_is_not_kept_where_the_node_says_so(shelf: Shelf) -> None:
    path = shelf.address()
    shelf.caches(path)
    shelf.kept = "0"
    for origin in ("https://one.example", "https://other.example", "https://one.example"):
        assert shelf.get(path, Origin=origin)[1].decode().endswith(origin)
    assert shelf.get(path)[0].headers["X-Cache"] == "HIT"


@pytest.mark.parametrize("written", ["/products/a%3Fb=c", "/products/a?b=c", "/products/a%2Fb"])
def test_addresses_that_only_look_alike_are_different(shelf: Shelf, written: str) -> None:
    assert shelf.get(written)[1] == f"{written} None".encode()


def test_what_is_not_for_everybody_is_not_kept(shelf: Shelf) -> None:
    path = shelf.address()
    assert shelf.caches(path, *[{"Authorization": "Bearer x"}] * 3) == ["BYPASS"] * 3
    assert shelf.caches(path) == ["MISS", "MISS", "HIT"]
    assert shelf.caches(path, {"Authorization": "Bearer x"}) == ["BYPASS"]
    shelf.headers = {"Set-Cookie": "a=b"}
    assert shelf.caches(shelf.address()) == ["MISS"] * 3
    before = shelf.asked
    for _ in range(2):
        assert shelf.get(path, "POST")[0].status == 200
    assert shelf.asked - before == 2


@pytest.mark.parametrize("ending", ["/price", "/price?wait=300", "/price/events"])
def test_a_live_price_is_asked_for_each_time(shelf: Shelf, ending: str) -> None:
    assert shelf.caches(shelf.address() + ending) == [None] * 3


@pytest.mark.parametrize("path", ["/healthz", "/openapi.json", "/docs"])
def test_only_products_are_kept(shelf: Shelf, path: str) -> None:
    assert shelf.caches(path) == [None] * 3


@pytest.mark.parametrize("path", ["/metrics", "/readyz"])
def test_what_is_for_the_operator_is_asked_of_the_nodes(shelf: Shelf, path: str) -> None:
    assert shelf.get(path)[0].status == 404


@pytest.mark.parametrize("kept", ["0", "@1000000000"])
def test_what_a_node_says_is_over_is_not_kept(shelf: Shelf, kept: str) -> None:
    shelf.kept = kept
    assert "HIT" not in shelf.caches(shelf.address())


def test_what_a_node_says_nothing_of_is_not_kept(shelf: Shelf) -> None:
    shelf.kept = None
    shelf.headers = {"Cache-Control": "max-age=3600, stale-while-revalidate=3600"}
    assert "HIT" not in shelf.caches(shelf.address())


def test_an_error_is_told_rather_than_what_has_run_out(shelf: Shelf) -> None:
    path = shelf.address()
    shelf.kept = f"@{int(time.time())}"
    shelf.caches(path)
    for node in shelf.nodes.values():
        node.failing = 500
    deadline = time.monotonic() + 5
    while shelf.get(path)[0].status == 200:
        assert time.monotonic() < deadline, "what had run out was still served"


def test_a_burst_on_a_page_asks_a_node_twice(shelf: Shelf) -> None:
    for node in shelf.nodes.values():
        node.thinks = 0.02

    def asked() -> int:
        path, before = shelf.address(), shelf.asked
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _: shelf.get(path), range(20)))
        assert {body for _, body in answers} == {f"{path} None".encode()}
        return shelf.asked - before

    # Who waits does so for 50 ms, which a busy machine may take for the first answer: then it is a matter of luck.
    wait_until(lambda: asked() <= 2, "no more than two of a burst are passed on")


def test_nothing_older_than_a_second_is_served(shelf: Shelf) -> None:
    """Readers hammer a page that is written four times a second; what they read is what was there when they asked, or at
    most one second before."""
    path = shelf.address()
    stored = [time.time()]  # when each version of the page was acknowledged

    def answer(_: BaseHTTPRequestHandler) -> tuple[bytes, dict[str, str]]:
        loaded_at, version = time.time(), len(stored) - 1
        return str(version).encode(), {"X-Accel-Expires": f"@{int(loaded_at)}"}

    for node in shelf.nodes.values():
        node.answer = answer
    seen: list[tuple[float, int, str | None]] = []
    done = threading.Event()

    def read() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", shelf.settings.port("nginx"), timeout=10)
        while not done.is_set():
            asked_at = time.time()
            connection.request("GET", path)
            response = connection.getresponse()
            seen.append((asked_at, int(response.read()), response.headers["X-Cache"]))
        connection.close()

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        while len(stored) <= 12:
            done.wait(0.25)
            stored.append(time.time())
        done.set()
        for reader in readers:
            reader.result()

    hits = sum(cache == "HIT" for _, _, cache in seen)
    assert hits > len(seen) / 2
    late = [
        asked_at - stored[version + 1]
        for asked_at, version, _ in seen
        if version + 1 < len(stored) and asked_at > stored[version + 1] + 1.0
    ]
    assert late == []
