"""Each text is translated into each language, and none stands in a page untranslated."""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import mongomock
import pytest
from babel.messages.catalog import Catalog
from babel.messages.frontend import CommandLineInterface
from babel.messages.pofile import read_po
from flask import Flask
from flask_babel import force_locale
from jinja2 import Environment, nodes

import backoffice
from backoffice.access import ROLE_NAMES, SCOPE_NAMES
from backoffice.deeds import DEEDS, NOUNS
from backoffice.formats import ago, market_name, moment, money, number, parsed_instant, percent
from backoffice.languages import FOLDER, LANGUAGES, catalogue
from backoffice.sentences import said, step
from listino.domain.audit import Outcome, StaffAction
from listino.domain.errors import InvalidValue
from listino.domain.money import Money
from listino.domain.pricing import PricingRule
from listino.store.staff import ROLES, Staff
from listino.store.tokens import MOST_OF_ONE, SCOPES, Tokens

SOURCE = Path(backoffice.__file__).parent
TEMPLATES = sorted((SOURCE / "templates").rglob("*.html"))
TRANSLATED = sorted(LANGUAGES.keys() - {"en"})
NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Every text of the back office, found as `make catalogues` finds it."""
    found = tmp_path_factory.mktemp("texts") / "texts.pot"
    mapping = SOURCE.parent / "pyproject.toml"
    keywords = ["--keyword", "lazy_gettext", "--keyword", "lazy_pgettext:1c,2"]
    arguments = ["--mapping-file", str(mapping), *keywords, "--output-file", str(found), str(SOURCE)]
    CommandLineInterface().run(["pybabel", "--quiet", "extract", *arguments])
    with found.open("rb") as file:
        return read_po(file)


def written(language: str) -> Catalog:
    with (FOLDER / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


def keys(of: Catalog) -> set[tuple[object, object]]:
    return {(message.context, message.id) for message in of if message.id}


def test_there_is_a_catalogue_for_each_language() -> None:
    assert sorted(file.stem for file in FOLDER.glob("*.po")) == TRANSLATED


@pytest.mark.parametrize("language", TRANSLATED)
def test_each_text_is_translated_and_no_translation_is_left_over(texts: Catalog, language: str) -> None:
    catalog = written(language)
    assert len(texts) > 300
    assert keys(texts) - keys(catalog) == set()
    assert keys(catalog) - keys(texts) == set()
    assert list(catalog.obsolete) == []
    forms = [
        (message.id, form)
        for message in catalog
        if message.id
        for form in ([message.string] if isinstance(message.string, str) else message.string)
    ]
    assert [text for text, form in forms if not form] == []
    assert [message.id for message in catalog if message.id and message.fuzzy] == []


PLACEHOLDER = re.compile(r"%\(\w+\)s|%%|%.|</?\w+>")


@pytest.mark.parametrize("language", TRANSLATED)
def test_placeholders_and_tags_agree(language: str) -> None:
    pairs = [
        (text, form)
        for message in written(language)
        if message.id
        for text, form in (
            zip(message.id, message.string, strict=True)
            if isinstance(message.id, tuple)
            else [(message.id, message.string)]
        )
    ]
    assert len(pairs) > 300
    assert [
        form for text, form in pairs if sorted(PLACEHOLDER.findall(form)) != sorted(PLACEHOLDER.findall(text))
    ] == []


# ---------- nothing beside gettext ----------

GETTEXT = {"_", "gettext", "ngettext", "pgettext", "npgettext"}
SPOKEN = {"aria-label", "alt", "title", "placeholder", "data-label", "data-copied", "data-unreachable"}
# Names and examples that are the same in every language; `x` stands for what an expression puts in.
SAME = re.compile(r"\b(Listino|UTC|GTIN|it:bottega:3020|GET|lst_|staff:anna@example\.com)\b")
WITHIN_TAGS = {"look", "suggested", "swaps"}  # a block and macros that write attributes


class _Spoken(HTMLParser):
    """What of a page is read by people: its text, and the attributes that are spoken or shown."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._tag = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tag = tag
        self.found += [value for name, value in attrs if name in SPOKEN and value]

    def handle_endtag(self, tag: str) -> None:
        self._tag = ""

    def handle_data(self, data: str) -> None:
        if self._tag != "kbd":
            self.found.append(data)


def _said(tree: nodes.Template) -> Iterator[str]:
    """The words of a template that no gettext has seen."""
    attributes = {
        id(output)
        for part in tree.find_all((nodes.Block, nodes.Macro))
        if part.name in WITHIN_TAGS
        for output in part.find_all(nodes.Output)
    }
    page = _Spoken()
    page.feed(
        "".join(
            node.data if isinstance(node, nodes.TemplateData) else "\N{SECTION SIGN}"
            for output in tree.find_all(nodes.Output)
            if id(output) not in attributes
            for node in output.nodes
        )
    )
    yield from (text for text in page.found if re.search(r"[^\W\d_]{2}", SAME.sub("", text)))
    translated = {
        id(constant)
        for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name in GETTEXT
        for constant in call.find_all(nodes.Const)
    }
    for constant in tree.find_all(nodes.Const):
        value = constant.value
        sentence = isinstance(value, str) and re.match(r"[^\W\d_a-z][^\W\d_]+|[^\W\d_]+ [^\W\d_]+", value)
        if sentence and id(constant) not in translated and not SAME.fullmatch(value):
            yield value


def untranslated(text: str) -> list[str]:
    environment = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    environment.newstyle_gettext = True  # type: ignore[attr-defined]
    return list(_said(environment.parse(text)))


def test_no_template_has_a_text_beside_gettext() -> None:
    assert len(TEMPLATES) > 20
    found = {template.name: untranslated(template.read_text("utf-8")) for template in TEMPLATES}
    assert {name: texts for name, texts in found.items() if texts} == {}


@pytest.mark.parametrize(
    "template",
    [
        "<p>Some words</p>",
        '<a title="Some words">{{ x }}</a>',
        '{{ "Gone" if gone else "" }}',
        '{{ notice("bad", "no way") }}',
        "<dt>Since</dt>{{ _('Since') }}",
    ],
)
def test_the_rule_catches_its_offence(template: str) -> None:
    assert untranslated(template)


def test_what_is_told_by_python_is_translated() -> None:
    bare = []
    for file in SOURCE.rglob("*.py"):
        for call in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(call, ast.Call) and ast.unparse(call.func) in ("flash", "Complaint", "Outcome"):
                plain = [each for each in call.args if isinstance(each, ast.Constant | ast.JoinedStr)]
                words = [part for each in plain for part in ast.walk(each) if isinstance(part, ast.Constant)]
                bare += [f"{file.name}: {part.value}" for part in words if re.search(r"[^\W\d_] ", str(part.value))]
    assert bare == []


def _plain_sentences(source: str) -> list[str]:
    """Sentences of a module that no gettext has seen: no docstrings, and nothing that is only logged."""
    tree = ast.parse(source)
    seen = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr)
        or (isinstance(node, ast.Call) and ast.unparse(node.func) in GETTEXT | {"lazy_gettext"})
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and (not isinstance(node, ast.Expr) or part is node.value)
    }
    return [
        part.value
        for part in ast.walk(tree)
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and id(part) not in seen
        if re.search(r"[^\W\d_]{2} .*[.!?]$", part.value)
    ]


def test_no_module_has_a_sentence_beside_gettext() -> None:
    # What the document of the JSON API says is for programmers, and English as the document itself.
    modules = [file for file in SOURCE.rglob("*.py") if file.parent.name != "api"]
    found = {file.name: _plain_sentences(file.read_text("utf-8")) for file in modules}
    assert {name: texts for name, texts in found.items() if texts} == {}
    assert _plain_sentences('def view():\n    """What it shows."""\n    return page(wrong="That is wrong.")') == [
        "That is wrong."
    ]


def test_each_action_of_the_audit_log_has_a_name() -> None:
    actions = [*Outcome, *StaffAction]
    assert sorted(DEEDS) == sorted(actions)
    assert NOUNS.keys() == {action.partition(".")[0] for action in actions}
    assert SCOPE_NAMES.keys() == set(SCOPES)
    assert ROLE_NAMES.keys() == set(ROLES)


def test_what_staff_can_do_wrong_is_told_in_their_language(app: Flask) -> None:
    """Each complaint of accounts and tokens, raised by what raises it: one that is worded anew is English here."""
    store = Staff(mongomock.MongoClient()["staff"])
    tokens = Tokens(mongomock.MongoClient()["staff"])
    store.put("anna@example.com", "lampada verde quattro", "agent")
    wrongs = (
        lambda: store.add("anna@example.com", "agent"),
        lambda: store.add("anna", "agent"),
        lambda: store.add("bruno@example.com", "root"),
        lambda: store.enable("bruno@example.com"),
        lambda: store.change_password("anna@example.com", "wrong", "lampada verde cinque"),
        lambda: store.change_password("anna@example.com", "lampada verde quattro", "short"),
        lambda: store.change_password("anna@example.com", "lampada verde quattro", "password1234"),
        lambda: store.change_password("anna@example.com", "lampada verde quattro", "lampada verde quattro"),
        lambda: tokens.make("anna@example.com", "", ["read"], days=1),
        lambda: tokens.make("anna@example.com", "nightly", [], days=1),
        lambda: tokens.make("anna@example.com", "nightly", ["read"], days=0),
        lambda: [tokens.make("anna@example.com", "nightly", ["read"], days=1) for _ in range(MOST_OF_ONE + 1)],
        lambda: parsed_instant("yesterday"),
    )
    for wrong in wrongs:
        with pytest.raises(InvalidValue) as error:
            wrong()
        with app.test_request_context(), force_locale("de_DE"):
            german = said(error.value)
        with app.test_request_context(), force_locale("en_GB"):
            assert german != said(error.value), german
        assert german[:-1] != str(error.value)
        assert "%(" not in german


# ---------- the reader's language ----------


@pytest.mark.parametrize(
    ("accepted", "language"),
    [(None, "en"), ("de-AT,de;q=0.9,en;q=0.8", "de"), ("nl,it;q=0.5", "it"), ("nl", "en"), ("fr-CH", "fr")],
)
def test_the_browser_says_the_language(app: Flask, accepted: str | None, language: str) -> None:
    page = app.test_client().get("/login", headers={"Accept-Language": accepted} if accepted else {}).text
    assert f'<html lang="{language}"' in page
    assert catalogue(language).gettext("Sign in") in page


def _choose(app: Flask, **fields: str):
    client = app.test_client()
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/login").text)
    assert token is not None
    return client, client.post("/preferences", data={"csrf_token": token[1], "back": "/login", **fields})


def test_a_choice_goes_before_the_browser_and_is_kept(app: Flask) -> None:
    client, answer = _choose(app, language="es")
    assert (answer.status_code, answer.location) == (303, "/login")
    assert "Max-Age=31536000" in answer.headers["Set-Cookie"]
    assert "Iniciar sesión" in client.get("/login", headers={"Accept-Language": "de"}).text


@pytest.mark.parametrize(("theme", "attribute"), [("dark", 'data-bs-theme="dark"'), ("auto", None)])
def test_a_theme_is_kept(app: Flask, theme: str, attribute: str | None) -> None:
    client, _ = _choose(app, theme=theme)
    page = client.get("/login").text
    assert attribute in page if attribute else "data-bs-theme" not in page


@pytest.mark.parametrize(
    ("fields", "status", "location"),
    [
        ({"language": "xx"}, 400, None),
        ({"theme": "pink"}, 400, None),
        ({"language": "it", "back": "//evil.example"}, 303, "/"),
    ],
)
def test_only_known_choices_are_kept_and_only_our_pages_returned_to(
    app: Flask, fields: dict[str, str], status: int, location: str | None
) -> None:
    _, answer = _choose(app, **fields)
    assert (answer.status_code, answer.location) == (status, location)


def test_a_cookie_that_names_no_language_is_passed_over(app: Flask) -> None:
    client = app.test_client()
    client.set_cookie("listino_language", "../../etc")
    assert '<html lang="en"' in client.get("/login").text


# ---------- amounts, times ----------


def test_amounts_dates_and_ages_are_written_as_the_reader_does(app: Flask) -> None:
    def plain(text: object) -> str:
        return re.sub(r"<[^>]+>", "", str(text)).replace("\N{NO-BREAK SPACE}", " ")

    seen = {}
    with app.test_request_context():
        for language in ("de_DE", "it_IT"):
            with force_locale(language):
                seen[language] = [
                    plain(text)
                    for text in (
                        money(Money(124990)), number(1234567), percent(Decimal("20.05")), moment(NOW),
                        ago(NOW - timedelta(hours=2), NOW), market_name("de"),
                    )
                ]  # fmt: skip
    assert seen == {
        "de_DE": ["1.249,90 €", "1.234.567", "20,1 %", "01.05.2026, 12:00 UTC", "vor 2 Stunden", "Deutschland"],
        "it_IT": ["1.249,90 €", "1.234.567", "20,1%", "1 mag 2026, 12:00 UTC", "2 ore fa", "Germania"],
    }


def test_each_step_of_a_price_is_known(app: Flask) -> None:
    rule = PricingRule(markup_percent=Decimal("2.5"), minimum_margin=Money(900))
    steps = rule.price(Money(1000), shipping=Money(490), vat_percent=Decimal(22)).steps
    assert len(steps) == 7
    with app.test_request_context(), force_locale("de_DE"):
        said = [step(each.label) for each in steps]
    assert said == [
        "Preis des Anbieters", "mit Versand", "netto ohne 22\N{NO-BREAK SPACE}% MwSt.",
        "Aufschlag 2,5\N{NO-BREAK SPACE}%", "Mindestmarge 9,00", "mit 22\N{NO-BREAK SPACE}% MwSt.", "aufgerundet auf ,90",
    ]  # fmt: skip
