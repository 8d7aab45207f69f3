"""Looks at the processes of this machine: whose they are, what they hold, and how they are made to end."""

import contextlib
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import psutil

from listino.local.environment import INSTANCE_VARIABLE
from listino.local.folders import StateFolder

# nginx writes its title over the environment it was given, so it is known by the folder it works in.
_TITLED = frozenset({"nginx"})


def of_instance(folder: StateFolder) -> list[psutil.Process]:
    """All processes that belong to the platform of that state folder, started by whomever; not this one nor its parents."""
    myself = psutil.Process()
    spared = {myself.pid, *(parent.pid for parent in myself.parents())}
    return [process for process in psutil.process_iter() if process.pid not in spared and _belongs(process, folder)]


def _belongs(process: psutil.Process, folder: StateFolder) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        if process.environ().get(INSTANCE_VARIABLE) == str(folder.root):
            return True
        return process.name() in _TITLED and Path(process.cwd()) == folder.run
    except (psutil.Error, OSError):
        return False  # it has ended meanwhile, or is another user's


def end(processes: Sequence[psutil.Process], seconds: float) -> None:
    """SIGTERM to all, SIGKILL after `seconds` to those that are still there."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _, stubborn = psutil.wait_procs(processes, timeout=seconds)
    for process in stubborn:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(stubborn, timeout=5)


def wait_until_gone(pid: int, seconds: float) -> bool:
    """Whether that process has ended within `seconds`; a zombie has."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


def memory_bytes(pid: int) -> int | None:
    """Memory of a process and all its children, pages that several processes share divided among them, so that figures
    may be added up; where the system does not tell, the resident memory. None once it has ended."""
    try:
        process = psutil.Process(pid)
        family: Iterable[psutil.Process] = (process, *process.children(recursive=True))
        return sum(_proportional(member) for member in family)
    except psutil.Error:
        return None


def is_frozen(pid: int) -> bool:
    """Whether a process or one of its children was stopped by a signal: it exists, holds its port, and answers nobody."""
    try:
        process = psutil.Process(pid)
        return any(one.status() == psutil.STATUS_STOPPED for one in (process, *process.children(recursive=True)))
    except psutil.Error:
        return False


def _proportional(process: psutil.Process) -> int:
    try:
        full = process.memory_full_info()
        return int(getattr(full, "pss", full.rss))
    except psutil.AccessDenied:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def listener(port: int) -> str | None:
    """Who listens on a TCP port of this machine, as `python (pid 4711)`; None when that is not visible to us."""
    if (pid := _listeners().get(port)) is None:
        return None
    try:
        return f"{psutil.Process(pid).name()} (pid {pid})"
    except psutil.Error:
        return f"pid {pid}"


def platforms_at(ports: Iterable[int]) -> set[Path | None]:
    """The state folders of the platforms whose processes listen on those ports; None among them for a port that no platform
    has, as far as we see."""
    pids = _listeners()
    return {_platform_of(pids[port]) if port in pids else None for port in ports}


def _platform_of(pid: int) -> Path | None:
    try:
        process = psutil.Process(pid)
        if root := process.environ().get(INSTANCE_VARIABLE):
            return Path(root)
        folder = Path(process.cwd()).parent
        return folder if _belongs(process, StateFolder(folder)) else None
    except (psutil.Error, OSError):
        return None


def _listeners() -> dict[int, int]:
    """Port to the process that listens on it, where that is visible to us."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except (psutil.Error, OSError):
        return {}
    return {
        connection.laddr.port: connection.pid
        for connection in connections
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.pid
    }
