"""Pages a second of our `extract`, beside extruct's that reads JSON-LD, microdata and OpenGraph and nothing else.

Both read the same pages in turn, in one process; a page's time is the median over the rounds, in processor time. A page
is decided by structured data alone where every field that matters was read there with certainty.
"""

import argparse
import gc
import gzip
import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import extruct
import psutil
from click import ClickException, echo

from listino.extract import extract
from listino.garbage import collect_seldom

PAGES = Path(__file__).parents[3] / "shared" / "pages"
SYNTAXES = ("json-ld", "microdata", "opengraph")
DECISIVE = ("price", "sku", "availability")


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved page and its address."""

    html: str
    url: str

    @property
    def is_decided_by_markup(self) -> bool:
        sources = extract(self.html, self.url).sources
        found = [sources[name] for name in DECISIVE if name in sources]
        return len(found) == len(DECISIVE) and all(s.name == "json-ld" and s.sureness == 1 for s in found)


def read_pages(folder: Path) -> list[Saved]:
    """The pages `html/<id>.html.gz`, with their addresses from `ground-truth.json`."""
    try:
        truths = json.loads((folder / "ground-truth.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise ClickException(f"{folder} holds no ground-truth.json ({error.strerror}): say --pages FOLDER") from None
    return [
        Saved(gzip.decompress((folder / "html" / f"{page}.html.gz").read_bytes()).decode(), truth["url"])
        for page, truth in truths.items()
    ]


def read_ours(page: Saved) -> None:
    extract(page.html, page.url)


def read_theirs(page: Saved) -> None:
    extruct.extract(page.html, base_url=page.url, syntaxes=list(SYNTAXES), errors="ignore")


def milliseconds(pages: Sequence[Saved], readers: Sequence[Callable[[Saved], None]], rounds: int) -> list[list[float]]:
    """For each reader the median time of each page; the readers take turns at every page."""
    taken: list[list[list[float]]] = [[[] for _ in pages] for _ in readers]
    for round_ in range(rounds + 1):
        for number, page in enumerate(pages):
            for reader, read in enumerate(readers):
                began = time.process_time()
                read(page)
                if round_:  # the first one warms up
                    taken[reader][number].append(1000 * (time.process_time() - began))
    return [[statistics.median(times) for times in own] for own in taken]


def row(title: str, pages: Sequence[Saved], rounds: int) -> None:
    if not pages:
        echo(f"{title:32} none among the pages")
        return
    ours, theirs = milliseconds(pages, (read_ours, read_theirs), rounds)
    for name, times in (("listino", ours), ("extruct", theirs)):
        tail = sorted(times)[min(len(times) - 1, int(len(times) * 0.95))]
        each_second = 1000 * len(times) / sum(times)
        echo(
            f"{title:32} {len(pages):>5} {name:8} {each_second:>8.0f} {statistics.median(times):>10.2f} ms {tail:>8.2f} ms"
        )
    echo(f"{'':32} {'':5} listino reads {sum(theirs) / sum(ours):.2f} times as many pages a second")


def memory(pages: Sequence[Saved], count: int) -> None:
    """Resident memory after a tenth of the pages and after all of them."""
    process, sizes = psutil.Process(), []
    for number in range(count):
        read_ours(pages[number % len(pages)])
        if number + 1 in (count // 10, count):
            gc.collect()
            sizes.append(process.memory_info().rss / 2**20)
    echo(f"memory after {count // 10} pages {sizes[0]:.0f} MiB, after {count} pages {sizes[-1]:.0f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Example: python tests/load/extract.py --rounds 9 --memory 10000",
    )
    parser.add_argument("--pages", type=Path, default=PAGES, help=f"folder with the pages (default: {PAGES})")
    parser.add_argument("--rounds", type=int, default=7, help="times that each page is read (default: 7)")
    parser.add_argument("--memory", type=int, default=10_000, help="pages read to see memory grow; 0 for none")
    given = parser.parse_args()

    pages = read_pages(given.pages)
    collect_seldom()  # as a spider does
    echo(f"{'':32} {'pages':>5} {'':8} {'pages/s':>8} {'median':>13} {'95th':>11}")
    row("all pages", pages, given.rounds)
    row("decided by structured data alone", [page for page in pages if page.is_decided_by_markup], given.rounds)
    if given.memory:
        memory(pages, given.memory)


if __name__ == "__main__":
    main()
