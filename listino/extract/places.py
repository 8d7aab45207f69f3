"""Where on a page an element stands, by the names and tags of what is around it."""

import re
from typing import NamedTuple

from selectolax.lexbor import LexborNode

from listino.extract import naming
from listino.extract.naming import meaning_of

# Parts of a page that are not about its product; a part that holds the product's heading is none of them.
ASIDE = naming.OTHERS | naming.CART | naming.FRAME | naming.REVIEW
_HANDED_DOWN = ASIDE | naming.HIDDEN | naming.FEES | naming.INSTALMENT
_TAGS = {
    **dict.fromkeys(("noscript", "template", "svg", "iframe", "select", "textarea", "object"), naming.FRAME),
    "nav": naming.FRAME,
    "footer": naming.FRAME,
    "header": naming.FRAME,
    "label": naming.CHOICE,
}
_STRUCK = frozenset({"del", "s", "strike"})
_WHOLE_PAGE = frozenset({"html", "body", "main"})
_INVISIBLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


class Place(NamedTuple):
    """Where an element stands: its `own` meaning, its `parent`'s, both with the grandparent's (`near`), and what all
    elements above hand down (`around`); each is bits of `naming`. `linked`: it is in a link."""

    own: int
    parent: int
    near: int
    around: int
    depth: int
    linked: bool


PAGE = Place(own=0, parent=0, near=0, around=0, depth=0, linked=False)


class Places:
    """The places of a page's elements; each element is looked at once."""

    def __init__(self) -> None:
        self._known: dict[int, Place] = {}
        self._above_heading: set[int] = set()

    def set_heading(self, heading: LexborNode) -> None:
        """What holds the product's heading is about the product, whatever it is called. Before the first `of`."""
        above = heading.parent
        while above is not None:
            self._above_heading.add(above.mem_id)
            above = above.parent

    def of(self, node: LexborNode) -> Place:
        """The element's place. Without recursion: broken markup nests thousands deep."""
        known = self._known
        missing: list[LexborNode] = []
        place = PAGE
        above: LexborNode | None = node
        while above is not None:
            if (found := known.get(above.mem_id)) is not None:
                place = found
                break
            missing.append(above)
            above = above.parent
        for entry in reversed(missing):
            place = known[entry.mem_id] = self._below(place, entry)
        return place

    def _below(self, parent: Place, node: LexborNode) -> Place:
        tag = node.tag or ""
        if tag in _WHOLE_PAGE:
            return PAGE
        attributes = node.attributes
        own = _TAGS.get(tag, 0)
        # Asked one by one: classes repeat from page to page and are remembered, ids are each product's own.
        if names := attributes.get("class"):
            own |= meaning_of(names)
        if name := attributes.get("id"):
            own |= meaning_of(name)
        struck = tag in _STRUCK
        style = attributes.get("style")
        if style:
            if _INVISIBLE.search(style):
                own |= naming.HIDDEN
            struck = struck or "line-through" in style
        if "hidden" in attributes:
            own |= naming.HIDDEN
        if attributes.get("itemprop") == "price":
            own |= naming.PRICE
        handed_down = own & _HANDED_DOWN
        if own & naming.PRICE:
            # `product-tile-price` lists nothing: whether it is another product's, the elements around it say.
            handed_down &= ~naming.OTHERS
        if struck:
            own |= naming.OLD
            handed_down |= naming.OLD
        if handed_down and node.mem_id in self._above_heading:
            handed_down &= naming.HIDDEN
        linked = parent.linked or (tag == "a" and bool((attributes.get("href") or "").strip("#")))
        return Place(
            own, parent.own, own | parent.own | parent.parent, parent.around | handed_down, parent.depth + 1, linked
        )
