from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from listino.domain.drift import DriftRule
from listino.domain.errors import InvalidShop, UnknownMarket, UnknownShop
from listino.domain.held import PlausibilityRule
from listino.domain.money import Money
from listino.extract.selectors import Selectors
from listino.shops.declaration import Shops, load_shop
from listino.shops.shop import CrawlManner, PlatformOptions

LEAST = """
[shop]
name = "bottega"
market = "it"
platform = "woocommerce"
url = "https://bottega.example"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "it-bottega.toml"


def test_the_least_that_declares_a_shop(file: Path) -> None:
    file.write_text(LEAST)
    shop = load_shop(file)
    assert (shop.key, shop.host, shop.platform, shop.market.code) == (
        "it:bottega", "bottega.example", "woocommerce", "it",
    )  # fmt: skip
    assert (shop.crawl, shop.live_concurrency) == (CrawlManner(), 8)
    assert (shop.terms.shipping, shop.terms.market, shop.terms.shop) == (Money(0), shop.market, "bottega")


def test_everything_that_can_be_declared(file: Path) -> None:
    file.write_text(
        LEAST.replace("https://bottega.example", "HTTPS://Bottega.Example:8443/negozio/")
        + """
[shipping]
cost = "4.90"
[pricing]
markup_percent = 12.5
minimum_margin = "2.00"
ending = 99
[pricing.categories]
"Caffè" = 18
[crawl]
concurrency = 2
delay = 1.5
product = "/p/[^/]+"
category = "/c/[^/]+"
[live]
concurrency = 3
""",
        encoding="utf-8",
    )
    shop = load_shop(file)
    assert shop.url == "https://bottega.example:8443/negozio"
    assert shop.crawl == CrawlManner(concurrency=2, delay=1.5, product="/p/[^/]+", category="/c/[^/]+")
    assert shop.live_concurrency == 3
    rule = shop.terms.rule
    assert (rule.markup_percent, rule.minimum_margin, rule.ending) == (Decimal("12.5"), Money(200), 99)
    assert rule.category_markup_percent == {"Caffè": 18}
    assert shop.terms.shipping == Money(490)
    assert shop.terms.price(Money(1000), "Caffè", datetime(2026, 1, 1, tzinfo=UTC)).amount.minor % 100 == 99


def test_selectors_and_what_the_platform_wants_to_know(file: Path) -> None:
    text = changed('"woocommerce"', '"shopify"')
    file.write_text(text + '[platform]\ncollections = ["saldi", "nuovi"]\n')
    assert load_shop(file).options == PlatformOptions(collections=("saldi", "nuovi"))
    for platform in ("generic", "prestashop", "shopware"):
        file.write_text(changed("woocommerce", platform) + '[selectors]\nprice = ".price > ins"\n')
        assert load_shop(file).selectors == Selectors(price=".price > ins")


def test_what_is_believed_of_a_shop_and_what_counts_as_drift(file: Path) -> None:
    file.write_text(
        LEAST
        + "[plausibility]\nmost_change_percent = 30\nmost_market_factor = 2.5\n"
        + "[drift]\ntolerance_percent = 10\nproducts_tolerance_percent = 40\nleast_products = 5\n"
    )
    shop = load_shop(file)
    believed = PlausibilityRule(most_change_percent=Decimal(30), most_market_factor=Decimal("2.5"))
    drift = DriftRule(tolerance_percent=Decimal(10), products_tolerance_percent=Decimal(40), least_products=5)
    assert (shop.terms.plausibility, shop.drift) == (believed, drift)


def changed(old: str, new: str) -> str:
    assert old in LEAST
    return LEAST.replace(old, new)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[shop", "end of document"),
        ("\na = \n", "at line 2"),
        ("", "shop: is missing"),
        (changed('name = "bottega"\n', ""), "shop.name: is missing"),
        (changed('"bottega"', '"La Bottega"'), "shop.name: 'La Bottega' must be of lower-case letters"),
        (changed('"bottega"', '""'), "shop.name:"),
        (changed('"it"', '"uk"'), "shop.market: 'uk' is none of it, fr, de, es"),
        (changed('"woocommerce"', '"oscommerce"'), "shop.platform: 'oscommerce' is none of generic, "),
        (
            changed("https://bottega.example", "bottega.example"),
            "shop.url: 'bottega.example' must be an address such as",
        ),
        (changed("https://bottega.example", "ftp://bottega.example"), "shop.url:"),
        (changed("https://bottega.example", "https://"), "shop.url:"),
        (changed("https://bottega.example", "https://[bottega"), "shop.url: 'https://[bottega' must be an address"),
        (changed('"https://bottega.example"', "5"), "shop.url: must be a text in quotes"),
        (LEAST + "colour = 1", "shop.colour: unknown key `colour`; known keys: name, market, platform, url"),
        (
            LEAST + "[extra]\na = 1",
            "extra: unknown key `extra`; known keys: shop, shipping, pricing, crawl, live, plausibility, drift, platform, selectors",
        ),
        (LEAST + '[shipping]\ncost = "-1.00"', "shipping.cost: must be 0 or more"),
        (LEAST + '[shipping]\ncost = "1.005"', "shipping.cost: must have at most 2 decimal places"),
        (LEAST + '[shipping]\ncost = "free"', "shipping.cost: must be a number"),
        (LEAST + "[shipping]\ncost = nan", "shipping.cost:"),
        (LEAST + "[shipping]\ncost = inf", "shipping.cost:"),
        (LEAST + "[pricing]\nending = 100", "pricing.ending: must be 99 or less"),
        (LEAST + "[pricing]\nending = -1", "pricing.ending:"),
        (LEAST + "[pricing]\nending = 0.9", "pricing.ending: must be a whole number"),
        (LEAST + "[pricing]\nmarkup_percent = -5", "pricing.markup_percent:"),
        (
            LEAST + "[pricing]\nmarkup = 5",
            "pricing.markup: unknown key `markup` (did you mean `markup_percent`?); known keys: markup_percent, ",
        ),
        (LEAST + '[pricing.categories]\n"Tè" = 2000', "pricing.categories.Tè:"),
        (LEAST + "[plausibility]\nmost_change_percent = 0", "plausibility.most_change_percent:"),
        (LEAST + "[plausibility]\nmost_market_factor = 1", "plausibility.most_market_factor:"),
        (LEAST + "[drift]\ntolerance_percent = 100", "drift.tolerance_percent:"),
        (LEAST + "[drift]\nleast_products = 0", "drift.least_products:"),
        (LEAST + "[crawl]\nconcurrency = 0", "crawl.concurrency:"),
        (LEAST + "[crawl]\ndelay = -1", "crawl.delay:"),
        (LEAST + "[crawl]\ndelay = nan", "crawl.delay: must be a number of seconds, such as 0.5"),
        (LEAST + "[crawl]\nrevisit_hours = nan", "crawl.revisit_hours: must be a finite number"),
        (changed("woocommerce", "magento") + '[platform]\npost = "yes"', "platform.post: must be true or false"),
        (
            LEAST + '[selectors]\nprice = ".price"',
            "selectors.price: woocommerce is read by its API, not by its pages: delete [selectors], or declare the shop as generic",
        ),
        (
            changed("woocommerce", "shopware") + '[platform]\naccess_key = "K"\n[selectors]\nprice = ".price"',
            "selectors.price: shopware with an access_key is read by its API",
        ),
        (LEAST + '[crawl]\nproduct = "/p/("', "crawl.product: '/p/(' is no regular expression"),
        (LEAST + '[crawl]\ncategory = "["', "crawl.category: '[' is no regular expression"),
        (LEAST + "[live]\nconcurrency = 1000", "live.concurrency: must be 64 or less"),
        ("shop = 5", "shop: must be a table"),
        (LEAST + '[selectors]\nprice = ".price >"', "selectors.price: '.price >' is no CSS selector"),
        (LEAST + "[selectors]\nprice = 5", "selectors.price: must be a text in quotes"),
        (LEAST + '[selectors]\nprise = ".price"', "selectors.prise: unknown key `prise` (did you mean `price`?)"),
        (LEAST + '[platform]\naccess_key = "K"', "platform.access_key: no option of woocommerce, which takes none"),
        (
            changed('"woocommerce"', '"shopify"') + '[platform]\naccess_key = "K"',
            "platform.access_key: no option of shopify, which takes only collections",
        ),
        (
            changed('"woocommerce"', '"shopify"') + '[platform]\ncollections = "a"',
            "platform.collections: must be a list",
        ),
        (
            changed('"woocommerce"', '"shopify"') + '[platform]\ncollections = ["a/b"]',
            "platform.collections.0: must match",
        ),
        (changed('"woocommerce"', '"WooComerce"'), "woocommerce (did you mean `woocommerce`?)"),
    ],
)
def test_a_bad_declaration_names_its_file_and_key(text: str, key: str, file: Path) -> None:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidShop) as raised:
        load_shop(file)
    assert str(raised.value).startswith(f"{file}: ")
    assert key in str(raised.value)
    for jargon in ("value error", "extra inputs", "input should", "field required"):
        assert jargon not in str(raised.value).lower()


def test_all_complaints_are_told_at_once(file: Path) -> None:
    file.write_text(LEAST.replace('"it"', '"uk"') + "[pricing]\nending = 100")
    with pytest.raises(InvalidShop, match=r"shop\.market.*; .*pricing\.ending"):
        load_shop(file)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    latin = tmp_path / "latin.toml"
    latin.write_bytes("# è\n".encode("latin-1"))
    for path in (latin, tmp_path / "absent.toml", tmp_path):
        with pytest.raises(InvalidShop) as raised:
            load_shop(path)
        assert str(path) in str(raised.value)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "it-bottega.toml").write_text(LEAST)
    (tmp_path / "it-cantina.toml").write_text(LEAST.replace("bottega", "cantina"))
    (tmp_path / "de-kontor.toml").write_text(LEAST.replace("bottega", "kontor").replace('"it"', '"de"'))
    (tmp_path / "README.md").write_text("not a declaration")
    return tmp_path


def test_a_folder_of_shops(folder: Path) -> None:
    shops = Shops.load(folder)
    assert len(shops) == 3
    assert sorted(shops) == ["de:kontor", "it:bottega", "it:cantina"]
    assert shops["it:bottega"].name == "bottega"
    assert [shop.name for shop in shops.of_market("it")] == ["bottega", "cantina"]
    assert [shop.name for shop in shops.of_market("it", "cantina")] == ["cantina"]
    assert (shops.has_market("de"), shops.has_market("fr")) == (True, False)


def test_two_shops_of_one_name(folder: Path) -> None:
    (folder / "z.toml").write_text(LEAST)
    with pytest.raises(InvalidShop, match=r"it-bottega\.toml: it:bottega is declared in z\.toml, too"):
        Shops.load(folder)


def test_the_same_name_in_two_markets_is_two_shops(folder: Path) -> None:
    (folder / "z.toml").write_text(LEAST.replace('"it"', '"fr"'))
    assert "fr:bottega" in Shops.load(folder)


def test_a_shop_that_is_not_declared_names_those_that_are(folder: Path) -> None:
    shops = Shops.load(folder)
    with pytest.raises(UnknownShop) as wrong:
        shops.of_market("it", "nope")
    assert str(wrong.value) == "no shop 'nope' in market it: declared there: bottega, cantina"
    with pytest.raises(UnknownShop) as none:
        shops.of_market("fr")
    assert str(none.value) == f"no shop in market fr: declare one in {folder}"
    with pytest.raises(UnknownMarket):
        shops.of_market("uk")


def test_no_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InvalidShop, match="LISTINO_SHOPS_DIR"):
        Shops.load(tmp_path / "absent")


def test_one_wrong_declaration_need_not_hide_the_others(folder: Path) -> None:
    (folder / "a.toml").write_text("[shop")
    (folder / "z.toml").write_text(LEAST)
    complaints: list[InvalidShop] = []
    shops = Shops.load(folder, on_error=complaints.append)
    assert sorted(shops) == ["de:kontor", "it:cantina"], "nobody can say which of two bottegas is meant"
    assert [Path(str(complaint).partition(": ")[0]).name for complaint in complaints] == [
        "a.toml", "it-bottega.toml", "z.toml",
    ]  # fmt: skip
    assert len(shops.broken) == 3


@pytest.mark.parametrize(
    ("file_name", "text", "market", "name"),
    [
        ("it-osteria.toml", changed('"woocommerce"', '"oscommerce"').replace("bottega", "taverna"), "it", "taverna"),
        ("mine.toml", '[shop]\nname = "taverna"\nmarket = "fr"\nurl = "https://x', "fr", "taverna"),
        ("it-osteria.toml", "[shop", "it", "osteria"),
        ("it-osteria.toml", 'shop = "osteria"', "it", "osteria"),
        ("osteria.toml", changed('"it"', '"uk"').replace("bottega", "taverna"), None, "taverna"),
        ("osteria.toml", "[shop", None, "osteria"),
        ("it-.toml", "[shop", None, "it-"),
    ],
)
def test_a_broken_file_is_known_by_what_it_says_and_else_by_its_name(
    file_name: str, text: str, market: str | None, name: str, folder: Path
) -> None:
    (folder / file_name).write_text(text)
    (broken,) = Shops.load(folder, on_error=lambda _: None).broken
    assert (broken.path.name, broken.market, broken.name) == (file_name, market, name)


def test_a_shop_whose_file_is_broken_is_not_called_unknown(folder: Path) -> None:
    (folder / "fr-osteria.toml").write_text(LEAST.replace('"it"', '"fr"').replace("bottega", "taverna") + "colour = 1")
    shops = Shops.load(folder, on_error=lambda _: None)
    for name in ("taverna", "osteria", "fr-osteria", None):
        with pytest.raises(InvalidShop, match=r"fr-osteria\.toml: shop\.colour"):
            shops.of_market("fr", name)
    with pytest.raises(UnknownShop):
        shops.of_market("fr", "nope")
    with pytest.raises(UnknownShop):
        shops.of_market("it", "taverna")
    assert (shops.has_market("fr"), shops.has_market("es")) == (True, False)
