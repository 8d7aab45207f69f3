"""`python -m shops '{"seed": 1, "page_kb": 64, "conduct": {}, "shops": [...]}'`: all load shops in one process."""

import socket
import sys

import orjson
import uvicorn

from shops.goods import LoadShop
from shops.server import Conduct, Shops

HOST = "127.0.0.1"
BACKLOG = 2048


def _listening(port: int) -> socket.socket:
    listener = socket.create_server((HOST, port), backlog=BACKLOG)
    listener.setblocking(False)
    return listener


def main() -> None:
    given = orjson.loads(sys.argv[1])
    shops = [LoadShop(**shop) for shop in given["shops"]]
    app = Shops(shops, Conduct(**given["conduct"]), seed=given["seed"], page_kb=given["page_kb"])
    config = uvicorn.Config(
        app, loop="uvloop", http="httptools", lifespan="off", log_level="warning", access_log=False, server_header=False
    )
    uvicorn.Server(config).run(sockets=[_listening(shop.port) for shop in shops])


if __name__ == "__main__":
    main()
