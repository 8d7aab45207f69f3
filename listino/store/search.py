"""What a product is found by: the stems of the words of its name and brand, and its codes, in one array with one index.

The stemmers are Snowball's, which MongoDB's text index has, too; docs/decisions/0014 says why that index is not used.
"""

import contextlib
import functools
import re
import unicodedata
from collections.abc import Iterable
from typing import Any

import Stemmer
from bson.regex import Regex

from listino.domain.errors import InvalidValue
from listino.domain.market import MARKETS
from listino.domain.product import Product, parse_product_id

# The language of goods without a market, which are those of an imported catalogue.
CATALOGUE_LANGUAGE = "en"
_WORD = re.compile(r"\w+")
LEAST_CODE = 3  # characters from which on a text with a digit in it may be the beginning of a code
NONE: dict[str, Any] = {"_id": {"$in": []}}  # the condition that no product meets
_ANY_DIGIT = "*"  # stands in a term for the last digit of numbers that differ in it alone


def words_of(*texts: str | None) -> list[str]:
    """The words of the texts without accents and case, each once."""
    plain = " ".join(text for text in texts if text)
    if not plain.isascii():
        plain = "".join(char for char in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(char))
    return list(dict.fromkeys(_WORD.findall(plain.casefold())))


def language_of(market: str | None) -> str:
    """The language in which goods of that market are named."""
    return MARKETS[market].language if market is not None and market in MARKETS else CATALOGUE_LANGUAGE


def terms_of(product: Product) -> list[str]:
    """All that the product is found by."""
    sizes = (key for style in product.styles for key in style.skus)
    return terms(
        product.name, product.brand, language=language_of(product.market), codes=codes_of(product), sizes=sizes
    )


def terms(name: str, brand: str | None, *, language: str, codes: Iterable[str], sizes: Iterable[str] = ()) -> list[str]:
    """The stems of the words of name and brand in that language (`lampad:it`), the codes without case, and the `sizes`,
    which are keys of SKUs; each once.

    Sizes are most of all that there is to look for, and the numbers of a product's follow each other: ten of them that
    differ in the last digit alone are one term (`22694*`).
    """
    stems = (_stem(word, language) for word in words_of(name, brand))
    keys = (_tens(size) if _is_number(size) else size.casefold() for size in sizes)
    return list(dict.fromkeys((*stems, *(code.casefold() for code in codes), *keys)))


def codes_of(product: Product) -> list[str]:
    """What people read off a parcel or a page: the shop's key of the product, and the GTIN."""
    key = str(product.id).rsplit(":", 1)[-1]
    return [key, product.gtin] if product.gtin else [key]


def matching(text: str, *, market: str | None, beginnings: bool) -> dict[str, Any]:
    """The condition on products that the text finds: every word of it, in whatever inflection, is one of the product's;
    or all of it is the beginning of a code, or an id.

    With `beginnings` words may be cut off, and any text without a space may be a code: for people who type half of it.
    Without, a code has a digit and LEAST_CODE characters, and the matches come from the index in the order of their ids.
    """
    ways: list[dict[str, Any]] = []
    with contextlib.suppress(InvalidValue):
        ways.append({"_id": parse_product_id(text)})
    # A regular expression with a NUL in it is an error to MongoDB.
    if text.isprintable() and " " not in text and (beginnings or _may_be_code(text)):
        ways.append({"terms": {"$in": [_beginning(text.casefold())]}})
        if _is_number(text):
            ways.append({"terms": _tens(text), f"styles.skus.{text}": {"$exists": True}})
    if words := words_of(text):
        ways.append(_every(words, market, beginnings=beginnings))
    # An alternative that may be left out is left out: one way alone is read in the order of ids, and only as far as asked.
    return ways[0] if len(ways) == 1 else {"$or": ways} if ways else NONE


def matching_whole(text: str, *, market: str | None) -> dict[str, Any]:
    """The condition on products that have every word of the text, in whatever inflection and not cut off.

    They are points of the index: matches come in the order of ids, and it reads as few of its rarest word as give what is asked for.
    """
    words = words_of(text)
    return _every(words, market, beginnings=False) if words else NONE


def continuations(text: str, *, market: str | None) -> list[dict[str, Any]]:
    """Of each word of the text the condition on products with a term that begins with it and is not the word: it leads past all
    that have the word whole. Nothing for a text that may be a code, or has one word: those are read as `matching` says."""
    return [_longer(word, market) for word in words_of(text)] if " " in text else []


def matching_continued(text: str, *, market: str | None) -> dict[str, Any]:
    """The condition on products that a text of several words finds with `beginnings`, one of which they have longer."""
    words = words_of(text)
    others = {word: [other for other in words if other != word] for word in words}
    return {"$or": [{"$and": [_longer(word, market), *_each(others[word], market, beginnings=True)]} for word in words]}


def _every(words: Iterable[str], market: str | None, *, beginnings: bool) -> dict[str, Any]:
    return {"$and": _each(words, market, beginnings=beginnings)}


def _each(words: Iterable[str], market: str | None, *, beginnings: bool) -> list[dict[str, Any]]:
    return [
        {"terms": {"$in": [*_forms(word, market), _beginning(word)] if beginnings else _forms(word, market)}}
        for word in words
    ]


def _longer(word: str, market: str | None) -> dict[str, Any]:
    return {"terms": {"$elemMatch": {"$regex": _beginning(word), "$nin": _forms(word, market)}}}


def _forms(word: str, market: str | None) -> list[Any]:
    languages = {language_of(market)} if market is not None else _languages()
    # The word itself is there for codes without a digit.
    return [word, *(_stem(word, language) for language in sorted(languages))]


@functools.lru_cache(maxsize=20_000)
def _stem(word: str, language: str) -> str:
    # Stems of two languages that look alike are of different words: an Italian lampada is no English lamp.
    return f"{_stemmer(language).stemWord(word)}:{language}"


def _may_be_code(text: str) -> bool:
    return len(text) >= LEAST_CODE and any(char.isdigit() for char in text)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _tens(number: str) -> str:
    return number[:-1] + _ANY_DIGIT


def _beginning(text: str) -> Regex:
    return Regex(f"^{re.escape(text)}")


@functools.cache
def _languages() -> frozenset[str]:
    return frozenset(language_of(market) for market in (*MARKETS, None))


@functools.cache
def _stemmer(language: str) -> Stemmer.Stemmer:
    # It keeps what it has stemmed; threads may share it, for it does not let go of the interpreter while it works.
    return Stemmer.Stemmer(language)
