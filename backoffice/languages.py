"""Which language the reader has, and the words of it.

Texts are written in English where they are used. A language is a catalogue in `translations`, read when somebody first
has that language: there is nothing to compile, and what a translator saves is there at the next start.
"""

import io
from functools import cache, cached_property
from pathlib import Path
from typing import Final

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, g, request
from flask_babel import Babel, Domain, get_locale

from listino.store.staff import StaffMember

FOLDER: Final = Path(__file__).parent / "translations"
COOKIE: Final = "listino_language"

# Each language by its own name, and the country whose dates and amounts its readers are used to.
LANGUAGES: Final = {"it": "Italiano", "fr": "Français", "de": "Deutsch", "es": "Español", "en": "English"}
_LOCALES: Final = {"it": "it_IT", "fr": "fr_FR", "de": "de_DE", "es": "es_ES", "en": "en_GB"}
_SOURCE: Final = "en"  # the language that the texts are written in, which needs no catalogue


class Catalogues(Domain):
    """The words of each language, from our own files."""

    def get_translations(self) -> NullTranslations:
        return catalogue(locale().language)


class _Reader(Babel):
    @cached_property
    def domain_instance(self) -> Catalogues:
        return Catalogues()


def attach(app: Flask) -> None:
    """Has pages written in the reader's language."""
    _Reader(app, locale_selector=lambda: _LOCALES[language()])
    # Line ends and indents of a template are no part of a sentence.
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    app.jinja_env.globals.update(LANGUAGES=LANGUAGES, language=language)


def language() -> str:
    """The code of the reader's language: the one they chose, here or in another browser, else the first of their
    browser's that there is."""
    if "language" not in g:
        member: StaffMember | None = g.get("member")
        chosen = (member.language if member else None) or request.cookies.get(COOKIE)
        g.language = chosen if chosen in LANGUAGES else request.accept_languages.best_match(LANGUAGES, _SOURCE)
    found: str = g.language
    return found


def locale() -> Locale:
    """The reader's locale; British English where nobody is reading."""
    return get_locale() or Locale.parse(_LOCALES[_SOURCE])


@cache
def catalogue(code: str) -> NullTranslations:
    """The words of a language; the texts as they are written for English."""
    if code == _SOURCE:
        return NullTranslations()
    compiled = io.BytesIO()
    with (FOLDER / f"{code}.po").open("rb") as file:
        write_mo(compiled, read_po(file, locale=code, abort_invalid=True))
    compiled.seek(0)
    return Translations(compiled)
