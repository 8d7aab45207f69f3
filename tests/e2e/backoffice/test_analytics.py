"""Looking at last month's figures, and taking them along."""

import csv
import re

from integration.backoffice.visits import last_month, visits
from playwright.sync_api import Page, expect

from listino.domain.events import EventType


def tile(page: Page, name: str) -> str:
    return page.locator(".tiles div", has=page.get_by_text(name, exact=True)).locator("dd").inner_text()


def test_last_months_figures_are_looked_at_and_exported(reader, tmp_path) -> None:
    page = reader.page
    since, until = last_month()
    month = [event for event in visits() if since <= event.at.date() <= until]
    reader.go("/")
    page.get_by_role("link", name="Analytics").click()
    expect(page.locator("#period-last_7_days")).to_have_attribute("aria-current", "true")
    page.evaluate("window.same = true")

    page.get_by_role("link", name="Last month").click()
    expect(page).to_have_url(re.compile(r"/analytics\?period=last_month$"))
    expect(page.locator("#period-last_month")).to_have_attribute("aria-current", "true")
    expect(page.get_by_label("From (UTC)")).to_have_value(str(since))
    expect(page.get_by_label("To", exact=True)).to_have_value(str(until))
    assert tile(page, "Events") == str(len(month))
    assert tile(page, "Sessions") == str(len({event.session for event in month}))
    for chart in (
        "Events by type",
        "Sessions from search to checkout",
        "Events and sessions over time",
        "The most viewed",
    ):
        expect(page.get_by_role("img", name=chart)).to_be_visible()
    page.locator("#course summary").click()
    expect(page.get_by_role("region", name="Over time").locator("tbody tr")).to_have_count(until.day)
    assert page.evaluate("window.same"), "nothing was loaded anew"

    views = [event for event in month if event.type is EventType.PAGE_VIEW]
    for name, rows in (("Events by type", 5), ("Most viewed pages", len({event.page for event in views}))):
        with page.expect_download() as downloading:
            page.get_by_role("link", name=f"{name} as a CSV file").click()
        assert downloading.value.suggested_filename.endswith(f"-{since}-{until}.csv")
        path = tmp_path / name
        downloading.value.save_as(path)
        with path.open(encoding="utf-8-sig", newline="") as file:
            found = list(csv.reader(file))[1:]
        assert len(found) == rows
        shown = page.get_by_role("region", name=name).locator("tbody th").all_inner_texts()
        assert [row[0] for row in found] == shown

    page.go_back()
    expect(page.locator("#period-last_7_days")).to_have_attribute("aria-current", "true")


def test_one_customers_figures_are_found_by_the_beginning_of_a_name(reader) -> None:
    page = reader.page
    reader.go("/analytics?period=last_month")
    page.evaluate("window.same = true")
    page.get_by_label("Customer").fill("elod")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("link", name="Élodie Martin").click()
    expect(page.locator(".of-whom")).to_contain_text("Élodie Martin")
    expect(page.get_by_label("Customer")).to_have_value("42")
    expect(page).to_have_url(re.compile(r"customer=42"))
    hers = [event for event in visits() if event.customer and event.customer.id == "42"]
    assert tile(page, "Events") == str(len(hers))
    page.get_by_role("link", name="Yesterday").click()
    expect(page).to_have_url(re.compile(r"period=yesterday&customer=42$"))
    page.get_by_role("link", name="Show everybody").click()
    expect(page.get_by_label("Customer")).to_have_value("")
    assert page.evaluate("window.same"), "nothing was loaded anew"


def test_days_that_cannot_be_are_said_above_the_form_which_keeps_them(reader) -> None:
    page = reader.page
    reader.go("/analytics?period=last_month")
    page.get_by_label("To", exact=True).fill("2020-01-01")
    expect(page.locator("#notices")).to_contain_text("The first day is after the last.")
    expect(page.get_by_label("To", exact=True)).to_have_value("2020-01-01")
    reader.complaints.clear()  # the browser remarks on the 400 itself
