"""Schemathesis asks all there is to ask: no server error, and no answer outside the OpenAPI document.

`LISTINO_FUZZ_EXAMPLES=2000 .venv/bin/python -m pytest tests/integration/api/test_fuzzing.py` looks longer and elsewhere.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from serving import served

from api.app import create_app
from listino.domain.clock import utc_now
from listino.domain.money import Money
from listino.domain.offer import Availability
from listino.domain.product import Product
from listino.live.answer import LiveAnswer
from listino.settings import Settings
from listino.store.client import Store

Make = Callable[..., Product]
CONFIG = Path(__file__).with_name("schemathesis.toml")
EXAMPLES = os.environ.get("LISTINO_FUZZ_EXAMPLES")


@pytest.fixture
async def stocked(store: Store, goods: Make, worker: Any) -> Store:
    """The products of the document's examples, one that is gone, and enough for a second page."""
    store.products.upsert(
        [Product(id=500, name="Camo Onesie", related=(501, 17)), *(goods(sku) for sku in ("3020", "gone", *"12345"))]
    )
    store.products.mark_gone(["it:bottega:gone"], datetime(2026, 3, 2, tzinfo=UTC))
    # There is no worker here: the shop has answered already.
    fresh = LiveAnswer(
        product_id="it:bottega:3020", as_of=utc_now(), price=Money(3590), availability=Availability.IN_STOCK
    )
    await worker.deliver(fresh, fresh_ms=3_600_000)
    return store


@pytest.mark.timeout(0 if EXAMPLES else 120)
def test_no_answer_is_an_error_of_ours_or_outside_the_document(
    settings: Settings, stocked: Store, tmp_path: Path
) -> None:
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG), "run"),
        *("--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES or "10", "--continue-on-failure"),
        *(() if EXAMPLES else ("--generation-deterministic",)),
        *("--suppress-health-check", "all", "--warnings", "off"),
    ]
    brief = settings.model_copy(update={"stream_seconds": 0})  # an event stream ends when it has begun
    with served(create_app(brief), lifespan="on") as address:
        done = subprocess.run([*command, f"{address}/openapi.json"], cwd=tmp_path, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2000:]
