"""A visitor on a host that is none: what it asks, in whose name, and what it does not ask."""

from collections.abc import Callable

import httpx2
import pytest

from listino.domain.errors import GoneFromShop, InvalidValue, UnreadablePage, VisitRefused
from listino.shops.platform import Fetch
from listino.shops.visitor import LONGEST_PAUSE, PAUSE, Visitor

ROOT = "https://shop.example"
ROBOTS = "User-agent: *\nDisallow: /secret\nCrawl-delay: 7\n"
Answers = Callable[[httpx2.Request], httpx2.Response]


class Visit:
    """A visitor, what it sent, and how long it slept."""

    def __init__(
        self, answers: Answers, url: str = ROOT, robots: httpx2.Response | None = None, delay: float = 0.0
    ) -> None:
        self.sent: list[httpx2.Request] = []
        self.slept: list[float] = []
        rules = robots or httpx2.Response(200, text=ROBOTS)

        def answer(request: httpx2.Request) -> httpx2.Response:
            self.sent.append(request)
            return rules if request.url.path == "/robots.txt" else answers(request)

        client = httpx2.Client(transport=httpx2.MockTransport(answer))
        agent = "Listino/0.1 (+https://us.example)"
        self.visitor = Visitor(url, agent, delay=delay, client=client, sleep=self.slept.append)

    @property
    def asked(self) -> list[str]:
        return [str(request.url) for request in self.sent]


def fine(request: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(200, text="fine", headers={"X-Test": "1"})


def test_robots_txt_is_read_first_and_once() -> None:
    visit = Visit(fine)
    for path in ("/a", "/b"):
        assert visit.visitor.get(ROOT + path).text == "fine"
    assert visit.asked == [f"{ROOT}/robots.txt", f"{ROOT}/a", f"{ROOT}/b"]
    assert visit.visitor.requests == 3
    assert {request.headers["user-agent"] for request in visit.sent} == {"Listino/0.1 (+https://us.example)"}


@pytest.mark.parametrize(
    ("asked", "declared", "pause"), [("", 0, PAUSE), ("7", 0, 7), ("60", 90, 90), ("120", 90, LONGEST_PAUSE)]
)
def test_the_longest_pause_that_is_asked_for_is_left_in_full(asked: str, declared: float, pause: float) -> None:
    visit = Visit(fine, robots=httpx2.Response(200, text=f"User-agent: *\nCrawl-delay: {asked}"), delay=declared)
    visit.visitor.get(f"{ROOT}/a")
    visit.visitor.get(f"{ROOT}/b")
    assert visit.slept == [0, pytest.approx(pause, abs=0.4), pytest.approx(pause, abs=0.4)]


@pytest.mark.parametrize(("asked", "declared", "sent"), [(121, 0, 1), (1, 121, 0)])
def test_who_asks_for_a_longer_pause_than_anybody_waits_is_not_visited(asked: int, declared: int, sent: int) -> None:
    visit = Visit(fine, robots=httpx2.Response(200, text=f"User-agent: *\nCrawl-delay: {asked}"), delay=declared)
    with pytest.raises(
        VisitRefused, match="is to be asked every 121 s at most, and a visit waits no longer than 120 s"
    ):
        visit.visitor.get(f"{ROOT}/a")
    assert len(visit.asked) == sent


def test_what_robots_txt_forbids_is_not_asked_for() -> None:
    visit = Visit(fine)
    with pytest.raises(VisitRefused, match=r"robots\.txt of shop\.example forbids /secret/x"):
        visit.visitor.get(f"{ROOT}/secret/x")
    assert visit.asked == [f"{ROOT}/robots.txt"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_without_known_rules_nothing_is_asked(status: int) -> None:
    visit = Visit(fine, robots=httpx2.Response(status))
    with pytest.raises(VisitRefused, match=rf"robots\.txt answered {status}"):
        visit.visitor.get(f"{ROOT}/a")
    assert len(visit.asked) == 1


def test_a_host_without_rules_allows_all() -> None:
    visit = Visit(fine, robots=httpx2.Response(404, text="<html>Disallow: /</html>"))
    assert visit.visitor.get(f"{ROOT}/secret").text == "fine"


@pytest.mark.parametrize(("status", "rules"), [(200, ROBOTS), (404, ""), (403, "")])
def test_robots_txt_itself_is_the_rules_that_are_known(status: int, rules: str) -> None:
    visit = Visit(fine, robots=httpx2.Response(status, text=ROBOTS))
    assert visit.visitor.fetch(Fetch(url=f"{ROOT}/robots.txt", purpose="robots")).text == rules
    assert visit.asked == [f"{ROOT}/robots.txt"], "it is asked for once"


@pytest.mark.parametrize(
    "target", ["https://www.shop.example/", "https://shop.example:8443/", "http://[::1]/", "ftp://shop.example/", "https://["]
)  # fmt: skip
def test_another_host_is_not_followed_but_told(target: str) -> None:
    visit = Visit(lambda request: httpx2.Response(301, headers={"Location": target}))
    with pytest.raises(VisitRefused, match="another host"):
        visit.visitor.get(f"{ROOT}/a")
    assert visit.asked == [f"{ROOT}/robots.txt", f"{ROOT}/a"]


def test_another_host_is_not_asked_in_the_first_place() -> None:
    visit = Visit(fine)
    with pytest.raises(VisitRefused, match=r"https://cdn\.example, another host"):
        visit.visitor.get("https://cdn.example/sitemap.xml")
    assert visit.asked == []


def test_redirects_on_the_host_are_followed_as_far_as_robots_txt_allows() -> None:
    places = {"/a": f"{ROOT}/b", "/b": "/c", "/s": "/secret"}

    def answers(request: httpx2.Request) -> httpx2.Response:
        target = places.get(request.url.path)
        return httpx2.Response(302, headers={"Location": target}) if target else fine(request)

    visit = Visit(answers, url="http://shop.example")
    assert visit.visitor.get("http://shop.example/a").url == f"{ROOT}/c"
    with pytest.raises(VisitRefused, match="forbids /secret"):
        visit.visitor.get(f"{ROOT}/s")


def test_a_circle_of_redirects_ends() -> None:
    visit = Visit(lambda request: httpx2.Response(302, headers={"Location": "/a"}))
    with pytest.raises(UnreadablePage, match="without end"):
        visit.visitor.get(f"{ROOT}/a")
    assert len(visit.asked) == 7


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [
        (401, VisitRefused, "does not let us in"),
        (403, VisitRefused, "does not let us in"),
        (404, GoneFromShop, "answered 404"),
        (410, GoneFromShop, "answered 410"),
        (500, UnreadablePage, "answered 500"),
        (429, VisitRefused, "says to wait 30 s"),
        (503, VisitRefused, "says to wait 30 s"),
    ],
)
def test_every_other_answer_has_its_error(status: int, error: type[Exception], said: str) -> None:
    visit = Visit(lambda request: httpx2.Response(status, headers={"Retry-After": "30"}))
    with pytest.raises(error, match=said):
        visit.visitor.get(f"{ROOT}/a")


def test_a_host_that_does_not_answer() -> None:
    def answers(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused")

    with pytest.raises(UnreadablePage, match=r"https://shop\.example/a cannot be fetched: refused"):
        Visit(answers).visitor.get(f"{ROOT}/a")


def test_a_request_is_sent_as_the_platform_wants_it() -> None:
    visit = Visit(fine)
    fetch = Fetch(url=f"{ROOT}/api", purpose="list", method="POST", headers={"sw-access-key": "K"}, body=b"{}")
    assert visit.visitor.fetch(fetch).headers["x-test"] == "1"
    sent = visit.sent[-1]
    assert (sent.method, sent.headers["sw-access-key"], sent.content) == ("POST", "K", b"{}")


@pytest.mark.parametrize("url", ["", "shop.example", "ftp://shop.example", "https://", "https://[x"])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(InvalidValue, match="no address of a shop"):
        Visitor(url, "Listino")
