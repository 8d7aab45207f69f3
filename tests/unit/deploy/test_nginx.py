"""The production load balancer: nginx takes its configuration, and it does what the local one does."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from descriptions import DEPLOY

from listino.domain.errors import LocalPlatformError
from listino.local import binaries
from listino.local.nginx import HEALTH_PATH, nginx_config
from listino.settings import Settings

NGINX = DEPLOY / "nginx"
SHARED = (
    "proxy_next_upstream",
    "proxy_next_upstream_tries",
    "proxy_next_upstream_timeout",
    "proxy_connect_timeout",
    "client_max_body_size",
)


def checked(folder: Path, server: str) -> subprocess.CompletedProcess[str]:
    """What nginx says of the configuration with this server block."""
    try:
        binary = binaries.find(binaries.NGINX)
    except LocalPlatformError as error:
        pytest.skip(str(error))
    (folder / "servers").mkdir()
    (folder / "servers" / "server.conf").write_text(server)
    for name in ("nginx.conf", "storefront.conf"):
        shutil.copy(NGINX / name, folder)
    argv = [str(binary), "-t", "-q", "-e", "stderr", "-p", f"{folder}/", "-c", "nginx.conf"]
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


def test_it_fails_over_as_the_local_one_does() -> None:
    here = "".join((NGINX / name).read_text(encoding="utf-8") for name in ("nginx.conf", "storefront.conf"))
    there = nginx_config(Settings(_env_file=None))
    for name in SHARED:
        (value,) = re.findall(rf"^\s*{name} (.+);", there, re.MULTILINE)
        assert re.findall(rf"^\s*{name} (.+);", here, re.MULTILINE) == [value], name
    assert f"location = {HEALTH_PATH} " in here
    (events,) = re.findall(r"location (~ \S+events\S*) {", there)
    assert f"location {events} {{" in here
    upstream = re.compile(r"upstream api {.*?keepalive_timeout (\w+);", re.DOTALL)
    assert upstream.findall(here) == upstream.findall(there)


def problems(text: str) -> list[str]:
    """What a configuration says of nginx's own errors, without its indentation."""
    told = re.findall(
        r"^ *(?:map \$status|error_page|location @away|location = /nginx-problem)[^{;]*(?:;|{.*?^ *}$)",
        text,
        re.M | re.S,
    )
    return sorted(re.sub(r"^ +", "", one, flags=re.MULTILINE) for one in told)


def test_it_tells_its_own_errors_as_the_local_one_does() -> None:
    here = "".join((NGINX / name).read_text(encoding="utf-8") for name in ("nginx.conf", "storefront.conf"))
    there = problems(nginx_config(Settings(_env_file=None)))
    assert len(there) == 7
    assert problems(here) == there


def test_figures_and_probes_are_not_served() -> None:
    text = (NGINX / "storefront.conf").read_text(encoding="utf-8")
    for path in ("/metrics", "/readyz"):
        assert re.search(rf"location = {path} {{\s+return 404;", text)
