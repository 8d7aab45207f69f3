"""Starts the supervisor, and speaks with it over its socket."""

import contextlib
import http.client
import socket
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from listino.domain.errors import LocalPlatformError
from listino.local.folders import StateFolder

# Fault numbers: http://supervisord.org/api.html
NOT_RUNNING = 70
ALREADY_STARTED = 60
SHUTDOWN_STATE = 6

# How long, in seconds, the supervisor may take for one answer; it answers within milliseconds.
ANSWER_SECONDS = 5.0
START_SECONDS = 15.0

_ENDED_STATES = frozenset({"stopped", "exited", "fatal", "unknown"})


@dataclass(frozen=True, slots=True)
class Process:
    """What the supervisor knows of a part. `state` is its word in lower case: stopped starting running backoff stopping
    exited fatal unknown; `pid` is None while nothing runs; `uptime` is in seconds."""

    name: str
    state: str
    pid: int | None
    uptime: float | None

    @property
    def alive(self) -> bool:
        """Whether it runs, or is on its way up or down."""
        return self.state not in _ENDED_STATES


class Supervisor:
    """The supervisor of one state folder, whoever started it."""

    def __init__(self, folder: StateFolder) -> None:
        self._folder = folder
        self._server: Any = xmlrpc.client.ServerProxy(
            "http://localhost", transport=_Transport(folder.supervisor_socket)
        )

    def start(self, environment: Mapping[str, str]) -> None:
        """Starts it in a session of its own, where Ctrl-C does not reach it, and waits until it answers.

        Raises LocalPlatformError with what it said when it ends instead.
        """
        said = self._folder.logs / "supervisord.out"
        self._folder.supervisor_socket.unlink(missing_ok=True)
        with said.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", self._folder.supervisor_config],
                cwd=self._folder.run,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                last = said.read_text(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
                raise LocalPlatformError(f"the supervisor did not start ({last[0]}): see {said}")
            time.sleep(0.02)

    def answers(self) -> bool:
        try:
            self._server.supervisor.getState()
        except (OSError, http.client.HTTPException, xmlrpc.client.Error):
            return False
        return True

    def pid(self) -> int:
        """Raises OSError when no supervisor answers."""
        return int(self._server.supervisor.getPID())

    def start_parts(self, names: Iterable[str]) -> None:
        """Starts all of them, without waiting; raises LocalPlatformError when a program cannot be run at all."""
        for name in names:
            try:
                with _tolerated(ALREADY_STARTED):
                    self._server.supervisor.startProcess(name, False)
            except xmlrpc.client.Fault as fault:
                raise LocalPlatformError(f"{name} cannot be started ({fault.faultString})") from None

    def learn(self) -> None:
        """Reads the configuration again and takes on the programs that are new in it, without starting them."""
        ((added, _, _),) = self._server.supervisor.reloadConfig()
        for name in added:
            self._server.supervisor.addProcessGroup(name)

    def stop_parts(self, names: Iterable[str]) -> None:
        """Asks all of them to stop, at once and without waiting; those that do not run are left alone."""
        for name in names:
            with _tolerated(NOT_RUNNING, SHUTDOWN_STATE):
                self._server.supervisor.stopProcess(name, False)

    def processes(self) -> dict[str, Process]:
        """By name; raises OSError when no supervisor answers."""
        return {info["name"]: _process(info) for info in self._server.supervisor.getAllProcessInfo()}

    def shut_down(self) -> None:
        """Stops what still runs and ends; returns at once."""
        with _tolerated(SHUTDOWN_STATE):
            self._server.supervisor.shutdown()


def _process(info: Mapping[str, Any]) -> Process:
    state = str(info["statename"]).lower()
    pid = int(info["pid"]) or None
    uptime = max(0.0, float(info["now"]) - float(info["start"])) if state == "running" else None
    return Process(str(info["name"]), state, pid, uptime)


@contextlib.contextmanager
def _tolerated(*faults: int) -> Iterator[None]:
    try:
        yield
    except xmlrpc.client.Fault as fault:
        if fault.faultCode not in faults:
            raise


class _Transport(xmlrpc.client.Transport):
    """XML-RPC over a Unix socket. `supervisor.xmlrpc` has one too, which waits for ever for a supervisor that hangs."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        connection = self._connection[1]
        if connection is None:
            connection = _Connection(self._path)
            self._connection = str(host), connection
        return connection


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=ANSWER_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
