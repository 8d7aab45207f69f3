"""The engines' command lines, and throw-away engines for tests."""

import contextlib
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from listino.domain.errors import LocalPlatformError
from listino.local import binaries
from listino.local.readiness import refusal

HOST = "127.0.0.1"

# Enough for a million products on one machine; mongod's own default is half of the memory.
CACHE_GB = 0.5
# The least mongod accepts: a throw-away database is small.
THROW_AWAY_CACHE_GB = 0.25

THROW_AWAY_START_SECONDS = 30.0


def redis_argv(binary: Path, port: int, data: Path, local: Path | None = None) -> tuple[str, ...]:
    """Redis or Valkey with an append-only file synced each second and no snapshots; it refuses writes when full,
    because queues are kept in it. It listens at the `local` socket as well, if there is one, and replaces what a killed one left
    there. The process title is left alone: setting it would wipe the environment that tells whose process it is."""
    return (
        str(binary),
        *("--bind", HOST),
        *("--port", str(port)),
        *(("--unixsocket", str(local), "--unixsocketperm", "700") if local else ()),
        *("--dir", str(data)),
        *("--appendonly", "yes"),
        *("--appendfsync", "everysec"),
        *("--save", ""),
        *("--protected-mode", "yes"),
        *("--daemonize", "no"),
        *("--maxmemory-policy", "noeviction"),
        *("--set-proc-title", "no"),
    )


def socket_url(local: Path) -> str:
    """The address of a Redis or Valkey that listens at that socket."""
    return f"unix://{quote(str(local))}?db=0"


@contextlib.contextmanager
def running_redis(folder: Path, port: int | None = None, local: Path | None = None) -> Iterator[str]:
    """A Redis or Valkey of its own with its data in `folder`: gives its URL, that of its port, and ends with SIGKILL."""
    port = port or free_port()
    data = folder / "redis"
    data.mkdir(parents=True, exist_ok=True)
    url = f"redis://{HOST}:{port}/0"
    with _running(redis_argv(binaries.find(binaries.REDIS), port, data, local), url, folder / "redis.log"):
        yield url


def free_port() -> int:
    """A port nothing listens on at this moment; another program may take it before we do."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def _running(argv: Sequence[str], address: str, log: Path) -> Iterator[None]:
    with log.open("ab") as output:
        process = subprocess.Popen(argv, stdout=output, stderr=output, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        deadline = time.monotonic() + THROW_AWAY_START_SECONDS
        while (reason := refusal(address)) is not None:
            if process.poll() is not None or time.monotonic() > deadline:
                raise LocalPlatformError(f"{argv[0]} did not start ({reason}): see {log}")
            time.sleep(0.02)
        yield
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
