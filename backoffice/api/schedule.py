"""When crawls start by the clock."""

from typing import Annotated

from flask import abort, g
from pydantic import Field

from backoffice.access import requires
from backoffice.api.operation import operation, subject
from backoffice.api.shapes import Moment, Sent, Text, Told
from backoffice.services import schedule
from listino.domain.schedule import EVERY_HOURS

blueprint = subject("schedule", "/schedule", __name__)

Key = Annotated[
    Text, Field(description="A market, or a shop of it that is crawled alone.", examples=["it", "it:bottega"])
]
Hours = Annotated[
    int,
    Field(
        description=f"How often: one of {', '.join(map(str, EVERY_HOURS))}.", json_schema_extra={"enum": EVERY_HOURS}
    ),
]
Clock = Annotated[
    str, Field(max_length=5, description="One of the times of the day, in UTC; the others follow.", examples=["00:15"])
]


class NewTimes(Sent):
    """The times from now on."""

    every_hours: Hours
    clock: Clock
    active: Annotated[bool, Field(description="False: it is not crawled by the clock at all.")] = True


class Times(Told):
    """When a market, or a shop alone, is crawled. `by` is null for the declared times."""

    key: Key
    every_hours: Hours
    clock: Clock
    active: bool
    by: str | None
    at: Annotated[Moment | None, Field(description="When they were chosen.")]
    next_at: Moment | None


class Schedule(Told):
    """The times that are in force, markets first."""

    items: list[Times]


@blueprint.get("")
@requires("agent", scopes=("read",))
@operation()
def entries() -> Schedule:
    """Read the schedule"""
    return Schedule(items=[_told(entry) for entry in schedule.entries()])


@blueprint.put("/<key>")
@requires("manager", scopes=("write",))
@operation(problems=(409,))
def choose(key: Key, body: NewTimes) -> Times:
    """Choose times

    Of a market, or of a shop that is crawled alone besides. 409: no such shop is declared."""
    times = schedule.times_from(str(body.every_hours), body.clock, body.active)
    return _told(schedule.choose(key, times, by=g.member.email))


@blueprint.delete("/<key>")
@requires("manager", scopes=("write",))
@operation(problems=(404,))
def forget(key: Key) -> None:
    """Go back to the declared times

    Of which a shop has none. 404: nobody has chosen others."""
    if not schedule.forget(key, by=g.member.email):
        abort(404)


def _told(entry: schedule.Entry) -> Times:
    planned, times = entry.planned, entry.planned.times
    return Times(
        key=planned.key,
        every_hours=times.every_hours,
        clock=times.clock,
        active=times.active,
        by=planned.by,
        at=planned.at,
        next_at=entry.next_at,
    )
