"""Somebody calls: found by a part of the address, what they did yesterday read to them, and noted what they said."""

import pytest
from e2e.backoffice.barriers import barriers_in_both_themes, too_wide
from integration.backoffice.calls import ELODIE, sessions
from integration.backoffice.goods import LAMP, MANAGER
from integration.backoffice.visits import keep_events
from playwright.sync_api import expect

from listino.settings import Settings
from listino.store.client import Store


@pytest.fixture
def known(filled: Store, settings: Settings) -> Store:
    keep_events(settings, sessions())
    return filled


def test_a_caller_is_found_their_yesterday_is_read_and_a_note_is_kept(known, agent_desk) -> None:
    page = agent_desk.page
    page.get_by_role("link", name="Customers").click()
    expect(page.get_by_label("Search")).to_be_focused()
    page.keyboard.type("martin@fleu")
    expect(page.get_by_role("region", name="Customers found").get_by_role("row")).to_have_count(2)
    page.get_by_role("link", name=ELODIE.name).click()

    page.get_by_role("link", name="Yesterday").click()
    timeline = page.locator(".story li")
    expect(timeline).to_have_count(6)
    expect(timeline.first).to_contain_text("Session of 12\N{NO-BREAK SPACE}min 0\N{NO-BREAK SPACE}s · mobile")
    page.get_by_role("checkbox", name="Checkout").check()
    expect(timeline).to_have_count(1)
    expect(timeline.first).to_contain_text("A-1042")
    assert "type=checkout" in page.url
    page.reload()
    expect(timeline).to_have_count(1)
    their_page = page.url
    page.locator("#found").get_by_role("link", name="Analytics").click()
    expect(page.locator("#period-yesterday")).to_have_attribute("aria-current", "true")
    page.get_by_role("link", name=f"/products/{LAMP}").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Lampada da tavolo Perla")
    page.go_back()
    page.locator(".of-whom").get_by_role("link", name=ELODIE.name).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(ELODIE.name)
    page.locator(".story li", has_text="Page view").get_by_role("link", name=LAMP).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Lampada da tavolo Perla")
    page.goto(their_page)

    page.get_by_label("Write a note").fill("Wants the brass one.")
    page.get_by_role("button", name="Keep the note").click()
    expect(page.get_by_text("The note is kept.")).to_be_visible()
    expect(timeline.first).to_contain_text("Wants the brass one.")


def test_a_person_is_erased_by_typing_whom(known, desk) -> None:
    page = desk.page
    desk.sign_in(MANAGER)
    desk.go(f"/customers/{ELODIE.id}")
    page.get_by_role("link", name="Erase …").click()
    page.get_by_label("Reason").fill("asked in writing")
    page.get_by_label("To confirm, type").fill("somebody else")
    page.get_by_role("button", name="Erase for good").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was erased")
    expect(page.get_by_label("Reason")).to_have_value("asked in writing")
    desk.complaints.clear()  # of the status, 422
    page.get_by_label("To confirm, type").fill(ELODIE.email)
    page.get_by_role("button", name="Erase for good").click()
    expect(page.get_by_role("heading", name="This person has been erased")).to_be_visible()
    assert barriers_in_both_themes(page) == []
    assert not too_wide(page)
