"""Taking everything down: applications first, engines last, and what a killed supervisor left behind."""

import contextlib
import http.client
import time
from collections.abc import Callable, Collection

from listino.local import processes, record
from listino.local.folders import StateFolder
from listino.local.nginx import remove_cache
from listino.local.programs import Stage
from listino.local.supervision import Supervisor

# How long, in seconds, a part may take beyond its own time, and what is left over may take in all.
STOP_MARGIN_SECONDS = 3.0
LEFT_OVER_SECONDS = 5.0
PAUSE_SECONDS = 0.05

Progress = Callable[[str, str], None]


def stop_everything(supervisor: Supervisor, folder: StateFolder, progress: Progress) -> bool:
    """Whether anything ran; afterwards nothing does."""
    ran = supervisor.answers()
    if ran:
        kept = record.read(folder.parts)
        with contextlib.suppress(OSError, http.client.HTTPException):  # it may be killed meanwhile
            if kept is not None:
                for stage in reversed(Stage):
                    _stop_parts(supervisor, kept.of_stage(stage), progress)
            pid = supervisor.pid()
            supervisor.shut_down()
            processes.wait_until_gone(pid, LEFT_OVER_SECONDS)
    left = processes.of_instance(folder)
    processes.end(left, LEFT_OVER_SECONDS)
    remove_cache(folder.run)
    folder.parts.unlink(missing_ok=True)
    folder.supervisor_socket.unlink(missing_ok=True)
    return ran or bool(left)


def _stop_parts(supervisor: Supervisor, parts: Collection[record.Part], progress: Progress) -> None:
    """Returns when none of them runs, or each has had its time to stop and a little more."""
    supervisor.stop_parts(part.name for part in parts)
    deadline = time.monotonic() + max((part.stop_seconds for part in parts), default=0) + STOP_MARGIN_SECONDS
    waiting = {part.name for part in parts}
    while waiting and time.monotonic() < deadline:
        stopped = {process.name for process in supervisor.processes().values() if not process.alive}
        for name in sorted(waiting & stopped):
            progress(name, "stopped")
        waiting -= stopped
        time.sleep(PAUSE_SECONDS)
