"""`deploy/make-secrets`: for the owner's eyes only, and never over what is there."""

import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from descriptions import DEPLOY, compose

from listino.settings import Settings


def make(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(DEPLOY / "make-secrets"), str(folder)], capture_output=True, text=True, timeout=30, check=True
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("secrets") / "made"
    make(folder)
    return folder


def test_all_that_compose_wants_is_made_and_nothing_else(made: Path) -> None:
    assert {path.name for path in made.iterdir()} == set(compose()["secrets"])


def test_only_the_owner_reads_them(made: Path) -> None:
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in made.iterdir()} == {0o400}


def test_they_are_long_all_different_and_need_no_quoting(made: Path) -> None:
    values = [path.read_text() for path in made.iterdir()]
    assert len(set(values)) == len(values)
    assert all(re.fullmatch(r"[A-Za-z0-9]{40,1024}", value) for value in values)
    assert Settings(secret_key=(made / "secret_key").read_text()).secret_key is not None


def test_what_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / "valkey_password").write_text("mine")
    make(tmp_path)
    before = {path.name: path.read_text() for path in tmp_path.iterdir()}
    done = make(tmp_path)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == before
    assert before["valkey_password"] == "mine"
    assert done.stderr.count(": kept\n") == len(before)


def test_git_and_the_image_leave_them_out(made: Path, tmp_path: Path) -> None:
    git = shutil.which("git")
    if git is None:
        pytest.skip("git is not on PATH")
    folder = tmp_path / "secrets"
    shutil.copytree(made, folder)
    shutil.copy(DEPLOY / "secrets" / ".gitignore", folder)
    subprocess.run([git, "init", "--quiet", str(tmp_path)], check=True)
    seen = subprocess.run(
        [git, "-C", str(tmp_path), "ls-files", "--others", "--exclude-standard"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert seen.stdout == "secrets/.gitignore\n"
