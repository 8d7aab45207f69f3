from dataclasses import replace
from typing import Any

import pytest
from scrapy.exceptions import DropItem

from scrapers.items import ScrapedGoods
from scrapers.pipelines.unique import UniquePipeline


def test_a_product_met_before_is_dropped_and_no_reject(item: ScrapedGoods, crawler: Any) -> None:
    pipeline = UniquePipeline.from_crawler(crawler)
    assert pipeline.process_item(item) is item
    again = ScrapedGoods(item.shop, replace(item.goods, url="https://bottega.example/altro"))
    with pytest.raises(DropItem, match="it:bottega:8411"):
        pipeline.process_item(again)
    assert crawler.stats == {"listino/duplicates": 1}
    assert crawler.spider.run.rejects == []


def test_another_shop_may_have_the_same_sku(item: ScrapedGoods, crawler: Any) -> None:
    pipeline = UniquePipeline.from_crawler(crawler)
    pipeline.process_item(item)
    pipeline.process_item(ScrapedGoods(replace(item.shop, name="cantina"), item.goods))
    pipeline.process_item(ScrapedGoods(item.shop, replace(item.goods, sku="8412")))
    assert crawler.stats == {}
