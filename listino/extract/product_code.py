"""The code by which the shop knows a product: what the page shows as its number, what its markup and its address say."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import parse_qsl, unquote, urlsplit

from listino.extract import naming, schema_org
from listino.extract.evidence import Evidence, Source, weigh
from listino.extract.json_ld import Node
from listino.extract.labels import Label
from listino.extract.layout import Layout
from listino.extract.page import ProductPage

# A code that the page shows under a label is what its people call the product; of markup, the property that means it most.
_SHOWN = {Label.SKU: 4.4, Label.MODEL: 2.2, Label.GTIN: 1.2}
_CALLED_CODE = 1.0  # the element is called so, too
_ASIDE = 4.0  # another product's, a menu's
_PROPERTIES = {
    "sku": 4.0,
    "productID": 3.2,
    "productGroupID": 2.2,
    "identifier": 1.5,
    "mpn": 1.6,
    "model": 0.6,
    "gtin13": 0.8,
}
_SEEN_TOO = 1.0  # a code of the markup that stands in the text, too
_META = {
    "product:retailer_item_id": 2.4,
    "product:sku": 2.6,
    "product:item_id": 2.0,
    "sku": 2.0,
    "og:upc": 0.6,
    "product:retailer_part_no": 1.6,
    "product:mfr_part_no": 1.2,
}
_KEPT, _ONLY_SKU = 0.8, 1.6  # a code that elements keep for scripts; the only one on the page, and called an SKU
_FIELDS = 1.2  # a form's hidden field that names the product to put into the basket
_FIELD = re.compile(
    r"(?:product|item|artic(?:le|olo)|artikel|prod|goods|sku|variant|part|model|pid|style)s?[-_]?(?:id|no|nr|number|code|sku|ref)?|id[-_]?product|add[-_]to[-_](?:cart|basket)",
    re.IGNORECASE,
)
_MOST_DATA = 6  # different codes; beyond, a page lists products
_PARAMETER = re.compile(
    r"(?:p|prod|product|item|article|artikel|goods|sku|variant|good)s?[-_]?(?:id|no|nr|code|number)?|id|ref|code",
    re.IGNORECASE,
)
_IN_QUERY, _IN_PATH = 1.4, 0.9
_QUOTED = 1.0  # a part of the address that the page's own data name, too
_STATE = 2.0
_LEAST = 1.5
_TOKEN = re.compile(r"[A-Za-z0-9]*\d[A-Za-z0-9]*")
_YEAR_OR_SIZE = re.compile(
    r"(?:19|20)\d\d|\d+(?:[gmt]b|[mc]?l|k?g|mg|[mc]?m|k?w|k?v|m?ah|oz|lbs?|in|inch|pcs|pack|x\d+)", re.IGNORECASE
)
_LONG_NUMBER = re.compile(r"\d{5,}")
_PLAIN = re.compile(r"[\W_]+")
_LONGEST = 64
_DOUBTFUL = 0.5  # sureness below which a page is looked through for what scripts are given


def product_code(page: ProductPage) -> tuple[str, Source] | None:
    """The code with most evidence, as the page shows it where it does."""
    pieces = [*_marked(page.products.items()), *_shown(page.layout), *_of_address(page.url, page.layout.heading or "")]
    for name, points in _META.items():
        if (content := page.meta.get(name, "").strip()) and len(content) <= _LONGEST:
            pieces.append(Evidence(content, "meta", points))
    text = "\n".join(page.layout.texts)
    codes = {_plain(piece.value): piece for piece in pieces if piece.source != "page"}
    pieces += [
        Evidence(piece.value, piece.source, _SEEN_TOO) for piece in codes.values() if _stands_in(text, piece.value)
    ]
    found = weigh(pieces, key=_plain, least=_LEAST)
    if found is None or found[1].sureness < 1:
        pieces += [*_of_fields(page.fields), *_quoted(page.html, codes.values())]
        found = weigh(pieces, key=_plain, least=_LEAST)
    if found is None or found[1].sureness < _DOUBTFUL:
        pieces += _of_data(page.data)
        found = weigh(pieces, key=_plain, least=_LEAST)
    if found is None and (said := page.state) is not None and said.sku:
        found = weigh([*pieces, Evidence(said.sku, "state", _STATE)], key=_plain, least=_LEAST)
    return None if found is None else (_as_shown(found[0], page.layout.texts), found[1])


def _as_shown(code: str, texts: list[str]) -> str:
    """The code with the marks and spaces that the page writes it with: an address says 00293772, the page 002.937.72."""
    if code in texts:
        return code
    same = _plain(code)
    return next(
        (
            text
            for text in texts
            if len(same) <= len(text) <= len(same) + _MOST_MARKS and text[-1] == code[-1] and _plain(text) == same
        ),
        code,
    )


_MOST_MARKS = 6


def _plain(code: str) -> str:
    return _PLAIN.sub("", code).lower()


def _stands_in(text: str, code: str) -> bool:
    """Whether the text has the code as a word of its own."""
    at = text.find(code)
    while at >= 0:
        before, behind = text[at - 1 : at], text[at + len(code) : at + len(code) + 1]
        if not (before.isalnum() or behind.isalnum()):
            return True
        at = text.find(code, at + 1)
    return False


def _marked(nodes: Iterable[tuple[str, Node]]) -> Iterator[Evidence[str]]:
    for source, node in nodes:
        offers = schema_org.offers_of(node)
        own_name = schema_org.first_text(node.get("name"))
        for name, points in _PROPERTIES.items():
            said = schema_org.first_text(node.get(name))
            if said is None and name in ("sku", "mpn"):
                said = next((text for offer in offers if (text := schema_org.first_text(offer.get(name)))), None)
            if said is None or said == own_name or "://" in said:
                continue
            if len(said) <= _LONGEST and (" " not in said or any(char.isdigit() for char in said)):
                yield Evidence(said.split(":", 1)[-1].strip(), source, points if " " not in said else points / 2)


def _shown(layout: Layout) -> Iterator[Evidence[str]]:
    for entry in layout.labelled:
        points = _SHOWN.get(entry.kind)
        if points is None:
            continue
        if entry.place.around & (naming.OTHERS | naming.CART | naming.FRAME | naming.REVIEW):
            points -= _ASIDE
        if entry.place.near & naming.CODE:
            points += _CALLED_CODE
        yield Evidence(entry.value, "page", points)


def _of_fields(fields: Iterable[tuple[str, str]]) -> Iterator[Evidence[str]]:
    """What forms are given to put the product into the basket; the first on the page is most often the page's own."""
    own = dict.fromkeys(value for name, value in fields if _is_code(value) and _FIELD.fullmatch(name))
    for rank, value in enumerate(own, 1):
        yield Evidence(value, "state", _FIELDS / rank)


def _of_data(data: Iterable[tuple[str, str]]) -> Iterator[Evidence[str]]:
    """What elements keep for scripts to know the product by; where there are many, the page lists products."""
    kept: dict[str, bool] = {}
    for name, value in data:
        if _is_code(value):
            kept.setdefault(value, "sku" in name)
            if len(kept) > _MOST_DATA:
                break
    for rank, (value, is_sku) in enumerate(kept.items(), 1):
        yield Evidence(value, "state", _ONLY_SKU if is_sku and len(kept) == 1 else _KEPT / rank)


def _is_code(value: str) -> bool:
    return 2 <= len(value) <= 32 and " " not in value and any(char.isdigit() for char in value)


def _of_address(url: str, name: str) -> Iterator[Evidence[str]]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return
    for name, value in parse_qsl(parts.query)[:20]:
        if _PARAMETER.fullmatch(name) and _is_code(value):
            yield Evidence(value, "address", _IN_QUERY)
    segments = [segment for segment in unquote(parts.path).split("/") if segment]
    for position, segment in enumerate(reversed(segments[-4:])):
        tokens = _TOKEN.findall(segment)
        for token in tokens[-3:]:
            if len(token) >= 4 and (token == segment or not _is_word_of_name(token, name)):
                alone = 0.6 if token == segment else 0.0
                yield Evidence(token, "address", _IN_PATH + alone - 0.3 * position)


def _is_word_of_name(token: str, name: str) -> bool:
    """Years, sizes and models in an address are there because the product's name has them; long numbers are codes all the same."""
    return bool(_YEAR_OR_SIZE.fullmatch(token)) or (not _LONG_NUMBER.fullmatch(token) and token.lower() in name.lower())


def _quoted(html: str, pieces: Iterable[Evidence[str]]) -> Iterator[Evidence[str]]:
    """Codes of the address that the page's own data name, too; only the likeliest are looked for, in megabytes of it."""
    told = sorted((piece for piece in pieces if piece.source == "address"), key=lambda piece: -piece.points)
    for piece in told[:_MOST_QUOTED]:
        times = html.count(f'"{piece.value}"') or html.count(f"'{piece.value}'")
        if times:
            yield Evidence(piece.value, "address", _QUOTED if times > 1 else _QUOTED / 2)


_MOST_QUOTED = 3
