"""Where the time of a live price goes: by the shopper's clock, the shop's log and what the workers deliver."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from deliveries import Delivery
from page import table
from shops.server import OK, Visit
from views import View, median_ms, percentile, reasons, share_fresh

STAGES = (
    "page opened until the shop is asked",
    "the shop",
    "shop's answer until it is delivered",
    "delivered until the shopper has it",
)
NOT_ASKED, NOT_ANSWERED, FAILED, NOT_DELIVERED = (
    "the shop had not been asked",
    "the shop had not answered",
    "the shop answered with an error",
    "the shop's answer had not come through",
)
# How much earlier than the page was opened the shop may have been asked for somebody else who waits.
_JOINED_SECONDS = 5.0

Visits = Mapping[str, Iterable[Visit]]


def _by_product(visits: Visits) -> Mapping[str, list[Visit]]:
    found: defaultdict[str, list[Visit]] = defaultdict(list)
    for shop, of_shop in visits.items():
        for visit in of_shop:
            for number in visit.asked:
                found[f"{shop}:{number}"].append(visit)
    return found


def stages(views: Iterable[View], visits: Visits, deliveries: Iterable[Delivery]) -> dict[str, list[float]]:
    """Seconds of each stage, for every view whose shop was asked because of it and told its price."""
    asked = _by_product(visits)
    delivered: defaultdict[str, list[float]] = defaultdict(list)
    for delivery in deliveries:
        if delivery.answer.fresh:
            delivered[str(delivery.answer.product_id)].append(delivery.at)
    found: dict[str, list[float]] = {stage: [] for stage in STAGES}
    for view in views:
        within = (one for one in asked.get(view.product_id, ()) if one.told and view.opened <= one.came <= view.closed)
        visit = next(within, None)
        ended = visit.ended if visit else None
        heard = next((at for at in delivered[view.product_id] if ended and at >= ended), None)
        if view.fresh and visit and ended and heard and heard <= view.closed:
            for stage, (begin, end) in zip(
                STAGES, pairwise((view.opened, visit.came, ended, heard, view.closed)), strict=True
            ):
                found[stage].append(end - begin)
    return found


def overdue(views: Iterable[View], visits: Visits) -> Counter[str]:
    """How far things were when shoppers were told that there is no fresh price."""
    asked, found = _by_product(visits), Counter[str]()
    for view in views:
        if view.fresh:
            continue
        known = asked.get(view.product_id, ())
        of_it = [one for one in known if view.opened - _JOINED_SECONDS <= one.came <= view.closed]
        answered = [one for one in of_it if one.ended and one.ended <= view.closed]
        if not of_it:
            found[NOT_ASKED] += 1
        elif not answered:
            found[NOT_ANSWERED] += 1
        elif answered[-1].status != OK:
            found[FAILED] += 1
        else:
            found[NOT_DELIVERED] += 1
    return found


def stages_table(found: Mapping[str, Sequence[float]]) -> str:
    """Medians and 99th percentiles, in Markdown."""
    rows = [
        (stage, f"{median_ms(seconds):.0f}", f"{1000 * percentile(seconds, 0.99):.0f}")
        for stage, seconds in found.items()
    ]
    return table(["where the time goes, in ms", "median", "99th percentile"], rows)


def timeline(title: str, views: Sequence[View], at: float, step: float = 5.0) -> str:
    """How prices were before and after that moment, in steps of so many seconds, in Markdown."""
    steps: defaultdict[int, list[View]] = defaultdict(list)
    for view in views:
        steps[int((view.opened - at) // step)].append(view)
    rows = [
        (
            f"{number * step:.0f} to {(number + 1) * step:.0f} s",
            str(len(part)),
            f"{share_fresh(part):.1%}",
            f"{median_ms([view.seconds for view in part]):.0f}",
            reasons(part),
        )
        for number, part in sorted(steps.items())
    ]
    return table([title, "views", "fresh within 1 s", "median ms", "not fresh, and why"], rows)
