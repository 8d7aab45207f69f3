"""Turns the signals by which people and systems end a program into one orderly way out."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def one_interrupt() -> Iterator[None]:
    """Within it, the first Ctrl-C, SIGTERM or closed terminal raises KeyboardInterrupt; later ones are ignored, so that
    clearing up is not cut short. Only for the main thread."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def interrupt(number: int, frame: FrameType | None) -> None:
        for later in _SIGNALS:
            signal.signal(later, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number, handler in before.items():
        if handler is not signal.SIG_IGN:  # `nohup listino up` stays deaf to a closed terminal
            signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
