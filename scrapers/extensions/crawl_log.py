"""What the spider's log says, gathered to be kept with the run: the log itself lies on the machine that crawled."""

import logging
from collections import Counter
from datetime import UTC, datetime
from typing import Final

from listino.domain.crawl import LogLine

# So many lines of one run are kept that are mere news, and as many that are warnings or worse; the file has all.
MOST_LINES: Final = 5_000
MOST_CHARACTERS: Final = 4_000  # of one line with its traceback
_AT_ONCE: Final = 500  # what waits to be kept while the store is away: no more than ten times that


class CrawlLog(logging.Handler):
    """Gathers the process's log from INFO on, between `begin` and `end`. Thread-safe."""

    def __init__(self, crawl_id: str) -> None:
        super().__init__(logging.INFO)
        self._crawl_id = crawl_id
        self._counts: Counter[bool] = Counter()
        self._lines: list[LogLine] = []

    def begin(self) -> None:
        logging.getLogger().addHandler(self)

    def end(self) -> None:
        logging.getLogger().removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        is_trouble = record.levelno >= logging.WARNING
        if self._counts[is_trouble] >= MOST_LINES or len(self._lines) >= 10 * _AT_ONCE:
            return
        self._counts[is_trouble] += 1
        try:
            text = self.format(record)[:MOST_CHARACTERS]
        except Exception:  # a message that does not fit its arguments: logging says so itself, on standard error
            self.handleError(record)
            return
        at = datetime.fromtimestamp(record.created, UTC)
        line = LogLine(crawl_id=self._crawl_id, at=at, level=record.levelname, source=record.name, text=text)
        self._lines.append(line)

    def gathered(self) -> list[LogLine]:
        """The oldest lines that are not kept yet, a few hundred at most."""
        return self._lines[:_AT_ONCE]

    def kept(self, count: int) -> None:
        """Forgets so many of the oldest."""
        del self._lines[:count]
