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

from api.pages import HEARING_SECONDS
from api.shortcut import PLAIN
from listino.domain.errors import LocalPlatformError
from listino.live.written_log import WAIT_MS
from listino.local import binaries, nginx
from listino.local.nginx import (
    CACHES,
    CONFIG_FOLDER,
    HEALTH_PATH,
    PACKED,
    PREFIX,
    SHARED,
    can_hear,
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
    # A wheel's nginx has njs built in, and no modules to load; Debian's has neither.
    main = folder / "place" / "main.conf"
    main.write_text(re.sub(r"^load_module .*\n", "", main.read_text(), flags=re.MULTILINE))
    if not can_hear():
        (folder / "place" / "version.conf").write_text("include seconds.conf;\n")
        (folder / "place" / "listening.conf").write_text("")
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


def test_figures_probes_and_news_are_not_served() -> None:
    text = (NGINX / "storefront.conf").read_text(encoding="utf-8")
    for path in ("/metrics", "/readyz", "/written"):
        assert re.search(rf"location = {path} {{\s+return 404;", text)


def number(name: str, pattern: str) -> int:
    """What is written after that in one of the files."""
    found = re.search(pattern + r"\s*=?\s*(\d+)", (NGINX / name).read_text(encoding="utf-8"))
    assert found is not None, pattern
    return int(found[1])


def test_it_looks_for_writes_of_the_product_whose_page_the_api_lets_it_keep() -> None:
    location = re.search(r"^location ~ (\S*<product>\S*) {", (NGINX / "storefront.conf").read_text(), re.MULTILINE)
    assert location is not None
    product_page = re.compile(location[1].replace("?<", "?P<"))
    odd = [f"/products/a{chr(code)}b" for code in range(1, 256)]
    endings = [f"/products/it:bottega:8411{end}" for end in ("", "/", "/styles", "/related", "/price", "/styles/")]
    paths = ["/products", "/products/", "/products/500", "/products/007", "/products/styles", *odd, *endings]
    keys = {path: found["product"] if (found := product_page.fullmatch(path)) else None for path in paths}
    found_by_api = {path: PLAIN.fullmatch(path.encode("latin-1")) for path in paths if not path.endswith("/price")}
    ids = {path: found[1].decode() if (found := found_by_api.get(path)) and found[1] else None for path in paths}
    assert keys == ids
    assert sum(key is not None for key in keys.values()) > 60


def test_what_was_written_is_remembered_for_longer_than_any_page_of_before_is_kept() -> None:
    longest_answer = 2 * number("storefront.conf", "proxy_read_timeout")
    assert number("hears.conf", "zone=written:64m timeout") >= HEARING_SECONDS + longest_answer


def test_it_vouches_for_less_than_a_second_and_listens_without_an_end() -> None:
    lease, interval = number("written.js", "LEASE_MS"), number("written.js", "HEAR_MS")
    assert lease < 1000
    assert interval == 1000 * number("listens.conf", "interval")
    # From the last question that is answered in one turn to the end of the first answer of the next.
    last, answer = number("written.js", "LAST_MS"), number("written.js", "ANSWER_MS")
    assert last + 2 * answer + number("written.js", "PAUSE_MS") < lease
    assert answer >= 100 + WAIT_MS  # as Redis looks at such times (listino/live/written_log.py)
    # A question that nobody answers ends before nginx would end it.
    assert answer < number("listens.conf", "js_fetch_timeout") < last
    assert number("listens.conf", "resolver_timeout") < last


@pytest.mark.parametrize("short", [0, 1])
def test_the_caches_are_in_memory_where_that_has_room_for_twice_as_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, short: int
) -> None:
    sizes = re.findall(r" max_size=(\d+)m ", (NGINX / "nginx.conf").read_text(encoding="utf-8"))
    assert len(sizes) == len(CACHES)
    free = 2 * sum(map(int, sizes)) * 2**20 - short
    (tmp_path / "memory").mkdir()
    monkeypatch.setattr(nginx, "MEMORY", tmp_path / "memory")
    monkeypatch.setattr(nginx.shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    write_nginx_config(Settings(_env_file=None), tmp_path)
    led = [(tmp_path / PREFIX / name).is_symlink() for name in CACHES]
    assert led == [not short] * len(CACHES)


def test_it_asks_the_nodes_that_shoppers_are_sent_to() -> None:
    nodes = (NGINX / "container" / "nodes.conf").read_text(encoding="utf-8")
    asked = re.search(r'default "(.+)";', (NGINX / "container" / "version.conf").read_text(encoding="utf-8"))
    assert asked is not None
    assert asked[1].split() == [f"http://{node}" for node in re.findall(r"^server (\S+) ", nodes, re.MULTILINE)]


def test_nothing_of_a_shop_s_page_is_kept_with_those_that_stay() -> None:
    """The API lets it be kept for its second alone."""
    text = (NGINX / "storefront.conf").read_text(encoding="utf-8")
    first = re.search(r"^location ~ (\S+) {\s+proxy_pass http://api;\s+proxy_cache (\w+);", text, re.MULTILINE)
    assert first is not None
    assert first[2] == "seconds"
    paths = ("it:bottega:8411", "it:bottega:8411/styles", "500")
    assert [re.fullmatch(first[1], f"/products/{path}") is not None for path in paths] == [True, False, False]


@pytest.mark.parametrize(
    ("told", "hears"),
    [
        ("--add-module=njs-0.9.9/nginx", True),
        ("--add-module=/src/njs-0.8.1/nginx --with-debug", True),
        ("--add-module=njs-0.8.0/nginx", False),
        ("--add-module=njs/nginx", False),
        ("--with-debug", False),
    ],
)
def test_an_njs_that_cannot_listen_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str, hears: bool
) -> None:
    program = tmp_path / "nginx"
    program.write_text(f"#!/bin/sh\necho 'configure arguments: {told}' >&2\n")
    monkeypatch.setattr(binaries, "find", lambda _: program)
    assert not can_hear()  # it cannot even be run
    program.chmod(0o755)
    assert can_hear() is hears
