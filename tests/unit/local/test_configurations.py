"""The texts written for the supervisor and for nginx."""

import configparser
import re
import shlex
from pathlib import Path

import pytest

from listino.domain.errors import LocalPlatformError
from listino.local import nginx
from listino.local.engines import redis_argv
from listino.local.folders import StateFolder
from listino.local.parts import own_programs
from listino.local.programs import Program, Stage
from listino.local.sharded_cluster import ShardedCluster
from listino.local.sockets import REDIS_SOCKET
from listino.local.supervisor_config import supervisor_config
from listino.settings import Settings

DEPLOY = Path(__file__).parents[3] / "deploy" / "nginx"


def parsed(text: str) -> configparser.RawConfigParser:
    """Read as supervisord does: https://github.com/Supervisor/supervisor, UnhosedConfigParser in options.py."""
    parser = configparser.RawConfigParser(inline_comment_prefixes=(";", "#"), strict=False)
    parser.read_string(text)
    return parser


def test_every_program_has_a_section_that_waits_to_be_started(settings: Settings, folder: StateFolder) -> None:
    programs = own_programs(settings, folder)
    config = parsed(supervisor_config(folder, programs))
    assert len(programs) == 11
    for program in programs:
        section = config[f"program:{program.name}"]
        assert tuple(shlex.split(section["command"])) == program.argv
        assert section["autostart"] == "false"
        assert section["autorestart"] == "true"
        assert section["killasgroup"] == "true"
        assert section["directory"] == str(folder.run)
        assert section["stdout_logfile"] == str(folder.logs / f"{program.name}.log")


def test_a_part_gets_the_signal_alone_and_a_spider_has_time_to_finish(settings: Settings, folder: StateFolder) -> None:
    config = parsed(supervisor_config(folder, own_programs(settings, folder)))
    assert {config[section].get("stopasgroup", "false") for section in config.sections()} == {"false"}
    assert int(config["program:crawl-1"]["stopwaitsecs"]) > int(config["program:live"]["stopwaitsecs"])


def test_percent_signs_spaces_and_empty_arguments_survive(folder: StateFolder) -> None:
    argv = ("/opt/50% off/server", "--save", "", "--title=%(x)s")
    config = parsed(supervisor_config(folder, [Program("odd", argv, Stage.ENGINE)]))
    command = config["program:odd"]["command"] % {}
    assert tuple(shlex.split(command)) == argv


def test_a_state_folder_the_supervisor_cannot_read_is_refused() -> None:
    with pytest.raises(LocalPlatformError, match="LISTINO_STATE_DIR"):
        supervisor_config(StateFolder(Path("/tmp/a #1")), [])  # noqa: S108 (nothing is written there)


def test_a_long_path_gets_a_short_socket() -> None:
    near, far = StateFolder(Path("/var/lib/listino")), StateFolder(Path("/" + "deep/" * 30))
    assert near.supervisor_socket == near.run / "supervisor.sock"
    assert len(str(far.supervisor_socket)) < 98
    assert far.supervisor_socket != StateFolder(far.root / "other").supervisor_socket


def test_redis_keeps_an_append_only_file_and_its_environment() -> None:
    argv = redis_argv(Path("valkey-server"), 18200, Path("data"))
    options = dict(zip(argv[1::2], argv[2::2], strict=True))
    assert options["--appendonly"] == "yes"
    assert options["--appendfsync"] == "everysec"
    assert options["--save"] == ""
    assert options["--bind"] == "127.0.0.1"
    assert options["--set-proc-title"] == "no"
    assert "--unixsocket" not in options


def test_redis_listens_at_a_socket_besides_its_port(settings: Settings, folder: StateFolder) -> None:
    argv = redis_argv(Path("valkey-server"), 18200, Path("data"), folder.socket(REDIS_SOCKET))
    options = dict(zip(argv[1::2], argv[2::2], strict=True))
    assert options["--unixsocket"] == str(folder.run / "sockets" / "redis.sock")
    assert options["--unixsocketperm"] == "700"
    assert options["--port"] == "18200"


def test_members_listen_at_sockets_where_routers_look_for_them(settings: Settings, folder: StateFolder) -> None:
    cluster = ShardedCluster.of(settings, folder.mongo)
    members = [program.argv for program in cluster.members()]
    assert len(members) == 3
    assert all(argv[argv.index("--unixSocketPrefix") + 1] == str(folder.sockets) for argv in members)
    routers = [program.argv for program in cluster.programs() if program.stage is Stage.ROUTER]
    assert len(routers) == 2
    assert all(argv[argv.index("--sockets") + 1] == str(folder.sockets) for argv in routers)


def test_members_have_ports_alone_where_their_sockets_would_have_too_long_a_path(settings: Settings) -> None:
    far = settings.model_copy(update={"state_dir": Path("/" + "deep/" * 20)})
    argvs = [program.argv for program in ShardedCluster.of(far, Path("/mongo")).programs()]
    assert len(argvs) == 5
    assert sum("--nounixsocket" in argv for argv in argvs) == 3
    assert not any("--sockets" in argv or "--unixSocketPrefix" in argv for argv in argvs)


def test_nginx_is_configured_as_in_production(settings: Settings, tmp_path: Path) -> None:
    nginx.write_nginx_config(settings, tmp_path)
    nginx.remove_cache(tmp_path)
    for name in nginx.SHARED:
        assert (tmp_path / "nginx" / name).read_bytes() == (DEPLOY / name).read_bytes()
    written = {path.relative_to(tmp_path / "nginx") for path in (tmp_path / "nginx").rglob("*.conf")}
    place = {Path("place") / path.name for path in (DEPLOY / "container").iterdir()}
    assert written == {Path(name) for name in nginx.SHARED} | place | {Path("servers/server.conf")}


def test_nginx_balances_over_both_nodes_on_this_machine_only(settings: Settings, tmp_path: Path) -> None:
    nginx.write_nginx_config(settings, tmp_path)
    nginx.remove_cache(tmp_path)
    nodes = (tmp_path / "nginx" / "place" / "nodes.conf").read_text()
    assert re.findall(r"server (\S+) max_fails", nodes) == ["127.0.0.1:18081", "127.0.0.1:18082"]
    assert "listen 127.0.0.1:18080;" in (tmp_path / "nginx" / "servers" / "server.conf").read_text()


def test_the_micro_cache_is_in_memory_until_it_is_removed(settings: Settings, tmp_path: Path) -> None:
    pages = tmp_path / nginx.PREFIX / nginx.CACHE
    if not nginx.MEMORY.is_dir():
        pytest.skip(f"this system has no {nginx.MEMORY}")
    nginx.write_nginx_config(settings, tmp_path)
    first = pages.readlink()
    nginx.write_nginx_config(settings, tmp_path)
    second = pages.readlink()
    assert (first.exists(), second.parent, second.stat().st_mode & 0o777) == (False, nginx.MEMORY, 0o700)
    nginx.remove_cache(tmp_path)
    assert not pages.is_symlink()
    assert not second.exists()


def test_without_such_memory_the_micro_cache_is_in_the_run_folder(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nginx, "MEMORY", tmp_path / "nowhere")
    nginx.write_nginx_config(settings, tmp_path)
    assert list((tmp_path / nginx.PREFIX).iterdir()) == []  # nginx makes it


@pytest.mark.parametrize(("euid", "expected"), [(0, "user root root;"), (1000, "worker_processes auto;")])
def test_nginx_keeps_its_user(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, euid: int, expected: str
) -> None:
    monkeypatch.setattr(nginx.os, "geteuid", lambda: euid)
    nginx.write_nginx_config(settings, tmp_path)
    nginx.remove_cache(tmp_path)
    assert (tmp_path / "nginx" / "place" / "main.conf").read_text().splitlines()[0] == expected
