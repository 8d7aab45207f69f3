"""Whether a page's product can be had now: its markup, its words by the buy button, the button itself."""

from collections.abc import Iterator, Mapping

from listino.domain.offer import Availability
from listino.extract import naming, schema_org
from listino.extract.evidence import Evidence, Source, weigh
from listino.extract.json_ld import Node
from listino.extract.layout import Layout
from listino.extract.page import ProductPage
from listino.extract.places import Place

_MARKED_IN, _MARKED_OUT = 2.0, 3.0  # many shops mark every product as in stock
_META = 1.5
_STATE = 1.0
_SAYS_IN, _SAYS_OUT = 1.5, 2.6
_BADGE_OUT = 1.4  # themes render every badge and show one
_SAYS_LATER = 1.2
_BUTTON = 2.0
_BEFORE, _AFTER = 120, 900  # elements around the heading in which words of stock are about its product
_ELSEWHERE = naming.OTHERS | naming.CART | naming.FRAME | naming.REVIEW | naming.HIDDEN


def stock(page: ProductPage, offers: Mapping[str, list[Node]]) -> tuple[Availability, Source] | None:
    """In stock or out of stock, whichever has more evidence; None where nothing speaks of it. `offers` by their syntax."""
    found = weigh([*_marked(offers), *_of_meta(page.meta), *_shown(page.layout)])
    if found is None and (said := page.state) is not None and said.availability is not Availability.UNKNOWN:
        return weigh([Evidence(said.availability, "state", _STATE)])
    return found


def _marked(offers: Mapping[str, list[Node]]) -> Iterator[Evidence[Availability]]:
    for source, own in offers.items():
        said = schema_org.availability_of(own)
        if said is not Availability.UNKNOWN:
            yield Evidence(said, source, _MARKED_IN if said is Availability.IN_STOCK else _MARKED_OUT)


def _of_meta(meta: dict[str, str]) -> Iterator[Evidence[Availability]]:
    for name in ("product:availability", "og:availability"):
        said = schema_org.availability_of([{"availability": meta.get(name)}])
        if said is not Availability.UNKNOWN:
            yield Evidence(said, "meta", _META)
            return


def _shown(layout: Layout) -> Iterator[Evidence[Availability]]:
    heading = layout.heading_order

    def about_it(order: int, place: Place) -> bool:
        return (heading is None or -_BEFORE <= order - heading <= _AFTER) and not place.around & _ELSEWHERE

    said_out = [place for order, place in layout.sold_out if about_it(order, place) and not place.near & naming.CHOICE]
    if said_out:
        only_badges = all((place.own | place.parent) & naming.SAVING for place in said_out)
        yield Evidence(Availability.OUT_OF_STOCK, "page", _BADGE_OUT if only_badges else _SAYS_OUT)
    elif any(about_it(order, place) for order, place in layout.in_stock):
        yield Evidence(Availability.IN_STOCK, "page", _SAYS_IN)
    if any(about_it(order, place) for order, place in layout.later):
        yield Evidence(Availability.OUT_OF_STOCK, "page", _SAYS_LATER)
    if any(about_it(order, place) for order, place in layout.buttons):
        yield Evidence(Availability.IN_STOCK, "page", _BUTTON)
