import socket
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from listino.local import doctor
from listino.settings import Settings


def verdicts(settings: Settings) -> dict[str, doctor.Finding]:
    return {finding.subject: finding for finding in doctor.examine(settings)}


def test_this_machine_can_run_it(settings: Settings) -> None:
    found = verdicts(settings)
    assert list(found) == [
        "python",
        "settings",
        "state folder",
        "MongoDB",
        "Redis",
        "nginx",
        "ports",
        "shops",
        "chromium",
    ]
    assert [
        subject for subject in ("python", "state folder", "MongoDB", "Redis", "nginx") if found[subject].verdict != "ok"
    ] == []


def test_a_variable_that_is_no_setting_is_a_warning(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTINO_CORS_ORIGIN", "*")
    found = verdicts(settings)["settings"]
    assert (found.verdict, "LISTINO_CORS_ORIGINS" in found.text) == ("warn", True)


def test_a_taken_port_fails(settings: Settings) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        found = verdicts(settings.model_copy(update={"port_base": port}))["ports"]
    assert found.verdict == "fail"
    assert f"{port} (nginx) taken by" in found.text
    assert "LISTINO_PORT_BASE" in found.text


GOOD = '[shop]\nname = "bottega"\nmarket = "it"\nplatform = "woocommerce"\nurl = "https://bottega.example"\n'


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[shop", "end of document"),
        (GOOD.replace('"it"', '"uk"'), "shop.market"),
        (GOOD.replace("woocommerce", "oscommerce"), "shop.platform"),
        (GOOD + "colour = 1", "shop.colour"),
        (GOOD + "[crawl]\nproduct = '['", "crawl.product"),
        (GOOD, "is declared in it-1.toml, too"),
    ],
)
def test_a_declaration_that_a_crawl_could_not_use_fails(text: str, complaint: str, settings: Settings) -> None:
    settings.shops_path.mkdir(parents=True)
    (settings.shops_path / "it-1.toml").write_text(GOOD)
    assert verdicts(settings)["shops"].verdict == "ok"
    (settings.shops_path / "it-2.toml").write_text(text)
    found = verdicts(settings)["shops"]
    assert found.verdict == "fail"
    assert "it-2.toml: " in found.text
    assert complaint in found.text
    assert found.text.endswith("mend the file")


def test_production_without_a_secret_key_or_a_contact_fails(settings: Settings) -> None:
    production = settings.model_copy(update={"env": "production", "secret_key": None})
    found = verdicts(production)["settings"]
    assert (found.verdict, found.text.partition(":")[0]) == ("fail", "LISTINO_SECRET_KEY is not set")
    keyed = production.model_copy(update={"secret_key": SecretStr("x" * 32)})
    found = verdicts(keyed)["settings"]
    assert (found.verdict, found.text.partition(":")[0]) == ("fail", "LISTINO_CONTACT is not set")
    named = keyed.model_copy(update={"contact": "mailto:bot@example.com"})
    assert verdicts(named)["settings"].verdict == "ok"


def test_an_engine_elsewhere_that_does_not_answer_fails_without_its_password(settings: Settings) -> None:
    given = settings.model_copy(update={"redis_url": "redis://:hidden@127.0.0.1:9/0"})
    found = verdicts(given)["Redis"]
    assert found.verdict == "fail"
    assert "nothing listens there" in found.text
    assert "LISTINO_REDIS_URL" in found.text
    assert "hidden" not in found.text


def test_a_missing_browser_is_only_a_warning(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "CHROMIUM_COMMANDS", ("no-such-browser",))
    assert verdicts(settings)["chromium"].verdict == "warn"


@pytest.mark.parametrize(
    ("setting", "title", "wanted"),
    [
        ("mongo_uri", "MongoDB", "mongodb:// or mongodb+srv://"),
        ("redis_url", "Redis", "redis:// or rediss:// or unix://"),
    ],
)
def test_an_address_of_something_else_is_told_as_such(
    settings: Settings, setting: str, title: str, wanted: str
) -> None:
    found = verdicts(settings.model_copy(update={setting: "http://somewhere"}))[title]
    assert found.verdict == "fail"
    assert f"http://somewhere does not begin with {wanted}" in found.text


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        ({}, "ok"),
        ({"client_rate": 50}, "warn"),
        ({"client_rate": 50, "trusted_proxies": "10.0.0.0/8"}, "ok"),
        ({"client_rate": 50, "env": "development"}, "ok"),
    ],
)
def test_a_limit_that_may_be_everybodys_together_is_doubted(
    given: dict[str, Any], verdict: str, tmp_path: Path
) -> None:
    common = {"env": "production", "secret_key": SecretStr("x" * 40), "contact": "https://listino.it/bot"}
    found = doctor._settings(Settings(_env_file=None, state_dir=tmp_path, **{**common, **given}))
    assert found.verdict == verdict, found
    assert ("LISTINO_TRUSTED_PROXIES" in found.text) is (verdict == "warn")
