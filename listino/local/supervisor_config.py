"""Renders the supervisor's configuration."""

import resource
import shlex
from collections.abc import Iterable

from listino.domain.errors import LocalPlatformError
from listino.local.folders import StateFolder
from listino.local.programs import Program

# How often a part that ends at once is started again, each time a second later, before it is given up: 7 to 8 minutes.
START_RETRIES = 30

# Open files a part may have, where the system allows as many: an API node holds a connection per waiting shopper.
OPEN_FILES = 4096

LOG_BYTES = "10MB"
LOG_BACKUPS = 2


def supervisor_config(folder: StateFolder, programs: Iterable[Program]) -> str:
    """The text of supervisord.conf. Programs are not started by themselves: the platform starts them in order.

    Raises LocalPlatformError for a state folder whose path the supervisor cannot read.
    """
    if any(mark in str(folder.root) for mark in (" ;", " #", "\n", '"')):
        raise LocalPlatformError(
            f'the state folder {folder.root} has ; # or " in its name: set another LISTINO_STATE_DIR'
        )
    hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    open_files = OPEN_FILES if hard_limit == resource.RLIM_INFINITY else min(OPEN_FILES, hard_limit)
    sections = [
        _section(
            "supervisord",
            identifier="listino",
            directory=folder.run,
            logfile=folder.supervisor_log,
            # One file from one start to the next, so that restarts can be counted in it.
            logfile_maxbytes=0,
            loglevel="info",
            pidfile=folder.run / "supervisord.pid",
            minfds=open_files,
            nodaemon="true",
        ),
        _section("unix_http_server", file=folder.supervisor_socket, chmod="0700"),
        "[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n",
        *(_program(folder, program) for program in programs),
    ]
    return "\n".join(sections)


def add_programs(folder: StateFolder, programs: Iterable[Program]) -> None:
    """Writes further programs into the configuration that a supervisor runs by; it reads them when it is told to."""
    with folder.supervisor_config.open("a", encoding="utf-8") as config:
        config.writelines("\n" + _program(folder, program) for program in programs)


def _program(folder: StateFolder, program: Program) -> str:
    return _section(
        f"program:{program.name}",
        command=shlex.join(program.argv),
        directory=folder.run,
        autostart="false",
        autorestart="true",
        startsecs=1,
        startretries=START_RETRIES,
        stopsignal="TERM",
        stopwaitsecs=program.stop_seconds,
        stopasgroup="false",
        killasgroup="true",
        redirect_stderr="true",
        stdout_logfile=folder.log(program.name),
        stdout_logfile_maxbytes=LOG_BYTES,
        stdout_logfile_backups=LOG_BACKUPS,
    )


def _section(name: str, **options: object) -> str:
    """Percent signs are the supervisor's way to write variables, so they are doubled."""
    lines = [f"{key} = {str(value).replace('%', '%%')}" for key, value in options.items()]
    return "\n".join((f"[{name}]", *lines, ""))
