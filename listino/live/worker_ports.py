"""The ports at which the live workers of a pool answer Prometheus: each has its own, in a row."""

import socket
from collections.abc import Iterable

from listino.domain.errors import InvalidValue

_LAST = 65_535


def worker_ports(first: int, processes: int) -> range:
    """The ports from the first on; raises InvalidValue where there are not that many."""
    ports = range(first, first + processes)
    if ports[-1] > _LAST:
        raise InvalidValue(
            f"--metrics-port {first}: {processes} processes would answer at {first} to {ports[-1]}, and ports end at {_LAST}"
        )
    return ports


def demand_free(host: str, ports: Iterable[int]) -> None:
    """Raises InvalidValue, which names the port, where one cannot be listened at."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in ports:
        try:
            socket.create_server((host, port), family=family).close()
        except OSError as error:
            why = str(error.strerror).partition(" (")[0]  # Python says the address once more in brackets
            raise InvalidValue(f"no worker can answer Prometheus at {host}, port {port}: {why}") from None
