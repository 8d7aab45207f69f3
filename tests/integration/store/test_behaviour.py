"""The figures of what shoppers did are those of the events, whatever is summed up already."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from integration.store.courses import plain_course, told_course
from pymongo.errors import ExecutionTimeout

from listino.domain.behaviour import Behaviour
from listino.domain.clock import utc_now
from listino.domain.course import Step
from listino.domain.events import STEPS, Customer, Event, EventType
from listino.settings import Settings
from listino.store import summing, sums, tiles
from listino.store.aio import AsyncStore
from listino.store.client import Store
from listino.store.event_writes import session_writes
from listino.store.ground import Ground
from listino.store.outage import Behind
from listino.store.page_views import PageViews
from listino.store.span import Span

# So long ago that every tile of time in which it lies is over.
BEGIN = datetime.combine(utc_now() - timedelta(days=100), time(8, 30), UTC)
CHANCE = random.Random(7)


def some_events(number: int, first: int = 0) -> list[Event]:
    """Of forty sessions over five hours; in some of them somebody signs in half way."""
    made = []
    for n in range(first, first + number):
        session = CHANCE.randrange(40)
        at = BEGIN + timedelta(minutes=4 * session, milliseconds=CHANCE.randrange(150 * 60_000))
        known = session % 3 == 0 or (session % 3 == 1 and at.minute > 20)
        kind = CHANCE.choice(list(EventType))
        made.append(
            Event(
                id=f"e{n}",
                type=kind,
                at=at,
                session=f"v{session}",
                consent=True,
                customer=Customer(id=str(session % 9)) if known else None,
                page=f"/p/{CHANCE.randrange(6)}" if kind is EventType.PAGE_VIEW else None,
                ms=CHANCE.randrange(60_000) if n % 4 else None,
            )
        )
    return made


def told(found: Behaviour) -> dict[str, Any]:
    """Behaviour as plain values."""
    types = {kind: (one.count, one.timed, one.ms) for kind, one in found.types.items() if one.count}
    return {
        "users": found.users,
        "sessions": found.sessions,
        "session_ms": found.session_ms,
        "types": types,
        "reached": [found.reached[step] for step in STEPS],
    }


def plain(events: Iterable[Event], span: Span) -> tuple[dict[str, Any], dict[str, tuple[int, int, int]]]:
    """The same, and the figures by page, computed event by event."""
    sessions: dict[str, list[Event]] = defaultdict(list)
    types: dict[EventType, list[int]] = defaultdict(lambda: [0, 0, 0])
    pages: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for event in events:
        if (span.since and event.at < span.since) or (span.until and event.at >= span.until):
            continue
        if span.customer and (event.customer is None or event.customer.id != span.customer):
            continue
        sessions[event.session].append(event)
        for numbers in [types[event.type], *([pages[event.page]] if event.page else [])]:
            numbers[0] += 1
            numbers[1] += event.ms is not None
            numbers[2] += event.ms or 0
    reached = [0] * len(STEPS)
    users = set()
    for some in sessions.values():
        users.add(min([f"c{event.customer.id}" for event in some if event.customer] or [f"s{some[0].session}"]))
        for place in range(len(STEPS)):
            reached[place] += set(STEPS[: place + 1]) <= {event.type for event in some}
    lengths = [max(event.at for event in some) - min(event.at for event in some) for some in sessions.values()]
    figures = {
        "users": len(users),
        "sessions": len(sessions),
        "session_ms": round(sum(length.total_seconds() * 1000 for length in lengths)),
        "types": {kind: tuple(numbers) for kind, numbers in types.items()},
        "reached": reached,
    }
    return figures, {page: (numbers[0], numbers[1], numbers[2]) for page, numbers in pages.items()}


SPANS = [
    Span(),
    Span(since=BEGIN + timedelta(minutes=47, milliseconds=1)),
    Span(until=BEGIN + timedelta(minutes=150)),
    Span(since=BEGIN + timedelta(minutes=30), until=BEGIN + timedelta(minutes=90)),
    Span(since=BEGIN + timedelta(minutes=61, seconds=3), until=BEGIN + timedelta(minutes=61, seconds=59)),
    Span(since=BEGIN + timedelta(days=3)),
    Span(customer="3"),
    Span(customer="4", since=BEGIN + timedelta(minutes=40), until=BEGIN + timedelta(minutes=100)),
]


def compare(store: Store, events: Sequence[Event]) -> None:
    for span in SPANS:
        figures, pages = plain(events, span)
        ground = store.behaviour.ground(span)
        assert told(store.behaviour.figures(ground)) == figures, span
        found = {
            one.page: (one.figures.count, one.figures.timed, one.figures.ms) for one in store.behaviour.pages(ground)
        }
        assert found == pages, span
        for step in (Step.HOUR, Step.WEEK):  # of hours' tiles, and of days'
            assert told_course(store, ground, step) == plain_course(events, span, step), (span, step)


@pytest.fixture
async def nodes(settings: Settings) -> AsyncIterator[tuple[AsyncStore, AsyncStore]]:
    opened = AsyncStore(settings), AsyncStore(settings)
    yield opened
    for one in opened:
        one.close()


async def take(nodes: Sequence[AsyncStore], events: Sequence[Event]) -> None:
    """Both nodes take all events at once, in batches that overlap, each some times."""
    batches = [events[start : start + 25] for start in range(0, len(events), 15)]
    sent = [(node, batch) for batch in batches for node in (*nodes, nodes[0])]
    CHANCE.shuffle(sent)
    turns = asyncio.Semaphore(8)

    async def keep(node: AsyncStore, batch: Sequence[Event]) -> None:
        async with turns:
            await node.events.keep(batch)

    await asyncio.gather(*(keep(node, batch) for node, batch in sent))


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody writes meanwhile, so what is there has settled."""
    monkeypatch.setattr(sums, "SETTLE_SECONDS", -60.0)
    for hours in tiles.SEAL_SECONDS:
        monkeypatch.setitem(tiles.SEAL_SECONDS, hours, -60.0)


async def sum_up(node: AsyncStore) -> None:
    while await node.events.sum_up():
        pass


async def test_a_part_after_the_asked_time_that_is_summed_up_meanwhile_changes_nothing(
    store: Store, nodes: tuple[AsyncStore, AsyncStore], at_once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who looks around and signs in later: what comes after the asked time is no part of its figures, whenever it is summed up."""
    node, loop = nodes[0], asyncio.get_running_loop()
    looks = Event(id="a", type=EventType.PAGE_VIEW, at=BEGIN, session="v", consent=True, page="/p")
    later = replace(looks, id="b", at=BEGIN + timedelta(hours=1), customer=Customer(id="7"))
    span = Span(until=BEGIN + timedelta(minutes=20))
    await node.events.keep([looks])
    await sum_up(node)
    await node.events.keep([later])
    cover = Ground.cover

    def overtaken(self: Ground, *asked: Any, **named: Any) -> Any:
        """What figures are put together from is known, and not read yet."""
        found = cover(self, *asked, **named)
        asyncio.run_coroutine_threadsafe(sum_up(node), loop).result(30)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(Ground, "cover", overtaken)
        figures = await asyncio.to_thread(store.behaviour.figures, span)
    assert told(figures) == plain([looks, later], span)[0]
    assert told(store.behaviour.figures(span)) == plain([looks, later], span)[0]


def sealed(store: Store) -> list[int]:
    """The lengths of the tiles that are believed."""
    return [tile["hours"] for tile in store._database["tiles"].find({"unsealed": {"$exists": False}})]


def unsummed(store: Store) -> int:
    return store._database["sessions"].count_documents({"unsummed": {"$exists": True}})


@pytest.mark.usefixtures("at_once")
async def test_figures_are_those_of_the_events_whatever_is_summed_up(
    store: Store, nodes: tuple[AsyncStore, AsyncStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    events = some_events(600)
    taking = asyncio.create_task(take(nodes, events))
    while not taking.done():  # what is read meanwhile is never more than there is
        seen = await asyncio.to_thread(store.behaviour.figures, Span())
        assert sum(one.count for one in seen.types.values()) <= len(events)
        assert seen.sessions <= 40
    await taking
    compare(store, events)

    # First some sessions are summed up and the tiles made of them, then by both nodes all the others.
    monkeypatch.setattr(summing, "AT_ONCE", 20)
    assert await nodes[0].events.sum_up()
    assert unsummed(store) == len({(event.owner, event.session) for event in events}) - 20
    assert set(sealed(store)) == set(tiles.SEAL_SECONDS)
    compare(store, events)
    while unsummed(store):
        await asyncio.gather(*(node.events.sum_up() for node in nodes))
        compare(store, events)
    await sum_up(nodes[0])
    assert len(sealed(store)) == store._database["tiles"].count_documents({})
    compare(store, events)

    # Sent again, late ones among new ones; then all of it is summed up once more.
    events += some_events(60, first=600)
    await take(nodes, events[500:])
    assert unsummed(store)
    assert sealed(store)
    compare(store, events)
    await asyncio.gather(*(sum_up(node) for node in nodes))
    assert unsummed(store) == 0
    compare(store, events)


@pytest.mark.usefixtures("at_once")
async def test_sums_are_not_kept_when_a_batch_came_meanwhile(
    store: Store, nodes: tuple[AsyncStore, AsyncStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    events = some_events(10)
    await nodes[0].events.keep(events[:9])
    made = summing.Summing._made

    async def interrupted(self: Any, sessions: Any) -> Any:
        read = await made(self, sessions)
        await nodes[0].events.keep(events)
        return read

    monkeypatch.setattr(summing.Summing, "_made", interrupted)
    await nodes[1].events.sum_up()
    assert unsummed(store) == len({(event.owner, event.session) for event in events})
    compare(store, events)


@pytest.mark.usefixtures("at_once")
async def test_a_session_of_very_many_pages_is_summed_up_like_all_others(
    store: Store, nodes: tuple[AsyncStore, AsyncStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sums, "MOST_PAGES", 2)
    events = some_events(200)
    await nodes[0].events.keep(events)
    await sum_up(nodes[0])
    assert unsummed(store) == 0
    compare(store, events)
    of: dict[tuple[str, str], set[str]] = defaultdict(set)
    for event in events:
        of[event.owner, event.session] |= {event.page} if event.page else set()
    told = [(one["owner"], one["session"], one["sums"]) for one in store._database["sessions"].find()]
    assert {(owner, session) for owner, session, found in told if found.get("many_pages")} == {
        whose for whose, pages in of.items() if len(pages) > 2
    }
    assert {bool(found.get("many_pages")) for *_, found in told} == {True, False}
    assert max(len(found["pages"]) for *_, found in told) == 2


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("told", [1, 4])
async def test_the_most_viewed_pages_are_exact_though_tiles_tell_few(
    store: Store, nodes: tuple[AsyncStore, AsyncStore], monkeypatch: pytest.MonkeyPatch, told: int
) -> None:
    def view(number: int, page: str) -> Event:
        at = BEGIN + timedelta(minutes=CHANCE.randrange(600))
        session, who = f"v{number % 90}", Customer(id=str(number % 90))
        return Event(
            id=f"e{number}",
            type=EventType.PAGE_VIEW,
            at=at,
            session=session,
            consent=True,
            customer=who,
            page=page,
            ms=number,
        )

    # Some pages stand out; of another one nobody heard in the first hours.
    events = [view(number, f"/p/{int(30 ** CHANCE.random())}") for number in range(300)]
    events += [view(number, "/new") for number in range(300, 400) if CHANCE.random() < 0.5]
    monkeypatch.setattr(summing, "MOST_PAGES", told)
    monkeypatch.setattr(tiles, "MOST_PAGES", told)
    await nodes[0].events.keep(events[:350])
    await sum_up(nodes[0])
    await nodes[0].events.keep(events[350:])
    assert sealed(store)
    complete, asked = PageViews.complete, []
    monkeypatch.setattr(PageViews, "complete", lambda *given: asked.append(complete(*given)) or asked[-1])
    for since, until in ((None, None), (30, 480), (61, 400)):
        span = Span(
            since=None if since is None else BEGIN + timedelta(minutes=since),
            until=None if until is None else BEGIN + timedelta(minutes=until),
        )
        _, pages = plain(events, span)
        for count in (1, 2, 5):
            found = store.behaviour.pages(span, count=count)
            expected = sorted(pages, key=lambda page: (-pages[page][0], page))[:count]
            assert [one.page for one in found] == expected
            figures = [(one.figures.count, one.figures.timed, one.figures.ms) for one in found]
            assert figures == [pages[page] for page in expected]
    assert set(asked) == {True, False}


@pytest.mark.usefixtures("at_once")
async def test_two_nodes_that_sum_up_parts_of_one_session_at_once_leave_no_part_out(
    store: Store, nodes: tuple[AsyncStore, AsyncStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    def event(number: int, customer: str | None) -> Event:
        known = Customer(id=customer) if customer else None
        at = BEGIN + timedelta(minutes=number)
        return Event(id=f"e{number}", type=EventType.SEARCH, at=at, session="v", consent=True, customer=known)

    events = [event(1, None), event(2, None), event(70, "1")]
    await nodes[0].events.keep(events)
    slow, quick = list(store._database["sessions"].find())
    upserted, overtaken = summing.upserted, False

    async def overtake(*given: Any) -> None:
        """The other node does all of its work between what this one reads and what it writes."""
        nonlocal overtaken
        if not overtaken:
            overtaken = True
            await nodes[1].events._summing._sum([quick])
        await upserted(*given)

    monkeypatch.setattr(summing, "upserted", overtake)
    await nodes[0].events._summing._sum([slow])
    assert unsummed(store) == 1
    compare(store, events)
    await sum_up(nodes[0])
    assert unsummed(store) == 0
    compare(store, events)


@pytest.mark.usefixtures("at_once")
async def test_a_tile_that_is_unsealed_meanwhile_is_not_sealed(
    store: Store, nodes: tuple[AsyncStore, AsyncStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(tile: Any, *rows: Any) -> Any:
        store._database["tiles"].bulk_write(tiles.unsealing([tile["start"]], at=utc_now(), mark="another node's"))
        return tiles.sealed(tile, *rows)

    await nodes[0].events.keep(some_events(5))
    await nodes[0].events._summing.sum_up()
    monkeypatch.setattr(summing, "sealed", meanwhile)
    await nodes[0].events._summing.seal_up()
    assert sealed(store) == []


@pytest.mark.usefixtures("at_once")
async def test_sessions_that_were_summed_up_before_there_were_visits_are_counted(
    store: Store, nodes: tuple[AsyncStore, AsyncStore]
) -> None:
    events = some_events(60)
    await nodes[0].events.keep(events)
    await sum_up(nodes[0])
    for name in ("visits", "tiles"):
        store._database.drop_collection(name)
    store.prepare()
    compare(store, events)
    await sum_up(nodes[0])
    assert unsummed(store) == 0
    compare(store, events)


@pytest.mark.usefixtures("at_once")
async def test_a_session_that_cannot_be_summed_up_keeps_no_other_out(
    store: Store, nodes: tuple[AsyncStore, AsyncStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    events = some_events(30)
    await nodes[0].events.keep(events)
    whole = {event.owner for event in events}
    unread, unwritten = sorted(whole)[:2]
    made, writes = summing.Summing._made, summing.Summing._write

    async def read(self: Any, sessions: Any) -> Any:
        if unread in {session["owner"] for session in sessions}:
            raise ExecutionTimeout("took too long")
        return await made(self, sessions)

    async def too_large(self: Any, sessions: Any, sums: Any) -> None:
        if unwritten in {session["owner"] for session in sessions}:
            await self._sessions.update_one({"owner": unwritten}, {"$set": {"consent": "none"}})
        await writes(self, sessions, sums)

    monkeypatch.setattr(summing.Summing, "_made", read)
    monkeypatch.setattr(summing.Summing, "_write", too_large)
    monkeypatch.setattr(summing, "AT_ONCE", 4)
    monkeypatch.setattr(summing, "TOGETHER", 3)
    await asyncio.wait_for(nodes[0].events.sum_up(), 20)
    before = utc_now()
    for _ in range(12):
        await nodes[0].events.sum_up()
    left = list(store._database["sessions"].find({"unsummed": {"$exists": True}}))
    assert {one["owner"] for one in left} == {unread, unwritten}
    assert min(one["unsummed"]["at"].replace(tzinfo=UTC) for one in left) >= before
    compare(store, events)


@pytest.mark.usefixtures("at_once")
async def test_users_are_counted_once_where_two_share_sessions_summed_and_unsummed(
    store: Store, nodes: tuple[AsyncStore, AsyncStore]
) -> None:
    def event(number: int, session: str, who: str, minute: int) -> Event:
        at = BEGIN + timedelta(minutes=minute)
        return Event(
            id=f"e{number}", type=EventType.SEARCH, at=at, session=session, consent=True, customer=Customer(id=who)
        )

    summed = [event(1, "v2", "1", 11), event(2, "v2", "2", 12)]
    await nodes[0].events.keep(summed)
    await sum_up(nodes[0])
    assert sealed(store)
    late = [event(3, "v1", "1", 5), event(4, "v1", "2", 15), event(5, "v1", "1", 25)]
    await nodes[0].events.keep(late)
    span = Span(since=BEGIN + timedelta(minutes=10), until=BEGIN + timedelta(minutes=20))
    assert store.behaviour.figures(span).users == 2
    compare(store, [*summed, *late])


@pytest.mark.usefixtures("at_once")
async def test_what_was_announced_and_never_came_counts_for_nothing(
    store: Store, nodes: tuple[AsyncStore, AsyncStore]
) -> None:
    events = some_events(30)
    await nodes[0].events.keep(events)
    announced = session_writes(some_events(30, first=100), at=BEGIN, mark="of a node that died")
    store._database["sessions"].bulk_write(announced)
    compare(store, events)
    await sum_up(nodes[0])
    assert unsummed(store) == 0
    compare(store, events)


async def test_what_has_not_settled_is_not_summed_up(store: Store, nodes: tuple[AsyncStore, AsyncStore]) -> None:
    await nodes[0].events.keep(some_events(5))
    before = unsummed(store)
    assert not await nodes[0].events.sum_up()
    assert unsummed(store) == before > 0
    assert sums.SETTLE_SECONDS >= 2 * sums.KEEP_SECONDS + 20
    assert sums.SETTLE_SECONDS >= sums.READ_SECONDS + 20
    assert min(tiles.SEAL_SECONDS.values()) >= sums.SUM_SECONDS + sums.READ_SECONDS + 20
    assert min(tiles.SEAL_SECONDS.values()) > summing.TILE_SECONDS


@pytest.mark.usefixtures("at_once")
async def test_a_ground_that_has_grown_old_is_read_anew(
    store: Store, nodes: tuple[AsyncStore, AsyncStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    events = some_events(60)
    await nodes[0].events.keep(events[:40])
    await sum_up(nodes[0])
    ground = store.behaviour.ground(Span())
    before = plain(events[:40], Span())[0]
    assert told(store.behaviour.figures(ground)) == before
    await nodes[0].events.keep(events[40:])
    assert told(store.behaviour.figures(ground)) == before
    monkeypatch.setattr("listino.store.ground.TELL_SECONDS", -1.0)
    assert told(store.behaviour.figures(ground)) == plain(events, Span())[0]


async def test_so_many_unsummed_sessions_that_nobody_can_wait_for_them_are_told_as_such(
    store: Store, nodes: tuple[AsyncStore, AsyncStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    events = some_events(60)
    await nodes[0].events.keep(events)
    waiting = len({(event.owner, event.session) for event in events})
    assert store.behaviour.unsummed(most=1000) == waiting
    assert store.behaviour.unsummed(most=5) == 5
    visits = len({event.session for event in events})
    monkeypatch.setattr("listino.store.ground.MOST_APART", visits)
    compare(store, events)
    monkeypatch.setattr("listino.store.ground.MOST_APART", visits - 1)
    for ask in (store.behaviour.figures, store.behaviour.pages):
        with pytest.raises(Behind, match=f"more than {visits - 1} sessions of that time"):
            ask(Span())
    assert store.behaviour.figures(Span(customer="3")).sessions  # whose own sessions are few


@pytest.mark.usefixtures("at_once")
async def test_what_waits_for_its_sums_today_keeps_nobody_from_the_figures_of_a_past_time(
    store: Store, nodes: tuple[AsyncStore, AsyncStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    past = some_events(60)
    await nodes[0].events.keep(past)
    await sum_up(nodes[0])
    later = [
        replace(event, id=f"later{event.id}", session=f"later{event.session}", at=event.at + timedelta(days=30))
        for event in some_events(60)
    ]
    await nodes[0].events.keep(later)
    waiting = unsummed(store)
    assert waiting > 5
    monkeypatch.setattr("listino.store.ground.MOST_APART", 5)
    span = Span(until=BEGIN + timedelta(days=1))
    assert told(store.behaviour.figures(span)) == plain(past, span)[0]
    assert {one.page for one in store.behaviour.pages(span)} == set(plain(past, span)[1])
    with pytest.raises(Behind, match="more than 5 sessions of that time"):
        store.behaviour.figures(Span(since=BEGIN + timedelta(days=1)))
    monkeypatch.setattr("listino.store.ground.MOST_UNSUMMED", waiting - 1)
    with pytest.raises(Behind, match=f"more than {waiting - 1} sessions are"):
        store.behaviour.figures(span)


@pytest.mark.usefixtures("at_once")
async def test_sessions_summed_up_between_figures_and_pages_of_one_ground_change_nothing(
    store: Store, nodes: tuple[AsyncStore, AsyncStore]
) -> None:
    events = some_events(400)
    await nodes[0].events.keep(events[:300])
    await sum_up(nodes[0])
    await nodes[0].events.keep(events[300:])
    ground = store.behaviour.ground(Span())
    figures, pages = plain(events, Span())
    assert told(store.behaviour.figures(ground)) == figures
    counted = list(ground.cover().counted())
    assert len(counted) > 5
    assert not [visit for visit in counted if "pages" in visit["sums"]]  # who asks for figures alone reads none
    assert await nodes[0].events._summing.sum_up() is False  # all; and no tile is sealed so soon after it was unsealed
    assert unsummed(store) == 0
    found = {one.page: (one.figures.count, one.figures.timed, one.figures.ms) for one in store.behaviour.pages(ground)}
    assert found == pages
    assert told(store.behaviour.figures(ground)) == figures
    for step in (Step.HOUR, Step.WEEK):
        assert told_course(store, ground, step) == plain_course(events, Span(), step)
