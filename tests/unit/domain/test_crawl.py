from dataclasses import replace
from datetime import UTC, datetime, timedelta

from listino.domain.crawl import Crawl, CrawlStatus, ShopCounts

START = datetime(2026, 3, 1, tzinfo=UTC)
RUN = Crawl(
    id="it-1",
    market="it",
    status=CrawlStatus.RUNNING,
    trigger="test",
    started_at=START,
    heartbeat_at=START + timedelta(seconds=7),
    shops={
        "bottega": ShopCounts(products=10, new=4, expected=12),
        "cantina": ShopCounts(products=5, new=1),
    },
)


def test_totals_over_all_shops() -> None:
    assert (RUN.total("products"), RUN.total("new"), RUN.total("gone")) == (15, 5, 0)
    assert RUN.total("expected") == 12, "a shop that announced nothing counts nothing"
    assert replace(RUN, shops={}).total("products") == 0


def test_how_long_it_takes_or_took() -> None:
    assert RUN.seconds == 7
    assert replace(RUN, ended_at=START + timedelta(seconds=9)).seconds == 9
