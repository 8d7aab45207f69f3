"""What every endpoint works with, opened once a process; and how long an endpoint waits for the store."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from starlette.requests import Request

from api.metrics import Metrics
from api.refresh import Refresher
from listino.domain.errors import EngineUnavailable
from listino.live.deadline import within
from listino.live.pages import Pages
from listino.live.prices import AsyncLivePrices
from listino.store.aio import AsyncStore
from listino.store.outage import UNAVAILABLE, time_limit

if TYPE_CHECKING:
    from api.arrivals import Arrivals
    from api.intake import Intake
    from api.lists import Listings
    from api.quotes import Quotes
    from api.streams import Streams

# How long a shopper waits for MongoDB; docs/operate.md says why this long. The driver by itself goes on trying for
# longer, which suits a crawl and not a page.
STORE_SECONDS = 2.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The parts that outlive a request."""

    store: AsyncStore
    live: AsyncLivePrices
    arrivals: "Arrivals"
    refresher: Refresher
    pages: Pages
    listings: "Listings"
    quotes: "Quotes"
    streams: "Streams"
    intake: "Intake"
    metrics: Metrics


def services_of(request: Request) -> Services:
    """The services of the application that got the request."""
    return cast("Services", request.app.state.services)


@contextlib.asynccontextmanager
async def reading(seconds: float = STORE_SECONDS) -> AsyncIterator[None]:
    """Around reads of the store: raises EngineUnavailable when it is away or takes longer than that."""
    try:
        # The one lets the caller go, whatever the driver does; the other has the driver give up too. Its threads are few,
        # and what they wait for in vain would hold up everybody's reads.
        async with within(seconds):
            with time_limit(seconds):
                yield
    except TimeoutError:
        raise EngineUnavailable(f"MongoDB did not answer within {seconds:.1f} s") from None
    except UNAVAILABLE as error:
        raise EngineUnavailable(f"MongoDB is away: {error}") from error
