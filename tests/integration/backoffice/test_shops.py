"""The shops, and the times at which they are crawled."""

import re
import time

import pytest
from flask import Flask
from integration.backoffice.goods import MANAGER, declare_shops
from redis import Redis

from listino.domain.audit import StaffAction
from listino.domain.schedule import DECLARED, Times, in_force
from listino.live.budget import host_keys
from listino.live.keys import ShopKeys
from listino.settings import Settings
from listino.store.client import Store

SHOP = "it:bottega"


@pytest.fixture
def redis(settings: Settings):
    declare_shops(settings)
    with Redis.from_url(settings.redis_address) as redis:
        yield redis


def shown(person, address: str) -> str:
    """What is known now, and not what was before the test changed it."""
    person.client.application.extensions["listino"].panels.live.forget()
    return person.see(address)


def queued(app: Flask) -> list[tuple]:
    return [tuple(job.args) for job in app.extensions["listino"].jobs.queue("crawl").get_jobs()]


def test_each_declared_shop_is_listed_with_what_is_kept_of_it(reader) -> None:
    page = reader.see("/shops")

    assert re.findall(r'id="shop-([^"]+)"', page) == ["de:kontor", "es:mercado", "fr:atelier", SHOP]
    assert "it-rotto.toml: its declaration cannot be used" in page
    row = page[page.index(f'id="shop-{SHOP}"') :].partition("</tr>")[0]
    for cell in (
        'data-label="Stored" class="num">32',
        '">31</a>',
        'data-label="Gone" class="num">1',
        "Whole shop",
        "Closed",
    ):
        assert cell in row


def test_shops_are_listed_by_market(reader) -> None:
    assert re.findall(r'id="shop-([^"]+)"', reader.see("/shops?market=fr")) == ["fr:atelier"]
    assert reader.client.get("/shops?market=uk").status_code == 400
    assert reader.client.get("/shops/it:nobody").status_code == 404


def test_a_shop_that_leaves_requests_unanswered_is_open_and_says_since_when(agent, redis: Redis) -> None:
    keys, now = ShopKeys(SHOP), int(time.time() * 1000)
    assert "Closed" in shown(agent, f"/shops/{SHOP}")
    redis.hset(keys.breaker, mapping={"in_a_row": 4, "since": now - 120_000, "probe_at": now})
    page = shown(agent, f"/shops/{SHOP}")
    assert "Open" in page
    assert "4 requests in a row were not answered, the first 2 minutes ago" in page

    redis.zadd(keys.waiting, {f"{SHOP}:1": now})
    assert "Half open" in shown(agent, f"/shops/{SHOP}")


def test_what_of_a_hosts_budget_is_in_use_is_shown(agent, redis: Redis) -> None:
    pace, crawl, live = host_keys("127.0.0.1:9")
    soon = time.time() * 1000 + 60_000
    redis.zadd(crawl, {"a": soon, "died": 1})
    redis.zadd(live, {"b": soon})
    page = shown(agent, f"/shops/{SHOP}")
    assert "2 of " in page
    assert "1 by crawls, 1 by live prices" in page

    redis.hset(pace, mapping={"pause": int(soon), "slowed": 500, "refusals": 3})
    page = shown(agent, f"/shops/{SHOP}")
    assert "Paused" in page
    assert "Refusals in a row" in page


def test_a_manager_has_one_shop_crawled(app: Flask, manager, redis: Redis, filled: Store) -> None:
    assert manager.send(f"/shops/{SHOP}/crawl").status_code == 303
    assert queued(app) == [("it", "bottega", f"staff:{MANAGER}")]
    assert "A crawl of it:bottega is queued." in manager.see(f"/shops/{SHOP}")
    (entry,) = filled.audit.of(f"shop:{SHOP}")
    assert (entry.action, entry.by) == (StaffAction.CRAWL_QUEUED, MANAGER)

    manager.send(f"/shops/{SHOP}/crawl")
    assert len(queued(app)) == 1
    assert manager.send("/shops/it:nobody/crawl").status_code == 404


def test_a_manager_chooses_times_which_are_in_force_until_they_are_the_declared_ones_again(
    manager, redis: Redis, filled: Store
) -> None:
    chosen = {"key": "it", "every_hours": "12", "from": "03:30", "active": "on"}
    assert manager.send("/schedule", **chosen).status_code == 303
    page = manager.see("/schedule")
    assert "every 12 hours, 03:30 · 15:30" in page
    assert f"chosen by {MANAGER}" in page
    assert in_force(filled.crawl_times.all())["it"].times == Times(12, 210)

    assert manager.send("/schedule/forget", key="it").status_code == 303
    assert in_force(filled.crawl_times.all()) == DECLARED
    changed, first = (filled.audit.of("schedule:it"))[:2]
    assert first.before == {"every_hours": 6, "from": "00:00", "active": True}
    assert first.after == changed.before == {"every_hours": 12, "from": "03:30", "active": True}


def test_a_shop_is_crawled_alone_besides_or_its_market_not_at_all(manager, redis: Redis, filled: Store) -> None:
    back = f"/shops/{SHOP}"
    answer = manager.send("/schedule", key=SHOP, every_hours="24", active="on", next=back, **{"from": "05:00"})
    assert answer.location == back
    manager.send("/schedule", key="fr", every_hours="6", **{"from": "00:15"})

    plan = in_force(filled.crawl_times.all())
    assert plan[SHOP].times == Times(24, 300)
    assert not plan["fr"].times.active
    assert "every 24 hours, 05:00" in manager.see(back)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"from": "25:00"}, "25:00 is no time of the day"),
        ({"every_hours": "5"}, "Choose one of the numbers of hours."),
        ({"key": "uk"}, "There is no market uk"),
        ({"key": "it:nobody"}, "no shop"),
    ],
)
def test_times_that_make_no_sense_change_nothing(manager, redis: Redis, filled: Store, wrong, words: str) -> None:
    answer = manager.send("/schedule", **({"key": "it", "every_hours": "6", "from": "07:07", "active": "on"} | wrong))
    assert answer.status_code == 422
    assert words in answer.text
    if wrong.keys() == {"every_hours"}:
        assert 'value="07:07"' in answer.text
    assert filled.crawl_times.all() == {}
