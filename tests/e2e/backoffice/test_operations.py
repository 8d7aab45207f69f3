"""The jobs of whoever runs the platform: a crawl from its start to its end, and a failed job put right."""

import os
import signal
import subprocess
import sys

import pytest
from integration.backoffice.goods import declare_shops
from playwright.sync_api import expect
from rq import SimpleWorker
from rq.serializers import JSONSerializer
from shopkeeper import running_shop

from listino.domain.crawl import CrawlStatus
from listino.jobs import Jobs
from listino.live.client import connect
from listino.settings import Settings
from listino.store.client import Store

END_MS = 60_000


@pytest.mark.timeout(120)
def test_a_manager_starts_a_crawl_and_watches_it_end(manager_desk, filled: Store, settings: Settings) -> None:
    page = manager_desk.page
    with running_shop("de") as shop:
        shop.declare(settings)
        worker = subprocess.Popen([sys.executable, "-m", "workers", "crawl"], env=os.environ | settings.environment())
        try:
            manager_desk.go(f"/shops/{shop.key}")
            page.get_by_role("button", name="Crawl this shop").click()
            expect(page.locator("#notices")).to_contain_text("A crawl of de:kontor is queued.")
            manager_desk.go("/crawls")
            row = page.get_by_role("row", name="Germany")
            expect(row).to_contain_text("Finished", timeout=END_MS)
        finally:
            worker.send_signal(signal.SIGTERM)
            worker.wait(30)
    row.get_by_role("link").first.click()
    expect(page.get_by_role("region", name="Counts by shop")).to_contain_text("Whole shop")
    page.get_by_role("link", name="Log").click()
    expect(page.get_by_role("region", name="Log")).to_contain_text("Closing spider (finished)")
    (run,) = filled.crawls.latest(market="de", count=1)
    assert run.status is CrawlStatus.FINISHED


def test_a_failed_job_is_put_back_before_ones_eyes(manager_desk, settings: Settings) -> None:
    declare_shops(settings)
    jobs = Jobs(connect(settings))
    manager_desk.go("/operations")
    queues = manager_desk.page.locator("#queues")
    expect(queues.get_by_role("row", name="crawl")).to_contain_text("0")

    queue = jobs.queue("crawl")
    queue.enqueue("workers.crawls.nothing", "es", None, "schedule", description="crawl es")
    SimpleWorker([queue], connection=jobs.connection, serializer=JSONSerializer).work(burst=True)
    button = queues.get_by_role("button", name="Put back: crawl es")
    expect(button).to_be_visible(timeout=15_000)
    button.click()
    expect(manager_desk.page.locator("#notices")).to_contain_text("crawl es waits in its queue again.")
    assert queue.count == 1
