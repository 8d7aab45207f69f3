"""One crawl run in the making: its lease, its counts, and where it can be resumed."""

import json
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from listino.domain.clock import utc_now
from listino.domain.crawl import Crawl, CrawlStatus, Reject, ShopCounts
from listino.domain.drift import FIELDS, PRODUCTS, DriftRule, falls, fields_of, past_of
from listino.domain.product import Product
from listino.settings import Settings
from listino.shops.shop import Shop
from listino.store.client import Store
from listino.store.crawls import Lease
from listino.store.upsert import UpsertPlan

_MARKER = "listino.json"
# Above so many rejected addresses a crawl no longer says what is gone: the shop must have changed its layout.
MOST_REJECTED_URLS = 1000
# Of how many runs of a market the past of its shops is made: limited and failed ones tell nothing.
PAST_CRAWLS = 50


class CrawlRun:
    """What a spider, its pipelines and its extensions share about the run they are part of."""

    def __init__(
        self,
        crawl: Crawl,
        lease: Lease,
        job_dir: Path | None,
        rejected: Sequence[Reject] = (),
        *,
        past: Sequence[Crawl] = (),
        drift_rules: Mapping[str, DriftRule] | None = None,
    ) -> None:
        self.id = crawl.id
        self.started_at = crawl.started_at
        self.lease = lease
        self.job_dir = job_dir
        self.requests = crawl.requests
        self.error: str | None = None
        self.stopped_by: str | None = None
        self.rejects: list[Reject] = []
        self._crawl = crawl
        self._accepted = 0
        self._last_trouble: dict[str, str | None] = {}
        self._forbidden: dict[str, str] = {}
        # What a resumed run had been announced it is announced again, with its lists.
        self._counts = {name: replace(counts, expected=None) for name, counts in crawl.shops.items()}
        self._rejected_urls: dict[str, list[str]] = {name: [] for name in crawl.shops}
        for reject in rejected:
            self._rejected_urls[reject.shop].append(reject.url)
        self._reasons = Counter(crawl.rejected)
        self._covered = {
            shop: Counter({name: round(share * counts.measured) for name, share in counts.coverage.items()})
            for shop, counts in crawl.shops.items()
        }
        self._past = past
        self._drift_rules = drift_rules or {}
        self._sound = {
            shop: frozenset(run.id for run in past if shop in run.shops and run.shops[shop].complete)
            for shop in crawl.shops
        }

    @classmethod
    def begin(
        cls,
        settings: Settings,
        store: Store,
        shops: Sequence[Shop],
        *,
        shop: str | None,
        limit: int | None,
        trigger: str,
        full: bool = False,
    ) -> "CrawlRun":
        """Takes the market's lease and resumes a run that was stopped cleanly, or starts a new one; raises CrawlRunning.

        One that reads everything in `full` is always new: what waits in a stopped one may be asked for on conditions.

        A run that was killed starts anew: what it had stored is found unchanged and costs no write.
        """
        market = shops[0].market.code
        lease = store.leases.acquire(market)
        store.crawls.bury_dead(market, utc_now())
        # A limited run is a sample; there is nothing in it to resume.
        job_dir = None if limit else settings.state_dir.resolve() / "crawls" / (f"{market}-{shop}" if shop else market)
        crawl = None if full else _stopped_run(store, job_dir, {shop.name for shop in shops})
        if crawl is None:
            if job_dir is not None:
                shutil.rmtree(job_dir, ignore_errors=True)
            crawl = Crawl.begun(market, trigger=trigger, at=utc_now(), limit=limit, shops=[shop.name for shop in shops])
        crawl = replace(crawl, status=CrawlStatus.RUNNING, ended_at=None, error=None, heartbeat_at=utc_now())
        store.crawls.save(crawl)
        run = cls(
            crawl,
            lease,
            job_dir,
            store.crawls.rejects(crawl.id, count=MOST_REJECTED_URLS + 1),
            past=[past for past in store.crawls.latest(market=market, count=PAST_CRAWLS) if past.id != crawl.id],
            drift_rules={shop.name: shop.drift for shop in shops},
        )
        run.mark(resumable=False)
        return run

    def accept(self) -> bool:
        """Whether one more product may be stored; if so it counts towards the limit."""
        if self.enough:
            return False
        self._accepted += 1
        return True

    @property
    def enough(self) -> bool:
        """Whether a limited run has as many products as were wanted."""
        return self._crawl.limit is not None and self._accepted >= self._crawl.limit

    def count(self, shop: str, plan: UpsertPlan, stored: Sequence[Product]) -> None:
        """Adds what a batch meant to the shop's counts; `stored` are its products as they were read."""
        meant = {name: len(getattr(plan, name)) for name in ("new", "changed", "unchanged", "returned", "held")}
        self._add(shop, products=sum(meant.values()), measured=len(stored), **meant)
        for product in stored:
            self._covered[shop].update(fields_of(product))

    def met_unchanged(self, shop: str, *, asked: bool) -> None:
        """Counts a product that was not read, because the shop said that it has not changed, or its sitemap did."""
        how = "unmodified" if asked else "skipped"
        self._add(shop, products=1, unchanged=1, **{how: 1})

    def reject(self, shop: str, reason: str, url: str, detail: str) -> None:
        """Counts an item that cannot be used and keeps it to be looked at."""
        self._add(shop, rejected=1)
        if len(self._rejected_urls[shop]) <= MOST_REJECTED_URLS:
            self._rejected_urls[shop].append(url)
        self._reasons[reason] += 1
        self.rejects.append(
            Reject(crawl_id=self.id, shop=shop, reason=reason, url=url, detail=detail[:500], at=utc_now())
        )

    def fail(self, shop: str, trouble: str) -> None:
        """Counts a request that was given up, and why: the shop has not been seen whole."""
        self._add(shop, failed=1)
        counts = self._counts[shop]
        self._counts[shop] = replace(counts, trouble=counts.trouble or trouble)

    def forbid(self, shop: str, url: str) -> None:
        """Notes an address that the shop's robots.txt forbids: no fault, but the reason where nothing else is left."""
        self._forbidden.setdefault(shop, url)

    def attempted(self, shop: str, trouble: str | None) -> None:
        """Notes what became of the latest attempt to fetch something from the shop; it may be tried again."""
        self._last_trouble[shop] = trouble

    def expect(self, shop: str, products: int) -> None:
        """Adds products that the shop announced to those expected of it."""
        self._add(shop, expected=products)

    def rejected_urls(self, shop: str) -> list[str]:
        """Addresses whose goods could not be read: not seen, and yet not gone."""
        return self._rejected_urls[shop]

    def seen_whole(self, shop: str) -> bool:
        """Whether the crawl met enough of the shop to say that what it did not meet is gone."""
        return self._crawl.limit is None and self._missing(shop) is None

    def troubles(self) -> str | None:
        """Each shop that could not be seen as it should be, and why; None where all is well."""
        return "; ".join(f"{shop}: {why}" for shop in self._counts if (why := self._missing(shop))) or None

    def _missing(self, shop: str) -> str | None:
        counts = self._counts[shop]
        if counts.complete:
            return None
        if counts.failed:
            return counts.trouble or "some of its pages could not be fetched"
        if self.enough:
            return None if counts.products else self._last_trouble.get(shop)
        if not counts.products:
            if counts.rejected:
                return "none of its goods could be used"
            forbidden = self._forbidden.get(shop)
            return f"its robots.txt forbids {forbidden}" if forbidden else "no goods were found there"
        if len(self._rejected_urls[shop]) > MOST_REJECTED_URLS:
            return f"more than {MOST_REJECTED_URLS} of its pages could not be read"
        if counts.drifted:
            return f"it drifted: {', '.join(fall.words for fall in counts.drift)}; what is stored was kept"
        return None

    def judge_drift(self) -> None:
        """Compares what was read of each shop with its past, at the end of a run without a limit."""
        if self._crawl.limit is not None:
            return
        for shop, rule in self._drift_rules.items():
            counts = self._measured(shop)
            found = falls(counts, past_of(shop, self._past), rule)
            if self._missing(shop) is not None:
                # Of a shop that was not seen whole, few products tell nothing; what was read of them does.
                found = tuple(fall for fall in found if fall.field != PRODUCTS)
            self._counts[shop] = replace(counts, drift=found)

    def sound_crawls(self, shop: str) -> frozenset[str]:
        """The ids of past runs that saw the whole shop as it usually is."""
        return self._sound[shop]

    @property
    def met(self) -> int:
        """How many products the crawl has met."""
        return sum(counts.products for counts in self._counts.values())

    def gone(self, shop: str, products: int) -> None:
        """Adds products that the shop itself said are gone."""
        self._add(shop, gone=products)

    def completed(self, shop: str, gone: int) -> None:
        """Notes that the whole shop was seen, and how many products more that showed to be gone."""
        self._add(shop, gone=gone)
        self._counts[shop] = replace(self._counts[shop], complete=True)

    def retired(self, shop: str, gone: int) -> None:
        """Notes a shop that is declared no more, and how many products were taken off sale with it."""
        self._counts[shop] = ShopCounts(gone=gone, complete=True)

    def _add(self, shop: str, **more: int) -> None:
        counts = self._counts[shop]
        sums: dict[str, Any] = {name: (getattr(counts, name) or 0) + n for name, n in more.items()}
        self._counts[shop] = replace(counts, **sums)

    def snapshot(self, status: CrawlStatus = CrawlStatus.RUNNING, ended_at: datetime | None = None) -> Crawl:
        """The run as it stands now."""
        shops = {shop: self._measured(shop) for shop in self._counts}
        measured = sum(counts.measured for counts in shops.values())
        covered = sum(self._covered.values(), Counter[str]())
        return replace(
            self._crawl,
            status=status,
            heartbeat_at=utc_now(),
            ended_at=ended_at,
            shops=shops,
            coverage=_shares(covered, measured),
            rejected=dict(self._reasons),
            requests=self.requests,
            error=self.error,
            stopped_by=self.stopped_by if status is CrawlStatus.STOPPED else None,
        )

    def _measured(self, shop: str) -> ShopCounts:
        counts = self._counts[shop]
        return replace(counts, coverage=_shares(self._covered.get(shop, Counter()), counts.measured))

    def mark(self, *, resumable: bool) -> None:
        """Notes beside the spider's queue whether the next run may go on with it."""
        if self.job_dir is not None:
            self.job_dir.mkdir(parents=True, exist_ok=True)
            (self.job_dir / _MARKER).write_text(json.dumps({"crawl_id": self.id, "resumable": resumable}))


def _shares(covered: Counter[str], measured: int) -> dict[str, float]:
    return {name: round(covered[name] / measured, 4) for name in FIELDS} if measured else {}


def _stopped_run(store: Store, job_dir: Path | None, names: Set[str]) -> Crawl | None:
    """The run to go on with; None too where other shops are declared by now: its queue holds requests for those of then."""
    if job_dir is None or not (job_dir / _MARKER).exists():
        return None
    marker = json.loads((job_dir / _MARKER).read_text())
    crawl = store.crawls.get(marker["crawl_id"]) if marker["resumable"] else None
    return crawl if crawl is not None and crawl.shops.keys() == names else None
