"""`python -m listino.local.router`: one development router, in the foreground, until SIGTERM or Ctrl-C."""

import asyncio
import logging
import signal
from pathlib import Path

import click
import uvloop

from listino.local.router.routing import Router
from listino.local.router.server import Server

log = logging.getLogger("listino.local.router")


@click.command(
    epilog="Example: python -m listino.local.router --listen 127.0.0.1:27017 "
    "--config configRS/127.0.0.1:27019,127.0.0.1:27020,127.0.0.1:27021"
)
@click.option("--listen", required=True, metavar="HOST:PORT", help="Where drivers connect to.")
@click.option("--config", required=True, metavar="NAME/HOST:PORT,…", help="The replica set of the config servers.")
@click.option(
    "--sockets",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Where servers of this machine may have sockets, which cost less than ports.",
)
@click.option(
    "--log-level", default="info", show_default=True, type=click.Choice(["debug", "info", "warning", "error"])
)
def main(listen: str, config: str, sockets: Path | None, log_level: str) -> None:
    """Stand where mongos stands, in front of real config servers and shards. For development and tests only."""
    host, _, port = listen.rpartition(":")
    if not port.isdigit() or not host:
        raise click.BadParameter("host and port, like 127.0.0.1:27017", param_hint="--listen")
    if "/" not in config:
        raise click.BadParameter("a name and its servers, like configRS/127.0.0.1:27019", param_hint="--config")
    logging.basicConfig(level=log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(host, int(port), config, sockets))
    except OSError as error:
        raise click.ClickException(f"cannot listen on {listen}: {error.strerror or error}") from None


async def _serve(host: str, port: int, config: str, sockets: Path | None) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    log.warning("development router, not mongos")
    router = Router(config, sockets)
    server = Server(router)
    running = asyncio.create_task(_run(router, server, host, port))
    await asyncio.wait({running, asyncio.create_task(stopped.wait())}, return_when=asyncio.FIRST_COMPLETED)
    if not running.done():
        running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await server.close()
    await router.close()
    if not running.cancelled() and (error := running.exception()) is not None:
        raise error


async def _run(router: Router, server: Server, host: str, port: int) -> None:
    """Opens the port once the cluster is known, so that whoever can connect gets answers."""
    await router.start()
    await server.start(host, port)
    log.info("listening on %s:%s", host, port)
    await asyncio.Event().wait()


if __name__ == "__main__":
    main()
