"""Where the time of a live price goes: by the shopper's clock, the shop's log and what the workers deliver."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from deliveries import Delivery
from page import table
from shops.server import Visit
from views import View, median_ms, percentile

STAGES = (
    "page opened until the shop is asked",
    "the shop",
    "shop's answer until it is delivered",
    "delivered until the shopper has it",
)


def stages(
    views: Iterable[View], visits: Mapping[str, Iterable[Visit]], deliveries: Iterable[Delivery]
) -> dict[str, list[float]]:
    """Seconds of each stage, for every view whose shop was asked because of it and told its price."""
    told: defaultdict[str, list[Visit]] = defaultdict(list)
    for shop, of_shop in visits.items():
        for visit in of_shop:
            for number, *_ in visit.told:
                told[f"{shop}:{number}"].append(visit)
    delivered: defaultdict[str, list[float]] = defaultdict(list)
    for delivery in deliveries:
        if delivery.answer.fresh:
            delivered[str(delivery.answer.product_id)].append(delivery.at)
    found: dict[str, list[float]] = {stage: [] for stage in STAGES}
    for view in views:
        visit = next((one for one in told[view.product_id] if view.opened <= one.came <= view.closed), None)
        ended = visit.ended if visit else None
        heard = next((at for at in delivered[view.product_id] if ended and at >= ended), None)
        if view.fresh and visit and ended and heard and heard <= view.closed:
            moments = (view.opened, visit.came, ended, heard, view.closed)
            for stage, begin, end in zip(STAGES, moments, moments[1:], strict=False):
                found[stage].append(end - begin)
    return found


def stages_table(found: Mapping[str, Sequence[float]]) -> str:
    """Medians and 99th percentiles, in Markdown."""
    rows = [
        (stage, f"{median_ms(seconds):.0f}", f"{1000 * percentile(seconds, 0.99):.0f}")
        for stage, seconds in found.items()
    ]
    return table(["where the time goes, in ms", "median", "99th percentile"], rows)
