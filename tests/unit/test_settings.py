import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from listino.domain.errors import InvalidSettings
from listino.settings import PORT_OFFSETS, Settings, load_settings, masked, unknown_settings

SECRET = "a secret of no worth, for tests only"


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's environment, and no .env file but the test's own."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"LISTINO_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)


def test_defaults_are_the_platform_on_this_machine() -> None:
    settings = load_settings()
    assert (settings.mongo_address, settings.redis_address) == (
        "mongodb://127.0.0.1:8180,127.0.0.1:8181/", "redis://127.0.0.1:8200/0",
    )  # fmt: skip
    assert settings.shops_path == Path(".listino/shops")
    assert settings.env == "development"


def test_ports_are_all_different_and_count_from_the_base() -> None:
    settings = load_settings(port_base=18080)
    ports = {part: settings.port(part) for part in PORT_OFFSETS}
    assert len(set(ports.values())) == len(PORT_OFFSETS)
    assert (ports["nginx"], ports["shop-es"], ports["router-2"]) == (18080, 18104, 18181)
    assert load_settings(port_base=65000).port("redis") < 65536


def test_the_environment_beats_the_file_and_an_empty_address_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("LISTINO_PORT_BASE=9000\nLISTINO_API_WORKERS=3\nOTHER=1\n")
    monkeypatch.setenv("LISTINO_PORT_BASE", "9100")
    monkeypatch.setenv("LISTINO_REDIS_URL", "")
    settings = load_settings()
    assert (settings.port_base, settings.api_workers) == (9100, 3)
    assert settings.redis_address == "redis://127.0.0.1:9220/0"


def test_customers_are_known_as_long_as_their_events_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTINO_EVENTS_DAYS", "801")
    with pytest.raises(InvalidSettings, match="LISTINO_CUSTOMERS_DAYS=800: must be LISTINO_EVENTS_DAYS=801 or more"):
        load_settings()
    monkeypatch.setenv("LISTINO_CUSTOMERS_DAYS", "801")
    assert load_settings().customers_days == 801


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PORT_BASE", "many", "must be a whole number"),
        ("PORT_BASE", "80", "must be 1024 or more"),
        ("PORT_BASE", "65001", "must be 65000 or less"),
        ("ENV", "staging", "must be 'development', 'test' or 'production'"),
        ("LOG_LEVEL", "debug", "must be 'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
        ("MONGO_DATABASE", "Li$tino", "must match ^[a-z][a-z0-9_]{0,37}$"),
        ("MONGO_DATABASE", "", "must match ^[a-z][a-z0-9_]{0,37}$"),
        ("LIVE_TIMEOUT_MS", "0", "must be 100 or more"),
        ("LIVE_FRESH_MS", "-1", "must be 0 or more"),
        ("LIVE_WORKERS", "1.5", "must be a whole number"),
        ("DEMO_PRODUCTS", "nan", "must be a whole number"),
        ("CONTACT", "", "must have 5 characters or more"),
        ("CORS_ORIGINS", "*,https://shop.example", "must be * alone, or origins without it"),
        (
            "CORS_ORIGINS",
            "https://shop.example/",
            "must be origins like https://shop.example:8443, not 'https://shop.example/'",
        ),
        ("CORS_ORIGINS", "shop.example", "must be origins like https://shop.example:8443, not 'shop.example'"),
        ("CORS_ORIGINS", "null", "must be origins like https://shop.example:8443, not 'null'"),
        (
            "CORS_ORIGINS",
            "https://*.shop.example",
            "must be origins like https://shop.example:8443, not 'https://*.shop.example'",
        ),
        ("CORS_ORIGINS", '["https://shop.example', "must have commas between its elements, or be a list in JSON"),
        (
            "CUSTOMERS_DAYS",
            "399",
            "must be LISTINO_EVENTS_DAYS=400 or more: events of a customer who is known no longer could be neither given out nor erased",
        ),
        ("CLIENT_RATE", "-1", "must be 0.0 or more"),
        ("CLIENT_BURST", "0", "must be 1 or more"),
        ("TRUSTED_PROXIES", "10.0.0.1/8", "must be networks like 10.0.0.0/8: 10.0.0.1/8 has host bits set"),
        (
            "TRUSTED_PROXIES",
            "nginx",
            "must be networks like 10.0.0.0/8: 'nginx' does not appear to be an IPv4 or IPv6 network",
        ),
    ],
)
def test_a_bad_value_is_named_with_its_key(name: str, value: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"LISTINO_{name}", value)
    with pytest.raises(InvalidSettings) as raised:
        load_settings()
    assert str(raised.value) == f"LISTINO_{name}={value!r}: {words}"


def test_all_complaints_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTINO_PORT_BASE", "1")
    monkeypatch.setenv("LISTINO_ENV", "x")
    with pytest.raises(InvalidSettings, match=r"LISTINO_ENV=.*; LISTINO_PORT_BASE="):
        load_settings()


def test_no_complaint_shows_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTINO_SECRET_KEY", "too short to be one")
    with pytest.raises(InvalidSettings) as raised:
        load_settings()
    assert "too short to be one" not in str(raised.value)
    assert str(raised.value) == "LISTINO_SECRET_KEY=(secret): must have 32 characters or more"


def test_settings_do_not_show_their_secret_nor_change() -> None:
    settings = load_settings(secret_key=SECRET)
    assert SECRET not in repr(settings)
    assert SECRET not in str(settings)
    with pytest.raises(Exception, match="frozen"):
        settings.env = "production"


def test_a_child_process_loads_the_very_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(state_dir=tmp_path / "s", secret_key=SECRET, redis_url="redis://x/1", live_fresh_ms=7)
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    child = load_settings()
    assert child == settings.model_copy(update={"shops_dir": tmp_path / "s" / "shops"})


def test_a_child_elsewhere_finds_the_same_folders(tmp_path: Path) -> None:
    passed_on = load_settings().environment()
    assert passed_on["LISTINO_STATE_DIR"] == str(tmp_path / ".listino")
    assert passed_on["LISTINO_SHOPS_DIR"] == str(tmp_path / ".listino" / "shops")
    assert "LISTINO_SECRET_KEY" not in passed_on


def test_a_secret_is_made_once_and_readable_for_its_owner_alone(tmp_path: Path) -> None:
    settings = load_settings(state_dir=tmp_path / "state")
    secret = settings.session_secret()
    assert len(secret) >= 32
    assert load_settings(state_dir=tmp_path / "state").session_secret() == secret
    (kept,) = (tmp_path / "state").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_processes_that_start_at_once_share_one_secret(tmp_path: Path) -> None:
    for attempt in range(20):
        settings = load_settings(state_dir=tmp_path / str(attempt))
        with ThreadPoolExecutor(max_workers=8) as threads:
            secrets = set(threads.map(lambda _: settings.session_secret(), range(8)))  # noqa: B023  # mapped at once
        assert len(secrets) == 1
        assert all(len(secret) >= 32 for secret in secrets)


def test_production_wants_a_secret_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="LISTINO_SECRET_KEY"):
        load_settings(env="production", state_dir=tmp_path / "state").session_secret()
    assert not (tmp_path / "state").exists()
    assert load_settings(env="production", secret_key=SECRET).session_secret() == SECRET


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("mongodb://127.0.0.1:1/?replicaSet=x", "mongodb://127.0.0.1:1/?replicaSet=x"),
        ("mongodb://anna:geheim@a:1,b:2/x?y=z", "mongodb://anna:***@a:1,b:2/x?y=z"),
        ("redis://:geheim@h:6379/0", "redis://:***@h:6379/0"),
        ("redis://anna:ge@heim@h/0", "redis://anna:***@h/0"),
        ("unix:///run/r.sock?db=1&password=geheim&x=y", "unix:///run/r.sock?db=1&password=***&x=y"),
        ("mongodb://h/?tlsCertificateKeyFilePassword=geheim", "mongodb://h/?tlsCertificateKeyFilePassword=***"),
        ("", ""),
    ],
)
def test_an_address_is_logged_without_its_password(address: str, shown: str) -> None:
    assert masked(address) == shown
    assert "heim" not in masked(address)


def test_every_setting_is_described() -> None:
    silent = [name for name, field in Settings.model_fields.items() if not (field.description or "").endswith(".")]
    assert len(Settings.model_fields) >= 15
    assert silent == []


@pytest.mark.parametrize("contact", [None, "https://listino.example/bot"])
def test_production_names_whom_a_shop_can_reach(contact: str | None) -> None:
    load_settings(contact=contact).demand_contact()
    load_settings(env="production", contact="mailto:bot@example.com").demand_contact()
    with pytest.raises(InvalidSettings, match=r"LISTINO_CONTACT.* shops must be able to reach"):
        load_settings(env="production", contact=contact).demand_contact()


def test_the_robot_says_who_sends_it() -> None:
    assert load_settings().user_agent == "Listino/0.1 (under development)"
    assert load_settings(contact="mailto:bot@example.com").user_agent == "Listino/0.1 (+mailto:bot@example.com)"


@pytest.mark.parametrize(
    "written", ["https://a.example, http://localhost:3000", '["https://a.example","http://localhost:3000"]']
)
def test_a_list_is_written_with_commas_or_as_json(written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTINO_CORS_ORIGINS", written)
    monkeypatch.setenv("LISTINO_TRUSTED_PROXIES", "10.0.0.0/8,fd00::/8")
    settings = load_settings()
    assert settings.cors_origins == ("https://a.example", "http://localhost:3000")
    assert [str(network) for network in settings.trusted_proxies] == ["10.0.0.0/8", "fd00::/8"]


def test_a_child_process_gets_the_lists_too(monkeypatch: pytest.MonkeyPatch) -> None:
    given = load_settings(cors_origins=("https://a.example", "https://b.example"), trusted_proxies="10.0.0.0/8")
    for name, value in given.environment().items():
        monkeypatch.setenv(name, value)
    assert (load_settings().cors_origins, load_settings().trusted_proxies) == (
        given.cors_origins,
        given.trusted_proxies,
    )
    assert load_settings(cors_origins="").cors_origins == ()


def test_a_misspelt_setting_is_told_wherever_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTINO_CORS_ORIGIN", "*")
    monkeypatch.setenv("LISTINO_STAFF_PASSWORD", "of no worth")
    (tmp_path / ".env").write_text("listino_colour=red\nOTHER=1\nLISTINO_STREAMS=5\n")
    assert unknown_settings() == [
        "LISTINO_CORS_ORIGIN in the environment is no setting (did you mean `LISTINO_CORS_ORIGINS`?)",
        "LISTINO_COLOUR in .env is no setting",
    ]


def test_what_is_shown_of_the_settings_holds_no_secret() -> None:
    settings = load_settings(secret_key=SECRET, mongo_uri="mongodb://anna:geheim@db.example/", streams=5)
    shown = settings.shown()
    assert (shown["LISTINO_STREAMS"], shown["LISTINO_MONGO_URI"]) == ("5", "mongodb://anna:***@db.example/")
    assert SECRET not in shown.values()
