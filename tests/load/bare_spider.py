"""A spider that downloads a shop's product pages and does nothing with them: `python bare_spider.py URL --concurrency 16`.

It goes by the sitemap, as ours does, and prints Scrapy's counts as JSON.
"""

import argparse
from typing import Any

import orjson
from click import echo
from scrapy.crawler import CrawlerProcess
from scrapy.http import Response
from scrapy.spiders import SitemapSpider


class BareSpider(SitemapSpider):
    name = "bare"

    def parse(self, response: Response, **_: Any) -> None:
        self.crawler.stats.inc_value("bare/pages")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="the shop's root")
    parser.add_argument("--pages", default="/producto/", help="what product pages' addresses hold")
    parser.add_argument("--concurrency", type=int, default=16)
    given = parser.parse_args()
    process = CrawlerProcess(
        {
            "CONCURRENT_REQUESTS": given.concurrency,
            "CONCURRENT_REQUESTS_PER_DOMAIN": given.concurrency,
            "DOWNLOAD_DELAY": 0,
            "ROBOTSTXT_OBEY": False,
            "COOKIES_ENABLED": False,
            "TELNETCONSOLE_ENABLED": False,
            "RETRY_ENABLED": False,
            "HTTPERROR_ALLOW_ALL": True,
            "LOG_LEVEL": "WARNING",
        }
    )
    crawler = process.create_crawler(BareSpider)
    process.crawl(crawler, sitemap_urls=[f"{given.url}/sitemap.xml"], sitemap_rules=[(given.pages, "parse")])
    process.start()
    echo(orjson.dumps(crawler.stats.get_stats(), default=str).decode())


if __name__ == "__main__":
    main()
