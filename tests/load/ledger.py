"""What was measured beside what is wanted: a line each, and which of them were not kept."""

from dataclasses import dataclass, field

from page import table


@dataclass(slots=True)
class Ledger:
    """The lines of a run of measurements, in the order they were taken."""

    rows: list[tuple[str, str, str, str]] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def note(self, what: str, measured: str, wanted: str = "", *, kept: bool = True) -> None:
        """`wanted` is empty for a figure that has no target."""
        self.rows.append((what, measured, wanted, ("yes" if kept else "**no**") if wanted else ""))
        if not kept:
            self.missed.append(f"{what}: {measured}, wanted {wanted}")

    def table(self) -> str:
        """In Markdown."""
        return table(["", "measured", "wanted", "kept"], self.rows)
