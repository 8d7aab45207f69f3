from dataclasses import replace

from integration.backoffice.goods import MANAGER, NOW, running_crawl
from playwright.sync_api import expect

from listino.domain.clock import utc_now
from listino.domain.crawl import CrawlStatus
from listino.jobs import Jobs
from listino.live.client import connect
from listino.settings import Settings
from listino.store.client import Store


def test_a_run_at_work_ends_before_ones_eyes(agent_desk, filled: Store) -> None:
    agent_desk.go("/crawls")
    row = agent_desk.page.get_by_role("row", name="France")
    expect(row).to_contain_text("Running")
    link = agent_desk.page.locator("#run-crawl-fr-now")
    link.focus()

    filled.crawls.save(replace(running_crawl(), status=CrawlStatus.FINISHED, ended_at=NOW))

    expect(row).to_contain_text("Finished")
    expect(link).to_be_focused()


def test_a_run_is_opened_from_the_list(reader) -> None:
    reader.go("/crawls")
    reader.page.get_by_role("row", name="Italy").first.get_by_role("link").click()

    expect(reader.page.get_by_role("heading", name="Crawl of Italy")).to_be_visible()
    expect(reader.page.get_by_role("table", name="").first).to_be_visible()
    expect(reader.page.get_by_text("<b>not</b> JSON")).to_be_visible()


def test_a_manager_starts_a_crawl(manager_desk, filled: Store, settings: Settings) -> None:
    queue = Jobs(connect(settings)).queue("crawl")
    manager_desk.go("/crawls")
    manager_desk.page.get_by_role("button", name="Crawl Spain").click()

    notice = manager_desk.page.locator(".notice")
    expect(notice).to_contain_text("A crawl of Spain is queued.")
    expect(manager_desk.page.get_by_text("waits for a worker")).to_be_visible()
    expect(manager_desk.page.get_by_role("button", name="Crawl Spain")).to_be_disabled()

    queue.empty()
    run = replace(running_crawl("es"), started_at=utc_now())
    filled.crawls.save(run)
    expect(notice).to_contain_text("Spain is being crawled now.")
    filled.crawls.save(replace(run, status=CrawlStatus.FINISHED, ended_at=NOW))
    expect(manager_desk.page.get_by_role("row", name="Spain")).to_contain_text("Finished")
    expect(notice).to_have_count(0)


def test_who_started_a_run_can_be_read(reader) -> None:
    reader.go("/crawls")
    cell = reader.page.get_by_role("row", name="France").locator(".who-started")
    expect(cell).to_have_text(f"staff:{MANAGER}")
    assert cell.evaluate("cell => cell.scrollWidth <= cell.clientWidth")
    assert cell.evaluate("cell => getComputedStyle(cell).textOverflow") == "clip"


def test_an_agent_is_not_offered_what_is_not_theirs(reader) -> None:
    reader.go("/crawls")
    assert reader.page.get_by_role("button", name="Crawl Spain").count() == 0
