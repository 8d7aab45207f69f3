"""What a container of Listino's image runs first: it makes settings of secret files, then becomes the role it is given.

    api | backoffice | worker live | worker crawl | schedule | cluster-init | crawl MARKET… | health | COMMAND…

Passwords come in files (`…_FILE`), so that they are in no image, no manifest and no `inspect`; Listino reads its settings
from the environment only. What is set already wins: an address given whole needs no file.

| variable | becomes |
| --- | --- |
| MONGO_HOSTS MONGO_USER MONGO_PASSWORD_FILE MONGO_OPTIONS | LISTINO_MONGO_URI |
| REDIS_HOST REDIS_PASSWORD_FILE REDIS_SCHEME REDIS_OPTIONS | LISTINO_REDIS_URL |
| LISTINO_SECRET_KEY_FILE | LISTINO_SECRET_KEY |
| BACKOFFICE_PROXIES | how many reverse proxies before the back office are believed |
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

# Ports of the platform on one machine (PORT_OFFSETS in listino/settings.py): people know them already.
API_PORT = 8081
BACKOFFICE_PORT = 8090
WORKER_PORT = 8110  # where a live worker answers Prometheus

BACKOFFICE_THREADS = 8
GRACEFUL_SECONDS = 10  # how long requests under way may take to finish before they are cut off

HEALTH = Path(__file__).with_name("health.py")
METRICS = "PROMETHEUS_MULTIPROC_DIR"


class Misused(Exception):
    """The container was given variables or a role that cannot be."""


def settings(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that Listino reads, where they are not set already; raises Misused."""
    found = {}
    if environment.get("MONGO_HOSTS"):
        found["LISTINO_MONGO_URI"] = (
            f"mongodb://{_login(environment, 'MONGO')}{environment['MONGO_HOSTS']}/"
            f"?{environment.get('MONGO_OPTIONS') or 'authSource=admin'}"
        )
    if environment.get("REDIS_HOST"):
        options = environment.get("REDIS_OPTIONS")
        found["LISTINO_REDIS_URL"] = (
            f"{environment.get('REDIS_SCHEME') or 'redis'}://{_login(environment, 'REDIS')}{environment['REDIS_HOST']}/0"
            + (f"?{options}" if options else "")
        )
    if environment.get("LISTINO_SECRET_KEY_FILE"):
        found["LISTINO_SECRET_KEY"] = _secret(environment["LISTINO_SECRET_KEY_FILE"])
    return {name: value for name, value in found.items() if not environment.get(name)}


def _login(environment: Mapping[str, str], engine: str) -> str:
    """`user:password@`, percent-encoded; nothing where the engine wants no password."""
    file = environment.get(f"{engine}_PASSWORD_FILE")
    if not file:
        return ""
    return f"{quote(environment.get(f'{engine}_USER', ''), safe='')}:{quote(_secret(file), safe='')}@"


def _secret(file: str) -> str:
    try:
        secret = Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Misused(f"the secret file {file} cannot be read: {error.strerror}") from None
    if not secret:
        raise Misused(f"the secret file {file} is empty")
    return secret


def command(role: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """The command line of a role; any other words are a command line themselves. Raises Misused."""
    match list(role):
        case ["api"]:
            workers = environment.get("LISTINO_API_WORKERS") or "1"
            return _gunicorn("api.app:create_app()", API_PORT, "-k", "api.worker.Worker", "-w", workers)
        case ["backoffice"]:
            proxies = environment.get("BACKOFFICE_PROXIES") or "0"
            if not proxies.isdecimal():
                raise Misused(f"BACKOFFICE_PROXIES={proxies!r} is no number")
            app = f"backoffice.app:create_app(proxies={int(proxies)})"
            return _gunicorn(app, BACKOFFICE_PORT, "-k", "gthread", "--threads", str(BACKOFFICE_THREADS))
        case ["worker", "live"]:
            # Prometheus asks from another container.
            figures = ["--metrics-host", "0.0.0.0", "--metrics-port", str(WORKER_PORT)]  # noqa: S104
            return [sys.executable, "-m", "workers", "live", "--processes", "1", *figures]
        case ["worker", "crawl"]:
            return [sys.executable, "-m", "workers", "crawl"]
        case ["schedule"]:
            return [sys.executable, "-m", "workers", "schedule"]
        case ["cluster-init", *arguments]:
            return ["listino", "cluster", "init", *arguments]
        case ["crawl", *arguments]:
            return ["listino", "crawl", *arguments]
        case ["health"]:
            return [sys.executable, str(HEALTH)]
        case ["worker", *_] | []:
            raise Misused(
                "the role is none of: api, backoffice, worker live, worker crawl, schedule, cluster-init, crawl"
            )
        case other:
            return other


def _gunicorn(app: str, port: int, *options: str) -> list[str]:
    """The control socket would be a file outside of the folders that may be written."""
    return [
        *(sys.executable, "-m", "gunicorn", app, *options),
        *("-b", f"0.0.0.0:{port}"),
        *("--graceful-timeout", str(GRACEFUL_SECONDS)),
        *("--worker-tmp-dir", "/dev/shm"),  # noqa: S108  # heartbeats of workers belong into memory, not onto a disk
        "--no-control-socket",
    ]


def follow(argv: Sequence[str], environment: Mapping[str, str]) -> int:
    """Runs a crawl worker to its end and passes SIGTERM on to the spiders it started.

    Whoever stops a container signals its first process alone, and the worker then waits for its job: a spider that is
    told too closes in order, and its crawl goes on where it was the next time.
    """
    with subprocess.Popen(argv, env=dict(environment)) as worker:

        def stop(number: int, _: object) -> None:
            for process in [worker.pid, *spiders(worker.pid)]:
                os.kill(process, number)

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        code = worker.wait()
        return code if code >= 0 else 128 - code  # as shells count a signal


def spiders(ancestor: int) -> Iterator[int]:
    """The processes below this one that run `python -m scrapers`."""
    parents = {}
    lines = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            # The name, in brackets, may hold anything; the parent is the second field after it.
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            lines[int(folder.name)] = (folder / "cmdline").read_bytes()
        except (OSError, IndexError, ValueError):
            continue  # it has ended in the meantime
    for process, line in lines.items():
        if b"\0-m\0scrapers\0" in line and ancestor in _ancestors(process, parents):
            yield process


def _ancestors(process: int, parents: Mapping[int, int]) -> Iterator[int]:
    while process in parents:
        process = parents[process]
        yield process


def main(role: Sequence[str]) -> int:
    """Becomes the role; comes back only with an exit code of a role that is followed, 2 when misused, or 127."""
    try:
        environment = os.environ | settings(os.environ)
        argv = command(role, environment)
    except Misused as error:
        sys.stderr.write(f"listino: {error}\n")
        return 2
    if METRICS in environment:
        Path(environment[METRICS]).mkdir(parents=True, exist_ok=True)
    if list(role) == ["worker", "crawl"]:
        return follow(argv, environment)
    try:
        os.execvpe(argv[0], argv, environment)  # noqa: S606  # the role is ours, and there is no shell in between
    except OSError as error:
        sys.stderr.write(f"listino: {argv[0]} is neither a role nor a program here: {error.strerror}\n")
    return 127


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
