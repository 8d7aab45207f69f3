"""Catalogues made up from a seed, for tests and measurements, in the proportions of the field's reference set.

A product has 2.2 features, 1.95 styles and 4.5 related products on average, a style 2.9 photos and 5.8 SKUs; about
2.1 KB of CSV a product. Ids are dense and begin with 1. Everything is drawn by DuckDB's hash of the row's id, the
column and the seed: the same seed gives the same files, byte by byte, with the same version of DuckDB.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb

from listino.catalogue.files import FILES
from listino.catalogue.staging import quoted
from listino.domain.errors import InvalidValue

# How many of a thing a parent has, one entry drawn for each parent.
FEATURES = (0, 1, 2, 2, 2, 2, 3, 3, 3, 4)
STYLES = (*[1] * 9, *[2] * 6, *[3] * 3, 4, 5)
PHOTOS = (1, 2, 2, 3, 3, 3, 3, 3, 4, 5)
SKUS = (1, *[6] * 6, *[7] * 3)
RELATED = tuple(range(10))

_KINDS = ("Jacket", "Trousers", "Trainers", "Backpack", "Sunglasses", "Scarf", "Shirt", "Lamp", "Coffee Mill", "Teapot", "Desk Chair", "Rain Coat", "Boots", "Wrist Watch", "Blanket", "Headphones")  # fmt: skip
_CATEGORIES = ("Jackets", "Trousers", "Shoes", "Bags", "Accessories", "Accessories", "Shirts", "Lighting", "Kitchen", "Kitchen", "Furniture", "Jackets", "Shoes", "Watches", "Home", "Electronics")  # fmt: skip
_LOOKS = ("Alpine", "Camo", "Classic", "Coastal", "Élan", "Everyday", "Feather", "Heritage", "Köln", "Linen", "Midnight", "Nordic", "Pocket", "Quiet", "Retro", "Siena", "Urban", "Weekend", "Wide", "Zürich")  # fmt: skip
_PEOPLE = ("Abril", "Bastien", "Chiara", "Dorothea", "Emilio", "Fenja", "Gaël", "Heike", "Iker", "Jolanda", "Kaspar", "Lucía", "Manon", "Nicolò", "Odile", "Pablo")  # fmt: skip
_SLOGANS = ("Made to be worn out", "Light where it matters", "The one you reach for", "Less, but better", "Ready when you are", "Keeps its promise", "Once and for years", "Comfort, quietly")  # fmt: skip
_OPENINGS = ("Cut from cloth that has been washed before it was sewn,", "Built around a frame that weighs less than an apple,", "Drawn by hand and tried on the road,", "With seams that lie flat and pockets where hands look for them,", "Simple on the outside and well thought out within,", "Made in small runs by people who sign their work,")  # fmt: skip
_MIDDLES = ("it is the piece that other pieces are measured by.", "it goes from the first train to the last table without a crease.", "it asks for little care and gives years of use.", 'it is what our testers called "the good one".', "it takes rain, sand and children as they come.", "it looks the better the longer you have it.")  # fmt: skip
_ENDINGS = ("Packed without plastic.", "Spare parts are sold for ten years.", "Wash at thirty degrees, dry in the shade.", "Fits true to size; between two sizes take the larger.", "The colour may differ a little from one lot to the next.", "Comes with a bag to keep it in.")  # fmt: skip
_FEATURES = ("Fabric", "Sole", "Lining", "Cut", "Closure", "Origin", "Lens", "Weight")
_VALUES = ("Canvas", "Rubber", "Merino", "Loose", "Zip", "Portugal", "Polarised", "450 g", "Cotton", "Cork", "Straight", "Italy")  # fmt: skip
_COLOURS = ("Black", "White", "Forest Green", "Sky Blue", "Sand", "Bordeaux", "Graphite", "Desert Brown & Tan", "Orange, Faded", "Rosé", "Türkis", "Ivory")  # fmt: skip
_CLOTHES = ("XS", "S", "M", "L", "XL", "XXL", "3XL")
_SHOES = ("7", "7.5", "8", "8.5", "9", "9.5", "10")

_MACROS = """
SET enable_progress_bar = false;
CREATE MACRO draw(number, salt, most) AS (hash(number::BIGINT, salt::INTEGER, {seed}::BIGINT) % most)::BIGINT;
CREATE MACRO pick(number, salt, choices) AS choices[1 + draw(number, salt, len(choices))];
CREATE MACRO seldom(number, salt, percent, text) AS if(draw(number, salt, 100) < percent, 'null', text);
CREATE MACRO euros(product) AS 5 + draw(product, 1, 195) + draw(product, 2, 100) // 97 * draw(product, 3, 800);
CREATE MACRO amount(product) AS euros(product) || if(draw(product, 4, 5) = 0, '.99', '');
CREATE MACRO reduced(product, style) AS (euros(product) * (60 + draw(style, 5, 30)) // 100) || '';
CREATE MACRO photo(number, width) AS format(
    'https://images.example.com/photos/{{:016x}}-{{:012x}}?auto=format&fit=crop&crop=entropy&fm=jpg&w={{}}&q=80',
    hash(number, 6, {seed}::BIGINT), hash(number, 7, {seed}::BIGINT) % 281474976710656, width);
"""


def _list(choices: Sequence[object]) -> str:
    """The choices as SQL writes a list."""
    shown = ("'" + each.replace("'", "''") + "'" if isinstance(each, str) else str(each) for each in choices)
    return f"[{', '.join(shown)}]"


# The rows of each file but for their own ids, which count them.
_ROWS = {
    "product": f"""
        SELECT pick(p, 10, {_list(_PEOPLE)}) || ' ' || pick(p, 11, {_list(_LOOKS)}) || ' ' || pick(p, 12, {_list(_KINDS)}),
            seldom(p, 13, 5, pick(p, 14, {_list(_SLOGANS)})),
            seldom(p, 15, 2, pick(p, 16, {_list(_OPENINGS)}) || ' ' || pick(p, 17, {_list(_MIDDLES)}) || ' ' || pick(p, 18, {_list(_ENDINGS)})
                || ' ' || pick(p, 19, {_list(_ENDINGS)})),
            seldom(p, 20, 1, pick(p, 12, {_list(_CATEGORIES)})),
            seldom(p, 21, 1, amount(p))
        FROM range(1, {{products}} + 1) _(p)""",
    "features": f"""
        SELECT p, pick(8 * p + k, 22, {_list(_FEATURES)}), seldom(8 * p + k, 23, 10, pick(8 * p + k, 24, {_list(_VALUES)}))
        FROM (SELECT p, unnest(range(pick(p, 25, {_list(FEATURES)}))) AS k FROM range(1, {{products}} + 1) _(p))""",
    "styles": f"""
        SELECT p, pick(8 * p + k, 26, {_list(_COLOURS)}), seldom(8 * p + k, 27, 75, reduced(p, 8 * p + k)), amount(p),
            if(k = 0, 1, 0)
        FROM (SELECT p, unnest(range({{styles_of}})) AS k FROM range(1, {{products}} + 1) _(p))""",
    "photos": f"""
        SELECT s, photo(8 * s + k, 668), photo(8 * s + k, 300)
        FROM (SELECT s, unnest(range(pick(s, 29, {_list(PHOTOS)}))) AS k FROM range(1, {{styles}} + 1) _(s))""",
    "skus": f"""
        SELECT s, if(n = 1, 'One Size', if(draw(s, 30, 4) = 0, {_list(_SHOES)}, {_list(_CLOTHES)})[k + 1]), draw(8 * s + k, 31, 60)
        FROM (SELECT s, n, unnest(range(n)) AS k
            FROM (SELECT s, pick(s, 32, {_list(SKUS)}) AS n FROM range(1, {{styles}} + 1) _(s)))""",
    "related": f"""
        SELECT p, 1 + (p + draw(16 * p + k, 33, {{products}} - 1)) % {{products}}
        FROM (SELECT p, unnest(range(pick(p, 34, {_list(RELATED)}))) AS k FROM range(1, {{products}} + 1) _(p))
        WHERE {{products}} > 1""",
}
_STYLES_OF = f"pick(p, 28, {_list(STYLES)})"


def make_dataset(folder: Path, products: int, seed: int, *, told: Callable[[str, int], None]) -> dict[str, int]:
    """Writes the six files into the folder, over what is there, and gives their numbers of rows by name.

    `told` hears each name as its file is finished. Memory stays within a few hundred megabytes for any number of
    products; the folder is made where it does not exist. Raises InvalidValue where the files cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _made(folder, products, seed, told)
    except OSError as error:
        raise InvalidValue(f"the files cannot be written to {folder}: {error.strerror}") from None
    except duckdb.IOException as error:
        raise InvalidValue(f"the files cannot be written to {folder}: {str(error).splitlines()[0]}") from None


def _made(folder: Path, products: int, seed: int, told: Callable[[str, int], None]) -> dict[str, int]:
    rows: dict[str, int] = {}
    with duckdb.connect(config={"memory_limit": "500MB"}) as connection:
        connection.execute(_MACROS.format(seed=seed))
        found = connection.execute(f"SELECT sum({_STYLES_OF}) FROM range(1, {products} + 1) _(p)").fetchone()
        known = {"products": products, "styles": int(found[0]) if found else 0, "styles_of": _STYLES_OF}
        for file in FILES:
            header = ", ".join(f'"{name}"' for name in file.columns)
            query = f"SELECT row_number() OVER (), * FROM ({_ROWS[file.table].format(**known)}) _({header.partition(', ')[2]})"
            target = folder / file.name
            copied = connection.execute(
                f"COPY (SELECT * FROM ({query}) _({header})) TO '{quoted(target)}' (FORMAT csv, HEADER)"
            ).fetchone()
            rows[file.name] = int(copied[0]) if copied else 0
            told(file.name, rows[file.name])
    return rows
