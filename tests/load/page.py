"""Writes the measured part of docs/performance.md, and leaves what people wrote as it is."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from click import echo

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"


def place_of(target: str) -> tuple[str, str]:
    """The lines between which the figures of that target of the Makefile stand."""
    return (
        f"<!-- measured: `{target}` writes what stands between this line and the next such -->",
        f"<!-- end of what `{target}` writes -->",
    )


def with_measured(text: str, target: str, measured: str) -> str:
    """The page with these measurements in the place of the target's last ones; raises ValueError when the place is not
    marked."""
    begin_line, end_line = place_of(target)
    head, begin, rest = text.partition(begin_line)
    _, end, tail = rest.partition(end_line)
    if not begin or not end:
        raise ValueError(f"{PAGE.name} has no place for measurements: it wants the lines\n{begin_line}\n{end_line}")
    return f"{head}{begin_line}\n\n{measured.strip()}\n\n{end_line}{tail}"


def write_measured(target: str, measured: str) -> None:
    """Puts the target's measurements into the page."""
    PAGE.write_text(with_measured(PAGE.read_text(encoding="utf-8"), target, measured), encoding="utf-8")


def publish(target: str, measured: str, missed: Sequence[str], *, dry_run: bool) -> None:
    """Prints what was measured, puts it into the page but for a dry run, and exits with what was not kept."""
    echo(measured)
    if not dry_run:
        write_measured(target, measured)
        echo(f"written: docs/{PAGE.name}", err=True)
    if missed:
        sys.exit("\n".join(f"not kept: {line}" for line in missed))


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
