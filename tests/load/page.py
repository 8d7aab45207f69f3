"""Writes the measured part of docs/performance.md, and leaves what people wrote as it is."""

from collections.abc import Iterable, Sequence
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
BEGIN = "<!-- measured: `make load` writes what stands between this line and the next such -->"
END = "<!-- end of what `make load` writes -->"


def with_measured(text: str, measured: str) -> str:
    """The page with these measurements in the place of the last ones; raises ValueError when the place is not marked."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE.name} has no place for measurements: it wants the lines\n{BEGIN}\n{END}")
    return f"{head}{BEGIN}\n\n{measured.strip()}\n\n{END}{tail}"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
