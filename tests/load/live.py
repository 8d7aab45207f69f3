"""The simulated day: live prices under load, with everything that can go wrong on such a day.

\b
a  pages opened at a constant rate, and the highest rate at which 99 % of prices are fresh within a second
b  the whole path for one product on an idle system, beside a bare request to its shop
c  ten thousand viewers of one product within a second
e  a shop hangs for a minute
f  a live worker is killed every ten seconds; Valkey is killed and started anew
h  open event streams (tests/load/streams.py)

In every run each answer is held against the shops' own logs: that no shop is asked beyond its budget (d), and that prices
called fresh were the shop's truth in the last second (g). Everything shares this machine's cores with the load generator.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import psutil
from click import echo
from crowd import demand_files
from day import BUDGET, simulated_day
from generators import GeneratorFailed, demand_generators
from ledger import Ledger
from page import publish
from scenarios import SCENARIOS, VIEWERS, Plan

from listino.domain.errors import ListinoError

TARGET = "make load-live"
STREAMS = "h"
IN_EVERY_RUN = frozenset("dg")
KNOWN = sorted({*SCENARIOS, STREAMS, *IN_EVERY_RUN})
_STREAMS_PROGRAM = Path(__file__).with_name("streams.py")


def letters(text: str) -> list[str]:
    """The scenarios of `a,b,c`; raises ArgumentTypeError for one that there is not."""
    found = [letter.strip() for letter in text.split(",") if letter.strip()]
    if wrong := [letter for letter in found if letter not in KNOWN]:
        raise argparse.ArgumentTypeError(f"{', '.join(wrong)}: choose of {', '.join(KNOWN)}")
    return found


def measured(products: int, plan: Plan, only: list[str]) -> tuple[str, list[str]]:
    """The report in Markdown, and what was not kept."""
    ledger, told = Ledger(), []
    with simulated_day(products, ledger) as day:
        for letter in only:
            for scenario in SCENARIOS.get(letter, ()):
                echo(f"{letter}: {(scenario.__doc__ or '').splitlines()[0]}", err=True)
                told.append(scenario(day, plan))
    if STREAMS in only:
        told.append(streams(ledger))
    head = (
        f"{products:,} products of four shops (median 150 ms, 99th percentile 600 ms, 1 % errors, {BUDGET:g} requests a second "
        f"each, every price moving every 2 to 5 s); {plan.rate:g} views a second for {plan.seconds:g} s; "
        f"{psutil.cpu_count()} cores shared by k6, shops, nginx, API, workers, Valkey and the cluster."
    )
    return "\n\n".join([head, ledger.table(), *filter(None, told)]), ledger.missed


def streams(ledger: Ledger) -> str:
    """What tests/load/streams.py prints of two thousand open event streams, on a platform of its own; it exits 1 where
    something was not kept."""
    echo("h: two thousand open event streams", err=True)
    said = subprocess.run([sys.executable, str(_STREAMS_PROGRAM)], stdout=subprocess.PIPE, text=True, check=False)
    kept = said.returncode == 0
    ledger.note("h: open event streams", "as told below", "its own targets", kept=kept)
    return f"Event streams:\n\n{said.stdout.strip()}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").replace("\b\n", ""),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Example: python tests/load/live.py --rate 20 --seconds 15 --only a,b --dry-run",
    )
    parser.add_argument("--products", type=int, default=5_000, help="of the four shops together (default: 5000)")
    parser.add_argument("--rate", type=float, default=100, help="views a second (default: 100)")
    parser.add_argument("--seconds", type=float, default=180, help="length of the longest run (default: 180)")
    default = [letter for letter in KNOWN if letter not in IN_EVERY_RUN]
    parser.add_argument(
        "--only", type=letters, default=default, help="scenarios with commas between them (default: all)"
    )
    parser.add_argument("--dry-run", action="store_true", help="print, and leave docs/performance.md as it is")
    given = parser.parse_args()
    try:
        demand_generators("k6")
        if "c" in given.only:
            demand_files(VIEWERS)
        report, missed = measured(given.products, Plan(given.rate, given.seconds), given.only)
    except (GeneratorFailed, ListinoError) as error:
        sys.exit(f"error: {error}")
    publish(TARGET, report, missed, dry_run=given.dry_run)


if __name__ == "__main__":
    main()
