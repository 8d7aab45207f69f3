from dataclasses import replace
from typing import Any

import pytest
from scrapy.exceptions import DropItem

from listino.domain.money import Money
from listino.domain.offer import ShopOffer, Variant
from scrapers.items import ScrapedGoods
from scrapers.pipelines.validate import ValidatePipeline, complaints
from scrapers.run import CrawlRun


def offer(*costs: Money) -> ShopOffer:
    return ShopOffer.of([Variant(sku=str(n), cost=cost) for n, cost in enumerate(costs)])


def test_good_goods_pass(item: ScrapedGoods, crawler: Any, run: CrawlRun) -> None:
    assert ValidatePipeline.from_crawler(crawler).process_item(item) is item
    assert (crawler.stats, run.rejects) == ({}, [])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": ""}, "name/missing"),
        ({"sku": " "}, "sku/unusable"),
        ({"sku": "x" * 300}, "sku/unusable"),
        ({"offer": offer(Money(1, "GBP"))}, "currency/unexpected"),
        ({"offer": offer(Money(1), Money(2, "GBP"))}, "currency/unexpected"),
        ({"url": "https://evil.example/p/1"}, "url/foreign_host"),
        ({"url": ""}, "url/foreign_host"),
    ],
    ids=str,
)
def test_what_cannot_be_sold_is_rejected_with_its_reason(
    changes: dict[str, Any], reason: str, item: ScrapedGoods, crawler: Any, run: CrawlRun
) -> None:
    item.goods = replace(item.goods, **changes)
    with pytest.raises(DropItem, match=reason):
        ValidatePipeline.from_crawler(crawler).process_item(item)
    assert crawler.stats == {f"listino/rejected/{reason}": 1}
    assert [(reject.shop, reject.reason, reject.url) for reject in run.rejects] == [("bottega", reason, item.goods.url)]
    assert run.snapshot().rejected == {reason: 1}


def test_an_item_counts_once_however_much_is_wrong_with_it(item: ScrapedGoods, crawler: Any, run: CrawlRun) -> None:
    item.goods = replace(item.goods, name="", sku="", url="")
    assert len(list(complaints(item))) == 3
    with pytest.raises(DropItem):
        ValidatePipeline.from_crawler(crawler).process_item(item)
    assert len(run.rejects) == 1
