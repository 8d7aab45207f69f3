"""The real nginx with the configuration of `listino up`, before API nodes that a test plays."""

import contextlib
import http.client
import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from listino.local import binaries, processes
from listino.local.folders import StateFolder
from listino.local.nginx import API_NODES, CONFIG_FOLDER, HEALTH_PATH, nginx_argv, remove_cache, write_nginx_config
from listino.settings import Settings

READY_SECONDS = 10.0
# What a node says of a request: a body, and headers beside the usual ones.
Answer = Callable[[BaseHTTPRequestHandler], tuple[bytes, dict[str, str]]]


class Node(ThreadingHTTPServer):
    """An API node that answers with its name and the request id it was given, or as `answer` says, or with `failing` as
    its status, after `thinks` seconds."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, name: str, port: int) -> None:
        self.name = name
        self.failing: int | None = None
        self.thinks = 0.0
        self.asked = 0
        self.answer: Answer = lambda request: (
            json.dumps({"node": name, "id": request.headers.get("X-Request-ID")}).encode(),
            {},
        )
        super().__init__(("127.0.0.1", port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Node

    def do_GET(self) -> None:
        self.server.asked += 1
        time.sleep(self.server.thinks)
        body, headers = self.server.answer(self)
        self.send_response(self.server.failing or 200)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Tests read assertions, not logs."""


@contextlib.contextmanager
def balanced_nodes(settings: Settings, *, limited: bool = False) -> Iterator[dict[str, Node]]:
    """Two nodes on the ports of those settings, with nginx before them; `limited` as shoppers are, unlike this machine."""
    run = StateFolder.of(settings).run
    run.mkdir(parents=True)
    write_nginx_config(settings, run)
    if limited:
        (run / CONFIG_FOLDER / "place" / "exempt.conf").write_text("")
    nodes = {name: Node(name, settings.port(name)) for name in API_NODES}
    nginx = subprocess.Popen(nginx_argv(binaries.find(binaries.NGINX)), cwd=run, stdout=subprocess.DEVNULL)
    try:
        for node in nodes.values():
            threading.Thread(target=node.serve_forever, args=(0.01,), daemon=True).start()
        _await_answer(settings, nginx)
        yield nodes
    finally:
        nginx.terminate()
        nginx.wait(10)
        processes.end(processes.of_instance(StateFolder.of(settings)), 1)
        remove_cache(run)
        for node in nodes.values():
            node.shutdown()
            node.server_close()


def _await_answer(settings: Settings, nginx: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        assert nginx.poll() is None, "nginx ended at its start"
        connection = http.client.HTTPConnection("127.0.0.1", settings.port("nginx"), timeout=1)
        try:
            connection.request("GET", HEALTH_PATH)
            assert connection.getresponse().status == 200
            return
        except OSError:
            assert time.monotonic() < deadline, "nginx does not answer"
            time.sleep(0.01)
        finally:
            connection.close()
