"""The lines of our logs, as they are written."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import orjson
import pytest
import structlog

from listino.domain.clock import utc_now
from listino.logs import GatheredLines, configure_logs
from listino.settings import Settings


class Kept(GatheredLines):
    """Lines that nobody writes."""

    def write(self) -> None:
        pass

    def all(self) -> list[dict[str, object]]:
        return [orjson.loads(line) for line in self._lines]


@pytest.fixture
def kept() -> Iterator[Kept]:
    lines = Kept()
    before = structlog.get_config()
    structlog.contextvars.clear_contextvars()  # what another test of this process may have left
    configure_logs(Settings(_env_file=None, env="test"), gathered=lines)  # type: ignore[call-arg]  # typed by pydantic
    yield lines
    structlog.configure(**before)


def test_a_line_says_what_when_and_how_grave(kept: Kept) -> None:
    log = structlog.get_logger("of.a.test")
    with structlog.contextvars.bound_contextvars(request_id="abc"):
        log.info("tested", number=3, about=ValueError("odd"))
    log.warning("again")

    first, second = kept.all()
    at = str(first.pop("at"))
    assert first == {"event": "tested", "level": "info", "number": 3, "about": "odd", "request_id": "abc"}
    assert at.endswith("Z")
    assert abs(datetime.fromisoformat(at) - utc_now()) < timedelta(minutes=1)
    assert (second["event"], second["level"], "request_id" in second) == ("again", "warning", False)


def test_an_error_is_told_with_its_traceback(kept: Kept) -> None:
    try:
        raise RuntimeError("of a test")
    except RuntimeError:
        structlog.get_logger().exception("failed")

    (line,) = kept.all()
    assert (line["event"], line["level"]) == ("failed", "error")
    assert "RuntimeError: of a test" in str(line["exception"])
    assert "exc_info" not in line


def test_what_is_below_the_level_is_no_line(kept: Kept) -> None:
    structlog.get_logger().debug("too much")
    assert kept.all() == []
