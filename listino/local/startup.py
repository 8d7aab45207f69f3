"""Waits until started parts are ready, and tells why one is not."""

import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from pathlib import Path

from listino.domain.errors import LocalPlatformError
from listino.local import history
from listino.local.folders import StateFolder
from listino.local.programs import Program
from listino.local.readiness import refusal
from listino.local.supervision import Process, Supervisor
from listino.settings import masked

# How often a part may end while the platform starts: once may be bad luck, twice will not get better.
ENDINGS_ALLOWED = 1

LOG_TAIL_LINES = 6
PAUSE_SECONDS = 0.05


def await_ready(
    supervisor: Supervisor,
    folder: StateFolder,
    programs: Sequence[Program],
    seconds: float,
    progress: Callable[[str, str], None],
) -> None:
    """Returns when all these parts are ready; each is reported to `progress` as it becomes so.

    Raises LocalPlatformError, with the end of the part's log, when one of them keeps ending or is not ready after
    `seconds`.
    """
    started = time.monotonic()
    log = history.SupervisorLog(folder.supervisor_log)
    endings: Counter[str] = Counter()
    waiting = list(programs)
    while waiting:
        endings.update(event.part for event in log.news() if isinstance(event, history.Ended))
        processes = supervisor.processes()
        for program in tuple(waiting):
            process = processes[program.name]
            if process.state == "fatal" or endings[program.name] > ENDINGS_ALLOWED:
                raise _failure(folder, program.name, "ended as soon as it was started")
            reason = _unready(program, process)
            if reason is None:
                waiting.remove(program)
                progress(program.name, "ready")
            elif time.monotonic() - started > seconds:
                raise _failure(folder, program.name, f"was not ready within {seconds:.0f} s ({reason})")
        if waiting:
            time.sleep(PAUSE_SECONDS)


def await_running(supervisor: Supervisor, seconds: float) -> None:
    """Waits until the supervisor, too, calls every part running: it does so a second after the start, so that whoever
    asks for the status next is not told of parts that are still starting."""
    deadline = time.monotonic() + seconds
    while any(process.state != "running" for process in supervisor.processes().values()):
        if time.monotonic() > deadline:
            return  # ready but restarting: `status` tells, and the supervisor goes on trying
        time.sleep(PAUSE_SECONDS)


def await_redis(url: str, seconds: float) -> None:
    """Waits for a Redis that somebody else runs; raises LocalPlatformError when it does not answer within `seconds`."""
    deadline = time.monotonic() + seconds
    while (reason := refusal(url)) is not None:
        if time.monotonic() > deadline:
            raise LocalPlatformError(
                f"Redis at {masked(url)} does not answer ({reason}): "
                "start it, or unset LISTINO_REDIS_URL to use one on this machine"
            )
        time.sleep(PAUSE_SECONDS)


def _unready(program: Program, process: Process) -> str | None:
    if process.state not in {"starting", "running"}:
        return process.state
    if program.probe is not None:
        return refusal(program.probe)
    return None if process.state == "running" else process.state


def _failure(folder: StateFolder, part: str, what: str) -> LocalPlatformError:
    log = folder.log(part)
    tail = "".join(f"\n  {line}" for line in last_lines(log, LOG_TAIL_LINES)) or "\n  (it said nothing)"
    return LocalPlatformError(
        f"{part} {what}; everything that was started is stopped again, the data is kept. The end of {log}:{tail}"
    )


def last_lines(path: Path, count: int) -> list[str]:
    """The last lines of a text file, without line ends; none if there is no file."""
    try:
        with path.open(encoding="utf-8", errors="replace") as text:
            return [line.rstrip() for line in deque(text, maxlen=count)]
    except FileNotFoundError:
        return []
