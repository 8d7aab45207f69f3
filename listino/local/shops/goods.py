"""Goods out of a seed: the same (market, seed, index) always gives the same good, whatever else the shop sells.

A quarter of the indexes are shared between the markets: there, brand, model, GTINs and variants are drawn once for all
markets, and only the name, the price and the stock are the market's own.
"""

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from html import escape
from random import Random
from types import MappingProxyType

from listino.local.shops.kinds import BRANDS, COLOURS, KINDS, MODELS, ORIGINS, SCALES, Kind
from listino.local.shops.vocabulary.french import FRENCH
from listino.local.shops.vocabulary.german import GERMAN
from listino.local.shops.vocabulary.italian import ITALIAN
from listino.local.shops.vocabulary.spanish import SPANISH
from listino.local.shops.vocabulary.words import Vocabulary

VOCABULARIES: Mapping[str, Vocabulary] = MappingProxyType({"it": ITALIAN, "fr": FRENCH, "de": GERMAN, "es": SPANISH})

# Indexes below zero are goods withdrawn before the shop's first day: still in its sitemap, answered with 410.
WITHDRAWN_AT_MOST = 100
FORMS_AT_MOST = 16

# Shared goods end in a price ending of their market's own, so that two markets never start at the same price.
_SHARED_ENDING = {"it": 90, "fr": 0, "de": 95, "es": 99}
_ENDINGS = (0, 50, 90, 90, 95, 99)
_GTIN_PREFIX = {"it": "803", "fr": "376", "de": "426", "es": "843", "shared": "509"}
_DOMAINS = ("shared", "it", "fr", "de", "es")
_OPENED = datetime(2025, 1, 7, 8, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Form:
    """One buyable form of a good. `surcharge` is in cents over the good's price; `quantity` in pieces at the start."""

    position: int
    sku: str
    colour: str
    size: str
    surcharge: int
    quantity: int
    gtin: str | None


@dataclass(frozen=True, slots=True)
class Good:
    """A good as its shop started with it; prices in cents. A good without variants has one nameless form.

    `number` counts from 1 and is what every platform's ids are made of. `colours` are codes, in the forms' order.
    """

    index: int
    number: int
    reference: str
    kind: Kind
    shared: bool
    brand: str
    name: str
    slug: str
    slogan: str
    description_html: str
    description: str
    features: tuple[tuple[str, str], ...]
    price: int
    list_price: int | None
    colours: tuple[str, ...]
    forms: tuple[Form, ...]
    photo_count: int
    related: tuple[int, ...]
    introduced: datetime

    @property
    def varies(self) -> bool:
        return bool(self.forms[0].colour or self.forms[0].size)

    @property
    def gtin(self) -> str | None:
        """The good's own GTIN is that of its first form, on every platform."""
        return self.forms[0].gtin

    def photo_of(self, form: Form) -> int:
        """Number (from 1) of the photo that shows a form."""
        return 1 + (self.colours.index(form.colour) % self.photo_count if form.colour else 0)


def kind_at(seed: int, index: int) -> Kind:
    """The kind of the good at an index: the same in all markets, and cheap enough to sort a whole shop by."""
    return KINDS[_draw(seed, "kind", index) % len(KINDS)]


def is_shared(seed: int, index: int) -> bool:
    """Whether the good at an index is sold in all four markets under one GTIN."""
    return _draw(seed, "shared", index) % 4 == 0


def gtin13(first_twelve: str) -> str:
    """A GTIN-13 with its check digit (GS1 General Specifications, 7.9: weights 1 and 3 from the left)."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(first_twelve))
    return first_twelve + str(-total % 10)


def slugify(text: str) -> str:
    """Lower-case ASCII words joined by hyphens, as shops write addresses."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("Ø", "o")).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


@lru_cache(maxsize=20_000)
def make_good(market: str, prefix: str, seed: int, index: int) -> Good:
    """The good at an index of a market's shop, whose references start with `prefix`."""
    words = VOCABULARIES[market]
    kind = kind_at(seed, index)
    shared = is_shared(seed, index)
    domain = "shared" if shared else market
    core = Random(f"{seed}:{domain}:{index}")
    local = Random(f"{seed}:{market}:{index}:local")
    number = index + WITHDRAWN_AT_MOST + 1
    reference = f"{prefix}-{number:05d}"

    brand = core.choice(BRANDS[kind.department])
    model = core.choice(MODELS)
    matter = core.choice(kind.matters)
    euros = kind.price[0] * (kind.price[1] / kind.price[0]) ** core.random()
    photo_count = core.randint(1, 4)
    varies = kind.varies and core.random() < 0.8
    colours = (
        tuple(core.sample(list(COLOURS), core.randint(2, 4)))
        if kind.coloured and (varies or core.random() < 0.7)
        else ()
    )
    sizes = _run_of_sizes(kind, core)

    ending = _SHARED_ENDING[market] if shared else local.choice(_ENDINGS)
    price = max(2, round(euros * local.uniform(0.82, 1.25))) * 100 + ending
    list_price = price + 100 * max(1, round(price * local.uniform(0.15, 0.6) / 100)) if local.random() < 0.2 else None

    noun = words.kinds[kind.code][0]
    plain_name = f"{noun} {model} {words.matters[matter][1]}"
    name = plain_name + (local.choice(words.flourishes) if local.random() < 0.17 else "")
    features = _features(words, kind, core, matter, () if varies else (colours[:1] + sizes[:1]), varies)
    description_html, description = _description(words, kind, local, brand, name, features)
    return Good(
        index=index,
        number=number,
        reference=reference,
        kind=kind,
        shared=shared,
        brand=brand,
        name=name,
        slug=slugify(plain_name),
        slogan=local.choice(words.slogans),
        description_html=description_html,
        description=description,
        features=features,
        price=price,
        list_price=list_price,
        colours=colours if varies else colours[:1],
        forms=_forms(reference, domain, core, local, index, kind, colours, sizes, price, varies),
        photo_count=photo_count,
        related=_related(seed, index, kind, local),
        introduced=_OPENED + timedelta(days=_draw(seed, "introduced", index) % 200, minutes=number % 600),
    )


def _draw(seed: int, purpose: str, index: int) -> int:
    return int.from_bytes(hashlib.blake2b(f"{seed}:{purpose}:{index}".encode(), digest_size=6).digest())


def _run_of_sizes(kind: Kind, core: Random) -> tuple[str, ...]:
    if not kind.scale:
        return ()
    scale = SCALES[kind.scale]
    length = core.randint(2, min(4, len(scale)))
    start = core.randint(0, len(scale) - length)
    return scale[start : start + length]


def _features(
    words: Vocabulary, kind: Kind, core: Random, matter: str, fixed: tuple[str, ...], varies: bool
) -> tuple[tuple[str, str], ...]:
    """The features in the shop's order; `fixed` holds the colour and size that a good without variants comes in."""
    features = [(words.labels[kind.matter], words.matters[matter][0])]
    features += [
        (words.labels["colour"], words.colours[value]) if value in COLOURS else (words.labels[kind.scale], value)
        for value in fixed
    ]
    if kind.scale != "pack":
        grams = core.randint(*kind.weight) // 10 * 10
        features.append(
            (words.labels["weight"], f"{grams} g" if grams < 1000 else f"{grams / 1000:.1f} kg".replace(".", ","))
        )
    features.append((words.labels["origin"], words.origins[core.choice(ORIGINS)]))
    if kind.department == "books":
        features.append((words.labels["pages"], str(core.randint(96, 640))))
    elif core.random() < 0.5:
        features.append((words.labels["warranty"], words.warranty.format(years=core.randint(2, 10))))
    return tuple(features)


def _description(
    words: Vocabulary, kind: Kind, local: Random, brand: str, name: str, features: tuple[tuple[str, str], ...]
) -> tuple[str, str]:
    """The description as HTML, blocks on lines of their own, and the text that a reader of it is to end up with."""
    pitches = words.pitches[kind.department]
    opening = words.presents.format(name=name)
    closing = local.choice(words.closings)
    html = [
        f"<p><strong>{escape(brand)}</strong> {escape(opening)} <em>{escape(pitches[0])}</em></p>",
        f"<p>{escape(pitches[1])} {escape(closing)}</p>",
    ]
    text = [brand, opening, pitches[0], pitches[1], closing]
    if local.random() < 0.4:
        lines = [f"{label}: {value}" for label, value in features[:3]]
        html += ["<ul>", *(f"<li>{escape(line)}</li>" for line in lines), "</ul>"]
        text += lines
    return "\n".join(html), " ".join(text)


def _forms(
    reference: str, domain: str, core: Random, local: Random, index: int, kind: Kind, colours: tuple[str, ...],
    sizes: tuple[str, ...], price: int, varies: bool,
) -> tuple[Form, ...]:  # fmt: skip
    coded = core.random() >= 0.06
    sold_out = local.random() < 0.1
    if not varies:
        quantity = 0 if sold_out else _pieces(local)
        return (Form(0, reference, "", "", 0, quantity, _gtin(kind, domain, index, 0) if coded else None),)
    colour_extra = {colour: 100 * core.choice((0, 0, 0, 0, 2, 5)) for colour in colours or ("",)}
    size_extra = dict.fromkeys(sizes or ("",), 0)
    if kind.scale == "pack":
        for step, size in enumerate(sizes):
            size_extra[size] = round(price * (0, 0.85, 2.4)[step] / 100) * 100
    elif sizes and core.random() < 0.25:
        size_extra[sizes[-1]] = 100 * core.randint(1, 9)
    pairs = [(colour, size) for colour in colour_extra for size in size_extra]
    extras = [colour_extra[colour] + size_extra[size] for colour, size in pairs]
    pieces = [0 if sold_out or local.random() < 0.12 else _pieces(local) for _ in pairs]
    if not sold_out and not any(pieces):
        pieces[-1] = 4
    return tuple(
        Form(
            position,
            f"{reference}-{position + 1:02d}",
            colour,
            size,
            extras[position] - min(extras),
            pieces[position],
            _gtin(kind, domain, index, position) if coded else None,
        )
        for position, (colour, size) in enumerate(pairs)
    )


def _pieces(local: Random) -> int:
    return local.randint(1, 5) if local.random() < 0.3 else local.randint(6, 60)


def _gtin(kind: Kind, domain: str, index: int, position: int) -> str:
    """A GTIN that no other form of any market has: a permutation of (index, form, market) after the prefix."""
    place = ((index + WITHDRAWN_AT_MOST) * FORMS_AT_MOST + position) * len(_DOMAINS) + _DOMAINS.index(domain)
    prefix = "978" if kind.department == "books" else _GTIN_PREFIX[domain]
    # 3 ** 18 has no factor in common with 10 ** 9, so the multiplication is a permutation of the nine digits.
    return gtin13(f"{prefix}{place * 3**18 % 10**9:09d}")


def _related(seed: int, index: int, kind: Kind, local: Random) -> tuple[int, ...]:
    """Up to four earlier goods of the same department: earlier ones, so that a growing shop changes nobody's block."""
    pool = [other for other in range(max(0, index - 60), index) if kind_at(seed, other).department == kind.department]
    return tuple(local.sample(pool, min(len(pool), local.randint(2, 4))))
