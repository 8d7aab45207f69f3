"""Names and paths of the Unix sockets by which servers of one machine reach each other."""

import os
import sys
from pathlib import Path

# In bytes, before the zero at the end (unix(7)).
LONGEST_PATH = 107 if sys.platform == "linux" else 103

REDIS_SOCKET = "redis.sock"


def is_socket_path(path: Path) -> bool:
    """Whether a socket may be there; the system takes no longer path for one."""
    return len(os.fsencode(path)) <= LONGEST_PATH


def member_socket(port: int) -> str:
    """What mongod calls the socket of a port."""
    return f"mongodb-{port}.sock"


def member_sockets(folder: Path) -> Path | None:
    """The folder, if mongod's sockets may be there, whatever their ports."""
    return folder if is_socket_path(folder / member_socket(65535)) else None
