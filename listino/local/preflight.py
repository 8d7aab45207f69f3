"""What must hold before anything is started; each complaint is one line that ends with the way out."""

import errno
import os
import shutil
import socket
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from listino.domain.errors import LocalPlatformError
from listino.local import binaries, processes
from listino.local.engines import HOST
from listino.local.folders import StateFolder
from listino.local.programs import Program

# mongod stops when the disk is full; its journal, the oplog and the logs alone take some hundred megabytes.
LEAST_FREE_BYTES = 1_000_000_000

_PORT_WAY_OUT = "stop what listens there, or set LISTINO_PORT_BASE to the first of about 160 free ports"
_FIXED_PORT_WAY_OUT = "stop what listens there: the servers of a cluster keep the ports that they were made with"


def complain(complaints: Sequence[str]) -> None:
    """Raises LocalPlatformError with all of them, one a line, if there are any."""
    if complaints:
        raise LocalPlatformError("\n".join(complaints))


def folder_complaints(folder: StateFolder) -> list[str]:
    """Makes the state folder; complains where it cannot be made or written, or has too little room."""
    way_out = "set LISTINO_STATE_DIR to a folder you may write to"
    try:
        folder.make()
    except OSError as error:
        return [f"state folder: {folder.root} cannot be made ({error.strerror}): {way_out}"]
    locked = [path for path in (folder.root, folder.run, folder.logs) if not os.access(path, os.W_OK | os.X_OK)]
    if locked:
        return [f"state folder: {locked[0]} cannot be written: {way_out}"]
    free = shutil.disk_usage(folder.root).free
    if free < LEAST_FREE_BYTES:
        return [
            f"disk: {free / 1e9:.2f} GB free in {folder.root}, {LEAST_FREE_BYTES / 1e9:.0f} GB needed: "
            "make room, or set LISTINO_STATE_DIR to a folder on another disk"
        ]
    return []


def engine_complaints(engines: Iterable[binaries.Engine]) -> list[str]:
    """Looks for each engine's program and asks it for its version, all at once."""

    def complaint(engine: binaries.Engine) -> str | None:
        try:
            binaries.version(engine, binaries.find(engine))
        except LocalPlatformError as error:
            return str(error)
        return None

    with ThreadPoolExecutor(max_workers=4) as pool:
        return [found for found in pool.map(complaint, engines) if found is not None]


def port_complaints(programs: Iterable[Program]) -> list[str]:
    """Complains about each port that somebody listens on; once, where another platform has several and nobody else any."""
    held = {
        port: (program, reason)
        for program in programs
        if program.port is not None
        for port in range(program.port, program.port + program.ports)
        if (reason := taken(port)) is not None
    }
    if len(held) > 1 and len(platforms := processes.platforms_at(held)) == 1:
        (other,) = platforms
        if other is not None:
            way_out = "stop it"
            if all(program.movable for program, _ in held.values()):
                way_out += ", or set LISTINO_PORT_BASE to the first of about 160 free ports"
            return [
                f"{len(held)} ports, {min(held)} to {max(held)}, are taken by the platform in {other}: {way_out} "
                f"(LISTINO_STATE_DIR={other} listino down)"
            ]
    return [
        f"port {port} for {program.name} is {reason}: {_PORT_WAY_OUT if program.movable else _FIXED_PORT_WAY_OUT}"
        for port, (program, reason) in held.items()
    ]


def taken(port: int) -> str | None:
    """None if we can listen on that port, else why not: `taken by python (pid 4711)`."""
    with socket.socket() as probe:
        # As servers do: connections that are still dying of an earlier run are no obstacle, a listener is.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                return f"not to be had ({error.strerror})"
        else:
            return None
    holder = processes.listener(port)
    return f"taken by {holder}" if holder else "taken by another program"
