"""The storefront under load, as shoppers reach it: nginx, two API nodes, Valkey, a cluster of two shards, a whole catalogue.

Everything shares this machine's cores with the load generators, so the numbers are worth something next to each other
and nothing alone: "Starlette on uvicorn, constant answer", two workers, is measured beside them.
"""

import argparse
import contextlib
import platform as machine
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil
from catalogue import fill
from click import echo
from generators import CONNECTIONS, GeneratorFailed, Seen, demand_generators, k6, wrk
from page import PAGE, table, write_measured
from storefront import CONSTANT_WORKER, MISSED, Nodes, served, warm_up
from usage import usage_of

from listino.cli.platform import furnishing
from listino.local.folders import StateFolder
from listino.local.nginx import API_NODES
from listino.local.platform import Platform
from listino.settings import Settings

HERE = Path(__file__).parent
PARTS = {"mongo", "redis", "api-1", "api-2", "nginx"}
ENDPOINTS = ("list", "detail", "styles", "related")
ROUNDS = 3
CALM = 0.7  # of the top rate: where answers are to be quick
TARGET = 0.8  # of the constant answer, through nginx with Zipf traffic


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure: so many products, so long each, this exponent of Zipf's law."""

    products: int
    seconds: float
    exponent: float


@contextlib.contextmanager
def running_platform(settings: Settings, products: int) -> Iterator[Platform]:
    """The platform with that many imported products; those that are there from an earlier run are kept."""
    running = Platform(settings, only=PARTS)
    try:
        echo("starting the platform", err=True)
        running.up(furnish=furnishing(settings))
        if not whole(settings, products):
            fill(settings, products)
        yield running
    finally:
        running.down()


def whole(settings: Settings, products: int) -> bool:
    """Whether exactly the products 1 to `products` are there."""
    pages = f"http://127.0.0.1:{settings.port('api-1')}/products"
    return [httpx2.get(f"{pages}/{number}").status_code for number in (1, products, products + 1)] == [200, 200, 404]


def top_rates(plan: Plan, constant: Nodes, url: str, running: Platform) -> tuple[str, list[str]]:
    """Through nginx as fast as it goes, beside the constant answer, in turns: a table, and which targets were missed."""
    kinds = {"mixed, Zipf": ("mixed", plan.exponent), **{f"{name}, uniform": (name, 0.0) for name in ENDPOINTS}}
    seen: dict[str, list[Seen]] = {title: [] for title in ("constant answer", *kinds)}
    spent: dict[str, dict[str, float]] = {}
    for _ in range(ROUNDS):
        echo("asking for every page and list once", err=True)  # in each round: Redis keeps a page for some minutes
        nodes = [f"http://127.0.0.1:{running.settings.port(node)}" for node in API_NODES]
        for endpoint in ("detail", "list"):
            warm_up(nodes, plan.products, endpoint)
        seen["constant answer"].append(wrk([f"{url}/healthz" for url in constant.urls], "constant", 1, 0, plan.seconds))
        for title, (endpoint, exponent) in kinds.items():
            with usage_of(running) as used:
                measured = wrk(url, endpoint, plan.products, exponent, plan.seconds)
            seen[title].append(measured)
            spent[title] = used.microseconds(measured.rate * plan.seconds)
        echo(f"round: {', '.join(f'{title} {runs[-1].rate:.0f}/s' for title, runs in seen.items())}", err=True)
    base = statistics.median(one.rate for one in seen["constant answer"])
    share = {title: statistics.median(one.rate for one in runs) / base for title, runs in seen.items()}
    rates = table(
        ["", "requests/s", "of constant", "p50 ms", "p99 ms", "errors"],
        [
            [title, f"{share[title] * base:,.0f}", f"{share[title]:.2f}", *quickness(runs), f"{worst(runs):.2%}"]
            for title, runs in seen.items()
        ],
    )
    columns = ["nginx", "API", "Valkey", "routers", "MongoDB"]
    where = table(
        ["µs of a processor for a request", *columns],
        [[title, *(f"{kinds_spent[kind]:.0f}" for kind in columns)] for title, kinds_spent in spent.items()],
    )
    return f"{rates}\n\nWhere the time goes:\n\n{where}", _missed(share["mixed, Zipf"], seen)


def _missed(share: float, seen: dict[str, list[Seen]]) -> list[str]:
    missed = [f"{title}: {worst(runs):.2%} errors, none are wanted" for title, runs in seen.items() if worst(runs)]
    if share < TARGET:
        missed.append(f"through nginx {share:.2f} of the constant answer, {TARGET} are wanted")
    return missed


def quickness(runs: list[Seen]) -> list[str]:
    return [f"{statistics.median(one.p50 for one in runs):.1f}", f"{statistics.median(one.p99 for one in runs):.1f}"]


def worst(runs: list[Seen]) -> float:
    return max(one.errors for one in runs)


def arrival_rates(plan: Plan, url: str) -> tuple[str, list[str]]:
    """k6's own top rate first, then 70 % of it arriving evenly: a table, and which thresholds were not kept."""
    common = {"URL": url, "PRODUCTS": plan.products, "SECONDS": round(plan.seconds), "EXPONENT": plan.exponent}
    tops, _ = k6("endpoints.js", {**common, "VUS": CONNECTIONS})
    rates = {name: max(1, round(CALM * one.rate)) for name, one in tops.items()}
    echo(f"k6 at {CALM:.0%} of its top rates: {rates}", err=True)
    encoded = "{" + ",".join(f'"{name}":{rate}' for name, rate in rates.items()) + "}"
    calm, failed = k6("endpoints.js", {**common, "RATES": encoded})
    shoppers, _ = k6("session.js", {**common, "VUS": CONNECTIONS})
    # A session asks for one list.
    sessions = max(1, round(CALM * shoppers["list"].rate))
    session, failed_too = k6("session.js", {**common, "SESSIONS": sessions})
    rows = [(f"{name}, uniform", one) for name, one in calm.items()]
    rows += [(f"session: {name}", one) for name, one in session.items()]
    told = table(
        ["k6", "requests/s", "p50 ms", "p95 ms", "p99 ms", "errors"],
        [
            [title, f"{o.rate:,.0f}", f"{o.p50:.1f}", f"{o.p95:.1f}", f"{o.p99:.1f}", f"{o.errors:.2%}"]
            for title, o in rows
        ],
    )
    return told, failed + failed_too


def nodes_alone(plan: Plan) -> tuple[str, list[str]]:
    """What tests/load/storefront.py prints of the API nodes without nginx, and which targets it names as missed."""
    argv = [
        sys.executable,
        str(HERE / "storefront.py"),
        "--products",
        str(plan.products),
        "--seconds",
        str(plan.seconds),
    ]
    told = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=False)
    lines = told.stdout.strip().splitlines()
    missed = [line.removeprefix(MISSED) for line in lines if line.startswith(MISSED)]
    if told.returncode and not missed:
        raise GeneratorFailed(f"{argv[1]} ended with {told.returncode}")
    figures = "\n".join(line for line in lines if not line.startswith(MISSED))
    return f"```\n{figures}\n```", missed


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Example: python tests/load/run.py --products 10000 --seconds 5 --state /tmp/listino-load --dry-run",
    )
    parser.add_argument("--products", type=int, default=100_000, help="in the catalogue (default: 100000)")
    parser.add_argument("--seconds", type=float, default=10, help="length of each measurement (default: 10)")
    parser.add_argument("--exponent", type=float, default=1.0, help="of Zipf's law (default: 1.0)")
    parser.add_argument("--state", type=Path, help="keep the catalogue in this folder for the next run")
    parser.add_argument("--without-nodes", action="store_true", help="leave out the nodes without nginx")
    parser.add_argument("--dry-run", action="store_true", help="print, and leave docs/performance.md as it is")
    given = parser.parse_args()
    plan = Plan(given.products, given.seconds, given.exponent)
    try:
        demand_generators()
        report, failed = measured(plan, given.state, nodes=not given.without_nodes)
    except GeneratorFailed as error:
        sys.exit(f"error: {error}")
    if given.dry_run:
        echo(report)
    else:
        write_measured("make load", report)
        echo(f"written: {PAGE}")
    if failed:
        sys.exit("not kept: " + "; ".join(failed))


def measured(plan: Plan, state: Path | None, *, nodes: bool) -> tuple[str, list[str]]:
    """The report in Markdown, and what was not as it should be."""
    with contextlib.ExitStack() as stack:
        folder = state or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="listino-load-")))
        # Engines of its own, whatever the environment names.
        settings = Settings(_env_file=None, state_dir=folder, mongo_uri=None, redis_url=None)  # type: ignore[call-arg]  # typed by pydantic
        running = stack.enter_context(running_platform(settings, plan.products))
        logs = StateFolder.of(settings).logs
        constant = stack.enter_context(served("constant:create_app()", settings, logs, worker=CONSTANT_WORKER))
        url = f"http://127.0.0.1:{settings.port('nginx')}"
        rates, failed = top_rates(plan, constant, url, running)
        arrivals, not_kept = arrival_rates(plan, url)
        failed += not_kept
    sections = [
        f"{plan.products:,} products; Zipf's exponent {plan.exponent}; {plan.seconds:.0f} s each, medians of {ROUNDS} rounds; "
        f"{psutil.cpu_count()} cores ({machine.machine()}) shared by generators, nginx, API, Valkey and the cluster.",
        f"wrk, {CONNECTIONS} connections, through nginx:\n\n{rates}",
        f"k6 at {CALM:.0%} of the rate it reached with {CONNECTIONS} clients:\n\n{arrivals}",
    ]
    if nodes:
        told, missed = nodes_alone(plan)
        failed += missed
        sections.append(f"The nodes without nginx (`tests/load/storefront.py`):\n\n{told}")
    return "\n\n".join(sections), failed


if __name__ == "__main__":
    main()
