"""The German market."""

from scrapers.market_spider import MarketSpider


class GermanSpider(MarketSpider):
    name = market = "de"
