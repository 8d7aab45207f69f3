import pytest

from listino.shops.robots import MOST_BYTES, Robots

AGENT = "Listino/0.1 (+https://listino.example/bot)"
PAGE = "https://bottega.example/p/1"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_host_without_robots_txt_has_no_rules(status: int) -> None:
    robots = Robots.answered(status, b"User-agent: *\nDisallow: /")
    assert robots.trouble is None
    assert robots.allows(PAGE, AGENT)
    assert robots.crawl_delay(AGENT) is None
    assert robots.sitemaps == []


@pytest.mark.parametrize("status", [301, 429, 500, 503])
def test_a_host_that_cannot_say_its_rules_forbids_everything(status: int) -> None:
    robots = Robots.answered(status, b"")
    assert robots.trouble == f"its robots.txt answered {status}, and nothing is asked until its rules are known"
    assert not robots.allows(PAGE, AGENT)


def test_the_rules_for_us_by_name_count() -> None:
    text = "User-agent: *\nCrawl-delay: 1\nDisallow: /p/\n\nUser-agent: Listino\nCrawl-delay: 2.5\nDisallow: /cart/"
    robots = Robots.answered(200, f"{text}\nSitemap: https://bottega.example/s.xml".encode())
    assert robots.crawl_delay(AGENT) == 2.5
    assert robots.allows(PAGE, AGENT)
    assert not robots.allows("https://bottega.example/cart/1", AGENT)
    assert robots.sitemaps == ["https://bottega.example/s.xml"]


@pytest.mark.parametrize("name", ["Listino", "listino", "Listino/0.1"])
def test_by_name_we_are_meant_with_our_version_or_without(name: str) -> None:
    assert not Robots.answered(200, f"User-agent: {name}\nDisallow: /".encode()).allows(PAGE, AGENT)


def test_rules_for_a_robot_that_our_address_happens_to_name_are_not_ours() -> None:
    text = "User-agent: bot\nCrawl-delay: 9\nDisallow: /\n\nUser-agent: *\nDisallow: /cart/"
    robots = Robots.answered(200, text.encode())
    assert robots.allows(PAGE, AGENT)
    assert not robots.allows("https://bottega.example/cart/1", AGENT)
    assert robots.crawl_delay(AGENT) is None


def test_what_is_no_text_is_no_rule_and_an_endless_one_is_cut_off() -> None:
    assert Robots.answered(200, b"\xff\xfe\x00").allows(PAGE, AGENT)
    late = b"#" * MOST_BYTES + b"\nUser-agent: *\nDisallow: /"
    assert Robots.answered(200, late).allows(PAGE, AGENT)
