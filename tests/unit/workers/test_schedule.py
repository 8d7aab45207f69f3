from typing import Any

import pytest
from pymongo.errors import ServerSelectionTimeoutError
from redis import Redis
from rq.serializers import JSONSerializer

from listino.domain.market import MARKETS
from listino.domain.schedule import DECLARED, Planned, Times, in_force
from listino.jobs import QUEUES, Jobs
from workers.patience import Patience
from workers.schedule import Schedule

NOWHERE = Redis.from_url("redis://127.0.0.1:1/0")  # connects on first use, and nothing here uses it
PATIENCE = Patience("redis://127.0.0.1:1/0")


def planned(key: str, every_hours: int = 6, minute: int = 0, *, active: bool = True) -> Planned:
    return Planned(key=key, times=Times(every_hours, minute, active), by="mara@listino.test")


def schedule(*plan: Planned) -> Schedule:
    made = Schedule(NOWHERE, lambda: {one.key: one for one in plan}, PATIENCE)
    made.look()
    return made


def jobs(made: Schedule) -> dict[str, str | None]:
    return {job.name: job.cron for job in made.get_jobs()}


IT, FR = planned("it"), planned("fr", minute=15)
SIX = "0 0,6,12,18 * * *"


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        ([], {}),
        ([IT], {"crawl it": SIX}),
        ([IT, FR], {"crawl it": SIX, "crawl fr": "15 0,6,12,18 * * *"}),
        ([planned("it", 24, 180)], {"crawl it": "0 3 * * *"}),
        ([IT, planned("it:bottega", 12, 75)], {"crawl it": SIX, "crawl it:bottega": "15 1,13 * * *"}),
        ([planned("it", active=False)], {}),
    ],
    ids=["removed", "unchanged", "new", "changed", "a shop alone", "switched off"],
)
def test_what_is_planned_now_is_taken_over_at_the_next_look(plan: list[Planned], expected: dict[str, str]) -> None:
    in_force_now = [IT]
    made = Schedule(NOWHERE, lambda: {one.key: one for one in in_force_now}, PATIENCE)
    made.look()
    assert jobs(made) == {"crawl it": SIX}
    in_force_now[:] = plan
    made.look()
    assert jobs(made) == expected


def test_what_was_not_changed_keeps_its_next_time() -> None:
    plan = [IT]
    made = Schedule(NOWHERE, lambda: {one.key: one for one in plan}, PATIENCE)
    made.look()
    (job,) = made.get_jobs()
    plan.append(FR)
    made.look()
    assert made.get_jobs()[0] is job


def test_while_mongodb_is_away_the_plan_of_before_holds_and_without_one_nothing_starts() -> None:
    away = [True]

    def plan() -> dict[str, Planned]:
        if away[0]:
            raise ServerSelectionTimeoutError("nobody there")
        return in_force({})

    made = Schedule(NOWHERE, plan, PATIENCE)
    made.look()
    assert jobs(made) == {}
    away[0] = False
    made.look()
    assert len(jobs(made)) == len(MARKETS)
    away[0] = True
    made.look()
    assert len(jobs(made)) == len(MARKETS)


def test_a_scheduled_crawl_goes_the_way_of_every_job(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(Jobs, "crawl", lambda self, market, **how: asked.append((self.connection, market, how)))
    for job in schedule(*DECLARED.values(), planned("it:bottega")).get_jobs():
        job.enqueue(NOWHERE)
    assert asked == [
        *((NOWHERE, market, {"trigger": "schedule", "shop": None}) for market in MARKETS),
        (NOWHERE, "it", {"trigger": "schedule", "shop": "bottega"}),
    ]


@pytest.mark.parametrize("name", QUEUES)
def test_every_queue_speaks_json(name: str) -> None:
    assert Jobs(NOWHERE).queue(name).serializer is JSONSerializer
