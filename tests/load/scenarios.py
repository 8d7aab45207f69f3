"""What happens on the simulated day, one function a scenario, and the figures of each in the ledger."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from types import MappingProxyType

import httpx2
from click import echo
from crowd import crowd
from day import BUDGET, Day, Run
from deliveries import Listener, twice
from shops.goods import LoadShop
from shops.server import Conduct
from stages import overdue, stages, stages_table, timeline
from truth import FRESH_SECONDS
from usage import usage_of
from views import MARGIN_MS, View, in_words, late, median_ms, percentile, reasons, share_fresh

from api.parameters import DEFAULT_WAIT_MS
from listino.live.answer import ON_ITS_WAY_MS
from listino.shops.declaration import Shops as Declared
from listino.shops.platform import Known
from listino.shops.platforms.registry import PLATFORMS

SHARE = 0.99  # of live prices that are to be fresh in time
MOST_ADDED_MS = 60  # to the shop's own median, at full rate
MOST_OVERHEAD_MS = 30  # the same on an idle system
SHOWN_SHARE = f"{SHARE:.0%}"
CALM_ROUNDS = 60  # products one after another
VIEWERS = 10_000
HANG_SECONDS = 60.0
AT_ONCE_MS = 100  # an answer of a shop that is known to hang
RECOVERY_SECONDS = 10.0
STEADY_SHARE = 0.95  # fresh again, once a shop or Valkey has recovered
MOST_MOVED = 0.01  # of the other shops' share of fresh prices while one hangs
MOST_MOVED_MS = 30  # of their median
KILL_SECONDS = 10.0
LONG_WAIT_MS, LONG_SECONDS = 1450, 1.5  # of shoppers whose workers are killed
IDLE_SECONDS = 5.0
LOST_SECONDS = 10.0  # a refresh that was asked for and is not begun by then is lost


@dataclass(frozen=True, slots=True)
class Plan:
    """So many views a second, for so many seconds."""

    rate: float
    seconds: float


Told = str  # more than fits the ledger, in Markdown; empty where there is nothing more to tell


def steady(day: Day, plan: Plan) -> Told:
    """Views of all goods at a constant rate, prices moving all the time."""
    idle = day.idle(IDLE_SECONDS)
    run = day.view("a", rate=plan.rate, seconds=plan.seconds)
    note, views = day.ledger.note, run.views
    shop_ms, view_ms = _shop_median(run), median_ms([view.seconds for view in views if view.fresh])
    share = share_fresh(views)
    note(f"a: fresh within 1,000 ms, {plan.rate:g} views/s", f"{share:.2%}", SHOWN_SHARE, kept=share >= SHARE)
    good = [
        v for v in run.own() if v.status == httpx2.codes.OK and v.ended and v.ended - v.came < DEFAULT_WAIT_MS / 1000
    ]
    note("a: shops' own answers without error within 950 ms", f"{len(good) / max(len(run.own()), 1):.2%}")
    note("a: not fresh, and why", reasons(views))
    added = f"{view_ms:.0f} ms, the shops' {shop_ms:.0f} ms"
    note(
        "a: median view beside the shops' median",
        added,
        f"+{MOST_ADDED_MS} ms",
        kept=view_ms <= shop_ms + MOST_ADDED_MS,
    )
    _note_answers(day, "a", run, DEFAULT_WAIT_MS)
    note("a: how far it was when it was too late", in_words(overdue(views, run.visits)))
    spent = run.used.microseconds(1000 * max(len(views), 1))
    costs = ", ".join(f"{kind} {spent[kind]:.1f}" for kind in sorted(spent, key=spent.__getitem__, reverse=True))
    rest = ", ".join(f"{kind} {1000 * used / IDLE_SECONDS:.0f}" for kind, used in idle.seconds.most_common())
    where = stages_table(stages(views, run.visits, run.deliveries))
    return (
        f"{where}\n\nMilliseconds of a processor for a view: {costs}; together {sum(spent.values()):.1f}. "
        f"k6, the shops and what measures them: {1000 * run.used.beside / max(len(views), 1):.1f}. "
        f"For a second without views: {rest}."
    )


def top_rate(day: Day, plan: Plan) -> Told:
    """The highest rate at which the share is kept: in steps of a quarter of the plan's, until it is not.

    The shops allow twice as much as they are asked for at each step: it is our limit that is looked for, not theirs.
    """
    best, seconds = 0.0, max(10.0, plan.seconds / 6)
    for step in count(1):
        rate = step * plan.rate / 4
        day.allow(max(BUDGET, 2 * rate / len(day.shops.shops)))
        run = day.view(f"a, {rate:g} views/s", rate=rate, seconds=seconds)
        share = share_fresh(run.views)
        echo(f"{rate:g} views/s: {share:.2%} fresh within 1,000 ms; {reasons(run.views)}", err=True)
        if share < SHARE or run.dropped:
            break
        best = rate
    day.allow(BUDGET)
    failed = f"{best:g} views/s; {share:.2%} at {rate:g}: {reasons(run.views)}"
    day.ledger.note("a: highest rate with 99 % fresh", failed, f"{plan.rate:g} views/s", kept=best >= plan.rate)
    return ""


def alone(day: Day, plan: Plan) -> Told:
    """One product after another on an idle system, each beside a bare request to its shop, which thinks 150 ms each time."""
    usual = day.conduct
    day.behave(Conduct(p99_ms=usual.median_ms, errors=0))
    shop = day.shops.shops[1]
    paths: list[View] = []
    bare: list[float] = []
    listener = Listener(day.settings.redis_address)
    with listener, httpx2.Client(trust_env=False, timeout=10) as client:
        for number in shop.numbers()[:CALM_ROUNDS]:
            began = time.perf_counter()
            client.get(_live_address(day, shop, number)).raise_for_status()
            bare.append(time.perf_counter() - began)
            paths.append(_asked(client, day.url, f"{shop.key}:{number}"))
    run = Run(paths, day.news(), listener.heard)
    day.check("b", run)
    day.behave(usual)
    alone_ms, path_ms = median_ms(bare), median_ms([view.seconds for view in paths if view.fresh])
    added = path_ms - alone_ms
    shown = f"{added:.1f} ms ({path_ms:.1f} beside {alone_ms:.1f})"
    note = day.ledger.note
    note("b: added to a bare request, idle, median", shown, f"{MOST_OVERHEAD_MS} ms", kept=added <= MOST_OVERHEAD_MS)
    note("b: not fresh, and why", reasons(paths))
    return f"One product after another:\n\n{stages_table(stages(paths, run.visits, run.deliveries))}"


def one_product(day: Day, plan: Plan) -> Told:
    """Ten thousand viewers of one product within a second."""
    shop = day.shops.shops[0]
    number = shop.numbers()[-1]
    product_id = f"{shop.key}:{number}"
    usual = day.conduct
    day.behave(Conduct(p99_ms=usual.median_ms, errors=0))
    day.news()
    ports = [day.settings.port(node) for node in ("api-1", "api-2")]
    with usage_of(day.platform) as used:
        came = crowd(ports, product_id, VIEWERS)
    visits = day.news()
    day.behave(usual)
    run = Run(came.views, visits)
    day.check("c", run)
    fresh = sum(view.fresh for view in came.views)
    slowest = max(view.closed for view in came.views) - min(view.opened for view in came.views)
    asked_for = sum(number in visit.asked for visit in visits[shop.key])
    note = day.ledger.note
    shown = f"{asked_for} (all had asked after {came.asked_in:.1f} s, the last had its answer after {slowest:.1f} s)"
    note(f"c: requests to the shop for {VIEWERS:,} viewers", shown, "1", kept=asked_for == 1)
    note("c: fresh prices", f"{fresh} of {VIEWERS}; not fresh: {reasons(came.views)}")
    waits = [view.waited_ms for view in came.views]
    shown = f"{percentile(waits, 0.5):.0f}, {percentile(waits, 0.99):.0f} ms; {len(late(came.views, DEFAULT_WAIT_MS))} of {VIEWERS}"
    note(f"c: waited, median and 99th percentile; longer than {DEFAULT_WAIT_MS} + {MARGIN_MS} ms", shown)
    note("c: processor time of the API nodes for a viewer", f"{used.microseconds(VIEWERS)['API']:.0f} µs")
    failed = sum(view.failed for view in came.views)
    note("c: errors", str(failed), "0", kept=not failed)
    return ""


def hanging(day: Day, plan: Plan) -> Told:
    """One shop takes requests and answers none for a while, then answers again."""
    victim, hang = day.shops.shops[1], min(HANG_SECONDS, plan.seconds / 3)
    moments: list[float] = []

    def misfortune() -> None:
        time.sleep(max(hang / 2, 5))
        moments.append(time.time())
        day.shops.hang(victim, hang)
        echo(f"{victim.key} hangs for {hang:.0f} s", err=True)

    run = day.view("e", rate=plan.rate, seconds=max(hang / 2, 5) + hang + 2 * RECOVERY_SECONDS, during=misfortune)
    began, ended = moments[0], moments[0] + hang
    others = [view for view in run.views if view.shop != victim.key]
    own = [view for view in run.views if view.shop == victim.key]
    before = [view for view in others if view.opened < began]
    meanwhile = [view for view in others if began <= view.opened < ended]
    note = day.ledger.note
    fell = share_fresh(before) - share_fresh(meanwhile)
    shares = f"{share_fresh(before):.2%} before, {share_fresh(meanwhile):.2%} while it hangs"
    note("e: other shops, fresh within 1,000 ms", shares, f"at most {MOST_MOVED:.0%} less", kept=fell <= MOST_MOVED)
    medians = [median_ms([view.seconds for view in part if view.fresh]) for part in (before, meanwhile)]
    rose = medians[1] - medians[0] <= MOST_MOVED_MS
    shown = f"{medians[0]:.0f} ms before, {medians[1]:.0f} ms while it hangs"
    note("e: other shops, median view", shown, f"at most {MOST_MOVED_MS} ms more", kept=rose)
    waited = [view.waited_ms for view in own if began + 2 * hang / 3 <= view.opened < ended]
    at_once = percentile(waited, 0.5)
    shown = f"{at_once:.0f} ms, median of the last third of the hang"
    note("e: the shop's own, once it is known to hang", shown, f"{AT_ONCE_MS} ms", kept=at_once <= AT_ONCE_MS)
    again = min((view.closed for view in own if view.fresh and view.closed > ended), default=float("inf")) - ended
    _note_recovery(
        day, "e: first fresh price after the hang", again, [v for v in own if v.opened > ended + RECOVERY_SECONDS]
    )
    _note_answers(day, "e", run, DEFAULT_WAIT_MS)
    return "\n\n".join(
        (timeline(f"{victim.name}, which hangs", own, began), timeline("the other shops", others, began))
    )


def killed_workers(day: Day, plan: Plan) -> Told:
    """A live worker is killed every ten seconds."""
    seconds = min(60.0, plan.seconds)
    pause = min(KILL_SECONDS, seconds / 3)
    kills = max(1, int(seconds / pause) - 1)

    def murders() -> None:
        for _ in range(kills):
            time.sleep(pause)
            day.kill("live")

    run = day.view("f", rate=plan.rate, seconds=seconds, wait_ms=LONG_WAIT_MS, during=murders, linger=LOST_SECONDS)
    truth = day.truth()
    share = share_fresh(run.views, LONG_SECONDS)
    note = day.ledger.note
    note(f"f: fresh within 1,500 ms, {kills} workers killed", f"{share:.2%}", SHOWN_SHARE, kept=share >= SHARE)
    note("f: not fresh, and why", reasons(run.views))
    lost = [
        view.product_id
        for view in run.views
        if not view.fresh
        and not truth.asked_between(view.product_id, view.opened - FRESH_SECONDS, view.closed + LOST_SECONDS)
    ]
    note("f: refreshes lost", f"{len(lost)} {' '.join(lost[:3])}".strip(), "0", kept=not lost)
    # After that time a viewer has the shop asked again, and it may well say another price.
    again = twice(run.deliveries, FRESH_SECONDS - ON_ITS_WAY_MS / 1000)
    note("f: delivered twice with different prices", "; ".join([str(len(again)), *again[:3]]), "0", kept=not again)
    _note_answers(day, "f, workers killed", run, LONG_WAIT_MS)
    return ""


def restarted_valkey(day: Day, plan: Plan) -> Told:
    """Valkey is killed in the middle of a run, and started anew by the supervisor."""
    moments: list[float] = []

    def misfortune() -> None:
        time.sleep(5)
        moments.append(time.time())
        day.kill("redis")

    run = day.view("f, Valkey", rate=plan.rate, seconds=5 + 3 * RECOVERY_SECONDS, during=misfortune)
    at = moments[0]
    note = day.ledger.note
    again = min((view.closed for view in run.views if view.fresh and view.opened > at), default=float("inf")) - at
    steady_from = at + RECOVERY_SECONDS
    _note_recovery(
        day, "f: first fresh price after Valkey was killed", again, [v for v in run.views if v.opened > steady_from]
    )
    away = [view for view in run.views if view.opened <= steady_from and view.closed >= at]
    without = sum(view.price is None for view in away)
    note("f: without any price in the ten seconds after", f"{without} of {len(away)}", "0", kept=not without)
    note("f: not fresh meanwhile, and why", reasons(away))
    _note_answers(day, "f, Valkey killed", run, DEFAULT_WAIT_MS)
    return timeline("Valkey is killed", run.views, at)


def _note_answers(day: Day, title: str, run: Run, wait_ms: float) -> None:
    """What holds in every run: answers in time, no errors, no view left out."""
    note = day.ledger.note
    too_late, failed = late(run.views, wait_ms), sum(view.failed for view in run.views)
    slowest = max((view.waited_ms for view in run.views), default=float("nan"))
    shown = f"{len(too_late)} of {len(run.views)}, slowest {slowest:.0f} ms"
    note(f"{title}: answers later than {wait_ms + MARGIN_MS:.0f} ms", shown, "0", kept=not too_late)
    note(f"{title}: errors", str(failed), "0", kept=not failed)
    if run.dropped:
        note(f"{title}: views that k6 could not begin", str(run.dropped), "0", kept=False)


def _note_recovery(day: Day, what: str, seconds: float, since: list[View]) -> None:
    kept = seconds <= RECOVERY_SECONDS
    day.ledger.note(what, f"{seconds:.1f} s", f"{RECOVERY_SECONDS:.0f} s", kept=kept)
    share = sum(view.fresh for view in since) / max(len(since), 1)
    title = f"{what[:2]} fresh from {RECOVERY_SECONDS:.0f} s after on"
    day.ledger.note(title, f"{share:.2%}", f"{STEADY_SHARE:.0%}", kept=share >= STEADY_SHARE)


def _shop_median(run: Run) -> float:
    """Of the time in which shops answered with prices, in ms."""
    return median_ms([visit.ended - visit.came for visit in run.own() if visit.told and visit.ended])


def _live_address(day: Day, shop: LoadShop, number: int) -> str:
    """What a live worker asks the shop for."""
    declared = Declared.load(day.settings.shops_path)[shop.key]
    known = Known(sku=str(number), url=shop.address(number))
    (refresh,) = PLATFORMS[shop.platform].refresh_many(declared, [known])
    return refresh.fetch.url


def _asked(client: httpx2.Client, url: str, product_id: str) -> View:
    opened = time.time()
    began = time.perf_counter()
    answer = client.get(f"{url}/products/{product_id}/price")
    seconds = time.perf_counter() - began
    line = {"product_id": product_id, "opened": opened, "closed": opened + seconds, "page_status": 200}
    return View.told({**line, "status": answer.status_code, "waited_ms": 1000 * seconds}, answer.content)


Scenario = Callable[[Day, Plan], Told]
SCENARIOS: Mapping[str, tuple[Scenario, ...]] = MappingProxyType(
    {
        "a": (steady, top_rate),
        "b": (alone,),
        "c": (one_product,),
        "e": (hanging,),
        "f": (killed_workers, restarted_valkey),
    }
)
