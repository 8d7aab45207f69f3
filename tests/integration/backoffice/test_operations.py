"""The platform at work, and putting failed jobs right."""

import orjson
import pytest
from flask import Flask
from integration.backoffice.goods import MANAGER, declare_shops
from redis import Redis
from rq import SimpleWorker
from rq.serializers import JSONSerializer
from shopkeeper import wait_until

from listino.domain.audit import StaffAction
from listino.jobs import Jobs
from listino.live.keys import ShopKeys
from listino.queues import QueuedJob, queue_states
from listino.settings import Settings
from listino.store.client import Store

PRODUCT = "it:bottega:8411"


@pytest.fixture
def jobs(settings: Settings):
    declare_shops(settings)
    with Redis.from_url(settings.redis_address) as redis:
        yield Jobs(redis)


def failed_job(jobs: Jobs) -> QueuedJob:
    """A crawl that a worker has just failed over."""
    job = jobs.queue("crawl").enqueue("workers.crawls.nothing", "es", None, "schedule", description="crawl es")
    SimpleWorker([jobs.queue("crawl")], connection=jobs.connection, serializer=JSONSerializer).work(burst=True)
    (failed,) = queue_states(jobs)[1].failed
    assert failed.id == job.id
    return failed


def shown(person) -> str:
    panels = person.client.application.extensions["listino"].panels
    for kept in (panels.queues, panels.live):
        kept.forget()
    return person.see("/operations")


def test_all_parts_are_on_one_page(reader) -> None:
    def seen() -> str | None:
        text = reader.see("/operations")
        return text if "price_history" in text else None

    page = wait_until(seen, "the cluster has been looked at")
    for words in (
        "shard0",
        "shard1",
        "primary",
        "price_history",
        "Balancer",
        "on disk",
        "Commands a second",
        "crawl",
        "it:bottega",
    ):
        assert words in page
    assert "Nobody works off the queues" in page
    assert 'hx-trigger="every 5s"' in page
    assert "Put back" not in page


def test_a_failed_job_shows_why_and_is_put_back_once(app: Flask, manager, jobs: Jobs, filled: Store) -> None:
    failed = failed_job(jobs)
    page = shown(manager)
    assert "crawl es" in page
    assert "nothing" in (failed.reason or "")
    assert failed.reason.partition(":")[0] in page

    assert manager.send("/operations/jobs/requeue", job=failed.id).status_code == 303
    assert "crawl es waits in its queue again." in manager.see("/operations")
    crawl = queue_states(jobs)[1]
    assert (crawl.length, crawl.failures) == (1, 0)
    (entry,) = filled.audit.of(f"job:{failed.id}")
    assert (entry.action, entry.by) == (StaffAction.JOB_REQUEUED, MANAGER)

    manager.send("/operations/jobs/requeue", job=failed.id)
    assert "has not failed, or was put back already" in manager.see("/operations")
    assert queue_states(jobs)[1].length == 1


def test_a_job_that_waits_or_failed_is_removed(manager, jobs: Jobs, filled: Store) -> None:
    failed = failed_job(jobs)
    waiting = jobs.crawl("fr", trigger="schedule")
    assert waiting is not None
    for job_id in (failed.id, waiting.id):
        manager.send("/operations/jobs/remove", job=job_id)
        (entry,) = filled.audit.of(f"job:{job_id}")
        assert entry.action == StaffAction.JOB_REMOVED
    crawl = queue_states(jobs)[1]
    assert (crawl.length, crawl.failures) == (0, 0)
    manager.send("/operations/jobs/remove", job="nobody's")
    assert "There is no such job" in manager.see("/operations")


def test_an_agent_looks_and_changes_nothing(agent, jobs: Jobs) -> None:
    failed = failed_job(jobs)
    assert "crawl es" in shown(agent)
    assert agent.send("/operations/jobs/remove", job=failed.id).status_code == 403
    assert queue_states(jobs)[1].failures == 1


def test_a_parked_product_is_released(manager, jobs: Jobs, filled: Store) -> None:
    at_ms = int(jobs.connection.time()[0]) * 1000
    why = orjson.dumps({"at_ms": at_ms, "why": "three workers died"})
    jobs.connection.hset(ShopKeys("it:bottega").parked, PRODUCT, why)
    assert "three workers died" in shown(manager)

    manager.send("/operations/parked/release", product=PRODUCT)
    assert not jobs.connection.exists(ShopKeys("it:bottega").parked)
    assert filled.audit.of(PRODUCT)[0].action == StaffAction.PARKED_RELEASED
    manager.send("/operations/parked/release", product=PRODUCT)
    assert "is not parked" in manager.see("/operations")


def test_who_works_and_who_died_is_told(agent, jobs: Jobs) -> None:
    worker = SimpleWorker([jobs.queue("crawl")], connection=jobs.connection, serializer=JSONSerializer)
    worker.register_birth()
    assert "Listens" in shown(agent)
    jobs.connection.hset(worker.key, "last_heartbeat", "2026-01-01T00:00:00.000000Z")
    assert "No sign of life" in shown(agent)
