"""The production load balancer: nginx takes its configuration, and it does what the local one does."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from descriptions import DEPLOY, ROOT, services

from api.worker import Worker
from listino.domain.errors import LocalPlatformError
from listino.local import binaries, nginx
from listino.local.nginx import (
    CACHE,
    CONFIG_FOLDER,
    HEALTH_PATH,
    PACKED,
    PREFIX,
    SHARED,
    remove_cache,
    write_nginx_config,
)
from listino.settings import Settings

NGINX = DEPLOY / "nginx"


def checked(folder: Path, server: str) -> subprocess.CompletedProcess[str]:
    """What nginx says of the configuration with this server block."""
    try:
        binary = binaries.find(binaries.NGINX)
    except LocalPlatformError as error:
        pytest.skip(str(error))
    (folder / "servers").mkdir()
    (folder / "servers" / "server.conf").write_text(server)
    shutil.copytree(NGINX / "container", folder / "place")
    for name in SHARED:
        shutil.copy(NGINX / name, folder)
    (folder / "temp").mkdir()
    argv = [str(binary), "-t", "-q", "-e", "stderr", "-p", f"{folder}/temp/", "-c", "../nginx.conf"]
    return subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)


def test_nginx_takes_it(tmp_path: Path) -> None:
    done = checked(tmp_path, (NGINX / "plain.conf").read_text(encoding="utf-8"))
    assert done.returncode == 0, done.stderr


def test_nginx_takes_it_with_tls(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not on PATH")
    names = {"tls_certificate": tmp_path / "certificate", "tls_key": tmp_path / "key"}
    subprocess.run(
        [
            openssl,
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "1",
            "-subj",
            "/CN=test",
            "-keyout",
            str(names["tls_key"]),
            "-out",
            str(names["tls_certificate"]),
        ],
        capture_output=True,
        timeout=30,
        check=True,
    )
    server = (NGINX / "tls.conf").read_text(encoding="utf-8")
    for name, path in names.items():
        server = server.replace(f"/run/secrets/{name};", f"{path};")
    done = checked(tmp_path, server)
    assert done.returncode == 0, done.stderr


def test_nodes_are_left_alone_after_as_many_failures_as_on_one_machine(tmp_path: Path) -> None:
    def terms(path: Path) -> set[str]:
        return set(re.findall(r"^server \S+ (?:resolve )?(.+);$", path.read_text(encoding="utf-8"), re.MULTILINE))

    write_nginx_config(Settings(_env_file=None), tmp_path)
    remove_cache(tmp_path)
    there = terms(tmp_path / CONFIG_FOLDER / "place" / "nodes.conf")
    assert len(there) == 1
    assert terms(NGINX / "container" / "nodes.conf") == there


def test_it_answers_the_health_check_of_the_platform_on_one_machine() -> None:
    assert f"location = {HEALTH_PATH} " in (NGINX / "storefront.conf").read_text(encoding="utf-8")


def test_every_file_is_mounted_where_it_is_included() -> None:
    mounts = dict(mount.split(":")[:2] for mount in services()["nginx"]["volumes"])
    assert mounts == {
        **{f"./nginx/{name}": f"/etc/nginx/{name}" for name in SHARED},
        "./nginx/container": "/etc/nginx/place",
        "./nginx/plain.conf": "/etc/nginx/servers/server.conf",
    }
    included = set(re.findall(r"include place/(\S+);", "".join((NGINX / name).read_text() for name in SHARED)))
    assert {path.name for path in (NGINX / "container").iterdir()} == included


def test_a_wheel_brings_the_files() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]
    assert wheel["wheel"]["force-include"] == {"deploy/nginx": "/".join(PACKED)}


def test_a_node_at_its_limit_of_streams_has_not_failed() -> None:
    text = (NGINX / "storefront.conf").read_text(encoding="utf-8")
    events = re.search(r"location \S* \S*/price/events\$ {(.+?)\n}", text, re.DOTALL)
    assert events is not None
    assert "proxy_next_upstream error timeout http_502;" in events[1]


def test_nginx_lets_go_of_idle_connections_before_the_api_closes_them() -> None:
    [upstream] = re.findall(r"upstream api \{(.*?)\}", (NGINX / "nginx.conf").read_text(encoding="utf-8"), re.DOTALL)
    [seconds] = re.findall(r"keepalive_timeout (\d+)s;", upstream)
    assert 0 < int(seconds) < Worker.CONFIG_KWARGS["timeout_keep_alive"]


def test_no_full_address_is_written_down_of_who_sends_events() -> None:
    text = (NGINX / "nginx.conf").read_text(encoding="utf-8")
    log = re.search(r"log_format requests (.+?);\n", text, re.DOTALL)
    assert log is not None
    assert "remote_addr" not in log[1]
    assert '"from":"$from"' in log[1]
    chosen = re.search(r'"~(\S+ .+)" \$network;', text)
    assert chosen is not None
    for asked in ("/events /events", "/events?a=1 /events", "/events /nginx-problem", "/%65vents /events"):
        assert re.search(chosen[1], asked), asked
    for asked in ("/products /products", "/products/a/price/events /products/a/price/events"):
        assert not re.search(chosen[1], asked), asked


def test_figures_and_probes_are_not_served() -> None:
    text = (NGINX / "storefront.conf").read_text(encoding="utf-8")
    for path in ("/metrics", "/readyz"):
        assert re.search(rf"location = {path} {{\s+return 404;", text)


@pytest.mark.parametrize("short", [0, 1])
def test_the_micro_cache_is_in_memory_where_that_has_room_for_twice_as_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, short: int
) -> None:
    [(name, size)] = re.findall(r"proxy_cache_path (\S+) .* max_size=(\d+)m ", (NGINX / "nginx.conf").read_text())
    assert name == CACHE
    free = 2 * int(size) * 2**20 - short
    (tmp_path / "memory").mkdir()
    monkeypatch.setattr(nginx, "MEMORY", tmp_path / "memory")
    monkeypatch.setattr(nginx.shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    write_nginx_config(Settings(_env_file=None), tmp_path)
    assert (tmp_path / PREFIX / CACHE).is_symlink() is not bool(short)
