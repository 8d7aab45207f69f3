"""Which programs the platform on this machine is made of, besides MongoDB."""

import sys
from dataclasses import replace

from listino.local import binaries
from listino.local.declarations import DEMO_SHOPS
from listino.local.engines import HOST, redis_argv
from listino.local.folders import StateFolder
from listino.local.nginx import HEALTH_PATH, nginx_argv
from listino.local.programs import Program, Stage
from listino.local.sockets import REDIS_SOCKET
from listino.settings import Settings

CRAWL_WORKERS = 2
BACKOFFICE_THREADS = 8

CRAWL_STOP_SECONDS = 15  # for what a spider has under way; one that is killed starts anew, it loses nothing

# How long, in seconds, requests under way may take to finish before they are cut off.
GRACEFUL_SECONDS = 10


def redis_program(settings: Settings, folder: StateFolder) -> Program:
    """Raises LocalPlatformError when there is no server to run."""
    port = settings.port("redis")
    return Program(
        name="redis",
        argv=redis_argv(binaries.find(binaries.REDIS), port, folder.redis, folder.socket(REDIS_SOCKET)),
        stage=Stage.ENGINE,
        port=port,
        probe=f"redis://{HOST}:{port}/0",
    )


def nginx_program(settings: Settings) -> Program:
    """Its configuration is in the run folder, which is the working folder; raises LocalPlatformError when
    there is no server to run."""
    port = settings.port("nginx")
    return Program(
        name="nginx",
        argv=nginx_argv(binaries.find(binaries.NGINX)),
        stage=Stage.APPLICATION,
        port=port,
        probe=f"http://{HOST}:{port}{HEALTH_PATH}",
    )


def own_programs(settings: Settings, folder: StateFolder) -> tuple[Program, ...]:
    """Everything that is written in this project: demo shops, API nodes, back office, workers, schedule."""
    return (
        *_shops(settings, folder),
        *(_api(settings, name) for name in ("api-1", "api-2")),
        _backoffice(settings),
        *_workers(settings),
    )


def _shops(settings: Settings, folder: StateFolder) -> tuple[Program, ...]:
    return tuple(
        Program(
            name=shop.part,
            argv=(
                *(sys.executable, "-m", "listino.local.shops", shop.market),
                *("--port", str(settings.port(shop.part))),
                *("--products", str(settings.demo_products)),
                *("--seed", str(settings.demo_seed)),
                *("--state", str(folder.shops_state / f"{shop.market}.jsonl")),
            ),
            stage=Stage.APPLICATION,
            port=settings.port(shop.part),
            probe=f"http://{HOST}:{settings.port(shop.part)}/healthz",
            stop_seconds=5,
        )
        for shop in DEMO_SHOPS
    )


def _api(settings: Settings, name: str) -> Program:
    return _gunicorn(
        settings, name, "api.app:create_app()", ("-k", "api.worker.Worker", "-w", str(settings.api_workers))
    )


def _backoffice(settings: Settings) -> Program:
    return _gunicorn(
        settings, "backoffice", "backoffice.app:create_app()", ("-k", "gthread", "--threads", str(BACKOFFICE_THREADS))
    )


def _gunicorn(settings: Settings, name: str, app: str, options: tuple[str, ...]) -> Program:
    """SIGTERM goes to gunicorn alone, which lets its workers finish. Its control socket would be one file a user for
    all applications, so it is left out."""
    port = settings.port(name)
    return Program(
        name=name,
        argv=(
            *(sys.executable, "-m", "gunicorn", app),
            *options,
            *("-b", f"{HOST}:{port}"),
            *("--graceful-timeout", str(GRACEFUL_SECONDS)),
            "--no-control-socket",
        ),
        stage=Stage.APPLICATION,
        port=port,
        probe=f"http://{HOST}:{port}/readyz",
        stop_seconds=GRACEFUL_SECONDS + 2,
    )


def _workers(settings: Settings) -> tuple[Program, ...]:
    """A crawl worker passes the signal on to its spider, which finishes what is under way."""
    return (
        _live_workers(settings),
        *(_worker(f"crawl-{number + 1}", "crawl", stop_seconds=CRAWL_STOP_SECONDS) for number in range(CRAWL_WORKERS)),
        _worker("scheduler", "schedule"),
    )


def _live_workers(settings: Settings) -> Program:
    """One part: the pool replaces its processes by itself, sooner than the supervisor could. They have ports for their figures, and
    no probe: they ask for work before they answer Prometheus, and need no port to."""
    port, processes = settings.port("live-1"), settings.live_workers
    options = ("--processes", str(processes), "--metrics-port", str(port))
    pool = _worker("live", "live")
    return replace(pool, argv=(*pool.argv, *options), port=port, ports=processes)


def _worker(name: str, role: str, *, stop_seconds: int = 8) -> Program:
    return Program(
        name=name,
        argv=(sys.executable, "-m", "workers", role),
        stage=Stage.APPLICATION,
        stop_seconds=stop_seconds,
    )
