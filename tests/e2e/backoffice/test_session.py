from integration.backoffice.goods import AGENT, PASSWORD
from playwright.sync_api import expect


def test_signing_in_leads_on_to_the_page_and_out_again(visitor) -> None:
    visitor.go("/crawls/crawl-it-1")
    visitor.page.get_by_label("E-mail address").fill(AGENT)
    visitor.page.get_by_label("Password").fill(PASSWORD)
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.get_by_role("heading", name="Crawl of Italy")).to_be_visible()

    visitor.page.get_by_role("button", name="Sign out").click()
    expect(visitor.page.get_by_text("You are signed out.")).to_be_visible()
    visitor.page.go_back()
    expect(visitor.page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_wrong_password_is_told_and_the_address_kept(visitor) -> None:
    visitor.go("/login")
    visitor.page.get_by_label("E-mail address").fill(AGENT)
    visitor.page.get_by_label("Password").fill("wrong password")
    visitor.page.keyboard.press("Enter")

    expect(visitor.page.get_by_role("alert")).to_contain_text("Wrong e-mail address or password.")
    expect(visitor.page.get_by_label("E-mail address")).to_have_value(AGENT)
    expect(visitor.page.get_by_label("Password")).to_be_focused()
    # The browser itself remarks that the answer was 422.
    assert [text for text in visitor.complaints if "422" not in text] == []
    visitor.complaints.clear()
