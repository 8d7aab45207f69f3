import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from listino.domain.errors import LocalPlatformError
from listino.local import preflight
from listino.local.environment import INSTANCE_VARIABLE
from listino.local.folders import StateFolder
from listino.local.programs import Program, Stage


@pytest.fixture
def held_port() -> Iterator[int]:
    """A port this very process listens on."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_taken_port_names_the_part_the_holder_and_the_way_out(held_port: int) -> None:
    program = Program("nginx", ("nginx",), Stage.APPLICATION, port=held_port)
    (complaint,) = preflight.port_complaints([program])
    assert "nginx" in complaint
    assert str(held_port) in complaint
    assert f"pid {os.getpid()}" in complaint
    assert "LISTINO_PORT_BASE" in complaint


def test_ports_that_another_platform_has_are_one_line_that_names_its_folder(tmp_path: Path, held_port: int) -> None:
    listening = "import socket\nheld = [socket.create_server(('127.0.0.1', 0)) for _ in 'ab']\n"
    command = [sys.executable, "-c", f"{listening}print(*[one.getsockname()[1] for one in held], flush=True)\ninput()"]
    environment = os.environ | {INSTANCE_VARIABLE: str(tmp_path)}
    with subprocess.Popen(command, env=environment, stdin=-1, stdout=-1, text=True) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        ports = [int(port) for port in other.stdout.readline().split()]
        programs = [Program(f"api-{port}", ("api",), Stage.APPLICATION, port=port) for port in ports]
        (complaint,) = preflight.port_complaints(programs)
        assert complaint.startswith(f"2 ports, {min(ports)} to {max(ports)}, are taken by the platform in {tmp_path}: ")
        mine = Program("nginx", ("nginx",), Stage.APPLICATION, port=held_port)
        assert len(preflight.port_complaints([*programs, mine])) == 3, "somebody else holds one, too"
        other.stdin.close()


def test_a_holder_we_may_not_see_is_no_reason_to_fail(held_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight.processes, "listener", lambda port: None)
    assert preflight.taken(held_port) == "taken by another program"


def test_a_port_with_a_dying_connection_is_free() -> None:
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            server.accept()[0].close()  # the side that closes first keeps the port in TIME_WAIT
    assert preflight.taken(port) is None


def test_parts_without_a_port_need_none() -> None:
    assert preflight.port_complaints([Program("crawl-1", ("python",), Stage.APPLICATION)]) == []


def test_each_port_of_a_part_must_be_free(held_port: int) -> None:
    pool = Program("live", ("python",), Stage.APPLICATION, port=held_port - 1, ports=2)
    complaints = preflight.port_complaints([pool])
    assert [one for one in complaints if one.startswith(f"port {held_port} for live is taken")], complaints
    assert preflight.port_complaints([replace(pool, ports=1)]) in ([], complaints[:-1])


def test_a_fresh_state_folder_is_made(folder: StateFolder) -> None:
    assert preflight.folder_complaints(folder) == []
    assert folder.logs.is_dir()
    assert folder.run.is_dir()


def test_a_state_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    (complaint,) = preflight.folder_complaints(StateFolder(tmp_path / "file" / "state"))
    assert "LISTINO_STATE_DIR" in complaint


def test_a_state_folder_that_cannot_be_written_is_told(folder: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight.os, "access", lambda path, mode: False)
    (complaint,) = preflight.folder_complaints(folder)
    assert "cannot be written" in complaint
    assert "LISTINO_STATE_DIR" in complaint


def test_a_full_disk_is_told_with_what_is_free_and_needed(folder: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")._replace(free=400_000_000)
    monkeypatch.setattr(preflight.shutil, "disk_usage", lambda path: usage)
    (complaint,) = preflight.folder_complaints(folder)
    assert "0.40 GB free" in complaint
    assert "1 GB needed" in complaint


def test_all_engines_that_cannot_run_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(engine: preflight.binaries.Engine) -> Path:
        raise LocalPlatformError(f"{engine.title} is missing")

    monkeypatch.setattr(preflight.binaries, "find", missing)
    complaints = preflight.engine_complaints([preflight.binaries.MONGOD, preflight.binaries.REDIS])
    assert complaints == ["MongoDB is missing", "Redis is missing"]


def test_complaints_are_one_line_each() -> None:
    with pytest.raises(LocalPlatformError) as caught:
        preflight.complain(["one", "two"])
    assert str(caught.value) == "one\ntwo"
    preflight.complain([])
