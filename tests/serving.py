"""An ASGI application as a real server on loopback, for as long as a test needs it."""

import contextlib
import threading
from collections.abc import Iterator
from typing import Literal

import uvicorn
from shopkeeper import wait_until
from starlette.applications import Starlette

from listino.local.engines import free_port


@contextlib.contextmanager
def served(app: Starlette, *, lifespan: Literal["on", "off"] = "off") -> Iterator[str]:
    """The address of the application, whose lifespan runs with `on`."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", lifespan=lifespan))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started, f"the server listens on {port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
