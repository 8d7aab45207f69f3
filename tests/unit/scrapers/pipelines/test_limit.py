from dataclasses import replace
from typing import Any

import pytest
from scrapy.exceptions import DropItem

from scrapers.items import ScrapedGoods
from scrapers.pipelines.limit import LimitPipeline
from scrapers.run import CrawlRun


def test_as_many_as_the_limit_go_through_and_the_rest_is_no_reject(crawler: Any, item: ScrapedGoods) -> None:
    run = crawler.spider.run
    crawler.spider.run = CrawlRun(replace(run.snapshot(), limit=2), run.lease, None)
    pipeline = LimitPipeline.from_crawler(crawler)
    assert [pipeline.process_item(item) for _ in range(2)] == [item, item]
    with pytest.raises(DropItem):
        pipeline.process_item(item)
    assert crawler.spider.run.snapshot().total("rejected") == 0
