"""The figures on the page and in its files are those of the events, of all days and some, of everybody and one."""

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

import pytest
from integration.backoffice.conftest import Person, signed_in
from integration.backoffice.goods import ADMIN
from integration.backoffice.visits import BRUNO, ELODIE, FORMULA, last_month, visits
from lxml import html

from backoffice.services import analytics
from listino.domain.events import STEPS, Event, EventType

TYPES = {
    EventType.SEARCH: "Search",
    EventType.PAGE_VIEW: "Page view",
    EventType.ADD_TO_CART: "Added to cart",
    EventType.UPSELL: "Upsell",
    EventType.CHECKOUT: "Checkout",
}
MONTH = last_month()
Rows = list[list[str]]


def of_days(since: date | None, until: date | None, customer: str | None = None) -> list[Event]:
    """The events of those days, both included, in UTC."""
    return [
        event
        for event in visits()
        if (since is None or event.at.date() >= since)
        and (until is None or event.at.date() <= until)
        and (customer is None or (event.customer is not None and event.customer.id == customer))
    ]


def seconds(events: Iterable[Event]) -> tuple[str, str]:
    """The time spent on them, and on each that told it, as a file has it."""
    told = [event.ms for event in events if event.ms is not None]
    return (f"{sum(told) / 1000:.3f}", f"{sum(told) / len(told) / 1000:.3f}") if told else ("", "")


def share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f}" if whole else ""


def plain(events: Sequence[Event]) -> dict[str, Rows]:
    """The tables, counted event by event."""
    sessions: dict[str, list[Event]] = defaultdict(list)
    pages: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        sessions[event.session].append(event)
        if event.page:
            pages[event.page].append(event)
    lengths = [max(e.at for e in some) - min(e.at for e in some) for some in sessions.values()]
    reached = [
        sum({*STEPS[: place + 1]} <= {event.type for event in some} for some in sessions.values())
        for place in range(len(STEPS))
    ]
    mean = f"{sum(lengths, timedelta()).total_seconds() / len(lengths):.3f}" if lengths else ""
    order = sorted(pages, key=lambda page: (-len(pages[page]), page))
    return {
        "summary": [[str(len({event.owner for event in events})), str(len(sessions)), mean, str(len(events))]],
        "events": [
            [name, str(sum(e.type is kind for e in events)), *seconds(e for e in events if e.type is kind)]
            for kind, name in TYPES.items()
        ],
        "conversion": [
            [TYPES[step], str(count), share(count, before), share(count, len(sessions))]
            for step, count, before in zip(STEPS, reached, [len(sessions), *reached], strict=False)
        ],
        "pages": [[page, str(len(pages[page])), *seconds(pages[page])] for page in order],
    }


def days_of(events: Sequence[Event], since: date, until: date) -> Rows:
    """The course by days, of the sessions that began in each."""
    first: dict[str, datetime] = {}
    for event in events:
        first[event.session] = min(first.get(event.session, event.at), event.at)
    begun = Counter(at.date() for at in first.values())
    kinds = Counter((first[event.session].date(), event.type) for event in events)
    found = []
    for number in range((until - since).days + 1):
        day = since + timedelta(days=number)
        counts = [kinds[day, kind] for kind in TYPES]
        found.append([day.isoformat(), *map(str, (begun[day], sum(counts), *counts))])
    return found


def file(person: Person, table: str, query: str) -> Rows:
    """The rows of a file without its headings."""
    answer = person.client.get(f"/analytics/{table}.csv?{query}")
    assert answer.status_code == 200
    assert answer.mimetype == "text/csv"
    assert f"attachment; filename=analytics-{table}-" in answer.headers["Content-Disposition"]
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))[1:]


def shown(page: str, title: str) -> Rows:
    """The rows of a table as the page has them."""
    rows = html.fromstring(page).xpath(f"//*[@role='region' and @aria-label='{title}']//tbody/tr")
    return [[cell.text_content() for cell in row] for row in rows]


QUERIES = [
    ("period=all_time", None, None, None),
    ("period=last_month", *MONTH, None),
    (f"since={MONTH[0] + timedelta(days=3)}&until={MONTH[0] + timedelta(days=9)}", MONTH[0] + timedelta(days=3), MONTH[0] + timedelta(days=9), None),
    (f"since={MONTH[1]}&until=", MONTH[1], None, None),
    ("period=last_month&customer=42", *MONTH, ELODIE.id),
    (f"since=&until={MONTH[0] + timedelta(days=12)}&customer=43", None, MONTH[0] + timedelta(days=12), BRUNO.id),
]  # fmt: skip


def test_page_and_files_have_the_figures_of_the_events(reader: Person) -> None:
    for query, since, until, customer in QUERIES:
        events = of_days(since, until, customer)
        assert events
        expected = plain(events)
        for table, rows in expected.items():
            assert file(reader, table, query) == rows, (query, table)
        page = reader.see(f"/analytics?{query}")
        tiles = [tile.text_content() for tile in html.fromstring(page).xpath("//dl[@class='tiles']//dd")]
        assert [tiles[0], tiles[1], tiles[3]] == [expected["summary"][0][place] for place in (0, 1, 3)]
        assert [row[:2] for row in shown(page, "Events by type")] == [row[:2] for row in expected["events"]]
        assert [row[:2] for row in shown(page, "From search to checkout")] == [
            row[:2] for row in expected["conversion"]
        ]
        assert [row[:2] for row in shown(page, "Most viewed pages")] == [row[:2] for row in expected["pages"]]


def test_the_course_of_a_month_has_all_its_days_in_page_and_file(reader: Person) -> None:
    expected = days_of(of_days(*MONTH), *MONTH)
    assert file(reader, "course", "period=last_month") == expected
    rows = shown(reader.see("/analytics?period=last_month"), "Over time")
    assert [row[1:] for row in rows] == [row[1:] for row in expected]


def test_only_the_most_viewed_pages_are_shown_until_more_are_asked_for(
    reader: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backoffice.views.analytics.PAGES_SHOWN", (3, 8, 400))
    first = reader.see("/analytics?period=last_month")
    more = html.fromstring(first).xpath("//a[@id='more']/@href")[0]
    assert [row[0] for row in shown(first, "Most viewed pages")] == [
        row[0] for row in plain(of_days(*MONTH))["pages"][:3]
    ]
    second = reader.see(more)
    assert len(shown(second, "Most viewed pages")) == 8
    for address in html.fromstring(second).xpath("//section[@id='pages']//a[contains(@href, 'csv')]/@href"):
        path, _, query = address.partition("?")
        assert path == "/analytics/pages.csv"
        assert len(file(reader, "pages", query)) == 8
    last = reader.see(html.fromstring(second).xpath("//a[@id='more']/@href")[0])
    assert FORMULA in last
    assert not html.fromstring(last).xpath("//a[@id='more']")


@pytest.mark.parametrize("part", ["figures", "pages", "course"])
def test_what_is_not_counted_in_time_is_said_and_the_rest_is_shown(
    reader: Person, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    monkeypatch.setitem(getattr(analytics, part).__kwdefaults__, "seconds", 1e-6)
    page = reader.see(f"/analytics?since={MONTH[0]}&until={MONTH[1]}&customer=42")

    late = html.fromstring(page).xpath("//*[contains(@class, 'late')]")
    assert len(late) == {"figures": 3, "pages": 1, "course": 1}[part]
    assert {"This could not be counted in time. Try again, or ask for fewer days."} == {
        one.text_content().strip() for one in late
    }
    assert bool(shown(page, "Events by type")) == (part != "figures")
    assert bool(shown(page, "Over time")) == (part != "course")
    assert bool(shown(page, "Most viewed pages")) == (part != "pages")
    for field, value in (("since", str(MONTH[0])), ("until", str(MONTH[1])), ("customer", "42")):
        assert html.fromstring(page).xpath(f"//input[@id='{field}']/@value") == [value]


def test_a_backlog_is_named_where_figures_have_to_wait_for_it(reader: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("listino.store.ground.MOST_UNSUMMED", 5)
    monkeypatch.setattr("backoffice.services.analytics.MOST_APART", 5)
    monkeypatch.setattr("backoffice.services.analytics.MANY_UNSUMMED", 5)
    late = html.fromstring(reader.see("/analytics?period=last_month")).xpath("//*[contains(@class, 'late')]")
    assert len(late) == 5
    told = "This could not be counted in time: at least 5 sessions are not summed up yet. Try again in a few minutes."
    assert {told} == {one.text_content().strip() for one in late}


def test_a_file_that_is_not_ready_in_time_is_no_empty_file(reader: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backoffice.views.analytics.WHOLE_SECONDS", 1e-6)
    for table in ("summary", "pages", "course"):
        answer = reader.client.get(f"/analytics/{table}.csv")
        assert (answer.status_code, answer.mimetype) == (503, "text/html")


@pytest.mark.parametrize(
    ("since", "until", "told"),
    [
        ("2026-02-30", "", "2026-02-30 is no time that can be understood."),
        ("", "soon", "soon is no time that can be understood."),
        ("2026-05-02", "2026-05-01", "The first day is after the last."),
    ],
)
def test_days_that_cannot_be_are_refused_and_stay_in_the_form(
    reader: Person, since: str, until: str, told: str
) -> None:
    address = f"/analytics?since={since}&until={until}&customer=elo"
    answer = reader.client.get(address)
    assert answer.status_code == 400
    assert told in answer.text
    for field, value in (("since", since), ("until", until), ("customer", "elo")):
        assert html.fromstring(answer.text).xpath(f"//input[@id='{field}']/@value") == [value]
    part = reader.client.get(address, headers={"HX-Request": "true"})
    assert part.status_code == 400
    assert told in part.text
    assert "<html" not in part.text
    assert reader.client.get(f"/analytics/events.csv?since={since}&until={until}").status_code == 400


def test_all_days_that_there_are_can_be_asked_for(reader: Person) -> None:
    assert shown(reader.see("/analytics?since=0001-01-01&until=9999-12-31"), "Events by type")
    for since in ("9999-12-31", "2024-01-01&until=2024-01-31"):
        assert "Nothing happened in this time" in reader.see(f"/analytics?since={since}")


def test_looking_for_a_customer_leads_to_their_figures_and_into_the_audit_log(
    reader: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = html.fromstring(reader.see("/analytics?period=last_month&customer=elo"))
    addresses = {link.text_content(): link.get("href") for link in found.xpath("//ul[@class='whose']//a")}
    assert addresses.keys() == {ELODIE.name, BRUNO.name}
    assert "Élodie Martin" in reader.see(addresses["Élodie Martin"])
    file(reader, "events", "customer=42&period=all_time")
    for nobody in ("zzz", "e", "\N{COMBINING ACUTE ACCENT}" * 3):
        assert "No such customer" in reader.see(f"/analytics?customer={nobody}")
    assert reader.client.get("/analytics/events.csv?customer=zzz").status_code == 404

    log = signed_in(reader.client.application, ADMIN).see("/audit?action=personal_data")
    subjects = [link.text_content() for link in html.fromstring(log).xpath("//td[@data-label='About']/a")]
    # The newest first: the file, the page, and before them the search.
    assert subjects[:3] == ["customer:42", "customer:42", "customers"]
    store = reader.client.application.extensions["listino"].store
    assert store.audit.of("customers")[0].detail["shown"] == ["42", "43"]
