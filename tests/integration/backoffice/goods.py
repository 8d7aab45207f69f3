"""Goods, crawls and staff for the back-office tests: few, and different where it matters."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from listino.domain.crawl import Crawl, CrawlStatus, LogLine, Reject, ShopCounts
from listino.domain.listing import Terms, list_goods, reoffer
from listino.domain.market import MARKETS
from listino.domain.money import Money
from listino.domain.offer import Availability, Photo, ShopOffer, ShopProduct, Variant
from listino.domain.pricing import PricingRule
from listino.domain.product import Product
from listino.local.declarations import DEMO_SHOPS, declaration
from listino.settings import Settings
from listino.store.client import Store

NOW = datetime.now(UTC).replace(microsecond=0)
PASSWORD = "correct horse battery"
AGENT, MANAGER, ADMIN = "ada@listino.test", "mara@listino.test", "iris@listino.test"
GTIN = "4006381333931"
LAMP, GONE = "it:bottega:8411", "it:bottega:9001"


def terms(market: str, shop: str) -> Terms:
    return Terms(
        market=MARKETS[market],
        shop=shop,
        shipping=Money(490),
        rule=PricingRule(category_markup_percent={"Lamps": Decimal(30)}),
    )


def lamp_offer(cost: int, availability: Availability = Availability.IN_STOCK) -> ShopOffer:
    """The lamp's offer at a cost in cents: two colours, the first in two sizes."""

    def variant(sku: str, style: str, size: str, quantity: int) -> Variant:
        return Variant(
            sku=sku,
            style=style,
            size=size,
            cost=Money(cost),
            list_cost=Money(4200),
            availability=availability if quantity else Availability.OUT_OF_STOCK,
            quantity=quantity,
            gtin=GTIN if sku == "8411-1" else None,
            photos=(f"https://photos.example/{style.lower()}.jpg",),
        )

    variants = (
        variant("8411-1", "Brass", "S", 12),
        variant("8411-2", "Brass", "L", 0),
        variant("8411-3", "Slate", "S", 3),
    )
    return ShopOffer(cost=Money(cost), list_cost=Money(4200), availability=availability, variants=variants)


def lamp(market: str = "it", shop: str = "bottega", cost: int = 3100, at: datetime | None = None) -> Product:
    """A lamp with all that a page can show."""
    goods = ShopProduct(
        sku="8411",
        url=f"https://{shop}.example/p/8411",
        name="Lampada da tavolo Perla",
        brand="Lumiè",
        gtin=GTIN,
        category="Lamps",
        slogan="Warm light for long evenings",
        description="A table lamp of brushed brass.\nThe cable is two metres long.",
        photos=tuple(
            Photo(url=f"https://photos.example/{name}.jpg", thumbnail_url=f"https://photos.example/{name}-s.jpg")
            for name in ("brass", "slate")
        ),
        features=(("Material", "Brass"), ("Cable", "2 m")),
        offer=lamp_offer(cost),
    )
    return list_goods(goods, terms(market, shop), at=at or NOW - timedelta(days=40), crawl_id="crawl-it-1")


def relamp(product: Product, cost: int, at: datetime, availability: Availability = Availability.IN_STOCK) -> Product:
    """The lamp after its shop was asked again."""
    return reoffer(
        product, lamp_offer(cost, availability), terms(product.market or "it", product.shop or "bottega"), at=at
    )


def plain(
    sku: str, name: str, *, market: str = "it", shop: str = "bottega", cost: int = 1000, url: str | None = None
) -> Product:
    """A product with little to show."""
    goods = ShopProduct(
        sku=sku,
        url=url or f"https://{shop}.example/p/{sku}",
        name=name,
        brand="Casa Blu",
        category="Kitchen",
        offer=ShopOffer(cost=Money(cost), availability=Availability.UNKNOWN),
    )
    return list_goods(goods, terms(market, shop), at=NOW - timedelta(hours=3))


def fill_shelves(store: Store, *, many: int = 30) -> None:
    """The lamp with a history, the same lamp in Germany, one product that is gone, one of a catalogue, and `many` cups."""
    first = lamp()
    store.products.upsert([first, lamp("de", "lichthaus", 2650), plain("9001", "Vaso antico")])
    store.products.upsert([relamp(first, 3400, NOW - timedelta(days=20), Availability.OUT_OF_STOCK)])
    store.products.upsert([relamp(first, 3190, NOW - timedelta(hours=2))])
    store.products.upsert(
        [plain(f"c{number:03}", f"Tazzina numero {number}", cost=500 + number) for number in range(many)]
    )
    store.products.upsert([Product(id=42, name="Catalogue camera", category="Cameras")])
    store.products.mark_gone([GONE], NOW - timedelta(days=1))


def declare_shops(settings: Settings) -> None:
    """The four demo shops, which listen nowhere, and a file that declares none."""
    settings.shops_path.mkdir(parents=True)
    for demo in DEMO_SHOPS:
        (settings.shops_path / demo.file_name).write_text(declaration(demo, 9), encoding="utf-8")
    (settings.shops_path / "it-rotto.toml").write_text("[shop\n", encoding="utf-8")


def employ(store: Store) -> None:
    """An agent, a manager and an administrator, all with PASSWORD."""
    store.staff.put(AGENT, PASSWORD, "agent")
    store.staff.put(MANAGER, PASSWORD, "manager")
    store.staff.put(ADMIN, PASSWORD, "admin")


def finished_crawl(number: int = 1, market: str = "it") -> Crawl:
    """A crawl that ended well; the higher the number, the longer ago."""
    began = NOW - timedelta(hours=number)
    return Crawl(
        id=f"crawl-{market}-{number}",
        market=market,
        status=CrawlStatus.FINISHED,
        trigger="schedule",
        started_at=began,
        heartbeat_at=began + timedelta(seconds=200),
        ended_at=began + timedelta(seconds=200),
        shops={
            "bottega": ShopCounts(
                products=1250,
                new=14,
                changed=96,
                unchanged=1138,
                skipped=1024,
                unmodified=37,
                returned=2,
                gone=5,
                rejected=3,
                expected=1253,
                complete=True,
                measured=1250,
                coverage={"price": 0.998 - number / 1000, "gtin": 0.61},
            )
        },
        coverage={"name": 1.0, "price": 0.998, "gtin": 0.61},
        rejected={"no_price": 2, "unreadable": 1},
        requests=340,
    )


def running_crawl(market: str = "fr") -> Crawl:
    """A crawl at work."""
    return replace(
        finished_crawl(1, market),
        id=f"crawl-{market}-now",
        status=CrawlStatus.RUNNING,
        trigger=f"staff:{MANAGER}",
        started_at=NOW - timedelta(minutes=2),
        heartbeat_at=datetime.now(UTC),
        ended_at=None,
    )


def keep_crawls(store: Store, *, older: int = 0) -> None:
    """One finished crawl with its rejects, one at work, and `older` ones before them."""
    for number in range(1, older + 2):
        store.crawls.save(finished_crawl(number))
    store.crawls.save(running_crawl())
    rejects = [
        ("no_price", "https://bottega.example/p/1", "price is '–'"),
        ("unreadable", "javascript:alert(1)", "<b>not</b> JSON"),
    ]
    store.crawls.keep_rejects(
        [
            Reject(crawl_id="crawl-it-1", shop="bottega", reason=reason, url=url, detail=detail, at=NOW)
            for reason, url, detail in rejects
        ]
    )
    store.crawls.keep_log(
        [
            LogLine(crawl_id="crawl-it-1", at=NOW, level=level, source="scrapers.trouble", text=text)
            for level, text in (("INFO", "Spider opened"), ("WARNING", "<b>bottega</b> answered 500"))
        ]
    )
