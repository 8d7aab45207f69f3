from dataclasses import replace

from integration.backoffice.goods import NOW, running_crawl
from playwright.sync_api import expect

from listino.domain.crawl import CrawlStatus
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


def test_a_run_is_opened_from_the_list(agent_desk) -> None:
    agent_desk.go("/crawls")
    agent_desk.page.get_by_role("row", name="Italy").first.get_by_role("link").click()

    expect(agent_desk.page.get_by_role("heading", name="Crawl of Italy")).to_be_visible()
    expect(agent_desk.page.get_by_role("table", name="").first).to_be_visible()
    expect(agent_desk.page.get_by_text("<b>not</b> JSON")).to_be_visible()


def test_a_manager_starts_a_crawl(manager_desk) -> None:
    manager_desk.go("/crawls")
    manager_desk.page.get_by_role("button", name="Crawl Spain").click()

    expect(manager_desk.page.locator("#notices")).to_contain_text("A crawl of Spain is queued.")
    expect(manager_desk.page.get_by_text("waits for a worker")).to_be_visible()
    expect(manager_desk.page.get_by_role("button", name="Crawl Spain")).to_be_disabled()


def test_an_agent_is_not_offered_what_is_not_theirs(agent_desk) -> None:
    agent_desk.go("/crawls")
    assert agent_desk.page.get_by_role("button", name="Crawl Spain").count() == 0
