"""The image's build: what goes in, in which version, as whom it runs."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from descriptions import DEPLOY, ROOT

TEXT = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
FINAL = TEXT.rpartition("\nFROM ")[2]


def pins(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==([\w.]+)", path.read_text(encoding="utf-8"), re.MULTILINE))


def test_bases_are_pinned_by_argument() -> None:
    bases = re.findall(r"^FROM (\S+)", TEXT, re.MULTILINE)
    assert bases == ["docker.io/library/python:${PYTHON_VERSION}-slim-${DEBIAN_RELEASE}"] * 2
    assert "ARG PYTHON_VERSION=3.11\n" in TEXT
    assert "ARG DEBIAN_RELEASE=bookworm\n" in TEXT


def test_it_runs_as_the_user_that_owns_the_secrets() -> None:
    assert re.findall(r"^USER (.+)$", TEXT, re.MULTILINE) == ["999:999"]
    assert "OWNER=999 " in (DEPLOY / "make-secrets").read_text(encoding="utf-8")
    assert "useradd --system --uid 999" in FINAL


def test_every_package_is_installed_by_hash() -> None:
    installs = re.findall(r"pip (?:--python \S+ )?install (.+)", TEXT)
    assert len(installs) == 3
    assert all("--require-hashes" in line or line == "--no-deps /wheels/*.whl" for line in installs)
    for name in ("requirements/base.txt", "deploy/build-requirements.txt"):
        assert "--hash=sha256:" in (ROOT / name).read_text(encoding="utf-8")


def test_what_builds_is_what_builds_elsewhere() -> None:
    building = pins(DEPLOY / "build-requirements.txt")
    assert "hatchling" in building
    assert building.items() <= pins(ROOT / "requirements" / "local.txt").items()


def test_what_builds_stays_behind() -> None:
    assert "pip install" not in FINAL
    assert "apt-get" not in TEXT
    assert "pip uninstall" in FINAL


def test_what_is_copied_is_in_the_build_context() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in ignored
    let_in = {line[1:] for line in ignored if line.startswith("!")}
    copied = {
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", TEXT, re.MULTILINE)
        for source in line.split()[:-1]
        if not source.startswith("--")
    }
    assert copied == let_in
    assert all((ROOT / name).exists() for name in copied)


def test_it_says_how_it_is() -> None:
    assert re.search(
        r"^HEALTHCHECK .*\\\n    CMD \[\"python\", \"/opt/listino/deploy/entrypoint.py\", \"health\"\]",
        TEXT,
        re.MULTILINE,
    )
    labels = set(re.findall(r"org\.opencontainers\.image\.(\w+)=", TEXT))
    assert labels >= {"title", "description", "version", "revision", "licenses"}
