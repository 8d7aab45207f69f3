"""Examines whether Listino can run on this machine, one finding a line."""

import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from listino.domain.errors import InvalidSettings, InvalidShop, LocalPlatformError
from listino.local import binaries, preflight
from listino.local.folders import StateFolder
from listino.local.platform import Platform
from listino.local.readiness import refusal
from listino.local.sharded_cluster import ShardedCluster
from listino.settings import ROUTERS, Settings, masked, unknown_settings
from listino.shops.declaration import Shops

# What the code is written for; the upper end is not known.
LEAST_PYTHON = (3, 11)

_SCHEMES = {binaries.MONGOD.title: ("mongodb", "mongodb+srv"), binaries.REDIS.title: ("redis", "rediss", "unix")}

CHROMIUM_COMMANDS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True, slots=True)
class Finding:
    """`fail` keeps the platform from running, `warn` only some convenience; the text then ends with the way out."""

    subject: str
    verdict: Literal["ok", "warn", "fail"]
    text: str


def examine(settings: Settings) -> list[Finding]:
    """All findings, in the order in which one would put them right; starts nothing, and makes only the state folder."""
    folder = StateFolder.of(settings)
    return [
        _python(),
        _settings(settings),
        *(Finding("settings", "warn", complaint) for complaint in unknown_settings()),
        _state_folder(folder),
        *_engines(settings),
        _ports(settings),
        *_shops(settings.shops_path),
        _chromium(),
    ]


def _python() -> Finding:
    running = ".".join(str(number) for number in sys.version_info[:3])
    if sys.version_info[:2] < LEAST_PYTHON:
        return Finding("python", "fail", f"{running}: install Python 3.11 or later")
    return Finding("python", "ok", f"{running} ({sys.executable})")


def _settings(settings: Settings) -> Finding:
    try:
        settings.demand_secret()
        settings.demand_contact()
    except InvalidSettings as error:
        return Finding("settings", "fail", str(error))
    if settings.limit_doubt:
        return Finding("settings", "warn", settings.limit_doubt)
    return Finding("settings", "ok", f"environment {settings.env}, ports from {settings.port_base}")


def _state_folder(folder: StateFolder) -> Finding:
    for complaint in preflight.folder_complaints(folder):
        return Finding("state folder", "fail", complaint)
    return Finding("state folder", "ok", f"{folder.root}, {shutil.disk_usage(folder.root).free / 1e9:.1f} GB free")


def _engines(settings: Settings) -> list[Finding]:
    with ThreadPoolExecutor(max_workers=3) as pool:
        findings = (
            pool.submit(_engine, binaries.MONGOD, settings.mongo_uri),
            pool.submit(_engine, binaries.REDIS, settings.redis_url),
            pool.submit(_engine, binaries.NGINX, None),
        )
        return [finding.result() for finding in findings]


def _engine(engine: binaries.Engine, address: str | None) -> Finding:
    if address is not None:
        if address.partition("://")[0] not in _SCHEMES[engine.title]:
            wanted = " or ".join(f"{scheme}://" for scheme in _SCHEMES[engine.title])
            return Finding(engine.title, "fail", f"{engine.setting}={masked(address)} does not begin with {wanted}")
        reason = refusal(address, seconds=3.0)
        if reason is not None:
            text = f"{masked(address)} does not answer ({reason}): start it, or unset {engine.setting}"
            return Finding(engine.title, "fail", text)
        return Finding(engine.title, "ok", f"{masked(address)} answers")
    try:
        binary = binaries.find(engine)
        return Finding(engine.title, "ok", f"{binary.name} {binaries.version(engine, binary)} ({binary})")
    except LocalPlatformError as error:
        return Finding(engine.title, "fail", str(error))


def _ports(settings: Settings) -> Finding:
    try:
        running = Platform(settings).status()
        needed = _needed_ports(settings)
    except LocalPlatformError as error:
        return Finding("ports", "fail", str(error))
    ours = {port for part in running if part.port is not None for port in range(part.port, part.port + part.ports)}
    held = [
        f"{port} ({part}) {reason}"
        for part, port in needed.items()
        if port not in ours and (reason := preflight.taken(port)) is not None
    ]
    if held:
        return Finding("ports", "fail", f"{'; '.join(held)}: stop what listens there, or set LISTINO_PORT_BASE")
    return Finding("ports", "ok", "held by the running platform" if running else f"all {len(needed)} are free")


def _needed_ports(settings: Settings) -> dict[str, int]:
    """Part to port; a server that somebody else runs needs none of ours."""
    ports = settings.ports()
    if settings.redis_url is not None:
        del ports["redis"]
    if settings.mongo_uri is None:
        plan = ShardedCluster.of(settings, StateFolder.of(settings).mongo).plan
        members = {n: port for group in plan.sets for n, port in zip(group.names, group.ports, strict=True)}
        return ports | members
    return {part: port for part, port in ports.items() if part not in ROUTERS}


def _shops(folder: Path) -> list[Finding]:
    """How many there are, and one finding for each file that declares none."""
    if not folder.is_dir():
        return [Finding("shops", "warn", f"{folder} is not there yet: `listino up` makes it, with four demo shops")]
    broken: list[InvalidShop] = []
    shops = Shops.load(folder, on_error=broken.append)
    return [
        Finding("shops", "ok", f"{len(shops)} declared in {folder}"),
        *(Finding("shops", "fail", f"{error}: mend the file") for error in broken),
    ]


def _chromium() -> Finding:
    found = next(
        (where for name in CHROMIUM_COMMANDS if (where := shutil.which(name, path=os.environ.get("PATH")))), None
    )
    if found is None:
        return Finding("chromium", "warn", "not found, browser tests need it: `apt-get install chromium`")
    return Finding("chromium", "ok", found)
