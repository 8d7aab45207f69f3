"""A product's rendered page as it is kept: opaque parts under the names that the caller gives them."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Page:
    """`state` is one word about the product; `parts` are bytes, in the order in which the caller wants them back.

    `packed`: what callers made of a part and want to keep as long as the page stays in the process.
    """

    state: str
    parts: tuple[bytes, ...] = ()
    packed: dict[int, bytes] = field(default_factory=dict, compare=False)

    @property
    def size(self) -> int:
        """Bytes of it, roughly, with what Python adds to them, and as much again for what is packed later."""
        return 500 + 2 * sum(map(len, self.parts))

    def first(self, count: int) -> "Page":
        """It with so many of its parts."""
        return Page(self.state, self.parts[:count])

    def encoded(self, stamp: str) -> bytes:
        """One line of stamp, state and lengths, then the parts."""
        lengths = ",".join(str(len(part)) for part in self.parts)
        return b"".join((f"{stamp} {self.state} {lengths}\n".encode(), *self.parts))

    def head_bytes(self, encoded: bytes) -> int:
        """How much of what `encoded` gave is its head: the line and the first part."""
        return encoded.index(b"\n") + 1 + (len(self.parts[0]) if self.parts else 0)


def decoded(text: bytes, stamp: bytes) -> Page | None:
    """The page in it; None for one that was kept under another stamp, or is none."""
    if not text.startswith(stamp + b" "):
        return None
    head, _, _ = text.partition(b"\n")
    try:
        _, state, lengths = head.split(b" ")
        begins, parts = len(head) + 1, []
        for length in lengths.split(b",") if lengths else ():
            ends = begins + int(length)
            parts.append(text[begins:ends])
            begins = ends
        return Page(state.decode(), tuple(parts)) if begins == len(text) else None
    except ValueError:
        return None
