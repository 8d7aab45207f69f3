"""Counting visits together: what can be added can be taken away, and users are counted once however many visits they made.

Users are kept as 64-bit hashes in their order, with how many visits each made. Two of a million customers have the
same one with a probability of 3e-8: then one of them is not counted.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from listino.domain.behaviour import Behaviour
from listino.domain.events import STEPS, EventType
from listino.store.documents import Document
from listino.store.sums import BY_TYPE, NUMBERS, is_alone, reached_by
from listino.store.visits import by_user

_REACHED = tuple(f"reached_{step}" for step in STEPS)
_ADDED = ("sessions", "session_ms", *_REACHED, *BY_TYPE)

# Little-endian, whatever machine reads them.
_HASH, _TIMES = np.dtype("<u8"), np.dtype("<i4")


class Tally:
    """What some visits come to."""

    def __init__(self) -> None:
        self._numbers: Counter[str] = Counter()
        self._users: Counter[str] = Counter()
        self._kept: list[tuple[NDArray[np.uint64], NDArray[np.int32]]] = []

    @property
    def of_tiles(self) -> tuple[float, None]:
        """How many hours tiles may have, and what of them is wanted: any, and all."""
        return inf, None

    def rows(self, visits: Document) -> list[Document]:
        """The pipeline whose rows are added."""
        return by_user(visits)

    def add_row(self, row: Mapping[str, Any]) -> None:
        """Adds visits as `by_user` gives them."""
        self._add(row)
        self._add_user(row["_id"], row["sessions"])

    def add_visit(self, owner: str, session: str, sums: Mapping[str, Any], sign: int = 1) -> None:
        """Adds a visit, or takes it away with the `sign` -1."""
        self._numbers["sessions"] += sign
        self._numbers["session_ms"] += sign * round((sums["last"] - sums["first"]).total_seconds() * 1000)
        for name in _REACHED[: reached_by(sums)]:
            self._numbers[name] += sign
        for name in BY_TYPE:
            self._numbers[name] += sign * sums.get(name, 0)
        self._add_user(None if is_alone(owner, session) else owner, sign)

    def add_tile(self, tile: Mapping[str, Any]) -> None:
        """Adds what a tile's document tells."""
        self._add(tile)
        self._numbers["alone"] += tile["alone"]
        self._kept.append((np.frombuffer(tile["users"], _HASH), np.frombuffer(tile["times"], _TIMES)))

    def behaviour(self) -> Behaviour:
        """The figures."""
        numbers = self._numbers
        found = Behaviour(
            users=numbers["alone"] + len(self._together()[0]),
            sessions=numbers["sessions"],
            session_ms=numbers["session_ms"],
            reached={step: numbers[name] for step, name in zip(STEPS, _REACHED, strict=True)},
        )
        for kind in EventType:
            found.types[kind].add(*(numbers[f"{kind}_{name}"] for name in NUMBERS))
        return found

    def document(self) -> Document:
        """What `add_tile` reads."""
        users, times = self._together()
        counted = {name: self._numbers[name] for name in (*_ADDED, "alone")}
        return {**counted, "users": users.astype(_HASH).tobytes(), "times": times.astype(_TIMES).tobytes()}

    def _add(self, numbers: Mapping[str, int]) -> None:
        for name in _ADDED:
            self._numbers[name] += numbers[name]

    def _add_user(self, owner: str | None, visits: int) -> None:
        if owner is None:
            self._numbers["alone"] += visits
        else:
            self._users[owner] += visits

    def _together(self) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """The users who made any visit, in the order of their hashes, and how many they made."""
        ours = np.fromiter((_hashed(owner) for owner in self._users), np.uint64, len(self._users))
        visits = np.fromiter(self._users.values(), np.int64, len(self._users))
        users = np.concatenate([*(users for users, _ in self._kept), ours])
        if not len(users):
            return users, visits
        times = np.concatenate([*(times for _, times in self._kept), visits]).astype(np.int64)
        order = np.argsort(users, kind="stable")  # which makes use of what is in order already
        users = users[order]
        begins = np.flatnonzero(np.concatenate([[True], users[1:] != users[:-1]]))
        times = np.add.reduceat(times[order], begins)
        there = times > 0
        return users[begins][there], times[there]


def _hashed(owner: str) -> int:
    return int.from_bytes(hashlib.blake2b(owner.encode(), digest_size=8).digest(), "little")
