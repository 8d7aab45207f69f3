"""How long the back office takes for each of its pages, and how much they bring, with goods, customers and events of a year.

Starts the platform's engines and the back office, fills them (with `--state` once), signs in, and asks for every page in turn, one request at a time: the
time until the last byte is there, through gunicorn on this machine. A page of your own is one more line in PAGES.
"""

import argparse
import contextlib
import platform as machine
import re
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import assortment
import httpx2
import psutil
import records
import shoppers
from click import echo
from page import PAGE, table, write_measured
from selectolax.lexbor import LexborHTMLParser
from usage import usage_of

from listino.cli.platform import furnishing
from listino.domain.clock import utc_now
from listino.domain.course import Step
from listino.local.platform import Platform
from listino.settings import Settings
from listino.store.client import Store
from listino.store.query import ProductQuery
from listino.store.span import Span

# Title and address. {product} is a product and {shop} a shop that there are, {customer} one of the customers, {run} the run of a crawl; {since} is a
# day 70 days ago, {until} one 40 days ago; {deep} leads to the page of a list that follows from its first one fifty times.
PAGES = (
    ("start", "/"),
    ("products", "/products"),
    ("products, a page further on", "/products?after={product}"),
    ("products, a word of a name in twelve", "/products?q=shirt"),
    ("products, two words", "/products?q=red+shirt"),
    ("products, two words, one cut off", "/products?q=red+shir"),
    ("products, two words that no name has both", "/products?q=shirt+lamp"),
    ("products, two words, by price", "/products?q=red+shirt&least=10"),
    ("products, the beginning of a word", "/products?q=sh"),
    ("products, one letter", "/products?q=s"),
    ("products, a code", "/products?q=0500123"),
    ("products, of a market", "/products?market=it"),
    ("products, of a shop", "/products?market=it&shop=negozio-3"),
    ("products, of a shop in any market", "/products?shop=negozio-3"),
    ("products, of a category", "/products?category=category+7"),
    ("products, of a brand in a tenth", "/products?brand=marca+1"),
    ("products, of a rare brand", "/products?brand=marca+390"),
    ("products, in stock", "/products?availability=InStock"),
    ("products, out of stock", "/products?availability=OutOfStock"),
    ("products, by price", "/products?least=20&most=21"),
    ("products, changed in ten days", "/products?since={lately}"),
    ("products, gone", "/products?only=gone"),
    ("products, with those that are gone", "/products?gone=1"),
    ("products, held", "/products?only=held"),
    ("products, corrected", "/products?only=corrected"),
    ("products, held from sale", "/products?only=stopped"),
    ("products, of a market, by price", "/products?market=it&least=20&most=21"),
    ("products, of a shop, by price", "/products?market=it&shop=negozio-3&least=20&most=21"),
    ("products, of a category, by price", "/products?category=category+7&least=20&most=21"),
    ("products, of a category, changed", "/products?category=category+7&since={lately}"),
    ("products, of a category, out of stock", "/products?category=category+7&availability=OutOfStock"),
    ("products, of a category, gone", "/products?category=category+7&only=gone"),
    ("products, of a category, held", "/products?category=category+7&only=held"),
    ("products, of a category and a market", "/products?category=category+7&market=it"),
    ("products, of a category and a shop", "/products?category=category+7&market=it&shop=negozio-3"),
    ("products, of a brand, by price", "/products?brand=marca+1&least=20&most=21"),
    ("products, of a brand, changed", "/products?brand=marca+1&since={lately}"),
    ("products, of a brand, out of stock", "/products?brand=marca+1&availability=OutOfStock"),
    ("products, of a brand and a category", "/products?brand=marca+1&category=category+7"),
    ("products, of a brand and a shop", "/products?brand=marca+1&market=it&shop=negozio-3"),
    ("products, out of stock, by price", "/products?availability=OutOfStock&least=20&most=21"),
    ("products, out of stock, changed", "/products?availability=OutOfStock&since={lately}"),
    ("products, out of stock, of a shop", "/products?availability=OutOfStock&market=it&shop=negozio-3"),
    ("products, by price, changed", "/products?least=20&most=21&since={lately}"),
    ("products, by price, gone", "/products?least=20&most=21&only=gone"),
    ("products, by price, with those that are gone", "/products?least=20&most=21&gone=1"),
    ("products, gone, of a shop", "/products?only=gone&market=it&shop=negozio-3"),
    ("products, a word, by price", "/products?q=shirt&least=20&most=21"),
    ("products, a word, out of stock", "/products?q=shirt&availability=OutOfStock"),
    ("products, a word, of a category", "/products?q=shirt&category=category+7"),
    ("products, a word, changed", "/products?q=shirt&since={lately}"),
    ("products, a word, of a shop", "/products?q=shirt&market=it&shop=negozio-3"),
    ("products, a word, gone", "/products?q=shirt&only=gone"),
    ("products, what matches nothing", "/products?category=category+7&least=99999&availability=Unknown"),
    ("a product", "/products/{product}"),
    ("held prices", "/held-prices"),
    ("held prices, of a shop", "/held-prices?market=it&shop=negozio-3"),
    ("shops", "/shops"),
    ("a shop", "/shops/{shop}"),
    ("operations", "/operations"),
    ("schedule", "/schedule"),
    ("crawls", "/crawls"),
    ("crawls, a year ago", "/crawls?before={since}T00:00:00"),
    ("a crawl", "/crawls/{run}"),
    ("rejects", "/crawls/{run}/rejects"),
    ("rejects of a reason", "/crawls/{run}/rejects?reason=no+price"),
    ("log of a crawl", "/crawls/{run}/log"),
    ("log of a crawl, trouble", "/crawls/{run}/log?only=trouble"),
    ("customers", "/customers"),
    ("customers, a name in eleven", "/customers?q=rossi"),
    ("customers, two letters", "/customers?q=cu"),
    ("customers, an address", "/customers?q=customer4711"),
    ("a customer", "/customers/{customer}"),
    ("a customer, searches", "/customers/{customer}?type=search"),
    ("a customer, of some days", "/customers/{customer}?since={since}&until={until}"),
    ("a customer, the end of the timeline", "{deep}"),
    ("analytics", "/analytics"),
    ("analytics, today", "/analytics?period=today"),
    ("analytics, last month", "/analytics?period=last_month"),
    ("analytics, this year", "/analytics?period=this_year"),
    ("analytics, all time", "/analytics?period=all_time"),
    ("analytics, thirty days", "/analytics?since={since}&until={until}"),
    ("analytics, all time, 400 pages", "/analytics?period=all_time&pages=400"),
    ("analytics, one customer", "/analytics?period=all_time&customer={customer}"),
    ("account", "/account"),
    ("staff", "/staff"),
    ("audit", "/audit"),
    ("audit, of a person", "/audit?by=person7@listino.test"),
    ("audit, of an action", "/audit?action=login.failed"),
    ("audit, of a person and an action", "/audit?by=person7@listino.test&action=login.failed"),
    ("audit, of some days", "/audit?since={since}&until={until}"),
)
CUSTOMER = "7"
MOST_FOLLOWED = 50  # pages of the timeline
HELD = ("products", "customers", "events")
ADMIN, PASSWORD = "load@listino.test", "correct horse battery"
MOST_MILLISECONDS, MOST_BYTES = 300, 300_000
PARTS = {"mongo", "redis", "backoffice"}
OK, TOO_BROAD = 200, 503
BROUGHT = "link[rel=stylesheet][href], link[rel=icon][href], script[src], img[src]"
TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


@contextlib.contextmanager
def running_office(settings: Settings, products: int, customers: int, events: int) -> Iterator[Platform]:
    """The back office over so much; what is there from an earlier run is kept."""
    running = Platform(settings, only=PARTS)
    try:
        echo("starting the platform", err=True)
        running.up(furnish=furnishing(settings))
        with Store(settings) as store:
            store.staff.put(ADMIN, PASSWORD, "admin")
            stored = bool(store.products.page(ProductQuery(gone=True), count=1))
            visited = bool(store.customers.search("customer", count=1))
            recorded = bool(store.crawls.latest(count=1))
        declare(settings)
        if not stored:
            assortment.fill(settings, products)
        if not visited:
            shoppers.fill(settings, customers=customers, events=events, products=products)
        if not recorded:
            records.fill(settings)
        yield running
    finally:
        running.down()


def declare(settings: Settings) -> None:
    """The shops whose goods they are; none of them is ever asked."""
    settings.shops_path.mkdir(parents=True, exist_ok=True)
    for key in assortment.SHOPS:
        market, _, name = key.partition(":")
        text = f'[shop]\nname = "{name}"\nmarket = "{market}"\nplatform = "woocommerce"\nurl = "https://{name}.{market}.example"\n'
        (settings.shops_path / f"{market}-{name}.toml").write_text(text, encoding="utf-8")


def signed_in(url: str) -> httpx2.Client:
    client = httpx2.Client(base_url=url, timeout=60)
    token = TOKEN.search(client.get("/login").text)
    assert token is not None
    form = {"email": ADMIN, "password": PASSWORD, "csrf_token": token[1]}
    client.post("/login", data=form, follow_redirects=True).raise_for_status()
    return client


def spent(ask: Callable[[], object], rounds: int) -> tuple[float, float, float]:
    """Milliseconds: of the first time, and the median and the 95th percentile of all further ones."""
    found = []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        ask()
        found.append(1000 * (time.perf_counter() - began))
    return found[0], statistics.median(found[1:]), statistics.quantiles(found[1:], n=20)[18]


@dataclass(frozen=True, slots=True)
class Row:
    """Of something that was asked for `rounds` times: milliseconds of the first time, the median and the 95th percentile of all further
    ones; of the processor, all servers together; bytes of the page with the files it wants."""

    title: str
    first: float
    median: float
    p95: float
    processor: float
    bytes: int = 0

    @property
    def cells(self) -> list[str]:
        times = (f"{time:.0f}" for time in (self.first, self.median, self.p95, self.processor))
        return [self.title, *times, f"{self.bytes / 1000:.0f}" if self.bytes else ""]


def measured(title: str, ask: Callable[[], object], platform: Platform, rounds: int, brought: int = 0) -> Row:
    with usage_of(platform) as used:
        times = spent(ask, rounds)
    return Row(title, *times, 1000 * sum(used.seconds.values()) / (rounds + 1), brought)


def named(client: httpx2.Client) -> dict[str, str]:
    """What stands for the names in PAGES; the end of a timeline is found by going there."""
    now = utc_now()
    days = {"lately": 10, "since": 70, "until": 40}
    found = {name: f"{now - timedelta(days=ago):%Y-%m-%d}" for name, ago in days.items()}
    shop = "it:negozio-3"
    deep = f"/customers/{CUSTOMER}"
    for _ in range(MOST_FOLLOWED):
        further = LexborHTMLParser(client.get(deep).text).css_first("a[rel=next]")
        if further is None:
            break
        deep = further.attributes["href"] or ""
    # Each shop has the products of every hundredth stem.
    number = assortment.SHOPS.index(shop) * assortment.STEM
    return found | {
        "shop": shop,
        "product": f"{shop}:{number:07}",
        "customer": CUSTOMER,
        "run": records.RUN,
        "deep": deep,
    }


def pages_measured(client: httpx2.Client, platform: Platform, rounds: int, only: str) -> Iterator[Row]:
    names = named(client)
    for title, path in (page for page in PAGES if only in page[0].lower()):
        address = path.format(**names)
        answer = client.get(address, follow_redirects=True)
        if answer.status_code not in (OK, TOO_BROAD):
            sys.exit(f"error: {address} answers {answer.status_code}")
        if answer.status_code == TOO_BROAD:
            title += ": **too much to look through**"
        found = LexborHTMLParser(answer.text).css(BROUGHT)
        files = {node.attributes.get("href") or node.attributes.get("src") or "" for node in found}
        brought = [answer, *(client.get(file) for file in sorted(files) if file.startswith("/"))]
        row = measured(
            title,
            lambda address=str(answer.url): client.get(address),  # type: ignore[misc]
            platform,
            rounds,
            sum(one.num_bytes_downloaded for one in brought),
        )
        echo(" | ".join(row.cells), err=True)
        yield row


def figures_measured(store: Store, platform: Platform, rounds: int, only: str) -> Iterator[Row]:
    """The same of what the page of figures asks the store for."""
    now = utc_now()
    spans = {
        "all time": Span(),
        "a month, from and to the middle of an hour": Span(
            since=now - timedelta(days=70, hours=3, minutes=7), until=now - timedelta(days=40, minutes=33)
        ),
        "a week, the same": Span(
            since=now - timedelta(days=17, hours=5, minutes=21), until=now - timedelta(days=10, minutes=4)
        ),
        "one customer, all time": Span(customer="7"),
    }
    asked: Mapping[str, Callable[[Span], object]] = {
        "figures": store.behaviour.figures,
        "pages viewed most": store.behaviour.pages,
        "course": lambda span: store.behaviour.course(span, step=Step.DAY),
    }
    questions: dict[str, Callable[[], object]] = {
        f"{what}: {title}": partial(ask, span) for title, span in spans.items() for what, ask in asked.items()
    }
    questions["counting the goods of all shops, in the background"] = store.products.counts
    for title, ask in questions.items():
        if only in title.lower():
            row = measured(title, ask, platform, rounds)
            echo(" | ".join(row.cells), err=True)
            yield row


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Example: python tests/load/backoffice.py --products 50000 --customers 10000 --events 1000000 --dry-run",
    )
    parser.add_argument("--products", type=int, default=1_000_000, help="in the catalogue (default: 1000000)")
    parser.add_argument("--customers", type=int, default=100_000, help="who are known (default: 100000)")
    parser.add_argument("--events", type=int, default=10_000_000, help="of one year (default: 10000000)")
    parser.add_argument(
        "--only", default="", help="measure what has this in its title, without regard to case, and only print it"
    )
    parser.add_argument("--rounds", type=int, default=30, help="how often each page is asked for (default: 30)")
    parser.add_argument("--state", type=Path, help="keep everything in this folder for the next run")
    parser.add_argument("--dry-run", action="store_true", help="print, and leave docs/performance.md as it is")
    given = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = given.state or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="listino-load-")))
        # Engines of its own, whatever the environment names.
        settings = Settings(_env_file=None, state_dir=folder, mongo_uri=None, redis_url=None)
        office = stack.enter_context(running_office(settings, given.products, given.customers, given.events))
        client = stack.enter_context(contextlib.closing(signed_in(f"http://127.0.0.1:{settings.port('backoffice')}")))
        store = stack.enter_context(Store(settings))
        only = given.only.lower()
        rows = [
            *pages_measured(client, office, given.rounds, only),
            *figures_measured(store, office, given.rounds, only),
        ]
        if not rows:
            sys.exit(f"error: no page has {given.only!r} in its title")
        held = Counter({name: store._database.command("collStats", name)["count"] for name in HELD})
    told = table(("", "first ms", "median ms", "p95 ms", "processor ms", "kB with files"), [row.cells for row in rows])
    report = (
        f"{held['products']:,} products, {held['customers']:,} customers, {held['events']:,} events of a year; {given.rounds} requests each, one at a time; "
        f"{psutil.cpu_count()} cores ({machine.machine()}), {psutil.getloadavg()[1]:.0f} processes running or waiting for them.\n\n{told}"
    )
    if given.dry_run or given.only:
        echo(report)
    else:
        write_measured("make load-backoffice", report)
        echo(f"written: {PAGE}")
    slow = [row.title for row in rows if row.bytes and row.median > MOST_MILLISECONDS]
    heavy = [row.title for row in rows if row.bytes > MOST_BYTES]
    if slow or heavy:
        sys.exit(f"not kept: {MOST_MILLISECONDS} ms by {slow}, {MOST_BYTES} bytes by {heavy}")


if __name__ == "__main__":
    main()
