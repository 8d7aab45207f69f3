"""The balancer before the API nodes: the files of deploy/nginx as they are, and beside them what differs here."""

import grp
import os
import pwd
import shutil
import tempfile
from pathlib import Path

from listino.local.engines import HOST
from listino.settings import Settings

API_NODES = ("api-1", "api-2")

# Answered by nginx itself, whatever the nodes behind it do.
HEALTH_PATH = "/nginx-health"

# What production mounts, too: the same text, byte for byte.
SHARED = ("nginx.conf", "storefront.conf")

# Where a wheel has them, below the folder it is installed in.
PACKED = ("listino", "local", "deploy", "nginx")

# Below the run folder: the configuration, and what nginx writes itself.
CONFIG_FOLDER = "nginx"
PREFIX = "nginx-temp"
CACHE = "seconds"

# Memory that is used like a disk, where Linux has it.
MEMORY = Path("/dev/shm")  # noqa: S108 (the folder in it is its owner's alone)

# Bytes that have to be free in it: twice what the micro-cache may hold (nginx.conf), for nginx looks at its size every few seconds
# only, and breaks answers off that it cannot write. A container of Docker's has 64 MB, if nobody gives it more.
ROOM = 128 * 2**20

_SERVER = """\
server {{
    listen {host}:{port};
    server_name _;
    include storefront.conf;
}}
"""


def write_nginx_config(settings: Settings, run: Path) -> None:
    """Writes nginx's configuration below the run folder; raises OSError where that is not allowed."""
    folder = run / CONFIG_FOLDER
    for name in ("place", "servers"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (run / PREFIX).mkdir(exist_ok=True)
    _make_cache(run)
    for name in SHARED:
        shutil.copyfile(_shared_folder() / name, folder / name)
    for name, text in _own_files(settings).items():
        (folder / name).write_text(text, encoding="utf-8")


def remove_cache(run: Path) -> None:
    """Frees the memory that the micro-cache took; to be called when nginx has ended."""
    link = run / PREFIX / CACHE
    if link.is_symlink():
        shutil.rmtree(link.readlink(), ignore_errors=True)
        link.unlink()


def nginx_argv(binary: Path) -> tuple[str, ...]:
    """The command line; to be started in the run folder."""
    return (str(binary), "-p", f"{PREFIX}/", "-e", "stderr", "-c", f"../{CONFIG_FOLDER}/nginx.conf")


def _make_cache(run: Path) -> None:
    """Leads the micro-cache into memory; where there is none of that kind, or not enough, it stays in the run folder, and is
    slower."""
    remove_cache(run)
    folder = run / PREFIX / CACHE
    if not MEMORY.is_dir() or not os.access(MEMORY, os.W_OK) or shutil.disk_usage(MEMORY).free < ROOM:
        return
    if not folder.exists():
        folder.symlink_to(tempfile.mkdtemp(prefix="listino-pages-", dir=MEMORY))


def _own_files(settings: Settings) -> dict[str, str]:
    nodes = (f"server {HOST}:{settings.port(node)} max_fails=3 fail_timeout=1s;\n" for node in API_NODES)
    return {
        "place/main.conf": f"{_user()}worker_processes auto;\n",
        "place/nodes.conf": "".join(nodes),
        # All shoppers of this machine, and the load tests, come from one address.
        "place/exempt.conf": f"{HOST} 1;\n",
        "servers/server.conf": _SERVER.format(host=HOST, port=settings.port("nginx")),
    }


def _shared_folder() -> Path:
    """Where deploy/nginx is: packed in a wheel; in a checkout, where it is edited."""
    above = Path(__file__).parents[2]
    packed = above.joinpath(*PACKED)
    return packed if packed.is_dir() else above / "deploy" / "nginx"


def _user() -> str:
    """Started as root, nginx would run its workers as nobody, who may not enter the state folder; as an ordinary user
    it warns about the directive."""
    if os.geteuid() != 0:
        return ""
    return f"user {pwd.getpwuid(0).pw_name} {grp.getgrgid(0).gr_name};\n"
