"""All that a page needs comes from this server, and nothing is written into the page that its policy refuses."""

import re
from pathlib import Path

import pytest
from flask import Flask

import backoffice
from backoffice.icons import Icons

FOLDER = Path(backoffice.__file__).parent
TEMPLATES = sorted((FOLDER / "templates").rglob("*.html"))


def test_the_login_page_loads_only_files_that_are_there(app: Flask) -> None:
    client = app.test_client()
    addresses = re.findall(r'(?:src|href)="([^"#]+)"', client.get("/login").text)

    assert len(addresses) >= 4
    assert [address for address in addresses if client.get(address).status_code != 200] == []


def test_htmx_is_served(app: Flask) -> None:
    assert "htmx" in app.test_client().get("/htmx/htmx.min.js").text[:200]


def test_no_template_holds_inline_scripts_styles_or_foreign_addresses() -> None:
    assert len(TEMPLATES) > 10
    refused = re.compile(r'\sstyle="|<style|<script(?![^>]*\ssrc=)|\son[a-z]+="|(?:src|href)="(?:https?:)?//')
    assert [template.name for template in TEMPLATES if refused.search(template.read_text())] == []


def test_every_form_that_changes_something_carries_its_token() -> None:
    forms = [
        form
        for template in TEMPLATES
        for form in re.findall(r'<form[^>]*method="post".*?</form>', template.read_text(), re.DOTALL)
    ]

    assert len(forms) >= 4
    assert [form for form in forms if "csrf_token()" not in form] == []


def test_icons_are_drawings_and_an_unknown_one_is_an_error() -> None:
    icons = Icons.from_package()

    assert icons.svg("house").startswith('<svg class="icon" viewBox="0 0 16 16"')
    assert 'aria-hidden="true"' in icons.svg("house")
    assert 'aria-label="a &amp; b"' in icons.svg("house", label="a & b")
    with pytest.raises(KeyError):
        icons.svg("no-such-icon")
