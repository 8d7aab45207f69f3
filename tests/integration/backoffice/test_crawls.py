"""The crawl runs, and starting one."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from integration.backoffice.goods import MANAGER, NOW, running_crawl

from listino.domain.clock import utc_now
from listino.domain.crawl import Crawl, CrawlStatus, Reject
from listino.store.client import Store


def rows(page: str) -> list[str]:
    return re.findall(r'id="run-([^"]+)"', page)


def queued(app: Flask) -> list[tuple]:
    return [tuple(job.args) for job in app.extensions["listino"].jobs.queue("crawl").get_jobs()]


def test_runs_are_listed_newest_first_and_page_by_page(reader) -> None:
    address, seen, pages = "/crawls", [], 0
    while address:
        page = reader.see(address)
        seen += rows(page)
        pages += 1
        following = re.search(r'rel="next" href="([^"]+)"', page)
        address = following[1].replace("&amp;", "&") if following else ""

    assert pages == 2
    assert seen == ["crawl-fr-now", *(f"crawl-it-{number}" for number in range(1, 27))]


def test_the_newest_runs_and_a_run_at_work_keep_themselves_up_to_date(agent, filled: Store) -> None:
    assert 'hx-trigger="every 3s"' in agent.see("/crawls")
    assert 'hx-trigger="every 3s"' in agent.see("/crawls/crawl-fr-now")

    ended = replace(running_crawl(), status=CrawlStatus.FINISHED, ended_at=NOW)
    filled.crawls.save(ended)

    # A crawl may begin at any moment, so the list goes on looking; what is over does not change any more.
    assert 'hx-trigger="every 3s"' in agent.see("/crawls")
    assert "hx-trigger" not in agent.see("/crawls/crawl-fr-now")
    assert "hx-trigger" not in agent.see("/crawls?after=2100-01-01T00:00:00Z")


def test_a_run_without_a_sign_of_life_is_not_called_running(manager, filled: Store) -> None:
    filled.crawls.save(replace(running_crawl(), heartbeat_at=NOW - timedelta(minutes=10)))

    page = manager.see("/crawls")

    assert "No sign of life" in page
    assert not re.search(r'id="start-fr"[^>]*disabled', page)


def test_a_run_shows_what_it_brought_home_and_what_it_could_not_use(reader) -> None:
    page = reader.see("/crawls/crawl-it-1")

    assert "Crawl of Italy" in page
    for figure in (
        "1,250",
        "1,253",
        "1,138",
        "1,024 skipped",
        "37 unmodified",
        "340",
        "3\N{NO-BREAK SPACE}min 20\N{NO-BREAK SPACE}s",
    ):
        assert figure in page
    assert "99.8%" in page
    assert 'width="61.0"' in page
    assert 'href="https://bottega.example/p/1"' in page
    assert 'href="javascript:' not in page
    assert "&lt;b&gt;not&lt;/b&gt; JSON" in page


def test_a_run_that_fell_short_says_why(agent, filled: Store) -> None:
    failed = Crawl.begun("es", trigger="schedule", at=NOW)
    why = "calzoleria: its address calzoleria.example could not be found"
    filled.crawls.save(replace(failed, status=CrawlStatus.FAILED, ended_at=NOW, error=why))

    assert failed.id in rows(agent.see("/crawls"))
    assert why in agent.see(f"/crawls/{failed.id}")


def test_a_manager_starts_a_crawl_which_is_queued_once(app: Flask, manager) -> None:
    answer = manager.send("/crawls", market="es")

    assert (answer.status_code, answer.location.partition("&at=")[0]) == (303, "/crawls?asked=es")
    assert queued(app) == [("es", None, f"staff:{MANAGER}")]
    page = manager.see(answer.location)
    assert "A crawl of Spain is queued." in page
    assert "waits for a worker" in page
    assert re.search(r'id="start-es"[^>]*disabled', page)

    again = manager.send("/crawls", market="es")
    assert len(queued(app)) == 1
    assert "waiting for a worker already" in manager.see(again.location)


def test_a_market_at_work_is_not_started_again(app: Flask, manager) -> None:
    assert re.search(r'id="start-fr"[^>]*disabled', manager.see("/crawls"))

    answer = manager.send("/crawls", market="fr")

    assert queued(app) == []
    assert "France is being crawled already." in manager.see(answer.location)


def test_what_was_said_of_a_crawl_goes_when_it_is_over(app: Flask, manager, filled: Store) -> None:
    asked = manager.send("/crawls", market="es").location
    assert "is queued" in manager.see(asked)

    app.extensions["listino"].jobs.queue("crawl").empty()
    assert "is queued" in manager.see(asked), "a worker has taken it and not written anything yet"
    begun = replace(running_crawl("es"), started_at=utc_now())
    filled.crawls.save(begun)
    assert "Spain is being crawled now." in manager.see(asked)

    filled.crawls.save(replace(begun, status=CrawlStatus.FINISHED, ended_at=NOW))
    page = manager.see(asked)
    assert 'id="run-crawl-es-now"' in page
    assert 'class="notice' not in page


@pytest.mark.parametrize(
    "asked", ["asked=es", f"asked=es&at={NOW - timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}"], ids=["at once", "long ago"]
)
def test_of_a_crawl_that_nobody_knows_nothing_is_said(reader, asked: str) -> None:
    assert 'class="notice' not in reader.see(f"/crawls?{asked}")


@pytest.mark.parametrize("asked", ["asked=uk", "asked=es&at=noon"])
def test_a_question_that_makes_no_sense_is_told_so(reader, asked: str) -> None:
    assert reader.client.get(f"/crawls?{asked}").status_code == 400


def test_who_started_a_run_is_told_in_full(reader) -> None:
    assert f"staff:<wbr>{MANAGER}</td>" in reader.see("/crawls")


def test_an_unknown_market_is_refused(app: Flask, manager) -> None:
    assert manager.send("/crawls", market="uk").status_code == 400
    assert queued(app) == []


def test_a_start_without_its_token_is_refused(app: Flask, manager) -> None:
    assert manager.client.post("/crawls", data={"market": "it"}).status_code == 400
    assert queued(app) == []


def test_a_cursor_that_is_no_time_is_told_so(reader) -> None:
    assert reader.client.get("/crawls?after=yesterday").status_code == 400


def test_a_run_is_seen_beside_the_runs_before(reader) -> None:
    page = reader.see("/crawls/crawl-it-1")

    before = page[page.index("Against the crawls before") :].partition("</table>")[0]
    assert "99.7%" in before
    assert '<span class="under">99.4%</span>' in before, "the median of the five before"
    assert "<polyline" in before
    assert "Against the crawls before" not in reader.see("/crawls/crawl-it-26"), "the first one has no past"


def test_rejects_are_shown_page_by_page_and_by_reason(agent, filled: Store) -> None:
    many = [
        Reject(crawl_id="crawl-it-2", shop="bottega", reason=reason, url=f"https://a.example/{n}", detail="", at=NOW)
        for n in range(60)
        for reason in ("no_price", "unreadable")
    ]
    filled.crawls.keep_rejects(many)
    address, seen = "/crawls/crawl-it-2/rejects?reason=no_price", []
    while address:
        page = agent.see(address)
        seen += re.findall(r'title="https://a.example/(\d+)"', page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        address = following[1].replace("&amp;", "&") if following else ""

    assert seen == [str(n) for n in range(60)]
    assert agent.client.get("/crawls/crawl-it-2/rejects?after=nowhere").status_code == 400
    assert agent.client.get("/crawls/none/rejects").status_code == 404


def test_the_log_of_a_run_is_shown_newest_first_and_without_mere_news(reader) -> None:
    page = reader.see("/crawls/crawl-it-1/log")
    assert page.index("&lt;b&gt;bottega&lt;/b&gt; answered 500") < page.index("Spider opened")
    assert "Spider opened" not in reader.see("/crawls/crawl-it-1/log?only=trouble")
    assert reader.client.get("/crawls/crawl-it-1/log?after=x").status_code == 400
    assert "hx-trigger" not in page


def test_a_manager_has_a_crawl_stop_and_the_spider_hears_of_it(manager, agent, filled: Store) -> None:
    lease = filled.leases.acquire("fr")
    assert 'id="stop"' in manager.see("/crawls/crawl-fr-now")
    assert 'id="stop"' not in agent.see("/crawls/crawl-fr-now")
    assert agent.send("/crawls/crawl-fr-now/stop").status_code == 403

    assert manager.send("/crawls/crawl-fr-now/stop").status_code == 303
    page = manager.see("/crawls/crawl-fr-now")
    assert f"{MANAGER} wants it to stop" in page
    wanted = filled.leases.stop_request("fr")
    assert wanted is not None
    assert wanted.by == MANAGER
    assert [entry.action for entry in filled.audit.of("crawl:crawl-fr-now")] == ["crawl.stopped"]

    filled.leases.release(lease)
    filled.leases.acquire("fr")
    assert filled.leases.stop_request("fr") is None, "the next crawl is not meant"


def test_what_is_over_cannot_be_stopped(manager, filled: Store) -> None:
    manager.send("/crawls/crawl-it-1/stop")
    assert "This crawl is not at work" in manager.see("/crawls/crawl-it-1")
    assert filled.audit.of("crawl:crawl-it-1") == []
