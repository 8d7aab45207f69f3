"""The balancer before the API nodes: the files of deploy/nginx as they are, and beside them what differs here."""

import grp
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from listino.domain.errors import LocalPlatformError
from listino.local import binaries
from listino.local.engines import HOST
from listino.settings import Settings

API_NODES = ("api-1", "api-2")

# Answered by nginx itself, whatever the nodes behind it do.
HEALTH_PATH = "/nginx-health"

# What production mounts, too: the same text, byte for byte.
SHARED = ("nginx.conf", "storefront.conf", "hears.conf", "listens.conf", "seconds.conf", "written.js")

# Where a wheel has them, below the folder it is installed in.
PACKED = ("listino", "local", "deploy", "nginx")

# Below the run folder: the configuration, and what nginx writes itself.
CONFIG_FOLDER = "nginx"
PREFIX = "nginx-temp"
CACHES = ("seconds", "heard")

# Among what nginx was configured with: njs is part of the program, and new enough to be asked for news of writes.
_NJS = re.compile(r"--add-module=\S*njs-(\d+)\.(\d+)\.(\d+)")
_NJS_SINCE = (0, 8, 1)  # js_periodic, of which listens.conf makes use

# Memory that is used like a disk, where Linux has it.
MEMORY = Path("/dev/shm")  # noqa: S108 (the folder in it is its owner's alone)

# Bytes that have to be free in it: twice what both caches may hold (nginx.conf), for nginx looks at their sizes every few seconds
# only, and breaks answers off that it cannot write. A container of Docker's has 64 MB, if nobody gives it more.
ROOM = 512 * 2**20

_SERVER = """\
server {{
    listen {host}:{port};
    server_name _;
    include storefront.conf;
}}
"""


def write_nginx_config(settings: Settings, run: Path, *, hears: bool = False) -> None:
    """Writes nginx's configuration below the run folder; raises OSError where that is not allowed. `hears`: of writes, for
    which it has to have njs."""
    folder = run / CONFIG_FOLDER
    for name in ("place", "servers"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (run / PREFIX).mkdir(exist_ok=True)
    _make_cache(run)
    for name in SHARED:
        shutil.copyfile(_shared_folder() / name, folder / name)
    for name, text in {**_own_files(settings), **_hearing_files(settings, hears=hears)}.items():
        (folder / name).write_text(text, encoding="utf-8")


def can_hear() -> bool:
    """Whether the nginx of this machine runs JavaScript without loading anything; Debian's does not."""
    try:
        binary = binaries.find(binaries.NGINX)
    except LocalPlatformError:
        return False
    try:
        told = subprocess.run([binary, "-V"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False  # whoever starts it will see why
    found = _NJS.search(told.stderr)
    return found is not None and tuple(map(int, found.groups())) >= _NJS_SINCE


def remove_cache(run: Path) -> None:
    """Frees the memory that the micro-cache took; to be called when nginx has ended."""
    for link in (run / PREFIX / name for name in CACHES):
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
    if not MEMORY.is_dir() or not os.access(MEMORY, os.W_OK) or shutil.disk_usage(MEMORY).free < ROOM:
        return
    for folder in (run / PREFIX / name for name in CACHES):
        if not folder.exists():
            folder.symlink_to(tempfile.mkdtemp(prefix=f"listino-{folder.name}-", dir=MEMORY))


def _own_files(settings: Settings) -> dict[str, str]:
    nodes = (f"server {HOST}:{settings.port(node)} max_fails=3 fail_timeout=1s;\n" for node in API_NODES)
    return {
        "place/main.conf": f"{_user()}worker_processes auto;\n",
        "place/nodes.conf": "".join(nodes),
        # All shoppers of this machine, and the load tests, come from one address.
        "place/exempt.conf": f"{HOST} 1;\n",
        "servers/server.conf": _SERVER.format(host=HOST, port=settings.port("nginx")),
    }


def _hearing_files(settings: Settings, *, hears: bool) -> dict[str, str]:
    if not hears:
        return {"place/version.conf": "include seconds.conf;\n", "place/listening.conf": "proxy_cache_min_uses 2;\n"}
    nodes = " ".join(f"http://{HOST}:{settings.port(node)}" for node in API_NODES)
    return {
        "place/version.conf": f'include hears.conf;\nmap "" $written_nodes {{\n    default "{nodes}";\n}}\n',
        "place/listening.conf": "include listens.conf;\n",
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
