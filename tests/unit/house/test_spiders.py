"""Politeness and completeness of the spiders. Every rule names its offenders."""

import importlib
import inspect
import pkgutil
from typing import Any

import pytest
from scrapy import Spider
from scrapy.settings import Settings
from scrapy.utils.misc import load_object

import scrapers.spiders
from listino.domain.market import MARKETS
from scrapers.download import PoliteDownloadHandler
from scrapers.market_spider import MarketSpider
from scrapers.spiders.it import ItalianSpider


def spiders() -> list[type[Spider]]:
    """Every spider class that the modules of scrapers.spiders define."""
    found = []
    for entry in pkgutil.iter_modules(scrapers.spiders.__path__):
        module = importlib.import_module(f"scrapers.spiders.{entry.name}")
        found += [
            each
            for _, each in inspect.getmembers(module, inspect.isclass)
            if issubclass(each, Spider) and each.__module__ == module.__name__
        ]
    return found


@pytest.fixture
def settings() -> Settings:
    made = Settings()
    made.setmodule("scrapers.settings")
    return made


def strangers(found: list[type[Spider]]) -> list[str]:
    return [each.__name__ for each in found if not issubclass(each, MarketSpider) or each.market not in MARKETS]


def impolite(found: list[type[Spider]]) -> list[str]:
    """Spiders with settings of their own that undo those of the project."""
    return [
        f"{each.__name__}: {name}"
        for each in found
        for name in sorted(each.custom_settings or {})
        if name.startswith(("ROBOTSTXT", "AUTOTHROTTLE", "DOWNLOAD", "CONCURRENT", "RETRY", "USER_AGENT", "EXTENSIONS"))
    ]


def test_there_is_one_spider_a_market() -> None:
    found = spiders()
    assert len(found) == 4
    assert sorted(each.name for each in found) == sorted(MARKETS)
    assert [each.name for each in found if each.name != each.market] == []


def test_every_spider_is_a_market_spider_of_a_known_market() -> None:
    assert strangers(spiders()) == []


def test_no_spider_is_less_polite_than_the_project() -> None:
    assert impolite(spiders()) == []


def test_the_rules_catch_an_offender() -> None:
    class Loose(Spider):
        name = "loose"

    class Hasty(ItalianSpider):
        market = "uk"
        custom_settings = {"ROBOTSTXT_OBEY": False, "LOG_LEVEL": "DEBUG"}  # noqa: RUF012  # as Scrapy wants it

    assert strangers([Loose, Hasty]) == ["Loose", "Hasty"]
    assert impolite([Loose, Hasty]) == ["Hasty: ROBOTSTXT_OBEY"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ROBOTSTXT_OBEY", True),
        ("COOKIES_ENABLED", False),
        ("TELNETCONSOLE_ENABLED", False),
    ],
)
def test_the_project_is_polite(name: str, value: Any, settings: Settings) -> None:
    assert settings[name] == value


def test_refusals_are_left_to_the_middleware_that_waits(settings: Settings) -> None:
    assert not {429, 503} & set(settings.getlist("RETRY_HTTP_CODES"))


@pytest.mark.parametrize("name", ["DOWNLOADER_MIDDLEWARES", "ITEM_PIPELINES", "EXTENSIONS"])
def test_whatever_settings_name_is_there(name: str, settings: Settings) -> None:
    named = [path for path, order in settings.getdict(name).items() if order is not None]
    assert named
    for path in named:
        assert inspect.isclass(load_object(path)), path


def test_the_order_of_the_pipelines(settings: Settings) -> None:
    named = sorted(settings.getdict("ITEM_PIPELINES").items(), key=lambda entry: int(entry[1]))
    assert [path.rpartition(".")[2] for path, _ in named] == [
        "NormalisePipeline", "ValidatePipeline", "UniquePipeline", "LimitPipeline", "StorePipeline",
    ]  # fmt: skip


def test_foreign_hosts_are_dropped_before_their_robots_txt_is_asked_for(settings: Settings) -> None:
    own = settings.getdict("DOWNLOADER_MIDDLEWARES")["scrapers.middlewares.declared_hosts.DeclaredHostsMiddleware"]
    theirs = settings.getdict("DOWNLOADER_MIDDLEWARES_BASE")
    rules = settings.getdict("DOWNLOADER_MIDDLEWARES")["scrapers.middlewares.robots.RobotsMiddleware"]
    assert own < rules <= theirs["scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware"]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_nothing_is_sent_past_the_budget_of_its_host(scheme: str, settings: Settings) -> None:
    assert load_object(settings.getdict("DOWNLOAD_HANDLERS")[scheme]) is PoliteDownloadHandler
