"""The append-only log of what was done to a shop's goods, so that a restarted shop shows the same ones."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from listino.domain.errors import LocalPlatformError

Operation = dict[str, Any]


class Journal:
    """JSON lines: the first says which shop it is, every further one is an operation.

    An operation is flushed before it is answered. A last line that a crash cut short is dropped on the next start.
    Raises LocalPlatformError when the file cannot be read or belongs to a shop made from other numbers.
    """

    def __init__(self, path: Path, identity: Operation) -> None:
        self._path = path
        self._identity = {"op": "open", **identity}
        self._operations = self._read()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8")
        except OSError as error:
            raise LocalPlatformError(f"cannot write the state file {path}: {error.strerror}") from None
        if path.stat().st_size == 0:
            self.append(self._identity)

    def operations(self) -> Iterator[Operation]:
        """The operations found in the file when it was opened, oldest first."""
        yield from self._operations

    def append(self, operation: Operation) -> None:
        self._file.write(json.dumps(operation, ensure_ascii=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def _read(self) -> list[Operation]:
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise LocalPlatformError(f"cannot read the state file {self._path}: {error.strerror}") from None
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            with self._path.open("r+b") as file:
                file.truncate(len(whole))
        try:
            lines = [json.loads(line) for line in whole.decode().splitlines()]
        except ValueError:
            raise LocalPlatformError(f"{self._path} is no state file of a demo shop: move it away") from None
        if lines and lines[0] != self._identity:
            raise LocalPlatformError(
                f"{self._path} belongs to another shop ({json.dumps(lines[0])}): start with the same market, "
                "--products and --seed, or move the file away"
            )
        return lines[1:]
